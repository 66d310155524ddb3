//! Object Lock is on.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock",
    title: "Log buckets should have Object Lock enabled",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Without Object Lock, every principal with s3:DeleteObjectVersion can permanently delete log files. \
          Attackers with administrative access have this permission.",
    fix: "Enable versioning, then Object Lock: `aws s3api put-object-lock-configuration --bucket BUCKET \
          --object-lock-configuration ObjectLockEnabled=Enabled`. Object Lock cannot be disabled afterwards. Then \
          set a default retention: see bucket-object-lock-default-retention.",
    judged: "Passes when Object Lock is enabled. The other Object Lock checks evaluate its retention.",
    alike: &[
        "Enabled without a default retention passes here, and fails bucket-object-lock-default-retention.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html",
    ],
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
    let on = *bucket.object_lock.known()?;
    let verdict = Verdict::pass_if(on, "Object Lock is enabled", "Object Lock is not enabled");
    Ok(verdict.saw("ObjectLockEnabled", on).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |on| bucket(|b| b.object_lock = Known(on));
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (Fail, set(false)),
                (
                    Unknown,
                    bucket(|b| b.object_lock = denied(calls::GET_OBJECT_LOCK)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
