//! The key is ours to rule.

use super::described;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-customer-managed",
    title: "KMS keys that encrypt logs should be customer managed",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "The policy of an AWS managed key cannot be changed: every principal of the account that can read the bucket \
          can also decrypt. A customer managed key separates the two permissions, and can be shared with another \
          account.",
    fix: "Create a key with a key policy for CloudTrail: `aws kms create-key --policy file://policy.json --region \
          REGION`. Then configure it on the trail: `aws cloudtrail update-trail --name TRAIL_ARN --kms-key-id \
          KEY_ARN --region TRAIL_REGION`. In Terraform: `kms_key_id` in `aws_cloudtrail`. For a bucket: see \
          bucket-default-encryption.",
    judged: "Passes when the key is customer managed (KeyManager: CUSTOMER).",
    alike: &["alias/aws/s3 is an AWS managed key, and fails."],
    references: &[
        "https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-mgmt",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/encrypting-cloudtrail-log-files-with-aws-kms.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let metadata = match described(key)? {
        Ok(metadata) => metadata,
        Err(gone) => return Ok(gone),
    };
    let manager = metadata.manager.known()?;
    let verdict = Verdict::pass_if(
        manager == "CUSTOMER",
        "the key is customer managed",
        "the key is an AWS managed key, whose policy cannot be changed",
    );
    Ok(verdict.saw("KeyManager", manager).expected("CUSTOMER"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let manager = |manager: &str| {
            key(|k| known(&mut k.metadata).as_mut().unwrap().manager = Known(manager.to_owned()))
        };
        table(
            &CHECK,
            [
                (Pass, manager("CUSTOMER")),
                (Fail, manager("AWS")),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
    }
}
