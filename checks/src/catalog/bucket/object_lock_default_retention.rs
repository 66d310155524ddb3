//! Object Lock does something for every new log file.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-default-retention",
    title: "Log bucket locks every new object by a default retention",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "CloudTrail sets no retention on the files it writes. Object Lock without a default retention \
          therefore protects none of them.",
    fix: "Add a default retention to the bucket's lock: `aws s3api put-object-lock-configuration --bucket BUCKET \
          --object-lock-configuration \
          'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=365}}'`. COMPLIANCE mode cannot \
          be undone for objects that it locks. Files that are there already need PutObjectRetention.",
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
        "new objects are locked",
        "new objects are not locked: there is no default retention",
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
