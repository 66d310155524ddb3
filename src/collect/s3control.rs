//! S3's account-wide settings and access points, by signed requests of our own.

use trailaudit_checks::calls::{ApiCall, GET_ACCOUNT_PUBLIC_ACCESS_BLOCK};
use trailaudit_checks::fact::Fact;
use trailaudit_checks::inventory::PublicAccessBlock;

use super::ask::{Ask, Read, Target};
use super::signed::{Small, tag};

/// Block Public Access for the whole account.
pub(crate) async fn public_access_block(
    ask: &Ask,
    target: &Target,
) -> Fact<Option<PublicAccessBlock>> {
    const CALL: ApiCall = GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
    let account = target.account.as_str();
    let small = Small {
        signing_name: "s3",
        host: format!("{account}.s3-control"),
        headers: vec![("x-amz-account-id", account.to_owned())],
        ..Small::get(CALL, "s3", "/v20180820/configuration/publicAccessBlock")
    };
    let absent = &["NoSuchPublicAccessBlockConfiguration"];
    match small.ask(ask, target, account, absent).await {
        Fact::Known(None) => Fact::Known(None),
        some => some
            .read((target, CALL), |out| {
                let on = |name| Some(tag(out.text(), name)? == "true");
                Some(PublicAccessBlock {
                    block_public_acls: on("BlockPublicAcls")?,
                    ignore_public_acls: on("IgnorePublicAcls")?,
                    block_public_policy: on("BlockPublicPolicy")?,
                    restrict_public_buckets: on("RestrictPublicBuckets")?,
                })
            })
            .map(Some),
    }
}
