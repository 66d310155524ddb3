//! Log buckets and the files in them.

use std::collections::BTreeSet;

use super::{Kind, Resource, policy_of, tags_of};
use crate::evaluate::Context;
use crate::fact::Fact;
use crate::ids::AccountId;
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
    let make = |kind: Kind, id: &str| {
        let mut it = Resource::new(kind, id, &account, region);
        it.policy = policy_of(&bucket.policy);
        it.tags = tags_of(&bucket.tags);
        acl(bucket, ctx, &mut it);
        if owner.is_none() {
            let why = match &bucket.owner {
                Fact::Unknown(gap) => gap.to_string(),
                Fact::Known(_) => "no account in sight owns the bucket".to_owned(),
            };
            it.open(&[], why);
        }
        it
    };
    let mut whole = make(Kind::Bucket, arn);
    let enforced = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    if enforced {
        whole.idle(&["s3:PutBucketAcl"]);
    }
    let versions = ["s3:DeleteObjectVersion", "s3:PutBucketVersioning"];
    match &bucket.versioning {
        Fact::Known(versioning) => whole.mfa_delete = versioning.mfa_delete,
        Fact::Unknown(gap) => whole.open(&versions, gap.to_string()),
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
            objects.open(&lock, gap.to_string());
            objects.open(&["s3:DeleteObjectVersion"], gap.to_string());
        }
    }
    if let Fact::Unknown(gap) = &bucket.versioning {
        objects.open(&versions, gap.to_string());
    }
    all.extend([whole, objects]);
}

/// Where the trails put their files, as patterns.
fn places_of_logs(bucket: &Bucket, ctx: &Context<'_>) -> Vec<String> {
    let prefixes: BTreeSet<String> = ctx
        .deliverers(bucket)
        .iter()
        .filter_map(|trail| trail.configuration.ok())
        .map(|set| match set.prefix.as_deref() {
            Some(prefix) if !prefix.is_empty() => {
                format!("{}/{}/AWSLogs/*", bucket.arn, prefix.trim_matches('/'))
            }
            Some(_) | None => format!("{}/AWSLogs/*", bucket.arn),
        })
        .collect();
    prefixes.into_iter().collect()
}

/// Lists are off where the owner is enforced.
fn acl(bucket: &Bucket, ctx: &Context<'_>, it: &mut Resource) {
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
        let nothing = || "the owner's Block Public Access is not known".to_owned();
        it.open_outside = Some(gap.map_or_else(nothing, ToString::to_string));
    }
    let ignored = on(|block| block.ignore_public_acls) == Some(true);
    let enforced = bucket.ownership.ok().and_then(Option::as_deref) == Some("BucketOwnerEnforced");
    if enforced {
        return;
    }
    if let Some(gap) = bucket.ownership.gap() {
        it.open_outside = Some(gap.to_string());
    }
    for grant in bucket.acl.ok().into_iter().flatten() {
        let grantee = match grant.grantee.rsplit('/').next() {
            Some("AllUsers") if !ignored => AclGrantee::AllUsers,
            Some("AuthenticatedUsers") if !ignored => AclGrantee::AuthenticatedUsers,
            _ if grant.kind == "CanonicalUser" => AclGrantee::CanonicalUser(grant.grantee.clone()),
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
