//! Reads and writes of the control plane are both recorded.

use super::judging;
use crate::prelude::*;
use crate::selectors::Events;

pub(super) const CHECK: Check = Check {
    id: "trail-management-events-read-write",
    title: "Trails should log read and write management events",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "Write events show what was changed. Read events show reconnaissance, and which roles were assumed.",
    fix: "Select all management events: `aws cloudtrail put-event-selectors --trail-name TRAIL \
          --advanced-event-selectors \
          '[{\"FieldSelectors\":[{\"Field\":\"eventCategory\",\"Equals\":[\"Management\"]}]}]' --region REGION`. \
          The call replaces all selectors: include those for data events. Then verify that the trail is logging.",
    judged: "The selectors together must include all management events, read and write. A trail without selectors \
             logs all management events.",
    alike: &["Two selectors, one for reads and one for writes, pass together; WriteOnly fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

/// What is excluded by name is for other checks to tell.
fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let view = Events::with_exclusions_undone;
    judging::records(trail, &Events::management(), "management events", view, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn classic(read_write: &str, management: bool) -> Case {
        trail(|it| it.selectors = Known(classic_selectors(read_write, management, &[])))
    }

    fn advanced(tests: &[&[&str]]) -> Case {
        trail(|it| it.selectors = Known(selectors(tests)))
    }

    const MANAGEMENT: &str = "eventCategory = Management";
    const OBJECTS: &[&str] = &["eventCategory = Data", "resources.type = AWS::S3::Object"];

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, advanced(&[&[MANAGEMENT]])),
                (Fail, advanced(&[&[MANAGEMENT, "readOnly = false"]])),
                (Fail, advanced(&[&[MANAGEMENT, "readOnly = true"]])),
                (
                    Pass,
                    advanced(&[
                        &[MANAGEMENT, "readOnly = true"],
                        &[MANAGEMENT, "readOnly = false"],
                    ]),
                ),
                // Excluded by name: another check's question. Wanted by name: all others are missing.
                (
                    Pass,
                    advanced(&[&[MANAGEMENT, "eventSource != kms.amazonaws.com"]]),
                ),
                (
                    Fail,
                    advanced(&[&[MANAGEMENT, "eventSource = iam.amazonaws.com"]]),
                ),
                (Fail, advanced(&[OBJECTS])),
                (Unknown, advanced(&[&[MANAGEMENT, "userAgent = curl"]])),
                (Pass, classic("All", true)),
                (Fail, classic("WriteOnly", true)),
                (Fail, classic("All", false)),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
                // A stopped or unclear trail does not hide that the selectors miss half.
                (
                    Fail,
                    classic("WriteOnly", true).and(|inventory| {
                        inventory.trails.values_mut().next().unwrap().status =
                            denied(calls::GET_TRAIL_STATUS);
                    }),
                ),
            ],
        );
    }

    /// A trail made for data events beside the good one.
    fn beside(
        change: impl FnOnce(&mut Trail),
        of_good: impl FnOnce(&mut Trail),
    ) -> crate::finding::Status {
        let case = inventory(|inventory| {
            add_trail(inventory, ACCOUNT, HOME, "objects", |trail| {
                trail.selectors = Known(selectors(&[OBJECTS]));
                change(trail);
            });
            of_good(inventory.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap());
        });
        statuses(&CHECK, &case)[1].1
    }

    #[test]
    fn a_trail_for_data_events_alone() {
        assert_eq!(beside(|_| {}, |_| {}), NotApplicable);
        let half = |trail: &mut Trail| {
            trail.selectors = Known(selectors(&[&[MANAGEMENT, "readOnly = false"]]));
        };
        assert_eq!(beside(half, |_| {}), Fail);
        assert_eq!(beside(|_| {}, half), Fail);
        assert_eq!(beside(|_| {}, |it| status(it).logging = Known(false)), Fail);
        assert_eq!(
            beside(|_| {}, |it| it.status = denied(calls::GET_TRAIL_STATUS)),
            Unknown
        );
        assert_eq!(
            beside(
                |_| {},
                |it| it.configuration = denied(calls::DESCRIBE_TRAILS)
            ),
            Unknown
        );
        // The other must reach as far: accounts and regions.
        let own = |it: &mut Trail| configuration(it).organization = Known(false);
        assert_eq!(beside(|_| {}, own), Fail);
        assert_eq!(beside(own, own), NotApplicable);
        assert_eq!(beside(own, |_| {}), NotApplicable);
        let single = |it: &mut Trail| configuration(it).multi_region = Known(false);
        assert_eq!(beside(|_| {}, single), Fail);
        assert_eq!(beside(single, single), NotApplicable);
        assert_eq!(beside(single, |_| {}), NotApplicable);
    }
}
