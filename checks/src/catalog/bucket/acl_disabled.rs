//! Permissions stand in one place.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-acl-disabled",
    title: "Log buckets should have ACLs disabled",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "With ACLs enabled, each log file can have its own grants, which a review of the bucket policy does not \
          show. An object can also be owned by the account that wrote it instead of the bucket owner.",
    fix: "Move the bucket's ACL grants to its bucket policy. Then disable ACLs: `aws s3api \
          put-bucket-ownership-controls --bucket BUCKET --ownership-controls \
          'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'`. CloudTrail continues to deliver. In Terraform: \
          `object_ownership = \"BucketOwnerEnforced\"` in `aws_s3_bucket_ownership_controls`.",
    judged: "Object ownership must be BucketOwnerEnforced; if it is not configured, ACLs are enabled.",
    alike: &["BucketOwnerPreferred keeps ACLs enabled, and fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_OWNERSHIP,
    ],
    run: Run::Bucket(run),
};

/// Object ownership under which access control lists do not count.
const OFF: &str = "BucketOwnerEnforced";

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let ownership = bucket.ownership.known()?.as_deref();
    let verdict = match ownership {
        Some(OFF) => Verdict::pass("ACLs are disabled (object ownership: BucketOwnerEnforced)"),
        Some(other) => Verdict::fail(format!(
            "ACLs are enabled (object ownership: {other}, expected: \
            BucketOwnerEnforced)"
        )),
        None => Verdict::fail(
            "ACLs are enabled (object ownership is not configured, expected: \
            BucketOwnerEnforced)",
        ),
    };
    Ok(verdict.saw("ObjectOwnership", ownership).expected(OFF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set =
            |ownership: Option<&str>| bucket(|b| b.ownership = Known(ownership.map(str::to_owned)));
        table(
            &CHECK,
            [
                (Pass, set(Some("BucketOwnerEnforced"))),
                (Fail, set(Some("BucketOwnerPreferred"))),
                (Fail, set(None)),
                (
                    Unknown,
                    bucket(|b| b.ownership = denied(calls::GET_BUCKET_OWNERSHIP)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
