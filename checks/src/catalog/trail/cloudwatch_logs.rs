//! Events also go to a log group, where alarms can see them within minutes.

use crate::context::{log_group_arn, not_seen};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-cloudwatch-logs",
    title: "Trails should send events to an existing CloudWatch Logs log group",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "Metric filters and alarms evaluate events in CloudWatch Logs. If the log group is deleted, delivery fails \
          and the alarms receive no events.",
    fix: "Set a log group and a role that may write to it: `aws cloudtrail update-trail --name TRAIL \
          --cloud-watch-logs-log-group-arn LOG_GROUP_ARN --cloud-watch-logs-role-arn ROLE_ARN --region REGION` \
          (Terraform: `cloud_watch_logs_group_arn` and `cloud_watch_logs_role_arn` of `aws_cloudtrail`).",
    judged: "The trail must name a log group that exists.",
    alike: &[
        "A log group that was deleted is still configured in the trail, and fails. One that cannot be read is \
         unknown.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let Some(group) = trail.configuration.log_group.known()? else {
        return Ok(Verdict::fail("the trail has no CloudWatch Logs log group"));
    };
    let arn = log_group_arn(group);
    let Some(found) = ctx.inventory.log_groups.get(&arn) else {
        let gap = not_seen(
            calls::DESCRIBE_LOG_GROUPS,
            &arn.account(),
            &arn.region(),
            ctx,
        );
        return Err(gap.into());
    };
    let verdict = Verdict::pass_if(
        found.configuration.known()?.is_some(),
        format!("the trail sends events to log group {arn}"),
        format!("log group {arn} of the trail does not exist"),
    );
    Ok(verdict.saw("CloudWatchLogsLogGroupArn", group))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, trail(|it| configuration(it).log_group = Known(None))),
                (Fail, log_group(|it| it.configuration = Known(None))),
                (
                    Unknown,
                    log_group(|it| it.configuration = denied(calls::DESCRIBE_LOG_GROUPS)),
                ),
                (Unknown, inventory(|it| it.log_groups.clear())),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
