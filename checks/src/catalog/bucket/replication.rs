//! A second copy in another region or account, out of reach of what may happen to the first.
//!
//! Source: "Setting up permissions for live replication", Amazon S3 User Guide. S3 assumes the role that the configuration
//! names; the role reads the source and writes the replica, whose own policy must allow it where it is in another account.

use std::collections::BTreeSet;

use super::owner_in_organization::not_every_account_was_asked;
use super::{gone, lifecycle_retention, places};
use crate::catalog::receivers::S3;
use crate::catalog::roles::{self, Source, Worker};
use crate::catalog::{gap, own_accounts, recording};
use crate::check::Roles;
use crate::fact::{Gap, Reason};
use crate::inventory::bucket::{LifecycleRule, ReplicationRule};
use crate::policy::Target;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-replication",
    title: "Log buckets should be replicated to a locked bucket of the organization in another region or account",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A replica in another region or account survives the loss of the bucket, its account or its region. The \
          copies must be locked long enough and belong to the organization. S3 skips objects encrypted with KMS keys \
          unless the rule selects them, and can replicate deletions. Without a role that S3 can assume and that can \
          write to the destination, nothing is replicated.",
    fix: "Create a bucket with Object Lock in another region or account, enable versioning on both, and replicate the \
          log prefix: `aws s3api put-bucket-replication --bucket BUCKET --replication-configuration \
          file://replication.json`. Enable SseKmsEncryptedObjects in SourceSelectionCriteria if a KMS key encrypts \
          the files, and disable DeleteMarkerReplication. The Role must trust s3.amazonaws.com, read object versions \
          of the source and replicate to the destination. Set a default retention of at least `retention_days` on \
          both buckets.",
    judged: "A rule that covers all log files must be enabled, with a destination in another account or region. The \
             destination must exist, be of the organization, and have Object Lock with a default retention of at \
             least `retention_days` (its own; where it has none, that of the source, which S3 copies along). \
             Versioning must be enabled on the source, the rule must select objects encrypted with KMS keys if log \
             files are, must name no other owner than the replica has, and may not replicate delete markers. The role \
             must exist and S3 must be able to assume it. Its own policies, the buckets' policies and the control \
             policies must allow it to read the source and to replicate into the destination. Of several rules to one \
             bucket, one with a higher priority must be as sound. A rule with an element that is not known, such as \
             Not in its filter, could not be evaluated. Any enabled rule to a bucket that none of the organization's \
             accounts owns fails.",
    alike: &[
        "A rule that is disabled, or limited to tagged objects, fails.",
        "A replica that keeps copies for one day fails, whatever the source keeps.",
        "A role without s3:ReplicateObject on the replica fails; a replica in another account whose policy does not \
         name the role fails.",
    ],
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
        calls::GET_BUCKET_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
    ],
    run: Run::Replicated(run),
};

fn run(bucket: &Bucket, all: &Roles, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let rules = bucket.replication.known()?.as_deref().unwrap_or_default();
    if rules.is_empty() {
        return Ok(Verdict::fail("replication is not configured"));
    }
    if bucket.versioning.enabled.ok() == Some(&false) {
        let verdict =
            Verdict::fail("nothing is replicated, because versioning is not enabled on the bucket");
        return Ok(verdict.saw("Versioning.Enabled", false).expected(true));
    }
    let logs = places::of_logs(bucket, ctx);
    let (mut gaps, mut why) = (Vec::new(), BTreeSet::new());
    // A copy in the hands of a stranger is a fault, whatever other rules do.
    for rule in rules.iter().filter(|it| it.enabled) {
        let name = rule.destination.resource();
        // S3 hands the copies over to the account that the rule names.
        if let Some(account) = &rule.destination_account
            && own_accounts::is_ours(account, ctx) == Ok(false)
        {
            let verdict = Verdict::fail(format!(
                "the replication rule for {name} transfers ownership of the copies to external account \
                 {account}"
            ));
            return Ok(verdict.saw("Destination", &rule.destination));
        }
        let owner = ctx
            .inventory
            .buckets
            .get(&rule.destination)
            .map(|it| whose(it, ctx));
        if let Some(Ok(Some(stranger))) = owner {
            let verdict = Verdict::fail(format!(
                "log files are replicated to bucket {name}, which {stranger}"
            ));
            return Ok(verdict.saw("Destination", &rule.destination));
        }
    }
    let versioning = bucket.versioning.enabled.known().err();
    let mut uncovered = logs.clone();
    for rule in rules {
        match judge(rule, bucket, all, ctx) {
            Err(gap) => gaps.push(gap),
            Ok(Err(flaw)) => drop(why.insert(flaw)),
            // Other rules to the same bucket may apply in its place.
            Ok(Ok(())) if let Some(outcome) = replaced(rule, rules, bucket, all, ctx) => {
                match outcome {
                    Ok(flaw) => drop(why.insert(flaw)),
                    Err(gap) => gaps.push(gap),
                }
            }
            Ok(Ok(())) if rule.prefix.is_empty() => {
                let verdict = Verdict::pass("every object is replicated to a locked bucket");
                return verdict
                    .saw("Destination", &rule.destination)
                    .unless_open(versioning);
            }
            Ok(Ok(())) => uncovered.retain(|logs| !places::covers(&rule.prefix, logs)),
        }
    }
    let verdict = if let Some(logs) = uncovered.first() {
        why.insert(format!(
            "no effective replication rule covers all log files under {logs}"
        ));
        let why: Vec<String> = why.into_iter().collect();
        Verdict::fail(why.join("; "))
    } else {
        // A hidden trail may deliver under another prefix.
        let pass = Verdict::pass("log files are replicated to a locked bucket");
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
fn replaced(
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
fn replicates(
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
            case.and(|inventory| {
                configuration(inventory.trails.values_mut().next().unwrap()).kms_key = Known(None);
                let source = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                source.encryption = Known(None);
            })
        };
        let bare = |case: Case| {
            case.and(|inventory| {
                inventory
                    .buckets
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
                        b.policy = Known(Some(FROM_THE_ROLE.to_owned()));
                    })
                    .and(|it| member(it, "222222222222", &[HOME])),
                ),
                // Of another account, its own policy decides.
                (
                    Fail,
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
                    replica(|b| b.default_retention = Known(None)).and(|inventory| {
                        let source = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
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
                    rule(|rule| {
                        rule.destination = Arn::bucket("aws", "never-seen");
                        rule.destination_account = Some(AccountId::from("999999999999"));
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

    const FROM_THE_ROLE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/replication"},"Action":["s3:ReplicateObject","s3:ReplicateDelete"],"Resource":"arn:aws:s3:::replica/*"}}"#;

    /// By S3's guide to the permissions of replication, one thing changed each time.
    #[test]
    fn a_role_that_cannot_replicate() {
        let changed = |change: &dyn Fn(&mut crate::inventory::iam::Role)| {
            inventory(|_| {}).and_iam(|document| {
                let mut roles = document.roles.iter_mut();
                change(
                    roles
                        .find(|it| it.arn.as_str() == REPLICATION_ROLE)
                        .unwrap(),
                );
            })
        };
        let with = |document: String| changed(&|it| it.inline = vec![inline(&document)]);
        let without = |action: &str| with(TO_REPLICA.replace(action, "s3:GetBucketTagging"));
        let and_deny = |deny: &str| {
            with(TO_REPLICA.replace(r#""Statement":["#, &format!(r#""Statement":[{deny},"#)))
        };
        let trust = |text: &'static str| {
            changed(&|it| it.trust = it.trust.replace("s3.amazonaws.com", text))
        };
        let on_replica = |text: &str| replica(|b| b.policy = Known(Some(text.to_owned())));
        let deny_all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
        let not_tls = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#;
        let not_ours = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-test"}}}}"#;
        table(
            &CHECK,
            [
                (
                    Fail,
                    inventory(|_| {}).and_iam(|document| {
                        document
                            .roles
                            .retain(|it| it.arn.as_str() != REPLICATION_ROLE)
                    }),
                ),
                (
                    Fail,
                    rule(|it| it.role = Some(Arn::from("arn:aws:iam::111111111111:role/gone"))),
                ),
                (Fail, changed(&|it| it.inline.clear())),
                (Fail, without("s3:ReplicateObject")),
                (Fail, without("s3:GetObjectVersionForReplication")),
                (Fail, without("s3:GetReplicationConfiguration")),
                (Fail, without("s3:ListBucket")),
                (
                    Fail,
                    with(TO_REPLICA.replace("arn:aws:s3:::replica/*", "arn:aws:s3:::other/*")),
                ),
                (
                    Fail,
                    with(TO_REPLICA.replace("arn:aws:s3:::logs/*", "arn:aws:s3:::logs/x/*")),
                ),
                (
                    Fail,
                    and_deny(r#"{"Effect":"Deny","Action":"s3:ReplicateObject","Resource":"*"}"#),
                ),
                (
                    Fail,
                    and_deny(r#"{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}"#),
                ),
                (
                    Pass,
                    and_deny(r#"{"Effect":"Deny","Action":"s3:ReplicateDelete","Resource":"*"}"#),
                ),
                (Pass, with(ALL.to_owned())),
                // S3 cannot assume it.
                (Fail, trust("lambda.amazonaws.com")),
                (Fail, trust("batchoperations.s3.amazonaws.com")),
                // The replica refuses it.
                (Fail, on_replica(deny_all)),
                (Pass, on_replica(not_tls)),
                (Pass, on_replica(not_ours)),
                (Fail, on_replica(&not_ours.replace("o-test", "o-other"))),
                (Pass, on_replica(FROM_THE_ROLE)),
                // Not known.
                (Unknown, rule(|it| it.role = None)),
                (
                    Unknown,
                    rule(|it| it.role = Some(Arn::from("arn:aws:iam::999999999999:role/theirs"))),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
                (
                    Unknown,
                    replica(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Unknown, on_replica("{")),
                (
                    Unknown,
                    changed(&|it| {
                        it.attached.push(Arn::from("arn:aws:iam::aws:policy/Lost"));
                        it.inline.clear();
                    }),
                ),
            ],
        );
    }

    /// Elements that narrow a rule, and that are not read: `Not` of the filter leaves objects out.
    #[test]
    fn a_rule_that_is_not_understood() {
        let unread = |it: &mut ReplicationRule| it.not_read = vec!["Filter.Not".to_owned()];
        table(
            &CHECK,
            [
                (Unknown, rule(unread)),
                (
                    Unknown,
                    rule(|rule| {
                        unread(rule);
                        rule.prefix = "AWSLogs/".to_owned();
                    }),
                ),
                // What is wrong is wrong, whatever else it says.
                (
                    Fail,
                    rule(|rule| {
                        unread(rule);
                        rule.enabled = false;
                    }),
                ),
                (
                    Fail,
                    rule(|rule| {
                        unread(rule);
                        rule.narrowed = true;
                    }),
                ),
                // A second rule that is understood.
                (
                    Pass,
                    two(|rule| {
                        unread(rule);
                        rule.priority = Some(0);
                    }),
                ),
            ],
        );
    }

    /// The good rule, and another to the same bucket.
    fn two(change: impl FnOnce(&mut ReplicationRule)) -> Case {
        bucket(|b| {
            let rules = known(&mut b.replication).as_mut().unwrap();
            let mut other = rules[0].clone();
            change(&mut other);
            rules.insert(0, other);
        })
    }

    /// Of two rules to one bucket, that of the higher priority applies (ReplicationRule, API reference of S3).
    #[test]
    fn a_rule_that_applies_in_its_place() {
        let other = |priority, change: fn(&mut ReplicationRule)| {
            two(|rule| {
                rule.priority = priority;
                change(rule);
            })
        };
        table(
            &CHECK,
            [
                (Fail, other(Some(2), |it| it.kms_encrypted = Some(false))),
                (Pass, other(Some(0), |it| it.kms_encrypted = Some(false))),
                (Fail, other(None, |it| it.delete_markers = true)),
                (
                    Fail,
                    other(Some(2), |it| {
                        it.delete_markers = true;
                        it.prefix = "AWSLogs/111111111111/".to_owned();
                    }),
                ),
                (
                    Pass,
                    other(Some(2), |it| {
                        it.delete_markers = true;
                        it.prefix = "backups/".to_owned();
                    }),
                ),
                (
                    Pass,
                    other(Some(2), |it| {
                        it.delete_markers = true;
                        it.enabled = false;
                    }),
                ),
                (Pass, other(Some(2), |it| it.prefix = "AWSLogs/".to_owned())),
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
                    replica(|b| b.default_retention = denied(calls::GET_OBJECT_LOCK)).and(
                        |inventory| {
                            inventory
                                .buckets
                                .get_mut(&Arn::from(BUCKET_ARN))
                                .unwrap()
                                .default_retention = Known(None);
                        },
                    ),
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
            rule(|it| it.prefix = prefix.to_owned()).and(|inventory| {
                add_trail(inventory, ACCOUNT, HOME, "hidden", |trail| {
                    trail.configuration = denied(calls::DESCRIBE_TRAILS);
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
