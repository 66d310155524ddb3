//! Insights of one kind on a trail.

use crate::prelude::*;
use crate::selectors::{self, Events};

/// Whether the trail draws insights of this kind from its management events, `base`: without these events it has none.
pub(super) fn judge(trail: &Trail, kind: &str, base: &Events) -> Outcome {
    let all = trail.insights.known()?;
    let own = || all.iter().filter(|it| it.kind == kind);
    let on = own().any(|it| it.categories.iter().any(|it| it == "Management"));
    let kinds: Vec<String> = all
        .iter()
        .map(|it| format!("{} ({})", it.kind, it.categories.join(", ")))
        .collect();
    let events = selectors::recorded(trail);
    let has_base = |sets: &[Events]| sets.iter().any(|set| selectors::overlap(set, base));
    let verdict = if on {
        let logging = *trail.status.logging.known()?;
        if !logging {
            Verdict::fail("the insight is on, but the trail is stopped")
        } else if has_base(&events?) {
            Verdict::pass("the insight is on, and the trail is running")
        } else {
            Verdict::fail("the insight is on, but the trail records no events to draw it from")
        }
        .saw("IsLogging", logging)
    } else if !events?.iter().any(Events::has_management) {
        Verdict::not_applicable("it records no management events to draw insights from")
    } else if own().next().is_some() {
        Verdict::fail("the insight is on for data events only")
    } else {
        Verdict::fail("the insight is off")
    };
    Ok(verdict.saw("InsightSelectors", kinds).expected(kind))
}
