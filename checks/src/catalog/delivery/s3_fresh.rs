//! Log files keep arriving.

use super::lateness;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-s3-fresh",
    title: "Log files should have been delivered to the bucket within `delivery_max_age`",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "CloudTrail delivers log files within minutes, and every account has events all day. If no log file was \
          delivered for a day, logging has stopped, whatever the configuration of the trail.",
    fix: "See LatestDeliveryError: `aws cloudtrail get-trail-status --name TRAIL --region REGION`. Correct the \
          bucket policy (PutBucketPolicy) or the key policy (PutKeyPolicy). If the trail logs rare events only, \
          increase `delivery_max_age`.",
    judged: "The latest delivery must be younger than `delivery_max_age` when the facts were taken; a trail that \
             started less than that ago is not late. Not applicable to a stopped trail whose events a running \
             organization trail records and can deliver.",
    alike: &[
        "23 hours passes, 25 hours fails, with the default of 24.",
        "A stopped trail that was left over beside the organization's does not apply, and the organization's is \
         named; beside another trail of the account it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ],
    reads: &lateness::READS,
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let limit = ctx.settings.delivery_max_age;
    let delivery = &trail.status.delivery;
    lateness::judge(trail, delivery, "log files", limit, |_| Ok(true), ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::delivery::lateness::tests::{LEFT_OVER, left_over};
    use crate::testing::*;
    use jiff::SignedDuration;

    fn at(latest: Option<i64>, started: Option<i64>) -> Case {
        trail(|trail| {
            known(&mut status(trail).delivery).latest = latest.map(hours_ago);
            status(trail).started = Known(started.map(hours_ago));
        })
    }

    /// The organization's trail delivers the events of one that was left over.
    #[test]
    fn left_over_beside_the_organizations() {
        table_on(
            &CHECK,
            LEFT_OVER,
            [
                (NotApplicable, left_over(|_| {})),
                (Fail, left_over(|it| status(it).logging = Known(false))),
                (
                    Fail,
                    left_over(|it| configuration(it).organization = Known(false)),
                ),
                (
                    Fail,
                    left_over(|it| configuration(it).multi_region = Known(false)),
                ),
                (
                    Fail,
                    left_over(|it| configuration(it).bucket = Known("gone".to_owned())).and(
                        |inventory| {
                            let gone = Bucket {
                                exists: Known(false),
                                ..unseen_bucket("gone")
                            };
                            inventory.buckets.insert(gone.arn.clone(), gone);
                        },
                    ),
                ),
                (
                    Unknown,
                    left_over(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
                ),
            ],
        );
        let findings = left_over(|_| {}).findings(&[&CHECK]);
        let old = findings.iter().find(|it| it.subject.id == LEFT_OVER);
        let told = format!("{:?}", old.unwrap().evidence);
        assert!(told.contains(TRAIL_ARN), "{told}");
    }

    #[test]
    fn verdicts() {
        let week =
            |case: Case| case.with(|it| it.delivery_max_age = SignedDuration::from_hours(168));
        let stopped = |case: Case| {
            case.and(|inventory| {
                status(inventory.trails.values_mut().next().unwrap()).logging = Known(false);
            })
        };
        table(
            &CHECK,
            [
                (Pass, at(Some(1), Some(9000))),
                (Pass, at(Some(24), Some(9000))),
                (Fail, at(Some(25), Some(9000))),
                (Pass, week(at(Some(25), Some(9000)))),
                (Fail, at(None, Some(9000))),
                (Fail, at(None, None)),
                (Pass, at(Some(1), None)),
                // Not late yet.
                (NotApplicable, at(None, Some(23))),
                (Fail, at(None, Some(24))),
                (NotApplicable, at(Some(50), Some(2))),
                (Pass, at(Some(1), Some(2))),
                // Fresh, but from before the trail was stopped and started again.
                (NotApplicable, at(Some(3), Some(2))),
                (Fail, stopped(at(Some(1), Some(9000)))),
                (Fail, stopped(at(None, Some(2)))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
            ],
        );
    }
}
