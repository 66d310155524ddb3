//! What is wrong with one replication rule, if anything.

use super::owner_in_organization::not_every_account_was_asked;
use super::{lifecycle_retention, places};
use crate::catalog::receivers::S3;
use crate::catalog::roles::{self, Source, Worker};
use crate::catalog::{gap, own_accounts};
use crate::check::Roles;
use crate::fact::{Gap, Reason};
use crate::inventory::bucket::{LifecycleRule, ReplicationRule};
use crate::policy::Target;
use crate::prelude::*;

/// Why the owner of a replica is a stranger; none where it is one of ours.
///
/// That it is nobody of ours is known where every account was asked, and none owns it.
pub(super) fn whose(replica: &Bucket, ctx: &Context<'_>) -> Result<Option<String>, Gaps> {
    if replica.exists.ok() == Some(&false) {
        return Ok(None);
    }
    let ours = match replica.owner.known()? {
        Some(owner) if !own_accounts::is_ours(owner, ctx)? => {
            return Ok(Some(format!("belongs to external account {owner}")));
        }
        Some(_) => true,
        None => {
            if let Some(organization) = ctx.organization()? {
                organization.accounts.known()?;
            }
            not_every_account_was_asked(replica, ctx)?;
            false
        }
    };
    Ok((!ours).then(|| "belongs to none of the organization's accounts".to_owned()))
}

/// Whether log files are encrypted with a KMS key: by their trail, or by the bucket's default.
pub(super) fn under_a_key(bucket: &Bucket, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let mut open = Vec::new();
    for trail in ctx.deliverers(bucket) {
        match trail.configuration.kms_key.known() {
            Ok(Some(_)) => return Ok(true),
            Ok(None) => {}
            Err(gaps) => open.push(gaps),
        }
    }
    let default = bucket.encryption.known().map(Option::as_ref);
    match default {
        Ok(default) if default.is_some_and(|it| it.algorithm.starts_with("aws:kms")) => Ok(true),
        Ok(_) => Gaps::collect(open).map_or(Ok(false), Err),
        Err(gaps) => Err(open.into_iter().fold(gaps, Gaps::and)),
    }
}

/// What is wrong with a rule, if anything.
pub(super) fn judge(
    rule: &ReplicationRule,
    bucket: &Bucket,
    all: &Roles,
    ctx: &Context<'_>,
) -> Result<Result<(), String>, Gaps> {
    let name = rule.destination.resource();
    if !rule.enabled {
        return Ok(Err(format!("the replication rule for {name} is disabled")));
    }
    if rule.narrowed {
        return Ok(Err(format!(
            "the replication rule for {name} selects only tagged objects"
        )));
    }
    if !rule.not_read.is_empty() {
        let what = format!(
            "{} of the replication rule for {name}",
            rule.not_read.join(", ")
        );
        let owner = bucket.owner.ok().cloned().flatten();
        let owner = owner.unwrap_or_else(|| ctx.inventory.header.scope.caller_arn.account());
        let region = bucket.region.ok().cloned().unwrap_or_else(|| ctx.home());
        return Err(Gap::not_modelled(what, &owner, &region).into());
    }
    let Some(replica) = ctx.inventory.buckets.get(&rule.destination) else {
        let detail = format!("bucket {name} was not assessed");
        let call = calls::HEAD_BUCKET;
        return Err(gap::of_bucket(bucket, ctx, call, Reason::NotAsked, detail));
    };
    if replica.exists.ok() == Some(&false) {
        return Ok(Err(format!("destination bucket {name} does not exist")));
    }
    if replica.versioning.enabled.ok() == Some(&false) {
        return Ok(Err(format!(
            "nothing is replicated to {name}, because versioning is not enabled on it"
        )));
    }
    if replica.object_lock.ok() == Some(&false) {
        return Ok(Err(format!("destination bucket {name} has no Object Lock")));
    }
    let retentions = (
        bucket.default_retention.ok(),
        replica.default_retention.ok(),
    );
    if retentions == (Some(&None), Some(&None)) {
        return Ok(Err(format!(
            "copies in {name} are not locked, because neither bucket has a default retention"
        )));
    }
    // S3 copies the retention of each object along. Objects that had none when they were replicated, and whatever is
    // written into the replica beside the rule, have the replica's own: a short one is not relied on.
    let needed = ctx.settings.retention_days;
    let kept = |of: Option<&Option<Retention>>| of.and_then(|it| it.map(Retention::in_days));
    let days = kept(retentions.1).or_else(|| kept(retentions.0));
    if let Some(days) = days.filter(|days| *days < needed && retentions.1.is_some()) {
        return Ok(Err(format!(
            "the default retention of {name} is {days} days, {needed} are required"
        )));
    }
    // No lock stops an expiration from hiding current versions behind delete markers.
    let expiring = replica.lifecycle.ok().into_iter().flatten().flatten();
    let early = |rule: &&LifecycleRule| {
        let days = lifecycle_retention::expiration(rule);
        rule.enabled && days.is_some_and(|days| days < i64::from(needed))
    };
    let logs = places::of_logs(bucket, ctx);
    let reached =
        |rule: &LifecycleRule| logs.iter().any(|logs| places::touches(&rule.prefix, logs));
    if expiring.filter(early).any(reached) {
        return Ok(Err(format!(
            "a lifecycle rule of {name} expires current versions before {needed} days"
        )));
    }
    if rule.delete_markers {
        return Ok(Err(format!(
            "the replication rule for {name} replicates delete markers, so a deletion also hides the copy"
        )));
    }
    if let (Some(account), Some(Some(owner))) = (&rule.destination_account, replica.owner.ok())
        && account != owner
    {
        return Ok(Err(format!(
            "nothing is replicated to {name}: the rule names account {account}, but the bucket belongs to \
             {owner}"
        )));
    }
    match (rule.kms_encrypted, under_a_key(bucket, ctx)) {
        (Some(true), _) | (_, Ok(false)) => {}
        (Some(false), Ok(true)) => {
            return Ok(Err(format!(
                "the replication rule for {name} does not select objects encrypted with KMS keys, as the log \
                 files are"
            )));
        }
        (Some(false), Err(gaps)) => return Err(gaps),
        (None, Ok(true)) => {
            let detail = format!(
                "whether the replication rule for {name} selects objects encrypted with KMS keys is not in \
                 the inventory"
            );
            let call = calls::GET_BUCKET_REPLICATION;
            return Err(gap::of_bucket(bucket, ctx, call, Reason::NotAsked, detail));
        }
        (None, Err(gaps)) => return Err(gaps),
    }
    let same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
    let region = |of: &Bucket| of.region.ok().map(ToString::to_string);
    let owner = |of: &Bucket| of.owner.ok().cloned().flatten().map(|it| it.to_string());
    let (here, there) = (
        (region(bucket), owner(bucket)),
        (region(replica), owner(replica)),
    );
    let same_region = same(here.0.as_deref(), there.0.as_deref());
    if same_region && same(here.1.as_deref(), there.1.as_deref()) {
        return Ok(Err(format!(
            "destination bucket {name} is in the same account and region"
        )));
    }
    let by_role = replicates(rule, bucket, replica, all, ctx);
    if let Ok(Some(why)) = by_role {
        return Ok(Err(why));
    }
    replica.exists.known()?;
    by_role?;
    replica.object_lock.known()?;
    replica.lifecycle.known()?;
    whose(replica, ctx)?;
    if !matches!(retentions, (_, Some(Some(_)))) {
        bucket.default_retention.known()?;
        replica.default_retention.known()?;
    }
    let elsewhere = |one: &Option<String>, other: &Option<String>| {
        one.is_some() && other.is_some() && one != other
    };
    if !elsewhere(&here.0, &there.0) && !elsewhere(&here.1, &there.1) {
        for bucket in [bucket, replica] {
            bucket.region.known()?;
            bucket.owner.known()?;
        }
    }
    Ok(Ok(()))
}

/// What is wrong with, or not known of, a rule that applies in place of this one to the same bucket: its priority is
/// higher, or not known to be lower. None where every such rule is sound.
///
/// Source: ReplicationRule, API reference of S3.
pub(super) fn replaced(
    rule: &ReplicationRule,
    rules: &[ReplicationRule],
    bucket: &Bucket,
    all: &Roles,
    ctx: &Context<'_>,
) -> Option<Result<String, Gaps>> {
    let logs = places::of_logs(bucket, ctx);
    let reaches =
        |rule: &ReplicationRule| logs.iter().any(|logs| places::touches(&rule.prefix, logs));
    let lower = |other: &ReplicationRule| match (other.priority, rule.priority) {
        (Some(its), Some(own)) => its < own,
        (None, _) | (_, None) => false,
    };
    let others = rules.iter().filter(|it| it.enabled && *it != rule);
    // CloudTrail tags no file.
    let others = others.filter(|it| !it.narrowed);
    let others = others.filter(|it| it.destination == rule.destination && !lower(it));
    others
        .filter(|it| reaches(it))
        .find_map(|other| match judge(other, bucket, all, ctx) {
            Ok(Ok(())) => None,
            Ok(Err(flaw)) => Some(Ok(flaw)),
            Err(gaps) => Some(Err(gaps)),
        })
}

/// What keeps the role from replicating log files; none where it can.
pub(super) fn replicates(
    rule: &ReplicationRule,
    bucket: &Bucket,
    replica: &Bucket,
    all: &Roles,
    ctx: &Context<'_>,
) -> Result<Option<String>, Gaps> {
    let name = rule.destination.resource();
    let Some(arn) = &rule.role else {
        let detail = format!("the role by which S3 replicates to {name} is not in the inventory");
        let call = calls::GET_BUCKET_REPLICATION;
        return Err(gap::of_bucket(bucket, ctx, call, Reason::NotAsked, detail));
    };
    let Some((role, details)) = roles::named(arn, all, ctx)? else {
        return Ok(Some(format!(
            "nothing is replicated to {name}: the role {arn} does not exist"
        )));
    };
    let account = arn.account();
    let worker = Worker::of(role, &account, details, ctx);
    let mut open = Vec::new();
    let source = Source {
        arn: bucket.arn.as_str(),
        account: &account,
        documented: false,
    };
    let refused = |answer, what: String, open: &mut Vec<Gaps>| match roles::refusal(
        answer, &what, &account, ctx,
    ) {
        Ok(why) => why.map(|why| format!("nothing is replicated to {name} by {arn}: {why}")),
        Err(gaps) => {
            open.push(gaps);
            None
        }
    };
    let assumed = worker.trusts(S3, source);
    if let Some(why) = refused(assumed, format!("sts:AssumeRole for {S3}"), &mut open) {
        return Ok(Some(why));
    }
    let logs = places::of_logs(bucket, ctx);
    let objects = |of: &Bucket| logs.iter().map(|it| format!("{}/{it}*", of.arn)).collect();
    let whole = |of: &Bucket| vec![of.arn.to_string()];
    let asked: [(&str, &Bucket, Vec<String>); 4] = [
        ("s3:GetReplicationConfiguration", bucket, whole(bucket)),
        ("s3:ListBucket", bucket, whole(bucket)),
        ("s3:GetObjectVersionForReplication", bucket, objects(bucket)),
        ("s3:ReplicateObject", replica, objects(replica)),
    ];
    for (action, of, targets) in asked {
        let owner = of.owner.ok().cloned().flatten();
        open.extend(of.owner.known().err());
        let policy = gap::bucket_policy(of, ctx);
        let policy = match &policy {
            Ok(Some(policy)) => Some(Ok(policy)),
            Ok(None) => None,
            Err(gaps) => Some(Err(gaps)),
        };
        for target in targets {
            let what = format!("{action} on {target}");
            let target = match target.ends_with('*') {
                true => Target::Matching(target),
                false => Target::One(target),
            };
            let owner = owner.clone().unwrap_or_else(|| account.clone());
            let answer = worker.may(action, target, &owner, policy);
            if let Some(why) = refused(answer, what, &mut open) {
                return Ok(Some(why));
            }
        }
    }
    Gaps::collect(open).map_or(Ok(None), Err)
}
