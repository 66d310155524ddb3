//! Events also go to a log group, where alarms can see them within minutes.

use crate::context::{log_group_arn, not_seen};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-cloudwatch-logs",
    title: "Trail sends its events to a log group that exists",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "Files in a bucket are read days later. Metric filters and alarms need the events in CloudWatch Logs; if the \
          log group was deleted, delivery fails and every alarm stays silent.",
    fix: "Name a log group and a role that may write to it: `aws cloudtrail update-trail --name TRAIL \
          --cloud-watch-logs-log-group-arn GROUP_ARN --cloud-watch-logs-role-arn ROLE_ARN`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let Some(group) = trail.configuration.log_group.known()? else {
        return Ok(Verdict::fail("the trail names no log group"));
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
        "events go to a log group",
        "the log group that the trail names is gone",
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
