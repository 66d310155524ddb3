//! Stored logs cannot be destroyed, whatever permissions their account gives.

use super::members::{Tally, unknown};
use super::storage::{Stored, stored};
use crate::control_policies::Somebody;
use crate::policy;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-protects-log-storage",
    title: "SCPs or RCPs should protect the log bucket, its key and the log group",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Deleting log files, deleting their key or reducing the protection of the bucket destroys existing logs. \
          Only an SCP or RCP restricts administrators of the account that stores the logs.",
    fix: "In an SCP or RCP on the accounts that store logs, deny on the bucket and its objects: s3:DeleteObject, \
          s3:DeleteObjectVersion, s3:BypassGovernanceRetention, s3:PutObjectLegalHold, \
          s3:PutBucketObjectLockConfiguration, s3:PutLifecycleConfiguration, s3:PutBucketVersioning, \
          s3:PutBucketPolicy, s3:DeleteBucketPolicy, s3:PutBucketPublicAccessBlock, s3:PutEncryptionConfiguration, \
          s3:UpdateObjectEncryption, s3:PutReplicationConfiguration, s3:ReplicateDelete and s3:DeleteBucket. On the \
          key: kms:ScheduleKeyDeletion, kms:DisableKey, kms:PutKeyPolicy and kms:DeleteImportedKeyMaterial. On the \
          log group (SCP only): logs:DeleteLogGroup, logs:DeleteLogStream and logs:PutRetentionPolicy. Exempt at \
          most a break-glass role by its full ARN.",
    judged: "Evaluates SCPs and RCPs for every log bucket, key and log group of a member account. They must apply to \
             all kinds of principals of that account (root user, IAM users, federated users, roles of any name, path \
             and tag): each action in the table that deletes stored logs or weakens their protection must be denied.",
    alike: &[
        "A Deny on s3:DeleteObject without s3:DeleteObjectVersion, s3:PutLifecycleConfiguration or kms:PutKeyPolicy \
         fails.",
        "A Deny on another bucket's name fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::DESCRIBE_KEY,
        calls::DESCRIBE_LOG_GROUPS,
    ],
    run: Run::Organization(run),
};

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let Stored {
        things,
        gaps,
        exempt,
    } = stored(ctx);
    let control = ctx.control_of(organization);
    let partition = &ctx.inventory.header.scope.partition;
    let mut tally = Tally::default();
    for thing in &things {
        let wanted = thing.destroyed_by();
        let actions: Vec<&str> = wanted.iter().map(|(action, _)| *action).collect();
        let mut over = control.over(Somebody::Inside, thing.account, partition, &actions);
        tally.exempt(&over.exempt);
        let mut by_scps = control.over(Somebody::InsideByScps, thing.account, partition, &actions);
        let all = ctx.inventory.accounts.values();
        let mut others =
            control.over_among(Somebody::Others, thing.account, all, partition, &actions);
        for (action, target) in &wanted {
            let left = over.left(action, target, None);
            let denied = left.verdict == policy::Verdict::Denied;
            tally.add(format!("{action} on {}", thing.arn), &left);
            // What rests on an RCP must hold for everybody whom an RCP binds. An SCP binds the account's own principals
            // only: others need a statement of the bucket or key policy, which other checks evaluate.
            let rests_on_rcp =
                denied && by_scps.left(action, target, None).verdict != policy::Verdict::Denied;
            if rests_on_rcp {
                let left = others.left(action, target, None);
                let what = format!("{action} on {} for principals of other accounts", thing.arn);
                tally.add(what, &left);
            }
        }
    }
    if tally.left.is_empty() {
        organization.accounts.known()?;
        if let Some(gaps) = Gaps::collect(gaps) {
            return Err(gaps);
        }
        if things.is_empty() {
            return Ok(Verdict::not_applicable(exempt));
        }
        if tally.open {
            return Err(unknown(organization, ctx));
        }
    }
    let words = (
        "SCPs or RCPs deny deleting stored logs and reducing their protection",
        "SCPs and RCPs do not protect stored logs; still allowed",
    );
    tally.all(organization, ctx, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    /// The bucket lies in a member account, key and group in the management account.
    fn kept(actions: &str) -> Case {
        scp(&format!(
            r#"{{"Effect":"Deny","Action":{actions},"Resource":"*"}}"#
        ))
        .and(|inventory| {
            let bucket = inventory
                .buckets
                .get_mut(&Arn::bucket("aws", "logs"))
                .unwrap();
            bucket.owner = Known(Some(AccountId::from("222222222222")));
        })
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, kept(r#"["s3:*"]"#)),
                (Fail, kept(r#"["s3:DeleteObject","s3:DeleteBucket"]"#)),
                (Pass, kept(&without(""))),
                (Fail, kept(&without("s3:DeleteObjectVersion"))),
                (Fail, kept(&without("s3:DeleteBucketPolicy"))),
                (Fail, kept(&without("s3:PutReplicationConfiguration"))),
                (Fail, kept(&without("s3:PutBucketObjectLockConfiguration"))),
                (Fail, kept(&without("s3:BypassGovernanceRetention"))),
                // The key and the log group are in a member account too.
                (
                    Fail,
                    all_in_a_member(
                        r#"["s3:*","kms:ScheduleKeyDeletion","kms:DisableKey","logs:*"]"#,
                    ),
                ),
                (Fail, all_in_a_member(r#"["s3:*","kms:*","logs:Delete*"]"#)),
                (Pass, all_in_a_member(r#"["s3:*","kms:*","logs:*"]"#)),
                (Fail, kept(r#"["cloudtrail:*"]"#)),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    kept(r#"["s3:*"]"#).and(|inventory| {
                        let bucket = inventory
                            .buckets
                            .get_mut(&Arn::bucket("aws", "logs"))
                            .unwrap();
                        bucket.owner = denied(calls::HEAD_BUCKET);
                    }),
                ),
                (
                    Unknown,
                    kept(r#"["s3:*"]"#).and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        known(&mut of.policies)[1].targets = denied(calls::LIST_TARGETS_FOR_POLICY);
                    }),
                ),
            ],
        );
    }

    /// Denied by an RCP, under a condition.
    fn by_rcp(condition: &str) -> Case {
        use crate::inventory::ControlPolicyKind;
        scp(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":["s3:*","kms:*"],"Resource":"*","Condition":{{{condition}}}}}"#
        ))
        .and(|inventory| {
            member(inventory, "333333333333", &[HOME]);
            let bucket = inventory.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
            bucket.owner = Known(Some(AccountId::from("222222222222")));
            let of = known(&mut inventory.organization).as_mut().unwrap();
            known(&mut of.policies)[1].kind = ControlPolicyKind::ResourceControlPolicy;
        })
    }

    /// An RCP binds the principals of other accounts, too: those of the management account, of members and external ones.
    #[test]
    fn whom_an_rcp_exempts() {
        let but = |operator: &str, key: &str, value: &str| {
            by_rcp(&format!(r#""{operator}":{{"aws:{key}":"{value}"}}"#))
        };
        table(
            &CHECK,
            [
                (Pass, by_rcp("")),
                (
                    Pass,
                    but(
                        "ArnNotLikeIfExists",
                        "PrincipalArn",
                        "arn:aws:iam::222222222222:role/glass",
                    ),
                ),
                (
                    Pass,
                    but(
                        "ArnNotLikeIfExists",
                        "PrincipalArn",
                        "arn:aws:iam::111111111111:role/glass",
                    ),
                ),
                // In whichever account: an external one can have such a role.
                (
                    Fail,
                    but(
                        "ArnNotLikeIfExists",
                        "PrincipalArn",
                        "arn:aws:iam::*:role/glass",
                    ),
                ),
                (
                    Fail,
                    but(
                        "StringNotEqualsIfExists",
                        "PrincipalAccount",
                        "222222222222",
                    ),
                ),
                (
                    Fail,
                    but(
                        "StringNotEqualsIfExists",
                        "PrincipalAccount",
                        "111111111111",
                    ),
                ),
                (
                    Fail,
                    but(
                        "StringNotEqualsIfExists",
                        "PrincipalAccount",
                        "333333333333",
                    ),
                ),
                (
                    Fail,
                    but(
                        "StringNotEqualsIfExists",
                        "PrincipalAccount",
                        "999999999999",
                    ),
                ),
                (Fail, but("StringEquals", "PrincipalOrgID", "o-test")),
            ],
        );
    }

    /// All that the table asks of a bucket, but one action.
    fn without(action: &str) -> String {
        let all = crate::access::table().denied_by(crate::access::Control::StorageControlPolicy);
        let names = all.map(|it| it.action.as_str());
        let rest: Vec<&str> = names
            .filter(|it| it.starts_with("s3:") && *it != action)
            .collect();
        serde_json::to_string(&rest).unwrap()
    }

    /// Bucket, key and log group belong to the member account.
    fn all_in_a_member(actions: &str) -> Case {
        let member = "222222222222";
        kept(actions).and(|inventory| {
            let (key, group) = (
                inventory.keys.pop_first().unwrap().1,
                inventory.log_groups.pop_first().unwrap().1,
            );
            let moved = |arn: &Arn| Arn::from(arn.as_str().replace("111111111111", member));
            let (of_key, of_group) = (moved(&key.arn), moved(&group.arn));
            for trail in inventory.trails.values_mut() {
                let set = configuration(trail);
                set.kms_key = Known(Some(of_key.clone()));
                set.log_group = Known(Some(of_group.clone()));
            }
            let account = AccountId::from(member);
            let (mut key, mut group) = (key, group);
            (key.arn, key.account) = (of_key.clone(), account.clone());
            (group.arn, group.account) = (of_group.clone(), account);
            inventory.keys.insert(of_key, key);
            inventory.log_groups.insert(of_group, group);
        })
    }

    /// A Deny that leaves out any one action of the table is no protection.
    #[test]
    fn each_action_counts() {
        let all = crate::access::table().denied_by(crate::access::Control::StorageControlPolicy);
        let all: Vec<&str> = all.map(|it| it.action.as_str()).collect();
        for left_out in &all {
            let rest: Vec<&&str> = all.iter().filter(|it| *it != left_out).collect();
            let case = all_in_a_member(&serde_json::to_string(&rest).unwrap());
            // Material that KMS made cannot be deleted apart from its key.
            let expected = match *left_out {
                "kms:DeleteImportedKeyMaterial" => Pass,
                _ => Fail,
            };
            let statuses = statuses(&CHECK, &case);
            assert_eq!(statuses[0].1, expected, "{left_out}");
            let imported = case.and(|inventory| {
                let key = inventory.keys.values_mut().next().unwrap();
                known(&mut key.metadata).as_mut().unwrap().origin = Known("EXTERNAL".to_owned());
            });
            let statuses = crate::testing::statuses(&CHECK, &imported);
            assert_eq!(statuses[0].1, Fail, "{left_out}");
        }
        let whole = all_in_a_member(&serde_json::to_string(&all).unwrap());
        assert_eq!(statuses(&CHECK, &whole)[0].1, Pass);
    }

    #[test]
    fn the_fix_names_every_action() {
        let all = crate::access::table().denied_by(crate::access::Control::StorageControlPolicy);
        for action in all {
            assert!(CHECK.fix.contains(&action.action), "{}", action.action);
        }
    }
}
