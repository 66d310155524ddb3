//! Events keep arriving in the log group.

use super::lateness;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-cloudwatch-fresh",
    title: "Events should have been delivered to CloudWatch Logs within `delivery_max_age`",
    severity: Severity::Medium,
    question: Some(Question::Delivered),
    why: "Alarms evaluate events in the log group. Without new events no alarm is raised. The delivery time of log \
          files to the bucket does not show this.",
    fix: "See LatestCloudWatchLogsDeliveryTime and LatestCloudWatchLogsDeliveryError: `aws cloudtrail \
          get-trail-status --name TRAIL --region REGION`. Set a log group and role that work: `aws cloudtrail \
          update-trail --name TRAIL --cloud-watch-logs-log-group-arn LOG_GROUP_ARN --cloud-watch-logs-role-arn \
          ROLE_ARN --region REGION`.",
    judged: "The latest delivery to CloudWatch Logs must be younger than `delivery_max_age` at the time of the scan. \
             Not applicable to a trail without a log group, and to a stopped trail whose events a running \
             organization trail logs and sends to a log group.",
    alike: &[
        "A stopped trail beside an organization trail without log group fails.",
        "Recent log files in S3 do not pass a log group that no longer receives events.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/monitor-cloudtrail-log-files-with-cloudwatch-logs.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
    ],
    reads: &lateness::READS,
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    if trail.configuration.log_group.known()?.is_none() {
        let none = "the trail has no CloudWatch Logs log group (see trail-cloudwatch-logs)";
        return Ok(Verdict::not_applicable(none));
    }
    let limit = ctx.settings.delivery_max_age;
    let sends = |other: &Trail| Ok(other.configuration.log_group.known()?.is_some());
    let what = "events to CloudWatch Logs";
    lateness::judge(trail, &trail.status.log_group, what, limit, sends, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::delivery::lateness::tests::{LEFT_OVER, left_over};
    use crate::testing::*;
    use jiff::SignedDuration;

    fn at(latest: Option<i64>, started: i64) -> Case {
        trail(|trail| {
            known(&mut status(trail).log_group).latest = latest.map(hours_ago);
            status(trail).started = Known(Some(hours_ago(started)));
        })
    }

    /// The organization's trail sends the events of one that was left over, if it sends any.
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
                    left_over(|it| configuration(it).log_group = Known(None)),
                ),
                (
                    Unknown,
                    left_over(|it| configuration(it).log_group = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }

    #[test]
    fn verdicts() {
        let two_days =
            |case: Case| case.with(|it| it.delivery_max_age = SignedDuration::from_hours(48));
        table(
            &CHECK,
            [
                (Pass, at(Some(1), 9000)),
                (Pass, at(Some(24), 9000)),
                (Fail, at(Some(25), 9000)),
                (Pass, two_days(at(Some(25), 9000))),
                (Fail, at(None, 9000)),
                (NotApplicable, at(None, 2)),
                (Fail, trail(|it| status(it).logging = Known(false))),
                // Files that arrive say nothing about the log group, nor the other way round.
                (
                    Fail,
                    at(Some(30), 9000).and(|inventory| {
                        let trail = inventory.trails.values_mut().next().unwrap();
                        known(&mut status(trail).delivery).latest = Some(hours_ago(0));
                    }),
                ),
                (
                    Pass,
                    trail(|it| known(&mut status(it).delivery).latest = Some(hours_ago(30))),
                ),
                (
                    NotApplicable,
                    at(None, 9000).and(|inventory| {
                        configuration(inventory.trails.values_mut().next().unwrap()).log_group =
                            Known(None);
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
            ],
        );
    }
}
