//! The question that several checks ask: does this trail record these events?

use crate::catalog::recording;
use crate::evaluate::not_reached;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events};

/// Whether a running trail records all that is asked; `view` leaves out what other checks ask about.
///
/// A trail that is not meant for these events at all is judged by its own purpose where another running
/// trail of the same reach records them; without such a one the fault is told here.
pub(super) fn records(
    trail: &Trail,
    asked: &Events,
    view: fn(Events) -> Events,
    ctx: &Context<'_>,
) -> Outcome {
    let set = selectors::recorded(trail)?.into_iter().map(view);
    let hole = match selectors::judge(asked, &set.collect::<Vec<_>>()) {
        Answer::CannotTell(gaps) => return Err(gaps),
        Answer::Lacks(hole) => hole,
        Answer::Covers => {
            let logging = trail.status.known()?.logging;
            let verdict = Verdict::pass_if(
                logging,
                "all of these events are recorded",
                "it is set to record these events, but it is stopped",
            );
            return Ok(verdict.saw("IsLogging", logging).expected(true));
        }
    };
    if hole.is_everything()
        && let Some(other) = recorded_by_another(trail, asked, view, ctx)?
    {
        let arn = &other.arn;
        let verdict =
            Verdict::not_applicable(format!("it records none of these events, {arn} does"));
        return Ok(verdict.saw("TrailARN", arn));
    }
    Ok(Verdict::fail(hole.to_string()).saw("EventSelectors", hole.to_string()))
}

/// Another running trail that records what is asked, wherever this one could.
fn recorded_by_another<'a>(
    trail: &Trail,
    asked: &Events,
    view: fn(Events) -> Events,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    let own = trail.configuration.known()?;
    let (region, mut gaps) = (&trail.home_region, Vec::new());
    let Some(account) = ctx.inventory.accounts.get(&trail.account) else {
        return Err(not_reached(calls::DESCRIBE_TRAILS, &trail.account, region).into());
    };
    // Whatever reaches as far shows in this trail's own home region.
    for arn in recording::listing(account, region, ctx)? {
        if *arn == trail.arn {
            continue;
        }
        let other = match recording::find(arn, account, region, ctx) {
            Ok(other) => other,
            Err(gap) => {
                gaps.push(gap);
                continue;
            }
        };
        if let Some(set) = other.configuration.ok() {
            let accounts = set.organization || !own.organization;
            let regions = set.multi_region || (!own.multi_region && other.home_region == *region);
            if !(accounts && regions) {
                continue;
            }
        }
        let events = recording::recorded_now(other).into_iter().map(view);
        match (
            selectors::judge(asked, &events.collect::<Vec<_>>()),
            other.configuration.gap(),
        ) {
            (Answer::Covers, None) => return Ok(Some(other)),
            (Answer::Covers, Some(gap)) => gaps.push(gap.clone().into()),
            (Answer::CannotTell(gap), _) => gaps.push(gap),
            (Answer::Lacks(_), _) => {}
        }
    }
    Gaps::collect(gaps).map_or(Ok(None), Err)
}
