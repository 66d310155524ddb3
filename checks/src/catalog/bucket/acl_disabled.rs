//! Permissions stand in one place.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-acl-disabled",
    title: "Log bucket has its access control lists switched off",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "While access control lists count, each log file can carry a grant of its own that no review of the policy \
          shows, and a file may belong to whoever wrote it.",
    fix: "Set object ownership: `aws s3api put-bucket-ownership-controls --bucket BUCKET --ownership-controls \
          'Rules=[{ObjectOwnership=BucketOwnerEnforced}]'` (move the bucket's own ACL grants into its policy first). \
          CloudTrail goes on writing as before.",
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
        Some(OFF) => Verdict::pass("access control lists are switched off"),
        Some(other) => Verdict::fail(format!("access control lists count: {other}")),
        None => Verdict::fail("access control lists count: object ownership was never set"),
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
