//! Events stay in the log group as long as logs must be kept.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-retention",
    title: "The retention of log groups of trails should be at least the required number of days",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "Investigations start with the log group. Expired events must be restored from the bucket, which costs time \
          during an incident.",
    fix: "Set the retention to at least `retention_days`: `aws logs put-retention-policy --log-group-name GROUP \
          --retention-in-days 365 --region REGION`. In Terraform: `retention_in_days` in `aws_cloudwatch_log_group`.",
    judged: "Events must stay at least `retention_days`; without a retention setting events never expire, and the \
             check passes.",
    alike: &["365 days passes with the default, 180 fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, ctx: &Context<'_>) -> Outcome {
    let Some(set) = group.configuration.known()? else {
        return Ok(gone());
    };
    let needed = ctx.settings.retention_days;
    let retention = *set.retention_days.known()?;
    let verdict = match retention {
        None => Verdict::pass("events never expire"),
        Some(days) => Verdict::pass_if(
            u32::try_from(days).is_ok_and(|days| days >= needed),
            format!("the retention is at least {needed} days"),
            format!("the retention is {days} days, {needed} are required"),
        ),
    };
    Ok(verdict.saw("retentionInDays", retention).expected(needed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let days = |days| {
            log_group(|group| {
                known(&mut group.configuration)
                    .as_mut()
                    .unwrap()
                    .retention_days = Known(days)
            })
        };
        table(
            &CHECK,
            [
                (Pass, days(Some(365))),
                (Fail, days(Some(364))),
                (Pass, days(None)),
                (Fail, days(Some(400)).with(|it| it.retention_days = 500)),
                (
                    NotApplicable,
                    log_group(|it| it.configuration = Known(None)),
                ),
                (
                    Unknown,
                    log_group(|it| it.configuration = denied(calls::DESCRIBE_LOG_GROUPS)),
                ),
            ],
        );
    }
}
