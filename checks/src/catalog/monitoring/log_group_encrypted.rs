//! The log group is encrypted with a key of one's own.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-encrypted",
    title: "Trail's log group is encrypted with a KMS key",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "The copy in CloudWatch Logs holds all that the encrypted files hold. Without a key of its own, the right to \
          read logs is enough to read it.",
    fix: "Call AssociateKmsKey with a key whose policy lets CloudWatch Logs use it: `aws logs associate-kms-key \
          --log-group-name GROUP --kms-key-id KEY_ARN --region REGION`. Events from before stay as they are.",
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
        "the log group names a KMS key",
        "the log group names no KMS key",
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
