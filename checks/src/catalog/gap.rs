//! What to say when a check cannot go on for a reason that is not a fact of its own.

use crate::calls::{self, ApiCall};
use crate::evaluate::Context;
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::{Bucket, Key};
use crate::policy::Document;

/// The bucket's policy; none when it has none, a gap when it is missing or cannot be read.
pub(super) fn bucket_policy(bucket: &Bucket, ctx: &Context<'_>) -> Result<Option<Document>, Gaps> {
    let text = bucket.policy.known()?;
    document(text.as_deref(), |detail| {
        let reason = Reason::Malformed;
        of_bucket(bucket, ctx, calls::GET_BUCKET_POLICY, reason, detail)
    })
}

/// The key policy; none when there is none, a gap when it is missing or cannot be read.
pub(super) fn key_policy(key: &Key) -> Result<Option<Document>, Gaps> {
    let text = key.policy.known()?;
    document(text.as_deref(), |detail| {
        gap(
            calls::GET_KEY_POLICY,
            &key.account,
            &key.region,
            Reason::Malformed,
            detail,
        )
    })
}

fn document(
    text: Option<&str>,
    unreadable: impl FnOnce(String) -> Gaps,
) -> Result<Option<Document>, Gaps> {
    let Some(text) = text else {
        return Ok(None);
    };
    match Document::parse(text) {
        Ok(document) => Ok(Some(document)),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

/// A gap about a bucket: in its owner's account and its own region, as far as they are known.
pub(super) fn of_bucket(
    bucket: &Bucket,
    ctx: &Context<'_>,
    call: ApiCall,
    reason: Reason,
    detail: String,
) -> Gaps {
    let caller = ctx.inventory.header.scope.caller_arn.account();
    let deliverer = ctx.deliverers(bucket).first();
    let owner = bucket.owner.ok().cloned().flatten().unwrap_or(caller);
    let region = bucket.region.ok().cloned();
    let region = region.or_else(|| deliverer.map(|trail| trail.home_region.clone()));
    let region = region.unwrap_or_else(|| ctx.home());
    gap(call, &owner, &region, reason, detail)
}

/// Any other gap.
pub(super) fn gap(
    call: ApiCall,
    account: &AccountId,
    region: &Region,
    reason: Reason,
    detail: impl Into<String>,
) -> Gaps {
    Gaps::from(Gap::of_call(call, account, region, reason, detail))
}
