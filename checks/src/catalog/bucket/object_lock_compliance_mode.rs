//! Nobody can shorten the retention.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-compliance-mode",
    title: "Log buckets should use Object Lock in COMPLIANCE mode",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "In GOVERNANCE mode, principals with s3:BypassGovernanceRetention can delete locked log files. \
          Administrators have this permission. In COMPLIANCE mode no principal can delete them, including the root \
          user.",
    fix: "Set the mode of the default retention: `aws s3api put-object-lock-configuration --bucket BUCKET \
          --object-lock-configuration \
          'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=365}}'`. Irreversible: a retention \
          in COMPLIANCE mode cannot be shortened or removed before it ends, not even by the root user. Test it on \
          another bucket first.",
    judged: "Passes when the default retention is in COMPLIANCE mode.",
    alike: &[
        "GOVERNANCE for ten years fails: principals with s3:BypassGovernanceRetention can delete locked objects.",
    ],
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
        return Ok(Verdict::fail(
            "no default retention is configured (expected: COMPLIANCE mode)",
        ));
    };
    let verdict = match retention.mode {
        RetentionMode::Compliance => Verdict::pass("the default retention is in COMPLIANCE mode"),
        RetentionMode::Governance => Verdict::fail(
            "the default retention is in GOVERNANCE mode: principals with \
                s3:BypassGovernanceRetention can delete locked objects",
        ),
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
