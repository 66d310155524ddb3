//! What is overwritten or deleted stays as an older version.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-versioning",
    title: "Log buckets should have versioning enabled",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Without versioning, a deleted or overwritten log file cannot be recovered. With versioning, the original is \
          kept as a noncurrent version. Object Lock and replication require versioning.",
    fix: "Enable versioning: `aws s3api put-bucket-versioning --bucket BUCKET --versioning-configuration \
          Status=Enabled`. In Terraform: resource `aws_s3_bucket_versioning`.",
    judged: "Passes when versioning is Enabled.",
    alike: &["Suspended fails: existing versions stay, but new versions are not kept."],
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_VERSIONING,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let on = *bucket.versioning.enabled.known()?;
    let verdict = Verdict::pass_if(
        on,
        "versioning is enabled",
        "versioning is not enabled (never enabled, or suspended)",
    );
    Ok(verdict.saw("Enabled", on).expected(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Versioning;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |enabled| {
            let mfa_delete = false;
            bucket(|b| {
                b.versioning = Versioning {
                    suspended: Known(false),
                    enabled: Known(enabled),
                    mfa_delete: Known(mfa_delete),
                }
            })
        };
        table(
            &CHECK,
            [
                (Pass, set(true)),
                (Fail, set(false)),
                (
                    Unknown,
                    bucket(|b| b.versioning = denied(calls::GET_BUCKET_VERSIONING)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
