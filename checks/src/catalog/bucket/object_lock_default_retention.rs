//! Object Lock does something for every new log file.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-default-retention",
    title: "Log buckets should have an Object Lock default retention",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "CloudTrail does not set a retention on the files it writes. Without a default retention, Object Lock \
          therefore does not protect log files.",
    fix: "Set a default retention: `aws s3api put-object-lock-configuration --bucket BUCKET \
          --object-lock-configuration \
          'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=365}}'`. Irreversible: a retention \
          in COMPLIANCE mode cannot be shortened or removed before it ends. It applies to new objects only; existing \
          ones need PutObjectRetention. In Terraform: resource `aws_s3_bucket_object_lock_configuration`.",
    judged: "Passes when new objects get a retention by default.",
    alike: &[
        "Object Lock without a default retention does not lock the files that CloudTrail writes, and fails.",
    ],
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_OBJECT_LOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let retention = bucket.default_retention.known()?;
    let verdict = Verdict::pass_if(
        retention.is_some(),
        "a default retention is configured",
        "no default retention is configured, so new log files are not locked",
    );
    Ok(verdict.saw("DefaultRetention", retention))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let lock = calls::GET_OBJECT_LOCK;
        table(
            &CHECK,
            [
                (Pass, bucket(|_| {})),
                // Enabled alone protects nothing.
                (Fail, bucket(|b| b.default_retention = Known(None))),
                (Unknown, bucket(|b| b.default_retention = denied(lock))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
