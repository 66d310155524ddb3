//! A second copy that falls with nothing that fells the first.

use std::collections::BTreeSet;

use super::{gone, places};
use crate::catalog::{gap, recording};
use crate::fact::Reason;
use crate::inventory::bucket::ReplicationRule;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-replication",
    title: "Log files are replicated to another region or account, into a bucket with Object Lock",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "One bucket is one account, one region and one administrator away from loss. A replica in another region or \
          account outlives all three, but only if the copies are locked: deletions can be replicated as well.",
    fix: "Make a bucket with Object Lock in another region or account, and replicate the log prefix into it: `aws s3api \
          put-bucket-replication --bucket BUCKET --replication-configuration FILE` (both buckets versioned; a default \
          retention on the source is copied along, otherwise set one on the replica).",
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-replication",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOCATION,
        calls::GET_BUCKET_REPLICATION,
        calls::GET_OBJECT_LOCK,
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
    let logs = places::of_logs(bucket, ctx);
    let (mut gaps, mut why) = (Vec::new(), BTreeSet::new());
    let mut uncovered = logs.clone();
    for rule in rules {
        match judge(rule, bucket, ctx) {
            Err(gap) => gaps.push(gap),
            Ok(Err(flaw)) => drop(why.insert(flaw)),
            Ok(Ok(())) if rule.prefix.is_empty() => {
                let verdict = Verdict::pass("every object is replicated into a locked bucket");
                return Ok(verdict.saw("Destination", &rule.destination));
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
        return pass
            .saw("Prefixes", logs)
            .unless_open(recording::hidden_anywhere(ctx));
    };
    Gaps::collect(gaps).map_or(Ok(verdict.saw("Rules", rules.len())), Err)
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
    if !matches!(retentions, (Some(Some(_)), _) | (_, Some(Some(_)))) {
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

    #[test]
    fn verdicts() {
        let home = |b: &mut Bucket| b.region = Known(Region::from(HOME));
        let abroad = |b: &mut Bucket| b.owner = Known(Some(AccountId::from("222222222222")));
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
                    }),
                ),
                (Fail, replica(|b| b.object_lock = Known(false))),
                (Fail, replica(|b| b.exists = Known(false))),
                // The retention of the source is copied along.
                (Pass, replica(|b| b.default_retention = Known(None))),
                (Pass, bare(inventory(|_| {}))),
                (Fail, bare(replica(|b| b.default_retention = Known(None)))),
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
                (Pass, replica(|b| b.owner = denied(calls::HEAD_BUCKET))),
                (
                    Unknown,
                    replica(|b| b.region = denied(calls::GET_BUCKET_LOCATION)),
                ),
                (
                    Pass,
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
