//! The log group is encrypted with a key of one's own.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-encrypted",
    title: "Log groups of trails should be encrypted with a KMS key",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "The log group contains the same events as the encrypted log files. Without a KMS key, permission to read \
          the log group is sufficient to read them.",
    fix: "Associate a key whose key policy grants access to CloudWatch Logs: `aws logs associate-kms-key \
          --log-group-name GROUP --kms-key-id KEY_ARN --region REGION`. Existing events are not encrypted again. In \
          Terraform: `kms_key_id` in `aws_cloudwatch_log_group`.",
    judged: "Passes when the log group is encrypted with a KMS key.",
    alike: &["The default encryption of CloudWatch Logs, with a key of the service, fails here."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::DESCRIBE_LOG_GROUPS],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, _: &Context<'_>) -> Outcome {
    let Some(set) = group.configuration.known()? else {
        return Ok(gone());
    };
    let key = set.kms_key.known()?;
    let verdict = Verdict::pass_if(
        key.is_some(),
        "the log group is encrypted with a KMS key",
        "the log group is not encrypted with a KMS key",
    );
    Ok(verdict.saw("kmsKeyId", key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let key = |arn: Option<&str>| {
            let arn = arn.map(Arn::from);
            log_group(|it| known(&mut it.configuration).as_mut().unwrap().kms_key = Known(arn))
        };
        table(
            &CHECK,
            [
                (Pass, key(Some(KEY_ARN))),
                (Fail, key(None)),
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
