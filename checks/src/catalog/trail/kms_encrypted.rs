//! Log files are encrypted with a key of their own.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-kms-encrypted",
    title: "Trails should encrypt log files with a KMS key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "With SSE-S3, s3:GetObject is enough to read log files. A KMS key also requires kms:Decrypt, and each use \
          of the key is logged.",
    fix: "Set a key whose key policy allows CloudTrail kms:GenerateDataKey: `aws cloudtrail update-trail --name \
          TRAIL --kms-key-id KEY_ARN --region REGION` (Terraform: `kms_key_id` of `aws_cloudtrail`).",
    judged: "The trail must have a KMS key. The `key-*` checks evaluate the key.",
    alike: &["A trail with a disabled key passes here and fails key-enabled."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Trail(run),
};

/// That the key is there, enabled and the customer's own is for the key checks.
fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let verdict = match trail.configuration.kms_key.known()? {
        Some(key) => Verdict::pass(format!("the trail encrypts log files with KMS key {key}"))
            .saw("KmsKeyId", key),
        None => Verdict::fail("the trail has no KMS key: log files are encrypted with SSE-S3 only")
            .saw("KmsKeyId", None::<&str>),
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
