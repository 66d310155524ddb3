//! Insights of one kind on a trail.

use crate::prelude::*;
use crate::selectors::{self, Events};

/// Whether the trail draws insights of this kind from its management events, `base`: without these events it has none.
pub(super) fn judge(trail: &Trail, kind: &str, base: &Events) -> Outcome {
    let all = trail.insights.known()?;
    let own = || all.iter().filter(|it| it.kind == kind);
    let on = own().any(|insight| insight.categories.iter().any(|it| it == "Management"));
    let kinds: Vec<String> = all
        .iter()
        .map(|it| format!("{} ({})", it.kind, it.categories.join(", ")))
        .collect();
    let events = selectors::recorded(trail);
    let has_base = |sets: &[Events]| sets.iter().any(|set| selectors::overlap(set, base));
    let verdict = if on {
        let logging = *trail.status.logging.known()?;
        if !logging {
            Verdict::fail(format!("{kind} is enabled, but the trail is stopped"))
        } else if has_base(&events?) {
            Verdict::pass(format!("{kind} is enabled and the trail is logging"))
        } else {
            Verdict::fail(format!(
                "{kind} is enabled, but the trail logs none of the events that it analyzes"
            ))
        }
        .saw("IsLogging", logging)
    } else if !events?.iter().any(Events::has_management) {
        Verdict::not_applicable("the trail logs no management events, which Insights analyzes")
    } else if own().next().is_some() {
        Verdict::fail(format!("{kind} is enabled for data events only"))
    } else {
        Verdict::fail(format!("{kind} is not enabled"))
    };
    Ok(verdict.saw("InsightSelectors", kinds).expected(kind))
}
