//! The log files belong to the organization.

use super::gone;
use crate::catalog::{gap, own_accounts};
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-owner-in-organization",
    title: "Log buckets should belong to an account in the organization",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "The owner of a bucket can read and delete all log files in it. Bucket names are global, so a trail with a \
          wrong bucket name may deliver to an external account.",
    fix: "Identify the owner of the bucket. If it is not trusted, deliver to a bucket of your organization: `aws \
          cloudtrail update-trail --name TRAIL_ARN --s3-bucket-name NEW_BUCKET --region TRAIL_REGION`.",
    judged: "The owner must be one of the organization's accounts, or the standalone account itself. If S3 returns \
             403 for the expected owner, the result is unknown.",
    alike: &["A bucket in the log archive account passes; one of an external account fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-receive-logs-from-multiple-accounts.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let owner = bucket.owner.known()?.as_ref();
    let ours = match owner {
        Some(owner) => own_accounts::is_ours(owner, ctx)?,
        None => {
            if let Some(organization) = ctx.organization()? {
                organization.accounts.known()?;
            }
            not_every_account_was_asked(bucket, ctx)?;
            false
        }
    };
    let verdict = Verdict::pass_if(
        ours,
        "the bucket belongs to an account of the organization",
        match owner {
            Some(owner) => format!("the bucket belongs to external account {owner}"),
            None => "the bucket belongs to none of the organization's accounts".to_owned(),
        },
    );
    Ok(verdict.saw("Owner", owner))
}

/// That nobody owns it says little while somebody was left out.
pub(super) fn not_every_account_was_asked(bucket: &Bucket, ctx: &Context<'_>) -> Result<(), Gaps> {
    for account in ctx.inventory.accounts.values() {
        if account.excluded {
            let detail = format!(
                "account {} is excluded from the scan and may own the bucket",
                account.id
            );
            return Err(gap::of_bucket(
                bucket,
                ctx,
                calls::HEAD_BUCKET,
                Reason::NotAsked,
                detail,
            ));
        }
        account.session.known()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn owned(by: Option<&str>) -> Case {
        bucket(|b| b.owner = Known(by.map(AccountId::from)))
    }

    fn listed(accounts: Fact<Vec<AccountId>>) -> impl FnOnce(&mut Inventory) {
        move |it| {
            if let Known(Some(organization)) = &mut it.organization {
                organization.accounts = accounts;
            }
        }
    }

    #[test]
    fn verdicts() {
        let (ours, stranger) = (Some("222222222222"), Some("999999999999"));
        let with_member = |case: Case| case.and(|it| member(it, "222222222222", &[HOME]));
        let alone = |case: Case| case.and(|it| it.organization = Known(None));
        table(
            &CHECK,
            [
                (Pass, owned(Some(ACCOUNT))),
                (Pass, with_member(owned(ours))),
                (Fail, with_member(owned(stranger))),
                (Fail, with_member(owned(None))),
                (Pass, alone(owned(Some(ACCOUNT)))),
                (Fail, alone(owned(stranger))),
                (Fail, alone(owned(None))),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let list = || denied(calls::LIST_ACCOUNTS);
        // A member looks for itself: the organization's management account is another.
        let as_member = |case: Case| {
            case.and(|inventory| {
                inventory.header.scope.caller_arn = Arn::from("arn:aws:iam::222222222222:user/a");
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Unknown, bucket(|b| b.owner = denied(calls::HEAD_BUCKET))),
                (
                    Unknown,
                    owned(Some(ACCOUNT))
                        .and(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
                (Pass, as_member(owned(Some(ACCOUNT)).and(listed(list())))),
                (
                    Pass,
                    as_member(owned(Some("222222222222")).and(listed(list()))),
                ),
                (
                    Unknown,
                    as_member(owned(Some("333333333333")).and(listed(list()))),
                ),
                (Unknown, as_member(owned(None).and(listed(list())))),
                (
                    Unknown,
                    owned(None).and(|inventory| {
                        inventory.accounts.values_mut().next().unwrap().session =
                            denied(calls::ASSUME_ROLE)
                    }),
                ),
                (
                    Unknown,
                    owned(None).and(|inventory| {
                        member(inventory, "222222222222", &[]);
                        inventory
                            .accounts
                            .get_mut(&AccountId::from("222222222222"))
                            .unwrap()
                            .excluded = true;
                    }),
                ),
            ],
        );
    }
}
