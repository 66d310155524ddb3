//! The four switches against public access, for every bucket of the owning account.

use super::{block, gone};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-account-public-access-block",
    title: "The account that owns a log bucket should have all four Block Public Access settings enabled",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A principal with s3:PutBucketPublicAccessBlock can disable the settings of the bucket. The settings of the \
          account stay in force, and apply to access points and to buckets created later.",
    fix: "Enable all four settings for the bucket's account: `aws s3control put-public-access-block --account-id \
          ACCOUNT --public-access-block-configuration \
          BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`. In \
          Terraform: resource `aws_s3_account_public_access_block`.",
    judged: "All four Block Public Access settings of the owning account must be enabled.",
    alike: &["Three of four settings fail; the settings of the bucket do not count here."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/configuring-block-public-access-account.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(block) = block::of_account(bucket, ctx)? else {
        return Ok(Verdict::fail(
            "the account that owns the bucket has no Block Public Access configuration",
        ));
    };
    let off = block.off();
    let verdict = Verdict::pass_if(
        off.is_empty(),
        "all four Block Public Access settings of the account are enabled",
        format!(
            "Block Public Access settings disabled for the account: {}",
            off.join(", ")
        ),
    );
    Ok(verdict
        .saw("Account", bucket.owner.ok())
        .saw("PublicAccessBlockConfiguration", block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |block| account(|a| a.public_access_block = Known(block));
        let partly = PublicAccessBlock {
            block_public_policy: false,
            ..PublicAccessBlock::ALL
        };
        // The owner counts, not the account of the trail.
        let other = |block: Option<PublicAccessBlock>| {
            inventory(|inventory| {
                member(inventory, "222222222222", &[HOME]);
                let owner = AccountId::from("222222222222");
                inventory
                    .accounts
                    .get_mut(&owner)
                    .unwrap()
                    .public_access_block = Known(block);
                let logs = inventory
                    .buckets
                    .get_mut(&Arn::bucket("aws", "logs"))
                    .unwrap();
                logs.owner = Known(Some(owner));
            })
        };
        let lost = || denied(calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK);
        table(
            &CHECK,
            [
                (Pass, set(Some(PublicAccessBlock::ALL))),
                (Fail, set(Some(partly))),
                (Fail, set(None)),
                (Pass, other(Some(PublicAccessBlock::ALL))),
                (Fail, other(None)),
                (Unknown, account(|a| a.public_access_block = lost())),
                (Unknown, bucket(|b| b.owner = denied(calls::HEAD_BUCKET))),
                (Unknown, bucket(|b| b.owner = Known(None))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
