//! Whether somebody touched the record in the last days.

use std::collections::BTreeSet;

use super::off;
use crate::catalog::gap;
use crate::fact::Reason;
use crate::inventory::region::{Lookup, TamperEvent};
use crate::prelude::*;
use crate::tampering::{self, Resources};

pub(super) const CHECK: Check = Check {
    id: "monitoring-recent-tampering",
    title: "No recent call in this region should have stopped, deleted or changed a trail or its log storage",
    severity: Severity::Critical,
    question: Some(Question::Watched),
    why: "A trail that is logging today may have been stopped for an hour yesterday. Events of that hour are not \
          logged. The call that stopped it is logged, with its caller and source IP address. The same applies to a \
          bucket policy, lifecycle rule, Object Lock setting or key that was changed and then restored.",
    fix: "Confirm the purpose of the call with its caller, and review the caller's other activity: `aws cloudtrail \
          lookup-events --lookup-attributes AttributeKey=Username,AttributeValue=NAME --region REGION`. If the trail \
          is still stopped: `aws cloudtrail start-logging --name TRAIL_ARN --region TRAIL_REGION`. Accept planned \
          changes with a waiver that has an end date.",
    judged: "Evaluates the results of LookupEvents for the last days (`--lookup-events 7d`): fails on every call that \
             stopped, deleted, redirected or limited a trail, or changed what the logs depend on (policy, lifecycle, \
             versioning or lock of a log bucket; policy or state of its key; the log group; CloudTrail's role in the \
             organization), and was not denied. The finding contains caller, time and source IP address. A change \
             that was reverted later also fails. Not applicable without that option.",
    alike: &[
        "A denied StopLogging call passes and is reported; a successful one fails, even if StartLogging followed.",
        "PutBucketPolicy on a log bucket fails; on another bucket it passes; if the event does not name the bucket, \
         it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::LOOKUP_EVENTS,
        calls::DESCRIBE_TRAILS,
        calls::LIST_BUCKETS,
        calls::GET_BUCKET_LOCATION,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
    ],
    run: Run::Region(run),
};

/// How many calls are told one by one.
const MOST: usize = 20;

fn run(region: &RegionOf<'_>, ctx: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::LOOKUP_EVENTS)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    if view.tampering.gap().map(|gap| gap.reason) == Some(Reason::NotAsked) {
        return Ok(Verdict::not_applicable(
            "recent calls were not looked up (use `--lookup-events 7d`)",
        ));
    }
    let Lookup {
        since,
        events,
        names,
    } = &**view.tampering.known()?;
    let resources = Resources::of(ctx.inventory);
    let touched = events.iter().filter(|event| {
        tampering::call(&event.name).is_some_and(|call| resources.concern(event, call))
    });
    let (done, refused): (Vec<&TamperEvent>, Vec<&TamperEvent>) =
        touched.partition(|it| it.error.is_none());
    let here = tampering::calls_at(&region.account.id, region.name, ctx.inventory);
    if done.is_empty() {
        looked_up(&tampering::names(&here), names.as_ref(), region)?;
    }
    let mut verdict = match done.as_slice() {
        [] if refused.is_empty() => Verdict::pass(format!("no such call since {since}")),
        [] => Verdict::pass(format!(
            "{} such calls since {since}, all of them denied",
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
    let here: Vec<&str> = here.iter().map(|it| it.event).collect();
    Ok(verdict.saw("LookedUp", here))
}

/// Every call that matters here was asked for.
fn looked_up(
    wanted: &[&str],
    names: Option<&BTreeSet<String>>,
    region: &RegionOf<'_>,
) -> Result<(), Gaps> {
    let missing = |name: &&&str| names.is_none_or(|names| !names.contains(**name));
    let missing: Vec<&str> = wanted.iter().filter(missing).copied().collect();
    let detail = match (names, missing.as_slice()) {
        (_, []) => return Ok(()),
        (None, _) => "the file does not say which calls were looked up".to_owned(),
        (Some(_), missing) => format!("not looked up: {}", missing.join(", ")),
    };
    let (account, call) = (&region.account.id, calls::LOOKUP_EVENTS);
    Err(gap::gap(
        call,
        account,
        region.name,
        Reason::NotAsked,
        detail,
    ))
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
        (Some(error), _) => words.push_str(&format!(", denied: {error}")),
        (None, Some(by)) => {
            words.push_str(&format!(", reverted at {} by {}", by.at, by.principal));
        }
        (None, None) => words.push_str(", no later call in the assessed period reverted it"),
    }
    words
}

/// The first call that undoes it: later, on the same resource, and not refused.
fn undone<'a>(event: &TamperEvent, all: &'a [TamperEvent]) -> Option<&'a TamperEvent> {
    let undoes = |by: &&TamperEvent| {
        let undoing = tampering::call(&event.name).and_then(|it| it.undone_by);
        undoing == Some(by.name.as_str())
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

    fn on(resource: &str, name: &str) -> TamperEvent {
        TamperEvent {
            resource: Some(resource.to_owned()),
            ..event(name, 5)
        }
    }

    /// What the logs rest on counts, whoever else's bucket or key does not, and what does not say counts.
    #[test]
    fn what_the_logs_rest_on() {
        let key = "arn:aws:kms:us-east-1:111111111111:key/11111111-1111-1111-1111-111111111111";
        let id = "11111111-1111-1111-1111-111111111111";
        let other = "arn:aws:kms:us-east-1:111111111111:key/99999999-1111-1111-1111-111111111111";
        let nowhere = TamperEvent {
            resource: None,
            ..event("PutBucketPolicy", 5)
        };
        table(
            &CHECK,
            [
                (Fail, seen(vec![on("logs", "PutBucketPolicy")])),
                (
                    Fail,
                    seen(vec![on("arn:aws:s3:::logs", "DeleteBucketPolicy")]),
                ),
                (Fail, seen(vec![on("logs", "PutBucketLifecycle")])),
                (Fail, seen(vec![on("logs", "PutBucketVersioning")])),
                (
                    Fail,
                    seen(vec![on("logs", "PutBucketObjectLockConfiguration")]),
                ),
                (Pass, seen(vec![on("other", "PutBucketPolicy")])),
                (Fail, seen(vec![nowhere])),
                (Fail, seen(vec![on(key, "ScheduleKeyDeletion")])),
                (Fail, seen(vec![on(id, "DisableKey")])),
                (Fail, seen(vec![on("alias/trail", "PutKeyPolicy")])),
                (Pass, seen(vec![on(other, "PutKeyPolicy")])),
                (Fail, seen(vec![on("trail", "DeleteLogGroup")])),
                (Pass, seen(vec![on("/aws/lambda/other", "DeleteLogGroup")])),
                (
                    Fail,
                    seen(vec![on(
                        "cloudtrail.amazonaws.com",
                        "DisableAWSServiceAccess",
                    )]),
                ),
                (
                    Pass,
                    seen(vec![on("ram.amazonaws.com", "DisableAWSServiceAccess")]),
                ),
                (
                    Fail,
                    seen(vec![on(
                        "222222222222",
                        "DeregisterOrganizationDelegatedAdmin",
                    )]),
                ),
                (Fail, seen(vec![event("PutInsightSelectors", 5)])),
                (Fail, seen(vec![event("PutEventConfiguration", 5)])),
            ],
        );
    }

    /// Nothing found among names that were not looked up is no answer.
    #[test]
    fn names_that_were_not_looked_up() {
        let names = |names: Option<&[&str]>| {
            let names = names.map(|name| name.iter().map(|it| (*it).to_owned()).collect());
            region(|it| known(&mut it.tampering).names = names)
        };
        let found = |case: Case| {
            case.and(|inventory| {
                let view = inventory.regions.values_mut().next().unwrap();
                known(&mut view.tampering).events = vec![event("StopLogging", 5)];
            })
        };
        table(
            &CHECK,
            [
                (Unknown, names(None)),
                (Unknown, names(Some(&["StopLogging", "DeleteTrail"]))),
                (Fail, found(names(None))),
                (Fail, found(names(Some(&["StopLogging"])))),
            ],
        );
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
        for call in tampering::TABLE {
            let event = TamperEvent {
                resource: None,
                ..event(call.event, 1)
            };
            table(&CHECK, [(Fail, seen(vec![event]))]);
        }
    }

    #[test]
    fn who_from_where_and_whether_it_was_undone() {
        let told = |events: Vec<TamperEvent>| {
            let finding = seen(events).findings(&[&CHECK]).remove(0);
            let events = finding.evidence.iter().filter(|it| it.what != "LookedUp");
            let words = events.map(|event| {
                let seen = event.seen.as_ref().and_then(|it| it.as_str());
                format!("{} {}", event.what, seen.unwrap_or_default())
            });
            words.collect::<Vec<_>>()
        };
        let stop = "StopLogging 2026-03-01T07:00:00Z by arn:aws:iam::111111111111:user/eve from 192.0.2.1 \
                    on arn:aws:cloudtrail:us-east-1:111111111111:trail/main";
        assert_eq!(
            told(vec![event("StopLogging", 5)]),
            [format!(
                "{stop}, no later call in the assessed period reverted it"
            )]
        );
        let undone = told(vec![
            event("StartLogging", 6),
            event("StopLogging", 5),
            refused("StartLogging", 4),
            event("StartLogging", 3),
            event("StartLogging", 2),
        ]);
        let by = "reverted at 2026-03-01T09:00:00Z by arn:aws:iam::111111111111:user/eve";
        assert_eq!(undone, [format!("{stop}, {by}")]);
        let mut other = event("StartLogging", 3);
        other.resource = Some("arn:aws:cloudtrail:us-east-1:111111111111:trail/other".to_owned());
        let other = told(vec![event("StopLogging", 5), other]);
        assert_eq!(
            other,
            [format!(
                "{stop}, no later call in the assessed period reverted it"
            )]
        );
    }
}
