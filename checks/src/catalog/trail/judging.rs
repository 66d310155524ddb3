//! The question that several checks ask: does this trail record these events, or some of them?

use jiff::Timestamp;

use crate::catalog::recording;
use crate::context::not_seen;
use crate::finding::Status;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events, Hole};

/// Whether a running trail records all that is asked, which messages call `what`; `view` leaves out what other checks
/// ask about.
///
/// A trail that is not meant for these events at all is judged by its own purpose where another running
/// trail of the same reach records them; without such a one the fault is told here.
pub(super) fn records(
    trail: &Trail,
    asked: &Events,
    what: &str,
    view: fn(Events) -> Events,
    ctx: &Context<'_>,
) -> Outcome {
    let set = selectors::recorded(trail)?.into_iter().map(view);
    let hole = match selectors::judge(asked, &set.collect::<Vec<_>>()) {
        Answer::CannotTell(gaps) => return Err(gaps),
        Answer::Lacks(hole) => hole,
        Answer::Covers => {
            let logging = *trail.status.logging.known()?;
            let whole = |sets: Vec<Events>| {
                let sets: Vec<Events> = sets.into_iter().map(view).collect();
                selectors::judge(asked, &sets)
            };
            if !logging && let Some(other) = stands_in(trail, kept(what, asked, whole, ctx), ctx)? {
                return Ok(replaced(other));
            }
            let verdict = Verdict::pass_if(
                logging,
                format!("the trail logs all {what}"),
                format!("the trail is configured to log all {what}, but it is stopped"),
            );
            return Ok(verdict.saw("IsLogging", logging).expected(true));
        }
    };
    let whole = |sets: Vec<Events>| {
        let sets: Vec<Events> = sets.into_iter().map(view).collect();
        selectors::judge(asked, &sets)
    };
    if hole.is_everything()
        && let Some(other) = recorded_by_another(trail, kept(what, asked, whole, ctx), ctx)?
    {
        return Ok(not_its_purpose(what, other));
    }
    Ok(Verdict::fail(unlogged(what, &hole)).saw("EventSelectors", hole.to_string()))
}

/// What a trail does not log of some events, as a message.
fn unlogged(what: &str, hole: &Hole) -> String {
    match hole.is_everything() {
        true => format!("the trail logs no {what}"),
        false => format!("the trail does not log all {what}: {hole}"),
    }
}

/// Like [`records`], in every region: data events are those of the resources' own regions.
pub(super) fn records_everywhere(
    trail: &Trail,
    asked: &Events,
    what: &str,
    ctx: &Context<'_>,
) -> Outcome {
    let verdict = records(trail, asked, what, |it| it, ctx)?;
    if verdict.status != Status::Pass || *trail.configuration.multi_region.known()? {
        return Ok(verdict);
    }
    let region = &trail.home_region;
    let verdict = Verdict::fail(format!(
        "the trail logs {what} in {region} only: it is a single-region trail"
    ));
    Ok(verdict.saw("IsMultiRegionTrail", false).expected(true))
}

/// Whether a running trail records any of what is asked: for events that are chosen one service at a time.
pub(super) fn records_some(
    trail: &Trail,
    asked: &Events,
    what: &str,
    ctx: &Context<'_>,
) -> Outcome {
    let some = |sets: Vec<Events>| {
        let found: Vec<Events> = sets
            .into_iter()
            .filter(|set| selectors::overlap(set, asked))
            .collect();
        if found.iter().any(|set| set.doubt.is_none()) {
            return Answer::Covers;
        }
        let doubts = found.into_iter().filter_map(|set| set.doubt);
        Gaps::collect(doubts).map_or(Answer::Lacks(Hole::default()), Answer::CannotTell)
    };
    match some(selectors::recorded(trail)?) {
        Answer::CannotTell(gaps) => Err(gaps),
        Answer::Covers => {
            let logging = *trail.status.logging.known()?;
            if !logging && let Some(other) = stands_in(trail, kept(what, asked, some, ctx), ctx)? {
                return Ok(replaced(other));
            }
            let verdict = Verdict::pass_if(
                logging,
                format!("the trail logs some {what}"),
                format!("the trail is configured to log some {what}, but it is stopped"),
            );
            Ok(verdict.saw("IsLogging", logging).expected(true))
        }
        Answer::Lacks(_) => Ok(
            recorded_by_another(trail, kept(what, asked, some, ctx), ctx)?.map_or_else(
                || Verdict::fail(unlogged(what, &Hole::default())),
                |other| not_its_purpose(what, other),
            ),
        ),
    }
}

/// The verdict on a stopped trail whose events a running trail of the organization records.
pub(in crate::catalog) fn replaced(other: &Trail) -> Verdict {
    let arn = &other.arn;
    let verdict = Verdict::not_applicable(format!(
        "the trail is stopped, and organization trail {arn} logs its events"
    ));
    verdict.saw("IsLogging", false).saw("TrailARN", arn)
}

/// A running trail of the organization that records what is asked, in the place of a stopped trail that was left over.
///
/// Only such a trail counts: a member account can neither create nor change one.
pub(super) fn stands_in<'a>(
    trail: &Trail,
    records: impl Fn(&Trail) -> Answer,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    // Of a trail whose account was not looked at nothing else is known: stopped is stopped.
    if !ctx.inventory.accounts.contains_key(&trail.account) {
        return Ok(None);
    }
    let of_organization = |other: &Trail| other.configuration.organization.ok() != Some(&false);
    let found = recorded_by_one_of(trail, of_organization, records, ctx);
    // A plan by itself tells of no other trail of the account: that there may be one excuses nothing.
    let alone = ctx.inventory.plan.as_ref().is_some_and(|it| !it.onto);
    match found {
        Err(_) if alone => Ok(None),
        found => found,
    }
}

/// The organization trail that took the place of a stopped trail; none where it runs, or nothing did.
pub(in crate::catalog) fn replaced_by<'a>(
    trail: &Trail,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    let logging = trail.status.logging.known();
    if let Ok(true) = logging {
        return Ok(None);
    }
    match (stands_in(trail, all_that(trail, ctx), ctx)?, logging) {
        // Whether it is stopped decides.
        (Some(_), Err(gaps)) => Err(gaps),
        (other, _) => Ok(other),
    }
}

/// Whether others record all that this trail is set to record.
fn all_of(trail: &Trail) -> impl Fn(Vec<Events>) -> Answer {
    let own = selectors::recorded(trail);
    move |sets| match &own {
        // A trail that selects nothing would be replaced by any other.
        Ok(own) if own.is_empty() || sets.is_empty() => Answer::Lacks(Hole::default()),
        Err(_) if sets.is_empty() => Answer::Lacks(Hole::default()),
        Err(gaps) => Answer::CannotTell(gaps.clone()),
        Ok(own) => {
            let mut open = Vec::new();
            for set in own {
                match selectors::judge(set, &sets) {
                    Answer::Covers => {}
                    Answer::Lacks(hole) => return Answer::Lacks(hole),
                    // One that takes too much work is enough: the others may take as much.
                    Answer::CannotTell(gaps) if gaps.too_complex() => {
                        return Answer::CannotTell(gaps);
                    }
                    Answer::CannotTell(gaps) => open.push(gaps),
                }
            }
            Gaps::collect(open).map_or(Answer::Covers, Answer::CannotTell)
        }
    }
}

/// What another trail delivers of the events of one check: worked out once, since every trail of the account asks.
fn kept<'c>(
    what: &'c str,
    asked: &Events,
    of: impl Fn(Vec<Events>) -> Answer + 'c,
    ctx: &'c Context<'_>,
) -> impl Fn(&Trail) -> Answer + 'c {
    struct Kept(Answer);
    let asked = format!("{asked:?}");
    move |other| {
        let key = [other.arn.as_str(), what, asked.as_str()];
        let found = ctx.once(&key, || Kept(of(recording::delivered_now(other, ctx))));
        found.0.clone()
    }
}

/// Whether another trail delivers all that this one is set to record.
pub(super) fn all_that<'c>(
    trail: &'c Trail,
    ctx: &'c Context<'_>,
) -> impl Fn(&Trail) -> Answer + 'c {
    let all = all_of(trail);
    move |other| all(recording::delivered_now(other, ctx))
}

/// Another trail that has been running since before `at` without a stop, and records all that this one does.
pub(super) fn recorded_meanwhile<'a>(
    trail: &Trail,
    at: Timestamp,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    // Its own last stop lies before its last start: both must lie before.
    let since = |other: &Trail| {
        let started = other.status.started.ok().copied().flatten();
        started.is_some_and(|it| it <= at)
    };
    recorded_by_one_of(trail, since, all_that(trail, ctx), ctx)
}

fn not_its_purpose(what: &str, other: &Trail) -> Verdict {
    let arn = &other.arn;
    let verdict = Verdict::not_applicable(format!("the trail logs no {what}; trail {arn} does"));
    verdict.saw("TrailARN", arn)
}

/// Another running trail that records what is asked, wherever this one could.
fn recorded_by_another<'a>(
    trail: &Trail,
    records: impl Fn(&Trail) -> Answer,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    recorded_by_one_of(trail, |_| true, records, ctx)
}

fn recorded_by_one_of<'a>(
    trail: &Trail,
    counts: impl Fn(&Trail) -> bool,
    records: impl Fn(&Trail) -> Answer,
    ctx: &Context<'a>,
) -> Result<Option<&'a Trail>, Gaps> {
    let own_organization = *trail.configuration.organization.known()?;
    let own_multi_region = *trail.configuration.multi_region.known()?;
    let (region, mut gaps) = (&trail.home_region, Vec::new());
    let Some(account) = ctx.inventory.accounts.get(&trail.account) else {
        return Err(not_seen(calls::DESCRIBE_TRAILS, &trail.account, region, ctx).into());
    };
    // Whatever reaches as far shows in this trail's own home region.
    for arn in &recording::distinct(account, region, ctx)?.0 {
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
        if !counts(other) {
            continue;
        }
        // What is not known may reach as far.
        let set = &other.configuration;
        let accounts = !own_organization || set.organization.ok() != Some(&false);
        let regions = (!own_multi_region && other.home_region == *region)
            || set.multi_region.ok() != Some(&false);
        if !(accounts && regions) {
            continue;
        }
        let answer = records(other);
        let reach = [
            set.organization.known().err(),
            set.multi_region.known().err(),
        ];
        match (answer, Gaps::collect(reach.into_iter().flatten())) {
            (Answer::Covers, None) => return Ok(Some(other)),
            (Answer::Covers, Some(gap)) => gaps.push(gap),
            (Answer::CannotTell(gap), _) => gaps.push(gap),
            (Answer::Lacks(_), _) => {}
        }
    }
    Gaps::collect(gaps).map_or(Ok(None), Err)
}
