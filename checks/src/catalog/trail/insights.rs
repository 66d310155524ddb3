//! Insights of one kind on a trail.

use crate::prelude::*;
use crate::selectors;

/// Insights are drawn from management events: a trail without them cannot have any.
pub(super) fn judge(trail: &Trail, kind: &str) -> Outcome {
    let kinds = trail.insights.known()?;
    let on = kinds.iter().any(|it| it == kind);
    let verdict = if on {
        let logging = *trail.status.logging.known()?;
        Verdict::pass_if(
            logging,
            "the insight is on, and the trail is running",
            "the insight is on, but the trail is stopped",
        )
        .saw("IsLogging", logging)
    } else if selectors::recorded(trail)?
        .iter()
        .any(selectors::Events::has_management)
    {
        Verdict::fail("the insight is off")
    } else {
        Verdict::not_applicable("it records no management events to draw insights from")
    };
    Ok(verdict.saw("InsightSelectors", kinds).expected(kind))
}
