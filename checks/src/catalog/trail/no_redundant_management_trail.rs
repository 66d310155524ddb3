//! Nobody pays for the same events twice.

use std::collections::BTreeMap;

use super::copies;
use crate::catalog::recording;
use crate::prelude::*;
use crate::selectors::Events;

pub(super) const CHECK: Check = Check {
    id: "trail-no-redundant-management-trail",
    title: "Management events of a region should be logged by one trail only",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "The first copy of management events is free in each account and region. Each further copy is charged per \
          event. An account trail beside an organization trail is the usual cause.",
    fix: "Keep one trail. Delete the other, which cannot be undone (`aws cloudtrail delete-trail --name TRAIL \
          --region HOME_REGION`; delivered log files stay), or keep only its data event selectors: `aws cloudtrail \
          put-event-selectors --trail-name TRAIL --advanced-event-selectors file://selectors.json --region \
          HOME_REGION` without eventCategory Management.",
    judged: "For each region of the account: no two running trails may log the same management events.",
    alike: &[
        "One trail for read events and one for write events pass. Two organization trails with all events fail.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-trail-manage-costs.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let mut gaps = Vec::from_iter(account.regions.known().err());
    let (mut twice, mut regions) = (BTreeMap::new(), 0_usize);
    for switch in recording::in_scope(account) {
        regions += 1;
        match copies::pair(account, &switch.name, &Events::management(), |_| true, ctx) {
            Ok(None) => {}
            Ok(Some(pair)) => drop(twice.insert(&switch.name, pair)),
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = match twice.first_key_value() {
        Some((region, pair)) => Verdict::fail(format!(
            "management events are logged twice in {} of {regions} regions, such as {region}: by trails {}",
            twice.len(),
            pair.join(" and ")
        ))
        .saw("logged twice", &twice),
        None if regions == 0 => Verdict::not_applicable("no region of the account is in scope"),
        None => Verdict::pass(format!(
            "no management event is logged twice in any of {regions} regions"
        )),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(of_first: &[&str], of_second: &[&str]) -> Case {
        trail(|it| it.selectors = Known(selectors(&[of_first]))).and(|inventory| {
            add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                trail.selectors = Known(selectors(&[of_second]));
            });
        })
    }

    #[test]
    fn verdicts() {
        const MANAGEMENT: &str = "eventCategory = Management";
        let (read, write) = ("readOnly = true", "readOnly = false");
        let second =
            |change: fn(&mut Trail)| inventory(|it| add_trail(it, ACCOUNT, HOME, "second", change));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, second(|_| {})),
                // Two halves are one copy.
                (Pass, with(&[MANAGEMENT, read], &[MANAGEMENT, write])),
                (Fail, with(&[MANAGEMENT, read], &[MANAGEMENT])),
                (Pass, with(&[MANAGEMENT], &["eventCategory = Data"])),
                (
                    Fail,
                    with(
                        &[MANAGEMENT, "eventSource != kms.amazonaws.com"],
                        &[MANAGEMENT, "eventSource != rdsdata.amazonaws.com"],
                    ),
                ),
                (
                    Pass,
                    with(
                        &[MANAGEMENT, "eventSource != kms.amazonaws.com"],
                        &[MANAGEMENT, "eventSource = kms.amazonaws.com"],
                    ),
                ),
                (Pass, second(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    second(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                // Whatever else it is set to, in its own region it records.
                (
                    Fail,
                    second(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    with(&[MANAGEMENT, "userAgent = curl"], &[MANAGEMENT]),
                ),
                (
                    Unknown,
                    region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].excluded = true),
                ),
            ],
        );
    }

    #[test]
    fn two_single_region_trails_of_two_regions_are_no_copies() {
        let two = |second: &'static str| {
            inventory(|inventory| {
                inventory.trails.clear();
                add_region(inventory, ACCOUNT, "eu-west-1");
                for view in inventory.regions.values_mut() {
                    view.trails = Known(Vec::new());
                }
                for (region, name) in [(HOME, "one"), (second, "two")] {
                    add_trail(inventory, ACCOUNT, region, name, |trail| {
                        configuration(trail).multi_region = Known(false);
                    });
                }
            })
        };
        table(&CHECK, [(Pass, two("eu-west-1")), (Fail, two(HOME))]);
    }
}
