//! Logs cannot be deleted before their time.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-object-lock-retention-days",
    title: "The default retention of log buckets should be at least the required number of days",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Log files can be deleted when their retention has ended. With a default retention shorter than the audit \
          period, the older log files are not protected.",
    fix: "Set the default retention to at least the setting `retention_days`: `aws s3api \
          put-object-lock-configuration --bucket BUCKET --object-lock-configuration \
          'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=COMPLIANCE,Days=365}}'`. Irreversible: a retention \
          in COMPLIANCE mode cannot be shortened or removed before it ends.",
    judged: "The default retention, in days or years, must reach `retention_days`.",
    alike: &["365 days passes, 364 fails; a year counts as 365 days."],
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
        return Ok(Verdict::fail(format!(
            "no default retention is configured, {needed} days are required"
        )));
    };
    let days = retention.in_days();
    let verdict = Verdict::pass_if(
        days >= needed,
        format!("the default retention is {days} days"),
        format!("the default retention is {days} days, {needed} are required"),
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
