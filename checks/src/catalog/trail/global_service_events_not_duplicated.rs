//! Each sign-in and each IAM change is in the record once.

use super::copies;
use crate::catalog::recording;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-global-service-events-not-duplicated",
    title: "Events of global services should be logged by one trail per account only",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "If several trails log IAM, STS and CloudFront events, queries and alarms count each event several times, \
          and each further copy is charged.",
    fix: "Keep these events in the multi-region trail and exclude them from single-region trails: `aws cloudtrail \
          update-trail --name TRAIL --no-include-global-service-events --region HOME_REGION` (Terraform: \
          `include_global_service_events = false` of `aws_cloudtrail`). Of two multi-region trails, delete one.",
    judged: "No two running trails may log the same global service events of the account.",
    alike: &["A read-only and a write-only trail log different events and pass."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events",
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
    account.regions.known()?;
    let region = ctx.home();
    if !recording::in_scope(account).any(|switch| switch.name == region) {
        return Ok(Verdict::not_applicable(format!(
            "{region}, where events of global services are logged, is not in scope"
        )));
    }
    let sources = ["iam", "sts", "cloudfront"].map(|it| format!("{it}.amazonaws.com"));
    let asked = Events::management().with(Field::EventSource, sources.map(Pattern::equals));
    let includes = |trail: &Trail| {
        let set = &trail.configuration;
        set.multi_region.ok() != Some(&false)
            || set.include_global_service_events.ok() != Some(&false)
    };
    Ok(
        match copies::pair(account, &region, &asked, includes, ctx)? {
            None => Verdict::pass("no event of global services is logged by two trails"),
            Some(pair) => Verdict::fail(format!(
                "events of global services are logged twice: by trails {}",
                pair.join(" and ")
            ))
            .saw("logged by", pair),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn second(change: impl FnOnce(&mut Trail)) -> Case {
        inventory(|inventory| {
            add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                configuration(trail).multi_region = Known(false);
                change(trail);
            });
        })
    }

    /// The account uses the region of its partition in which these events are recorded.
    fn in_china(more: &[&str]) -> Case {
        inventory(|inventory| {
            inventory.header.scope.partition = "aws-cn".to_owned();
            add_region(inventory, ACCOUNT, "cn-north-1");
            for name in more {
                add_trail(inventory, ACCOUNT, "cn-north-1", name, |_| {});
            }
        })
    }

    fn only(tests: &[&[&str]]) -> Case {
        second(|it| it.selectors = Known(selectors(tests)))
    }

    #[test]
    fn verdicts() {
        const MANAGEMENT: &str = "eventCategory = Management";
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, second(|_| {})),
                (
                    Pass,
                    second(|it| configuration(it).include_global_service_events = Known(false)),
                ),
                // A multi-region trail records them whatever the flag says.
                (
                    Fail,
                    second(|trail| {
                        configuration(trail).include_global_service_events = Known(false);
                        configuration(trail).multi_region = Known(true);
                    }),
                ),
                (Pass, second(|it| status(it).logging = Known(false))),
                (Pass, only(&[&["eventCategory = Data"]])),
                (
                    Pass,
                    only(&[&[MANAGEMENT, "eventSource = ec2.amazonaws.com"]]),
                ),
                (
                    Fail,
                    only(&[&[MANAGEMENT, "eventSource = sts.amazonaws.com"]]),
                ),
                (
                    Unknown,
                    second(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    second(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                (
                    Unknown,
                    region(|it| it.trails = denied(calls::DESCRIBE_TRAILS)),
                ),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
                // Which trails there are is known in every partition.
                (Pass, in_china(&[])),
                (Fail, in_china(&["second"])),
                (
                    NotApplicable,
                    inventory(|it| it.header.scope.partition = "aws-cn".to_owned()),
                ),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].excluded = true),
                ),
                // One trail alone repeats nothing, whatever is unknown of it.
                (
                    Pass,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (Pass, inventory(|it| it.trails.clear())),
            ],
        );
    }
}
