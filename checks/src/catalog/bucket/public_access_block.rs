//! The bucket's own four switches against public access.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-public-access-block",
    title: "Log buckets should have all four Block Public Access settings enabled",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Without Block Public Access, one wrong ACL grant or bucket policy makes the log files public. With it, S3 \
          rejects or ignores such a grant or policy.",
    fix: "Enable all four settings: `aws s3api put-public-access-block --bucket BUCKET \
          --public-access-block-configuration \
          BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`. In \
          Terraform: resource `aws_s3_bucket_public_access_block`.",
    judged: "All four Block Public Access settings of the bucket must be enabled.",
    alike: &[
        "The settings of the account do not count here: see bucket-account-public-access-block.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(block) = bucket.public_access_block.known()? else {
        return Ok(Verdict::fail(
            "the bucket has no Block Public Access configuration",
        ));
    };
    let off = block.off();
    let verdict = Verdict::pass_if(
        off.is_empty(),
        "all four Block Public Access settings are enabled",
        format!("Block Public Access settings disabled: {}", off.join(", ")),
    );
    Ok(verdict.saw("PublicAccessBlockConfiguration", block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let but = |change: fn(&mut PublicAccessBlock)| {
            let mut block = PublicAccessBlock::ALL;
            change(&mut block);
            bucket(|b| b.public_access_block = Known(Some(block)))
        };
        let lost = || denied(calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK);
        table(
            &CHECK,
            [
                (Pass, but(|_| {})),
                (Fail, but(|it| it.block_public_acls = false)),
                (Fail, but(|it| it.ignore_public_acls = false)),
                (Fail, but(|it| it.block_public_policy = false)),
                (Fail, but(|it| it.restrict_public_buckets = false)),
                (Fail, bucket(|b| b.public_access_block = Known(None))),
                (Unknown, bucket(|b| b.public_access_block = lost())),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
