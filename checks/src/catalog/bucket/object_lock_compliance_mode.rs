//! Nobody can shorten the retention.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-compliance-mode",
    title: "Log bucket's default retention is in compliance mode",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "In governance mode whoever holds s3:BypassGovernanceRetention deletes locked log files; \
          administrators do. In compliance mode not even the root user can.",
    fix: "Set the mode of the default retention to COMPLIANCE (PutObjectLockConfiguration, \
          `Mode=COMPLIANCE`). It cannot be undone for objects that it locks: try it on a test bucket.",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes",
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
    let Some(retention) = bucket.default_retention.known()? else {
        return Ok(Verdict::fail("there is no default retention, in no mode"));
    };
    let verdict = match retention.mode {
        RetentionMode::Compliance => Verdict::pass("nobody can shorten the retention"),
        RetentionMode::Governance => {
            Verdict::fail("governance mode: s3:BypassGovernanceRetention lifts the retention")
        }
    };
    Ok(verdict
        .saw("Mode", retention.mode)
        .expected(RetentionMode::Compliance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |mode| {
            let (days, years) = (Some(400), None);
            bucket(|b| b.default_retention = Known(Some(Retention { mode, days, years })))
        };
        let lock = calls::GET_OBJECT_LOCK;
        table(
            &CHECK,
            [
                (Pass, set(RetentionMode::Compliance)),
                (Fail, set(RetentionMode::Governance)),
                (Fail, bucket(|b| b.default_retention = Known(None))),
                (Unknown, bucket(|b| b.default_retention = denied(lock))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
