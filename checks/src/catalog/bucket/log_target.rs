//! Whether S3 can write a bucket's access logs into the bucket that it names for them.
//!
//! Source: "Enabling Amazon S3 server access logging", Amazon S3 User Guide. The target is a bucket of the same account
//! and region. S3 writes by the name `logging.s3.amazonaws.com`, with `aws:SourceArn` of the source bucket and
//! `aws:SourceAccount` of its account, which the target's policy allows; or by the grant of the group LogDelivery, where
//! access control lists are on. A Deny of the policy, or of an RCP over the target's account, counts either way.

use crate::catalog::admits::{self, Above, Answer};
use crate::catalog::gap;
use crate::fact::{Gap, Reason};
use crate::inventory::bucket::AccessLogging;
use crate::policy::{Caller, Document, Target};
use crate::prelude::*;

const LOGGING: &str = "logging.s3.amazonaws.com";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// Every call that tells it.
pub(super) const READS: [calls::ApiCall; 9] = [
    calls::LIST_BUCKETS,
    calls::GET_BUCKET_LOCATION,
    calls::GET_BUCKET_POLICY,
    calls::GET_BUCKET_OWNERSHIP,
    calls::GET_BUCKET_ACL,
    // The RCPs over the target.
    calls::DESCRIBE_ORGANIZATION,
    calls::LIST_ACCOUNTS,
    calls::LIST_ROOTS,
    calls::LIST_POLICIES,
];

/// What keeps the access logs out; none where they arrive.
pub(super) fn keeps_out(
    source: &Bucket,
    logging: &AccessLogging,
    target: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    let name = &target.name;
    let place = elsewhere(source, target);
    if let Ok(Some(why)) = place {
        return Ok(Some(why));
    }
    let (written, answer) = (place.err(), by_policy(source, logging, target, ctx));
    match (answer, written) {
        (Ok(Some(why)), _) => Ok(Some(format!(
            "bucket {name} does not allow {LOGGING} to write ({why})"
        ))),
        (Ok(None), None) => Ok(None),
        (Ok(None), Some(gaps)) | (Err(gaps), None) => Err(gaps),
        (Err(gaps), Some(more)) => Err(gaps.and(more)),
    }
}

/// The target is in another account or region.
fn elsewhere(source: &Bucket, target: &Bucket) -> Result<Option<String>, Gaps> {
    let name = &target.name;
    let regions = (source.region.known(), target.region.known());
    if let (Ok(from), Ok(to)) = regions
        && from != to
    {
        return Ok(Some(format!(
            "bucket {name} is in region {to}, expected {from}"
        )));
    }
    let owners = (source.owner.known(), target.owner.known());
    match owners {
        (Ok(Some(from)), Ok(Some(to))) if from != to => Ok(Some(format!(
            "bucket {name} belongs to account {to}, expected {from}"
        ))),
        (Ok(Some(from)), Ok(None)) => Ok(Some(format!(
            "bucket {name} belongs to an account that is not in scope, expected {from}"
        ))),
        (from, to) => {
            let owners = from.err().into_iter().chain(to.err());
            let regions = regions.0.err().into_iter().chain(regions.1.err());
            Gaps::collect(owners.chain(regions)).map_or(Ok(None), Err)
        }
    }
}

fn by_policy(
    source: &Bucket,
    logging: &AccessLogging,
    target: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    let policy = gap::bucket_policy(target, ctx)?;
    let refused = match &policy {
        Some(policy) => match ask(policy, source, logging, target, ctx)? {
            None => return Ok(None),
            Some(why) => why,
        },
        None => "it has no bucket policy".to_owned(),
    };
    if !by_acl(target)? {
        return Ok(Some(refused));
    }
    // The access control list allows it: what is left is whether the policy denies it.
    let Some(mut policy) = policy else {
        return Ok(None);
    };
    let allowed = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"{LOGGING}"}},"Action":"s3:PutObject","Resource":"*"}}}}"#
    );
    match Document::parse(&allowed) {
        Ok(allowed) => policy.statements.extend(allowed.statements),
        Err(_) => return Ok(Some(refused)),
    }
    ask(&policy, source, logging, target, ctx)
}

fn ask(
    policy: &Document,
    source: &Bucket,
    logging: &AccessLogging,
    target: &Bucket,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    let of = |bucket: &Bucket| bucket.owner.ok().cloned().flatten();
    let caller = ctx.inventory.header.scope.caller_arn.account();
    let owner = of(target).unwrap_or_else(|| caller.clone());
    let account = of(source).unwrap_or(caller);
    let service = admits::of_service(LOGGING, source.arn.as_str(), &account, ctx);
    let context = admits::of_s3(service).with("aws:ResourceAccount", owner.as_str());
    let objects = Target::Matching(format!("{}/{}*", target.arn, logging.target_prefix));
    let caller = Caller::service(LOGGING);
    // While the owner is not known, the pass is open anyway.
    let above = match of(target) {
        Some(owner) => Above::over(&owner, ctx),
        None => Above::nothing(),
    };
    match admits::ask_as(
        caller,
        policy,
        &above,
        "s3:PutObject",
        objects,
        &owner,
        context,
    ) {
        Answer::Allowed => Ok(None),
        Answer::Refused(why) => Ok(Some(why)),
        Answer::Unread(gaps) => Err(gaps),
        Answer::Open(keys) => {
            let region = target.region.ok().cloned().unwrap_or_else(|| ctx.home());
            let what =
                format!("whether requests by {LOGGING} meet the policy's condition on {keys}");
            Err(Gap::not_modelled(what, &owner, &region).into())
        }
    }
}

/// Access control lists are on, and the group may write.
fn by_acl(target: &Bucket) -> Result<bool, Gaps> {
    if target.ownership.known()?.as_deref() == Some("BucketOwnerEnforced") {
        return Ok(false);
    }
    let grants = target.acl.known()?;
    let writes = |permission: &str| matches!(permission, "WRITE" | "FULL_CONTROL");
    Ok(grants
        .iter()
        .any(|it| it.grantee == LOG_DELIVERY && writes(&it.permission)))
}

/// The target was not looked at.
pub(super) fn not_asked(of: &Bucket, target: &str, ctx: &Context<'_>) -> Gaps {
    let detail = format!("whether bucket {target} exists was not assessed");
    gap::of_bucket(of, ctx, calls::HEAD_BUCKET, Reason::NotAsked, detail)
}
