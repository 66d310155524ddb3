//! Log buckets and the files in them.

use std::collections::BTreeSet;

use super::{Kind, Resource, Source, policy_of, tags_of};
use crate::access::gaps;
use crate::calls::{self, ApiCall};
use crate::context::Context;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::{Bucket, RetentionMode};
use crate::policy::{AclGrant, AclGrantee, AclPermission, Retention, Target};

pub(super) fn of_bucket(bucket: &Bucket, ctx: &Context<'_>, all: &mut Vec<Resource>) {
    if bucket.exists.ok() == Some(&false) {
        return;
    }
    let owner = bucket.owner.ok().cloned().flatten();
    let account = owner.clone().unwrap_or(AccountId::from(""));
    let region = bucket.region.ok();
    let arn = bucket.arn.as_str();
    let asked = Asked::of(bucket, ctx);
    let make = |kind: Kind, id: &str| {
        let mut it = Resource::new(kind, id, &account, region);
        let source = Source {
            call: calls::GET_BUCKET_POLICY,
            account: &asked.account,
            region: &asked.region,
        };
        it.policy = policy_of(&bucket.policy, source);
        it.tags = tags_of(&bucket.tags);
        it.no_access_points = bucket.access_points.ok().is_some_and(Vec::is_empty);
        acl(bucket, ctx, &asked, &mut it);
        if owner.is_none() {
            let unowned = || {
                let words = "no account in sight owns the bucket";
                asked.gap(calls::HEAD_BUCKET, Reason::Malformed, words)
            };
            let gap = bucket.owner.gap().cloned();
            it.open(&[], &gap.unwrap_or_else(unowned));
        }
        it
    };
    let mut whole = make(Kind::Bucket, arn);
    let enforced = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    if enforced {
        whole.idle(&["s3:PutBucketAcl"]);
    }
    // To remove a replication takes no role, to set one up takes one to pass.
    match &bucket.replication {
        Fact::Known(rules) => whole.replicates = rules.as_ref().is_some_and(|it| !it.is_empty()),
        Fact::Unknown(gap) => {
            whole.replicates = true;
            whole.open(&["s3:PutReplicationConfiguration"], gap);
        }
    }
    let versions = ["s3:DeleteObjectVersion", "s3:PutBucketVersioning"];
    match &bucket.versioning.mfa_delete {
        Fact::Known(on) => whole.mfa_delete = *on,
        Fact::Unknown(gap) => whole.open(&versions, gap),
    }
    let mut objects = make(Kind::Objects, &format!("{arn}/*"));
    objects.mfa_delete = whole.mfa_delete;
    // Whoever reaches some of the log files can do harm: a part is told as a condition that one can choose.
    objects.asked = places_of_logs(bucket, ctx)
        .into_iter()
        .map(Target::Matching)
        .collect();
    if enforced {
        objects.idle(&["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]);
    }
    let lock = [
        "s3:BypassGovernanceRetention",
        "s3:PutObjectRetention",
        "s3:PutObjectLegalHold",
    ];
    let days = bucket.default_retention.ok().copied().flatten();
    let needed = ctx.settings.retention_days;
    objects.retention_ends_early = days.is_some_and(|it| it.in_days() < needed);
    match (&bucket.object_lock, &bucket.default_retention) {
        (Fact::Known(false), _) => objects.idle(&lock),
        (Fact::Known(true), Fact::Known(Some(retention))) => match retention.mode {
            RetentionMode::Compliance => {
                objects.retention = Some(Retention::Compliance);
                objects.idle(&["s3:BypassGovernanceRetention"]);
            }
            RetentionMode::Governance => objects.retention = Some(Retention::Governance),
        },
        (Fact::Known(true), Fact::Known(None)) => {}
        (Fact::Unknown(gap), _) | (Fact::Known(true), Fact::Unknown(gap)) => {
            objects.open(&lock, gap);
            objects.open(&["s3:DeleteObjectVersion"], gap);
        }
    }
    if let Fact::Unknown(gap) = &bucket.versioning.mfa_delete {
        objects.open(&versions, gap);
    }
    all.extend([whole, objects]);
}

/// Where a bucket is asked about: in its owner's account and its own region, as far as they are known.
struct Asked {
    account: AccountId,
    region: Region,
}

impl Asked {
    fn of(bucket: &Bucket, ctx: &Context<'_>) -> Self {
        let owner = bucket.owner.ok().cloned().flatten();
        let caller = || ctx.inventory.header.scope.caller_arn.account();
        let deliverer = ctx.deliverers(bucket).first();
        let region = bucket.region.ok().cloned();
        let region = region.or_else(|| deliverer.map(|trail| trail.home_region.clone()));
        Self {
            account: owner.unwrap_or_else(caller),
            region: region.unwrap_or_else(|| ctx.home()),
        }
    }

    fn gap(&self, call: ApiCall, reason: Reason, words: &str) -> Gap {
        gaps::of(call, &self.account, &self.region, reason, words)
    }
}

/// Where the trails put their files, as patterns.
fn places_of_logs(bucket: &Bucket, ctx: &Context<'_>) -> Vec<String> {
    let prefixes: BTreeSet<String> = ctx
        .deliverers(bucket)
        .iter()
        .map(|trail| match trail.configuration.prefix.ok() {
            Some(Some(prefix)) if !prefix.is_empty() => {
                format!("{}/{}/AWSLogs/*", bucket.arn, prefix.trim_matches('/'))
            }
            Some(Some(_) | None) => format!("{}/AWSLogs/*", bucket.arn),
            None => format!("{}/*", bucket.arn),
        })
        .collect();
    prefixes.into_iter().collect()
}

/// Lists are off where the owner is enforced.
fn acl(bucket: &Bucket, ctx: &Context<'_>, asked: &Asked, it: &mut Resource) {
    let own = bucket.public_access_block.ok().copied();
    let owner = bucket.owner.ok().cloned().flatten();
    let account = owner.and_then(|id| ctx.inventory.accounts.get(&id));
    let wide = account.and_then(|it| it.public_access_block.ok().copied());
    let blocks = [own, wide].map(|it| it.map(Option::unwrap_or_default));
    let on = |which: fn(&crate::inventory::PublicAccessBlock) -> bool| {
        if blocks.iter().flatten().any(which) {
            Some(true)
        } else {
            blocks.iter().all(Option::is_some).then_some(false)
        }
    };
    it.restrict_public = on(|block| block.restrict_public_buckets);
    if it.restrict_public.is_none() {
        let wide = account.and_then(|it| it.public_access_block.gap());
        let gap = bucket.public_access_block.gap().or(wide);
        let unasked = || {
            let call = calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
            let words = "the owner's account was not looked at";
            asked.gap(call, Reason::NotAsked, words)
        };
        let gap = gap.cloned();
        it.open_outside.push(gap.unwrap_or_else(unasked));
    }
    let ignored = on(|block| block.ignore_public_acls) == Some(true);
    let enforced = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    if enforced {
        return;
    }
    if let Some(gap) = bucket.ownership.gap() {
        it.open_outside.push(gap.clone());
    }
    // Where the list names no owner, the first grant that S3 makes is the owner's: all for one id. Any other id is
    // somebody else's.
    let all = || bucket.acl.ok().into_iter().flatten();
    let owner = all().find(|it| it.of_owner == Some(true) || it.may_be_owners());
    for grant in all() {
        if owner.is_some_and(|it| it.kind == grant.kind && it.grantee == grant.grantee) {
            continue;
        }
        let grantee = match grant.grantee.rsplit('/').next() {
            Some("AllUsers") if !ignored => AclGrantee::AllUsers,
            Some("AuthenticatedUsers") if !ignored => AclGrantee::AuthenticatedUsers,
            _ if grant.is_to_user() => AclGrantee::CanonicalUser(grant.grantee.clone()),
            _ => continue,
        };
        let permission = match grant.permission.as_str() {
            "READ" => AclPermission::Read,
            "WRITE" => AclPermission::Write,
            "READ_ACP" => AclPermission::ReadAcp,
            "WRITE_ACP" => AclPermission::WriteAcp,
            "FULL_CONTROL" => AclPermission::FullControl,
            _ => continue,
        };
        it.acl.push(AclGrant {
            grantee,
            permission,
            on_object: false,
        });
    }
}
