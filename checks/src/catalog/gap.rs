//! What to say when a check cannot go on for a reason that is not a fact of its own.

use crate::calls::{self, ApiCall};
use crate::context::Context;
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::{Bucket, Key};
use crate::policy::{Document, posture};

/// The bucket's policy; none when it has none, a gap when it is missing or cannot be read.
pub(super) fn bucket_policy(bucket: &Bucket, ctx: &Context<'_>) -> Result<Option<Document>, Gaps> {
    let text = bucket.policy.known()?;
    let of = |reason, detail| of_bucket(bucket, ctx, calls::GET_BUCKET_POLICY, reason, detail);
    document(text.as_deref(), bucket.arn.as_str(), of)
}

/// The key policy; none when there is none, a gap when it is missing or cannot be read.
pub(super) fn key_policy(key: &Key) -> Result<Option<Document>, Gaps> {
    let text = key.policy.known()?;
    let call = calls::GET_KEY_POLICY;
    let of = |reason, detail| gap(call, &key.account, &key.region, reason, detail);
    document(text.as_deref(), key.arn.as_str(), of)
}

/// A document that cannot be read, or that takes too much work to be compared with its resource, is a gap.
fn document(
    text: Option<&str>,
    resource: &str,
    gap: impl FnOnce(Reason, String) -> Gaps,
) -> Result<Option<Document>, Gaps> {
    let Some(text) = text else {
        return Ok(None);
    };
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) if error.is_size() => {
            return Err(gap(Reason::TooComplex, error.to_string()));
        }
        Err(error) => return Err(gap(Reason::Malformed, error.to_string())),
    };
    let label = posture::too_complex(&document, resource).map(|it| it.label());
    match label {
        Some(label) => Err(gap(Reason::TooComplex, label)),
        None => Ok(Some(document)),
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

/// A gap about something that is there, and that this program does not, or not at that price, evaluate.
pub(super) fn not_evaluated(
    what: impl Into<String>,
    account: &AccountId,
    region: &Region,
    reason: Reason,
    detail: impl Into<String>,
) -> Gaps {
    Gaps::from(Gap::not_modelled(what, account, region).but(|it| {
        it.reason = reason;
        it.detail = detail.into();
    }))
}
