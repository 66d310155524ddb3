//! Logs cannot be deleted before their time.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-retention-days",
    title: "Log bucket keeps every object for the required time",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Whoever can delete log files can hide what they did. A default retention shorter than the audit \
          period leaves the older part deletable.",
    fix: "Set the days of the bucket's default retention to at least `retention_days` of the settings \
          (PutObjectLockConfiguration, `Days=365`).",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-periods",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_OBJECT_LOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let needed = ctx.settings.retention_days;
    let Some(retention) = bucket.default_retention.known()? else {
        return Ok(Verdict::fail("new objects get no retention"));
    };
    let days = retention.in_days();
    let verdict = Verdict::pass_if(
        days >= needed,
        format!("every object is kept {days} days"),
        format!("objects are kept {days} days, {needed} are required"),
    );
    Ok(verdict.saw("DefaultRetention", days).expected(needed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let kept = |days, years| {
            let mode = RetentionMode::Compliance;
            bucket(|b| b.default_retention = Known(Some(Retention { mode, days, years })))
        };
        let lock = calls::GET_OBJECT_LOCK;
        table(
            &CHECK,
            [
                (Pass, kept(Some(365), None)),
                (Fail, kept(Some(364), None)),
                (Pass, kept(None, Some(1))),
                (Fail, kept(None, Some(1)).with(|it| it.retention_days = 366)),
                (Pass, kept(Some(0), Some(7))),
                (Fail, bucket(|b| b.default_retention = Known(None))),
                (Unknown, bucket(|b| b.default_retention = denied(lock))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
