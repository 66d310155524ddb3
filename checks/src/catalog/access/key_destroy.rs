//! Nobody can destroy or disable the key of the logs.

use super::effective::{KEYS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-key-destroy",
    title: "Only approved principals should be able to delete or disable keys that encrypt logs",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "Without the key, log files cannot be decrypted and CloudTrail cannot deliver. Seven days after \
          ScheduleKeyDeletion, the loss can become permanent.",
    fix: "Remove kms:ScheduleKeyDeletion, kms:DisableKey and kms:PutKeyPolicy on the key from the principals, and \
          grant them in the key policy only to a break-glass role.",
    judged: "Fails for every principal that can disable a key that encrypts logs, schedule its deletion or replace \
             its policy.",
    alike: &["kms:Decrypt on the key passes here; kms:ScheduleKeyDeletion fails."],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html",
    ],
    reads: KEYS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:DeleteImportedKeyMaterial",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(
        judged,
        ACTIONS,
        "can delete or disable keys that encrypt logs",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (
                    Fail,
                    may(
                        "kms:ScheduleKeyDeletion",
                        "arn:aws:kms:us-east-1:111111111111:key/*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "kms:DescribeKey",
                        "arn:aws:kms:us-east-1:111111111111:key/*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "kms:ScheduleKeyDeletion",
                        "arn:aws:kms:eu-west-1:111111111111:key/*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (Pass, bounded("kms:ScheduleKeyDeletion", "kms:DescribeKey")),
                (
                    Fail,
                    bounded("kms:ScheduleKeyDeletion", "kms:ScheduleKeyDeletion"),
                ),
                (Fail, with_mfa("kms:ScheduleKeyDeletion")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
                (
                    Unknown,
                    role(|r| r.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/gone")))
                        .and_iam(|it| it.roles.last_mut().unwrap().inline.push(inline(ALL))),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
