//! What goes through private endpoints, and is refused there.

use super::judging;
use crate::prelude::*;
use crate::selectors::{Events, Field, Pattern};

pub(super) const CHECK: Check = Check {
    id: "trail-network-activity-events",
    title: "Trails should log network activity events of VPC endpoints",
    severity: Severity::Low,
    question: Some(Question::Recorded),
    why: "Calls that a VPC endpoint policy denies, and calls through an endpoint with credentials of an external \
          account, are not in management events. Network activity events log them.",
    fix: "Add a selector with eventCategory NetworkActivity and an eventSource, such as s3.amazonaws.com, for each \
          service with endpoints: `aws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors \
          file://selectors.json --region REGION`. The call replaces all selectors: include the present ones. With \
          errorCode Equals VpceAccessDenied only denied calls are logged.",
    judged: "Passes when the selectors include network activity events of at least one service.",
    alike: &["Data events of the same service are another category and do not pass."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let category = [Pattern::equals("NetworkActivity")];
    let asked = Events::default().with(Field::EventCategory, category);
    judging::records_some(trail, &asked, "network activity events", ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        const NETWORK: &str = "eventCategory = NetworkActivity";
        let set = |test: &[&str]| trail(|it| it.selectors = Known(selectors(&[test])));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set(&[NETWORK, "eventSource = kms.amazonaws.com"])),
                (
                    Pass,
                    set(&[
                        NETWORK,
                        "eventSource = s3.amazonaws.com",
                        "errorCode = VpceAccessDenied",
                    ]),
                ),
                (
                    Fail,
                    set(&["eventCategory = Data", "resources.type = AWS::S3::Object"]),
                ),
                // The name of a selector means nothing, and a contradiction records nothing.
                (Fail, set(&[NETWORK, "eventCategory = Management"])),
                (
                    Fail,
                    trail(|it| it.selectors = Known(classic_selectors("All", true, &[]))),
                ),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (Unknown, set(&[NETWORK, "userAgent = curl"])),
                (
                    Fail,
                    set(&["eventCategory = Management", "userAgent = curl"]),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
    }

    #[test]
    fn another_trail_may_be_meant_for_it() {
        let beside = |change: fn(&mut Trail)| {
            let case = inventory(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "second", |trail| {
                    trail.selectors = Known(classic_selectors("All", true, &[]));
                });
                change(inventory.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap());
            });
            statuses(&CHECK, &case)[1].1
        };
        assert_eq!(beside(|_| {}), NotApplicable);
        assert_eq!(beside(|it| status(it).logging = Known(false)), Fail);
        assert_eq!(
            beside(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
            Unknown
        );
    }
}
