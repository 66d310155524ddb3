//! Deleting a version takes the root user's second factor.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-mfa-delete",
    title: "Log buckets should require MFA to delete object versions",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "With MFA delete, only the root user with its MFA device can permanently delete a version or suspend \
          versioning. A stolen access key is not sufficient. A retention in COMPLIANCE mode protects more strictly \
          and is accepted instead.",
    fix: "As the root user of the bucket's account, run `aws s3api put-bucket-versioning --bucket BUCKET \
          --versioning-configuration Status=Enabled,MFADelete=Enabled --mfa 'DEVICE_ARN CODE'`. The preferred \
          alternative is Object Lock in COMPLIANCE mode: see bucket-object-lock-compliance-mode.",
    judged: "Passes when MFA delete is enabled. Not applicable with Object Lock in COMPLIANCE mode, which prevents \
             deletion, and with lifecycle rules, which S3 does not support together with MFA delete.",
    alike: &[
        "Versioning without MFA delete fails; for the same bucket in COMPLIANCE mode the check is not applicable.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiFactorAuthenticationDelete.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_VERSIONING,
        calls::GET_OBJECT_LOCK,
        calls::GET_BUCKET_LIFECYCLE,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let on = *bucket.versioning.mfa_delete.known()?;
    if on {
        return Ok(Verdict::pass("MFA delete is enabled").saw("MFADelete", on));
    }
    let (retention, lifecycle) = (bucket.default_retention.known(), bucket.lifecycle.known());
    if let Ok(Some(retention)) = &retention
        && retention.mode == RetentionMode::Compliance
        && retention.in_days() >= ctx.settings.retention_days
    {
        let verdict = Verdict::not_applicable(
            "Object Lock in COMPLIANCE mode prevents deletion by every \
            principal",
        );
        return Ok(verdict.saw("DefaultRetention", retention));
    }
    // A rule that is disabled does nothing, and can be deleted: it is no reason to go without.
    let running = lifecycle.as_ref().ok().copied().and_then(Option::as_ref);
    let running = running.map_or(0, |rules| rules.iter().filter(|it| it.enabled).count());
    if running > 0 {
        let verdict = Verdict::not_applicable(
            "S3 does not support MFA delete on buckets with lifecycle rules",
        );
        return Ok(verdict.saw("LifecycleRules", running));
    }
    let gaps = [retention.err(), lifecycle.err()].into_iter().flatten();
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None => Ok(Verdict::fail("MFA delete is not enabled")
            .saw("MFADelete", on)
            .expected(true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Versioning;
    use crate::inventory::bucket::LifecycleRule;
    use crate::testing::*;

    /// Without lock and lifecycle rules, but what `change` gives it.
    fn bare(mfa_delete: bool, change: impl FnOnce(&mut Bucket)) -> Case {
        bucket(|b| {
            b.versioning = Versioning {
                suspended: Known(false),
                enabled: Known(true),
                mfa_delete: Known(mfa_delete),
            };
            b.default_retention = Known(None);
            b.lifecycle = Known(None);
            change(b);
        })
    }

    fn locked(mode: RetentionMode, days: u32) -> Fact<Option<Retention>> {
        let (days, years) = (Some(days), None);
        Known(Some(Retention { mode, days, years }))
    }

    #[test]
    fn verdicts() {
        let lock = || denied(calls::GET_OBJECT_LOCK);
        let rules = || denied(calls::GET_BUCKET_LIFECYCLE);
        let rule = |enabled| LifecycleRule {
            enabled,
            ..LifecycleRule::default()
        };
        let one = || Known(Some(vec![rule(true)]));
        let disabled = || Known(Some(vec![rule(false)]));
        let both = || Known(Some(vec![rule(false), rule(true)]));
        let (compliance, governance) = (RetentionMode::Compliance, RetentionMode::Governance);
        table(
            &CHECK,
            [
                (Pass, bare(true, |_| {})),
                (Fail, bare(false, |_| {})),
                (NotApplicable, bare(false, |b| b.lifecycle = one())),
                (Fail, bare(false, |b| b.lifecycle = Known(Some(Vec::new())))),
                (Fail, bare(false, |b| b.lifecycle = disabled())),
                (NotApplicable, bare(false, |b| b.lifecycle = both())),
                (
                    NotApplicable,
                    bare(false, |b| b.default_retention = locked(compliance, 365)),
                ),
                (
                    Fail,
                    bare(false, |b| b.default_retention = locked(governance, 365)),
                ),
                // Compliance mode, but for a day.
                (
                    Fail,
                    bare(false, |b| b.default_retention = locked(compliance, 364)),
                ),
                (Unknown, bare(false, |b| b.default_retention = lock())),
                (Unknown, bare(false, |b| b.lifecycle = rules())),
                (
                    NotApplicable,
                    bare(false, |b| {
                        b.default_retention = lock();
                        b.lifecycle = one();
                    }),
                ),
                (
                    NotApplicable,
                    bare(false, |b| {
                        b.default_retention = locked(compliance, 365);
                        b.lifecycle = rules();
                    }),
                ),
                (
                    Unknown,
                    bucket(|b| b.versioning = denied(calls::GET_BUCKET_VERSIONING)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
