//! Whether somebody touched the record in the last days.

use super::off;
use crate::fact::Reason;
use crate::inventory::region::{Lookup, TAMPERING, TamperEvent, UNDOING};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-recent-tampering",
    title: "No call of the last days stopped, deleted or changed a trail or a store of this region",
    severity: Severity::Critical,
    question: Some(Question::Watched),
    why: "A trail that runs today may have been stopped for an hour yesterday: what happened in that hour is nowhere. \
          The call that stopped it is the last thing that was recorded, with its caller and address.",
    fix: "Ask whoever the finding names what the call was for, and look at what else they did before and after \
          (`aws cloudtrail lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=NAME`). Call \
          StartLogging if it is still stopped. Accept a planned change by a waiver with an end.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html",
    ],
    reads: &[calls::LIST_REGIONS, calls::LOOKUP_EVENTS],
    run: Run::Region(run),
};

/// How many calls are told one by one.
const MOST: usize = 20;

fn run(region: &RegionOf<'_>, _: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::LOOKUP_EVENTS)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    if view.tampering.gap().map(|gap| gap.reason) == Some(Reason::NotAsked) {
        return Ok(Verdict::not_applicable(
            "recent calls were not looked up: `--lookup-events 7d` asks for them",
        ));
    }
    let Lookup { since, events } = view.tampering.known()?;
    let touched = events
        .iter()
        .filter(|it| TAMPERING.contains(&it.name.as_str()));
    let (done, refused): (Vec<&TamperEvent>, Vec<&TamperEvent>) =
        touched.partition(|it| it.error.is_none());
    let mut verdict = match done.as_slice() {
        [] if refused.is_empty() => Verdict::pass(format!("no such call since {since}")),
        [] => Verdict::pass(format!(
            "{} such calls since {since}, all of them refused",
            refused.len()
        )),
        [.., last] => Verdict::fail(format!(
            "{} such calls since {since}, the last of them {} by {} at {}",
            done.len(),
            last.name,
            last.principal,
            last.at
        )),
    };
    // The latest first: the older ones may be cut.
    for event in done.iter().rev().chain(refused.iter().rev()).take(MOST) {
        verdict = verdict.saw(event.name.clone(), words(event, events));
    }
    Ok(verdict)
}

/// Who, when, from where, on what, and how it went on.
fn words(event: &TamperEvent, all: &[TamperEvent]) -> String {
    let TamperEvent { at, principal, .. } = event;
    let mut words = format!("{at} by {principal}");
    if let Some(address) = &event.source_ip {
        words.push_str(&format!(" from {address}"));
    }
    if let Some(resource) = &event.resource {
        words.push_str(&format!(" on {resource}"));
    }
    match (&event.error, undone(event, all)) {
        (Some(error), _) => words.push_str(&format!(", refused: {error}")),
        (None, Some(by)) => {
            words.push_str(&format!(", undone at {} by {}", by.at, by.principal));
        }
        (None, None) => words.push_str(", not undone as far as was looked"),
    }
    words
}

/// The first call that undoes it: later, on the same resource, and not refused.
fn undone<'a>(event: &TamperEvent, all: &'a [TamperEvent]) -> Option<&'a TamperEvent> {
    let undoes = |by: &&TamperEvent| {
        let pair = (by.name.as_str(), event.name.as_str());
        UNDOING.contains(&pair)
            && by.at >= event.at
            && by.error.is_none()
            && by.resource.is_some()
            && by.resource == event.resource
    };
    all.iter().filter(undoes).min_by_key(|by| by.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn event(name: &str, hours: i64) -> TamperEvent {
        TamperEvent {
            id: format!("{name}-{hours}"),
            name: name.to_owned(),
            at: hours_ago(hours),
            principal: "arn:aws:iam::111111111111:user/eve".to_owned(),
            source_ip: Some("192.0.2.1".to_owned()),
            resource: Some("arn:aws:cloudtrail:us-east-1:111111111111:trail/main".to_owned()),
            error: None,
        }
    }

    fn seen(events: Vec<TamperEvent>) -> Case {
        region(|it| known(&mut it.tampering).events = events)
    }

    fn refused(name: &str, hours: i64) -> TamperEvent {
        TamperEvent {
            error: Some("AccessDenied".to_owned()),
            ..event(name, hours)
        }
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, seen(vec![event("StopLogging", 5)])),
                (Pass, seen(vec![refused("StopLogging", 5)])),
                (
                    Fail,
                    seen(vec![refused("StopLogging", 6), event("DeleteTrail", 5)]),
                ),
                // Undone is not undone in time: what happened in between is nowhere.
                (
                    Fail,
                    seen(vec![event("StopLogging", 5), event("StartLogging", 4)]),
                ),
                // What undoes is no harm by itself.
                (
                    Pass,
                    seen(vec![event("StartLogging", 4), event("CreateTrail", 3)]),
                ),
                (
                    Unknown,
                    region(|it| it.tampering = denied(calls::LOOKUP_EVENTS)),
                ),
                (
                    Unknown,
                    region(|it| it.tampering = gap(calls::LOOKUP_EVENTS, Reason::Interrupted)),
                ),
                // By choice.
                (
                    NotApplicable,
                    region(|it| it.tampering = gap(calls::LOOKUP_EVENTS, Reason::NotAsked)),
                ),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].enabled = false),
                ),
            ],
        );
        for name in TAMPERING {
            table(&CHECK, [(Fail, seen(vec![event(name, 1)]))]);
        }
    }

    #[test]
    fn who_from_where_and_whether_it_was_undone() {
        let told = |events: Vec<TamperEvent>| {
            let finding = seen(events).findings(&[&CHECK]).remove(0);
            let words = finding.evidence.iter().map(|it| {
                let seen = it.seen.as_ref().and_then(|it| it.as_str());
                format!("{} {}", it.what, seen.unwrap_or_default())
            });
            words.collect::<Vec<_>>()
        };
        let stop = "StopLogging 2026-03-01T07:00:00Z by arn:aws:iam::111111111111:user/eve from 192.0.2.1 \
                    on arn:aws:cloudtrail:us-east-1:111111111111:trail/main";
        assert_eq!(
            told(vec![event("StopLogging", 5)]),
            [format!("{stop}, not undone as far as was looked")]
        );
        let undone = told(vec![
            event("StartLogging", 6),
            event("StopLogging", 5),
            refused("StartLogging", 4),
            event("StartLogging", 3),
            event("StartLogging", 2),
        ]);
        let by = "undone at 2026-03-01T09:00:00Z by arn:aws:iam::111111111111:user/eve";
        assert_eq!(undone, [format!("{stop}, {by}")]);
        let mut other = event("StartLogging", 3);
        other.resource = Some("arn:aws:cloudtrail:us-east-1:111111111111:trail/other".to_owned());
        let other = told(vec![event("StopLogging", 5), other]);
        assert_eq!(other, [format!("{stop}, not undone as far as was looked")]);
    }
}
