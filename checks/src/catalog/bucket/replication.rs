//! A second copy in another region or account, out of reach of what may happen to the first.

use std::collections::BTreeSet;

use super::owner_in_organization::not_every_account_was_asked;
use super::{gone, lifecycle_retention, places};
use crate::catalog::{gap, ours, recording};
use crate::fact::Reason;
use crate::inventory::bucket::{LifecycleRule, ReplicationRule};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-replication",
    title: "Log buckets should be replicated into a locked bucket of the organization in another region or account",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "One bucket is one account, one region and one administrator away from loss. A replica in another region or \
          account outlives all three, but only if the copies are locked for long enough, belong to the organization, and \
          hold the files: S3 skips objects under KMS keys unless the rule selects them, and deletions can be \
          replicated as well.",
    fix: "Make a bucket with Object Lock in another region or account, and replicate the log prefix into it: `aws \
          s3api put-bucket-replication --bucket BUCKET --replication-configuration file://replication.json` (both \
          buckets versioned, SourceSelectionCriteria with SseKmsEncryptedObjects enabled where files are encrypted \
          with a KMS key, DeleteMarkerReplication disabled). Set a default retention of at least `retention_days` \
          on both.",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-replication",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
        calls::GET_BUCKET_REPLICATION,
        calls::GET_BUCKET_VERSIONING,
        calls::GET_BUCKET_LIFECYCLE,
        calls::GET_BUCKET_ENCRYPTION,
        calls::GET_OBJECT_LOCK,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let rules = bucket.replication.known()?.as_deref().unwrap_or_default();
    if rules.is_empty() {
        return Ok(Verdict::fail("nothing is replicated"));
    }
    if bucket.versioning.enabled.ok() == Some(&false) {
        let verdict =
            Verdict::fail("nothing is replicated: versioning is not enabled on the bucket");
        return Ok(verdict.saw("Versioning.Enabled", false).expected(true));
    }
    let logs = places::of_logs(bucket, ctx);
    let (mut gaps, mut why) = (Vec::new(), BTreeSet::new());
    // A copy in the hands of a stranger is a fault, whatever other rules do.
    for rule in rules.iter().filter(|it| it.enabled) {
        let name = rule.destination.resource();
        // S3 hands the copies over to the account that the rule names.
        if let Some(account) = &rule.destination_account
            && ours::is_ours(account, ctx) == Ok(false)
        {
            let verdict = Verdict::fail(format!(
                "the rule for {name} gives the copies to account {account}, which is external"
            ));
            return Ok(verdict.saw("Destination", &rule.destination));
        }
        let owner = ctx
            .inventory
            .buckets
            .get(&rule.destination)
            .map(|it| whose(it, ctx));
        if let Some(Ok(Some(stranger))) = owner {
            let verdict = Verdict::fail(format!("log files are replicated to {name}: {stranger}"));
            return Ok(verdict.saw("Destination", &rule.destination));
        }
    }
    let versioning = bucket.versioning.enabled.known().err();
    let mut uncovered = logs.clone();
    for rule in rules {
        match judge(rule, bucket, ctx) {
            Err(gap) => gaps.push(gap),
            Ok(Err(flaw)) => drop(why.insert(flaw)),
            Ok(Ok(())) if rule.prefix.is_empty() => {
                let verdict = Verdict::pass("every object is replicated into a locked bucket");
                return verdict
                    .saw("Destination", &rule.destination)
                    .unless_open(versioning);
            }
            Ok(Ok(())) => uncovered.retain(|logs| !places::covers(&rule.prefix, logs)),
        }
    }
    let verdict = if let Some(logs) = uncovered.first() {
        why.insert(format!("no sound rule takes in all of {logs}"));
        let why: Vec<String> = why.into_iter().collect();
        Verdict::fail(why.join("; "))
    } else {
        // A hidden trail may deliver under another prefix.
        let pass = Verdict::pass("log files are replicated into a locked bucket");
        let open = recording::hidden_anywhere(ctx)
            .into_iter()
            .chain(versioning);
        return pass.saw("Prefixes", logs).unless_open(Gaps::collect(open));
    };
    Gaps::collect(gaps).map_or(Ok(verdict.saw("Rules", rules.len())), Err)
}

/// Why the owner of a replica is a stranger; none where it is one of ours.
///
/// That it is nobody of ours is known where every account was asked, and none owns it.
fn whose(replica: &Bucket, ctx: &Context<'_>) -> Result<Option<String>, Gaps> {
    if replica.exists.ok() == Some(&false) {
        return Ok(None);
    }
    let ours = match replica.owner.known()? {
        Some(owner) if !ours::is_ours(owner, ctx)? => {
            return Ok(Some(format!("account {owner} owns it, which is external")));
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
    Ok((!ours).then(|| "none of the organization's accounts owns it".to_owned()))
}

/// Whether log files are encrypted with a KMS key: by their trail, or by the bucket's default.
fn under_a_key(bucket: &Bucket, ctx: &Context<'_>) -> Result<bool, Gaps> {
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
fn judge(
    rule: &ReplicationRule,
    bucket: &Bucket,
    ctx: &Context<'_>,
) -> Result<Result<(), String>, Gaps> {
    let name = rule.destination.resource();
    if !rule.enabled {
        return Ok(Err(format!("the rule for {name} is off")));
    }
    if rule.narrowed {
        return Ok(Err(format!(
            "the rule for {name} takes tagged objects alone"
        )));
    }
    let Some(replica) = ctx.inventory.buckets.get(&rule.destination) else {
        let detail = format!("bucket {name} was not asked");
        let call = calls::HEAD_BUCKET;
        return Err(gap::of_bucket(bucket, ctx, call, Reason::NotAsked, detail));
    };
    if replica.exists.ok() == Some(&false) {
        return Ok(Err(format!("{name} is gone")));
    }
    if replica.versioning.enabled.ok() == Some(&false) {
        return Ok(Err(format!(
            "versioning is not enabled on {name}: S3 replicates nothing"
        )));
    }
    if replica.object_lock.ok() == Some(&false) {
        return Ok(Err(format!("{name} has no Object Lock")));
    }
    let retentions = (
        bucket.default_retention.ok(),
        replica.default_retention.ok(),
    );
    if retentions == (Some(&None), Some(&None)) {
        return Ok(Err(format!(
            "{name} keeps nothing: there is no retention on either side"
        )));
    }
    // S3 copies the retention of each object along. Objects that had none when they were replicated, and whatever is
    // written into the replica beside the rule, have the replica's own: a short one is not relied on.
    let needed = ctx.settings.retention_days;
    let kept = |of: Option<&Option<Retention>>| of.and_then(|it| it.map(Retention::in_days));
    let days = kept(retentions.1).or_else(|| kept(retentions.0));
    if let Some(days) = days.filter(|days| *days < needed && retentions.1.is_some()) {
        return Ok(Err(format!(
            "{name} keeps copies for {days} days, {needed} are required"
        )));
    }
    // No lock stops an expiration from hiding current versions behind delete markers.
    let expiring = replica.lifecycle.ok().into_iter().flatten().flatten();
    let early = |it: &&LifecycleRule| {
        let days = lifecycle_retention::expiration(it);
        it.enabled && days.is_some_and(|days| days < i64::from(needed))
    };
    let logs = places::of_logs(bucket, ctx);
    let reached = |it: &LifecycleRule| logs.iter().any(|logs| places::touches(&it.prefix, logs));
    if expiring.filter(early).any(reached) {
        return Ok(Err(format!(
            "a lifecycle rule of {name} removes current versions before {needed} days"
        )));
    }
    if rule.delete_markers {
        return Ok(Err(format!(
            "the rule for {name} replicates delete markers: whoever hides a file hides its copy"
        )));
    }
    if let (Some(account), Some(Some(owner))) = (&rule.destination_account, replica.owner.ok())
        && account != owner
    {
        return Ok(Err(format!(
            "the rule for {name} names account {account}, and {owner} owns it: S3 replicates nothing"
        )));
    }
    match (rule.kms_encrypted, under_a_key(bucket, ctx)) {
        (Some(true), _) | (_, Ok(false)) => {}
        (Some(false), Ok(true)) => {
            return Ok(Err(format!(
                "the rule for {name} leaves out objects under KMS keys, and log files are"
            )));
        }
        (Some(false), Err(gaps)) => return Err(gaps),
        (None, Ok(true)) => {
            let detail = format!(
                "whether the rule for {name} selects objects under KMS keys is not recorded"
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
        return Ok(Err(format!("{name} lies in the same account and region")));
    }
    replica.exists.known()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn replica(change: impl FnOnce(&mut Bucket)) -> Case {
        inventory(|it| change(it.buckets.get_mut(&Arn::bucket("aws", "replica")).unwrap()))
    }

    fn rule(change: impl FnOnce(&mut ReplicationRule)) -> Case {
        bucket(|b| change(&mut known(&mut b.replication).as_mut().unwrap()[0]))
    }

    fn expires(days: i64, prefix: &str) -> LifecycleRule {
        LifecycleRule {
            enabled: true,
            prefix: prefix.to_owned(),
            expiration_days: Some(days),
            ..LifecycleRule::default()
        }
    }

    #[test]
    fn verdicts() {
        let home = |b: &mut Bucket| b.region = Known(Region::from(HOME));
        let abroad = |b: &mut Bucket| b.owner = Known(Some(AccountId::from("222222222222")));
        let days = |days| {
            Known(Some(Retention {
                mode: RetentionMode::Governance,
                days: Some(days),
                years: None,
            }))
        };
        let unencrypted = |case: Case| {
            case.and(|it| {
                configuration(it.trails.values_mut().next().unwrap()).kms_key = Known(None);
                let source = it.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                source.encryption = Known(None);
            })
        };
        let bare = |case: Case| {
            case.and(|it| {
                it.buckets
                    .get_mut(&Arn::from(BUCKET_ARN))
                    .unwrap()
                    .default_retention = Known(None);
            })
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, bucket(|b| b.replication = Known(None))),
                (Fail, rule(|it| it.enabled = false)),
                (Fail, rule(|it| it.narrowed = true)),
                (Pass, rule(|it| it.prefix = "AWSLogs/".to_owned())),
                (
                    Fail,
                    rule(|it| it.prefix = "AWSLogs/111111111111/".to_owned()),
                ),
                (Fail, replica(home)),
                (
                    Pass,
                    replica(|b| {
                        home(b);
                        abroad(b);
                    })
                    .and(|it| member(it, "222222222222", &[HOME])),
                ),
                (Fail, replica(|b| b.object_lock = Known(false))),
                (Fail, replica(|b| b.exists = Known(false))),
                // The retention of the source is copied along.
                (Pass, replica(|b| b.default_retention = Known(None))),
                (Pass, bare(inventory(|_| {}))),
                (Fail, bare(replica(|b| b.default_retention = Known(None)))),
                // Copies that are kept too short.
                (Fail, replica(|b| b.default_retention = days(1))),
                (Fail, replica(|b| b.default_retention = days(364))),
                (Pass, replica(|b| b.default_retention = days(365))),
                (Fail, bare(replica(|b| b.default_retention = days(1)))),
                (
                    Fail,
                    replica(|b| b.default_retention = Known(None)).and(|it| {
                        let source = it.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                        source.default_retention = days(1);
                    }),
                ),
                // Copies that expire, whatever the lock.
                (
                    Fail,
                    replica(|b| b.lifecycle = Known(Some(vec![expires(1, "")]))),
                ),
                (
                    Fail,
                    replica(|b| b.lifecycle = Known(Some(vec![expires(364, "AWSLogs/")]))),
                ),
                (
                    Pass,
                    replica(|b| b.lifecycle = Known(Some(vec![expires(365, "")]))),
                ),
                (
                    Pass,
                    replica(|b| b.lifecycle = Known(Some(vec![expires(1, "other/")]))),
                ),
                (
                    Unknown,
                    replica(|b| b.lifecycle = denied(calls::GET_BUCKET_LIFECYCLE)),
                ),
                (Fail, replica(|b| b.versioning.enabled = Known(false))),
                // Copies in the hands of strangers.
                (
                    Fail,
                    rule(|it| {
                        it.destination = Arn::bucket("aws", "never-seen");
                        it.destination_account = Some(AccountId::from("999999999999"));
                    }),
                ),
                (
                    Fail,
                    replica(|b| b.owner = Known(Some(AccountId::from("999999999999")))),
                ),
                (Fail, replica(|b| b.owner = Known(None))),
                (
                    Fail,
                    rule(|it| it.destination_account = Some(AccountId::from("222222222222"))),
                ),
                (
                    Pass,
                    rule(|it| it.destination_account = Some(AccountId::from(ACCOUNT))),
                ),
                // Rules that do not copy the files, or copy their deletion.
                (Fail, rule(|it| it.delete_markers = true)),
                (Fail, rule(|it| it.kms_encrypted = Some(false))),
                (Unknown, rule(|it| it.kms_encrypted = None)),
                (Pass, unencrypted(rule(|it| it.kms_encrypted = Some(false)))),
                (Fail, bucket(|b| b.versioning.enabled = Known(false))),
                (
                    Unknown,
                    bucket(|b| b.versioning.enabled = denied(calls::GET_BUCKET_VERSIONING)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let lock = || denied(calls::GET_OBJECT_LOCK);
        table(
            &CHECK,
            [
                (
                    Unknown,
                    bucket(|b| b.replication = denied(calls::GET_BUCKET_REPLICATION)),
                ),
                (
                    Unknown,
                    rule(|it| it.destination = Arn::bucket("aws", "never-seen")),
                ),
                (Unknown, replica(|b| b.object_lock = lock())),
                (Unknown, replica(|b| b.exists = denied(calls::HEAD_BUCKET))),
                // Whose it is matters: a copy in another region may be a stranger's.
                (Unknown, replica(|b| b.owner = denied(calls::HEAD_BUCKET))),
                (
                    Unknown,
                    replica(|b| b.region = denied(calls::GET_BUCKET_LOCATION)),
                ),
                (
                    Unknown,
                    replica(|b| b.default_retention = denied(calls::GET_OBJECT_LOCK)),
                ),
                (
                    Unknown,
                    replica(|b| b.default_retention = denied(calls::GET_OBJECT_LOCK)).and(|it| {
                        it.buckets
                            .get_mut(&Arn::from(BUCKET_ARN))
                            .unwrap()
                            .default_retention = Known(None);
                    }),
                ),
                (
                    Fail,
                    replica(|b| {
                        b.object_lock = Known(false);
                        b.region = denied(calls::GET_BUCKET_LOCATION);
                    }),
                ),
            ],
        );
        let hidden = |prefix: &str| {
            rule(|it| it.prefix = prefix.to_owned()).and(|it| {
                add_trail(it, ACCOUNT, HOME, "hidden", |it| {
                    it.configuration = denied(calls::DESCRIBE_TRAILS);
                });
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Unknown, hidden("AWSLogs/")),
                (Pass, hidden("")),
                (Fail, hidden("x/")),
            ],
        );
    }
}
