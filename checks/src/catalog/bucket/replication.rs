//! A second copy in another region or account, out of reach of what may happen to the first.
//!
//! Source: "Setting up permissions for live replication", Amazon S3 User Guide. S3 assumes the role that the configuration
//! names; the role reads the source and writes the replica, whose own policy must allow it where it is in another account.

use std::collections::BTreeSet;

use super::replication_rule::{judge, replaced, whose};
use super::{gone, places};
use crate::catalog::{own_accounts, recording};
use crate::check::Roles;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::bucket::{LifecycleRule, ReplicationRule};
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
