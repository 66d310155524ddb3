//! The log group that alarms rest on cannot be deleted in one call.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-deletion-protection",
    title: "Log groups of trails should have deletion protection enabled",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "DeleteLogGroup removes the events and all metric filters of the log group, so alarms receive no data. With \
          deletion protection the call is denied until protection is disabled, which is logged as a separate event.",
    fix: "Enable it: `aws logs put-log-group-deletion-protection --log-group-identifier GROUP_ARN \
          --deletion-protection-enabled --region REGION`.",
    judged: "Passes if deletion protection is enabled for the log group that a trail delivers to.",
    alike: &[
        "Retention of ten years does not prevent the deletion of the log group: without deletion protection it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html",
        "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogGroupDeletionProtection.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, _: &Context<'_>) -> Outcome {
    let Some(set) = group.configuration.known()? else {
        return Ok(gone());
    };
    let on = set.deletion_protection.known()?.unwrap_or(false);
    let verdict = Verdict::pass_if(
        on,
        "deletion protection is enabled",
        "deletion protection is not enabled",
    );
    Ok(verdict.saw("deletionProtectionEnabled", on).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |on: Fact<Option<bool>>| {
            log_group(|group| {
                known(&mut group.configuration)
                    .as_mut()
                    .unwrap()
                    .deletion_protection = on
            })
        };
        table(
            &CHECK,
            [
                (Pass, set(Known(Some(true)))),
                (Fail, set(Known(Some(false)))),
                (Fail, set(Known(None))),
                (Unknown, set(denied(calls::DESCRIBE_LOG_GROUPS))),
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
