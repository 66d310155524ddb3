//! The key belongs to the organization.

use crate::catalog::own_accounts;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-owner-in-organization",
    title: "KMS keys that encrypt logs should belong to an account in the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "The owner of a key controls who can decrypt, and can schedule its deletion. If an external account owns the \
          key, it can make the log files unreadable at any time.",
    fix: "Create a key in an account of the organization, in the bucket's region: `aws kms create-key --policy \
          file://policy.json --region REGION`. Then configure it on the trail: `aws cloudtrail update-trail --name \
          TRAIL_ARN --kms-key-id KEY_ARN --region TRAIL_REGION`. Keep access to the old key until the retention of \
          its last log file ends.",
    judged: "The key's account must be one of the organization's, or the standalone account.",
    alike: &["A key of the log archive account passes; one of a partner's account fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let verdict = Verdict::pass_if(
        own_accounts::is_ours(&key.account, ctx)?,
        "the key belongs to an account of the organization",
        format!("the key belongs to external account {}", key.account),
    );
    Ok(verdict.saw("Owner", &key.account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let owned = |by: &str| key(|k| k.account = AccountId::from(by));
        let listed = |case: Case, accounts: Fact<Vec<AccountId>>| {
            case.and(|inventory| {
                if let Known(Some(organization)) = &mut inventory.organization {
                    organization.accounts = accounts;
                }
            })
        };
        let list = |ids: &[&str]| Known(ids.iter().copied().map(AccountId::from).collect());
        let alone = |case: Case| case.and(|it| it.organization = Known(None));
        let (ours, stranger) = ("222222222222", "999999999999");
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, listed(owned(ours), list(&[ACCOUNT, ours]))),
                (Fail, listed(owned(ours), list(&[ACCOUNT]))),
                (Fail, owned(stranger)),
                (Pass, alone(owned(ACCOUNT))),
                (Fail, alone(owned(stranger))),
            ],
        );
        table_on(
            &CHECK,
            KEY_ARN,
            [
                (Unknown, listed(owned(ours), denied(calls::LIST_ACCOUNTS))),
                (Pass, listed(owned(ACCOUNT), denied(calls::LIST_ACCOUNTS))),
                (
                    Unknown,
                    inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
            ],
        );
    }
}
