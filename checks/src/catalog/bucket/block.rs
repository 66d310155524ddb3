//! Block Public Access, where more than one place can switch it on.

use crate::calls;
use crate::catalog::gap;
use crate::context::Context;
use crate::fact::{Gaps, Reason};
use crate::inventory::{Bucket, PublicAccessBlock};

/// The block of the account that owns the bucket; a gap when nobody could ask that account.
pub(super) fn of_account(
    bucket: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<PublicAccessBlock>, Gaps> {
    let owner = bucket.owner.known()?.as_ref();
    match owner.and_then(|id| ctx.inventory.accounts.get(id)) {
        Some(account) => account.public_access_block.known().copied(),
        None => Err(gap::of_bucket(
            bucket,
            ctx,
            calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
            Reason::NotAsked,
            "the bucket's owner is not among the accounts in scope".to_owned(),
        )),
    }
}

/// Where a switch is on: at the bucket or at its account. `Ok(None)`: surely at neither.
pub(super) fn switched_on(
    bucket: &Bucket,
    ctx: &Context<'_>,
    switch: impl Fn(PublicAccessBlock) -> bool,
) -> Result<Option<&'static str>, Gaps> {
    let places = [
        ("the bucket", bucket.public_access_block.known().copied()),
        ("its account", of_account(bucket, ctx)),
    ];
    let mut gaps = Vec::new();
    for (place, block) in places {
        match block {
            Ok(block) if block.is_some_and(&switch) => return Ok(Some(place)),
            Ok(_) => {}
            Err(gap) => gaps.push(gap),
        }
    }
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None => Ok(None),
    }
}
