//! The key belongs to the organization.

use crate::catalog::ours;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-owner-in-organization",
    title: "Key that encrypts log files belongs to an account of the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "The owner of a key decides who may decrypt, and can schedule its deletion. Under a stranger's key the record \
          is readable for as long as the stranger likes, and not a day longer.",
    fix: "Make a key in an account of yours, in the bucket's region (CreateKey, with a policy for CloudTrail), and give \
          it to the trail, bucket or store; keep the right to use the old one until the last file under it is too \
          old to matter.",
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
        ours::is_ours(&key.account, ctx)?,
        "the owner is one of ours",
        format!(
            "account {} owns the key, which is none of ours",
            key.account
        ),
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
            case.and(|it| {
                if let Known(Some(organization)) = &mut it.organization {
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
