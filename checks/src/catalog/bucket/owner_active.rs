//! An account that is closing takes its buckets with it.

use super::gone;
use crate::inventory::AccountState;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-owner-active",
    title: "Log buckets should belong to an active account",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "AWS deletes the content of a closed account 90 days after closure, including objects under Object Lock. \
          Users cannot sign in to a suspended account, so the logs cannot be read and the bucket cannot be changed.",
    fix: "Reopen the account through AWS Support within 90 days. Copy the log files to a bucket of an active account: \
          `aws s3 sync s3://BUCKET s3://NEW_BUCKET`. Then change the trail's bucket: `aws cloudtrail update-trail \
          --name TRAIL_ARN --s3-bucket-name NEW_BUCKET --region TRAIL_REGION`.",
    judged: "Compares the owner of the log bucket with the accounts of the organization: fails where its state is not \
             ACTIVE. Not applicable if the owner is not among them: see bucket-owner-in-organization.",
    alike: &[
        "A bucket in a suspended log archive account fails, although nothing about the bucket itself has changed.",
    ],
    references: &[
        "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-closing.html",
        "https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let owner = bucket.owner.known()?.as_ref();
    let account = owner.and_then(|it| ctx.inventory.accounts.get(it));
    let (Some(owner), Some(account)) = (owner, account) else {
        let text = "the owner is not among the assessed accounts: see bucket-owner-in-organization";
        return Ok(Verdict::not_applicable(text).saw("Owner", owner));
    };
    let state = account.state.known()?;
    let verdict = Verdict::pass_if(
        *state == AccountState::Active,
        format!("account {owner} is active"),
        format!(
            "the bucket belongs to account {owner} in state {} (expected: ACTIVE)",
            state.as_str()
        ),
    );
    Ok(verdict
        .saw("State", state.as_str())
        .expected(AccountState::Active.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let archive = "222222222222";
        let owned = |state: Fact<AccountState>| {
            inventory(|inventory| {
                member(inventory, archive, &[HOME]);
                inventory
                    .accounts
                    .get_mut(&AccountId::from(archive))
                    .unwrap()
                    .state = state;
                let bucket = inventory.buckets.get_mut(&Arn::from(BUCKET_ARN)).unwrap();
                bucket.owner = Known(Some(AccountId::from(archive)));
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Pass, inventory(|_| {})),
                (Pass, owned(Known(AccountState::Active))),
                (Fail, owned(Known(AccountState::Suspended))),
                (Fail, owned(Known(AccountState::PendingClosure))),
                (Fail, owned(Known(AccountState::Closed))),
                (Fail, owned(Known(AccountState::PendingActivation))),
                (Unknown, owned(denied(calls::LIST_ACCOUNTS))),
                (
                    NotApplicable,
                    bucket(|it| it.owner = Known(Some(AccountId::from("999999999999")))),
                ),
                (NotApplicable, bucket(|it| it.owner = Known(None))),
                (NotApplicable, bucket(|it| it.exists = Known(false))),
                (Unknown, bucket(|it| it.owner = denied(calls::HEAD_BUCKET))),
            ],
        );
    }
}
