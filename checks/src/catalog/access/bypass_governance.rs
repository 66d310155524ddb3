//! Nobody can shorten or lift the retention of log files.

use super::effective::{BUCKETS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-bypass-governance",
    title: "Only approved principals should be able to shorten or bypass the retention of log files",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "In GOVERNANCE mode, principals with s3:BypassGovernanceRetention can delete locked objects.",
    fix: "Remove s3:BypassGovernanceRetention, s3:PutObjectRetention and s3:PutObjectLegalHold from the principals, \
          or deny them in an SCP that exempts a break-glass role. Or use COMPLIANCE mode \
          (PutObjectLockConfiguration). Irreversible: it cannot be shortened or removed before it ends.",
    judged: "Fails for every principal that can shorten, remove or bypass the retention of log files. COMPLIANCE mode \
             cannot be bypassed, so there the permission has no effect and the check passes.",
    alike: &[
        "s3:BypassGovernanceRetention on a bucket in COMPLIANCE mode passes; on one in GOVERNANCE mode it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html",
    ],
    reads: BUCKETS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "s3:BypassGovernanceRetention",
    "s3:PutObjectRetention",
    "s3:PutObjectLegalHold",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(
        judged,
        ACTIONS,
        "can shorten or bypass the retention of log files",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn governance(mut case: Case) -> Case {
        let bucket = case
            .inventory
            .buckets
            .get_mut(&Arn::bucket("aws", "logs"))
            .unwrap();
        known(&mut bucket.default_retention).as_mut().unwrap().mode = RetentionMode::Governance;
        case
    }

    #[test]
    fn verdicts() {
        let bypass = || may("s3:BypassGovernanceRetention", "*");
        table(
            &CHECK,
            [
                (Pass, governance(role(|_| {}))),
                (Fail, governance(bypass())),
                (Pass, governance(may("s3:GetObjectRetention", "*"))),
                // Nobody bypasses compliance.
                (Pass, bypass()),
                (Fail, governance(may("s3:PutObjectLegalHold", "*"))),
                // Without the bypass a retention is only made longer.
                (Pass, governance(may("s3:PutObjectRetention", "*"))),
            ],
        );
        table_on(
            &CHECK,
            WORKER,
            [(
                Unknown,
                bypass().and(|inventory| {
                    let bucket = inventory
                        .buckets
                        .get_mut(&Arn::bucket("aws", "logs"))
                        .unwrap();
                    bucket.default_retention = denied(calls::GET_OBJECT_LOCK);
                }),
            )],
        );
    }
}
