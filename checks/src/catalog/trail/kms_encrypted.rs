//! Log files are encrypted with a key of their own.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-kms-encrypted",
    title: "Trail encrypts its log files with a KMS key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "With SSE-S3 whoever may read the bucket reads the logs. A KMS key asks for a second permission, kms:Decrypt, \
          and every use of it is itself recorded.",
    fix: "Name a key whose policy lets CloudTrail use it: \
          `aws cloudtrail update-trail --name TRAIL --kms-key-id KEY_ARN`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

/// That the key is there, enabled and the customer's own is for the key checks.
fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let verdict = match trail.configuration.kms_key.known()? {
        Some(key) => {
            Verdict::pass(format!("log files are encrypted with {key}")).saw("KmsKeyId", key)
        }
        None => Verdict::fail("the trail names no key").saw("KmsKeyId", None::<&str>),
    };
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set =
            |key: Option<&str>| trail(|it| configuration(it).kms_key = Known(key.map(Arn::from)));
        table(
            &CHECK,
            [
                (Pass, set(Some(KEY_ARN))),
                (Fail, set(None)),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
