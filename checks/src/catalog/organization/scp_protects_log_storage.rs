//! What was recorded stays.

use super::members::{Tally, unknown};
use super::storage::{Stored, stored};
use crate::prelude::*;
use crate::scp::{Control, Somebody};

pub(super) const CHECK: Check = Check {
    id: "organization-scp-protects-log-storage",
    title: "Control policies protect the log bucket, its key and the log group",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Stopping a trail shows; emptying its bucket or destroying its key takes what is already there. In \
          the account that holds them only a policy from above stands in the way.",
    fix: "Deny s3:DeleteObject, s3:PutBucketPolicy, s3:PutLifecycleConfiguration, kms:ScheduleKeyDeletion and \
          logs:DeleteLogGroup on them, but to a break-glass role, in a service or resource control policy on \
          the accounts that hold them.",
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
    let control = Control::of(organization);
    let mut tally = Tally::default();
    for thing in &things {
        for (action, target) in thing.destroyed_by() {
            let verdict = control.leaves(Somebody::Inside, thing.account, action, target, None);
            tally.add(format!("{action} on {}", thing.arn), verdict);
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
    let words = ("control policies deny it", "may still be done");
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
        .and(|it| {
            let bucket = it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
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
                (Fail, kept(r#"["cloudtrail:*"]"#)),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    kept(r#"["s3:*"]"#).and(|it| {
                        let bucket = it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
                        bucket.owner = denied(calls::HEAD_BUCKET);
                    }),
                ),
                (
                    Unknown,
                    kept(r#"["s3:*"]"#).and(|it| {
                        let of = known(&mut it.organization).as_mut().unwrap();
                        known(&mut of.policies)[1].targets = denied(calls::LIST_TARGETS_FOR_POLICY);
                    }),
                ),
            ],
        );
    }
}
