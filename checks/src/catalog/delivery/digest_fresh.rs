//! Digest files keep arriving, one each hour.

use jiff::SignedDuration;

use super::lateness;
use crate::prelude::*;

/// Two digest periods: one may be missed at the edge, not two.
const LIMIT: SignedDuration = SignedDuration::from_hours(2);

pub(super) const CHECK: Check = Check {
    id: "delivery-digest-fresh",
    title: "Digest files should have been delivered within the last two hours",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "CloudTrail delivers a digest every hour, even without events. Without digests, changes to log files and \
          their deletion cannot be detected.",
    fix: "See LatestDigestDeliveryError: `aws cloudtrail get-trail-status --name TRAIL --region REGION`. The bucket \
          policy must allow CloudTrail s3:PutObject below AWSLogs/ACCOUNT/CloudTrail-Digest/, and the key policy \
          must allow it kms:GenerateDataKey.",
    judged: "The latest digest must be younger than two hours; one is written every hour. A trail that started less \
             than that ago is not late. Not applicable where validation is off, and to a stopped trail whose events a \
             running organization trail logs, delivers and signs.",
    alike: &[
        "A stopped trail beside an organization trail without log file validation fails.",
        "Recent log files do not pass a trail whose digests are no longer delivered.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html",
    ],
    reads: &lateness::READS,
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    if !*trail.configuration.log_file_validation.known()? {
        return Ok(Verdict::not_applicable(
            "log file validation is disabled: no digest files are due",
        ));
    }
    let signs = |other: &Trail| Ok(*other.configuration.log_file_validation.known()?);
    let delivery = &trail.status.digest;
    lateness::judge(trail, delivery, "digest files", LIMIT, signs, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::delivery::lateness::tests::{LEFT_OVER, left_over};
    use crate::testing::*;

    fn at(latest: Option<i64>, started: i64) -> Case {
        trail(|trail| {
            known(&mut status(trail).digest).latest = latest.map(hours_ago);
            status(trail).started = Known(Some(hours_ago(started)));
        })
    }

    /// The organization's trail signs the events of one that was left over, if it signs.
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
                    left_over(|it| configuration(it).log_file_validation = Known(false)),
                ),
                (
                    Unknown,
                    left_over(|it| {
                        configuration(it).log_file_validation = denied(calls::DESCRIBE_TRAILS)
                    }),
                ),
            ],
        );
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, at(Some(1), 9000)),
                (Pass, at(Some(2), 9000)),
                (Fail, at(Some(3), 9000)),
                (Fail, at(None, 9000)),
                (NotApplicable, at(None, 1)),
                (Fail, at(None, 2)),
                (Fail, trail(|it| status(it).logging = Known(false))),
                (
                    NotApplicable,
                    trail(|trail| {
                        configuration(trail).log_file_validation = Known(false);
                        known(&mut status(trail).digest).latest = None;
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
                // Log files that arrive say nothing about digests.
                (
                    Fail,
                    at(Some(30), 9000).and(|inventory| {
                        let trail = inventory.trails.values_mut().next().unwrap();
                        known(&mut status(trail).delivery).latest = Some(hours_ago(0));
                    }),
                ),
            ],
        );
    }
}
