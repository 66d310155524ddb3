//! Those who are there to look cannot touch.

use super::effective::{EVERYTHING, verdict};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-auditors-read-only",
    title: "Auditors should not have permissions to tamper with CloudTrail logs",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "A principal with an AWS managed policy for auditors is meant to read only. With additional permissions it \
          can change the logs that it audits.",
    fix: "Keep AWSCloudTrail_ReadOnlyAccess or SecurityAudit, and detach the policy that grants the permissions in \
          the finding: `aws iam detach-role-policy --role-name ROLE --policy-arn POLICY_ARN`. An inline policy: `aws \
          iam delete-role-policy --role-name ROLE --policy-name POLICY`.",
    judged: "Evaluates principals with AWS managed policies for auditors: fails when one of them also has a \
             permission to tamper with CloudTrail logs.",
    alike: &[
        "An auditor with SecurityAudit alone passes; with SecurityAudit and s3:DeleteObject on the log bucket it \
         fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security-iam-awsmanpol.html",
    ],
    reads: EVERYTHING,
    run: Run::EffectiveRights(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    if !judged.is_auditor() {
        return Ok(Verdict::pass("it has no AWS managed policy for auditors"));
    }
    verdict(
        judged,
        &judged.tampering(),
        "has a policy for auditors, and can tamper with CloudTrail logs",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const LOOK: &str = "arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess";
    const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["cloudtrail:Get*","s3:GetObject"],"Resource":"*"}}"#;

    fn auditor(mut case: Case, arn: &str) -> Case {
        case = case.and_iam(|document| {
            document
                .roles
                .last_mut()
                .unwrap()
                .attached
                .push(Arn::from(arn));
            document.policies.push(managed(arn, READ));
        });
        case
    }

    #[test]
    fn verdicts() {
        let stop = || may("cloudtrail:StopLogging", "*");
        table(
            &CHECK,
            [
                (Pass, auditor(role(|_| {}), LOOK)),
                (Fail, auditor(stop(), LOOK)),
                (
                    Fail,
                    auditor(stop(), "arn:aws:iam::aws:policy/SecurityAudit"),
                ),
                (Pass, stop()),
                (
                    Pass,
                    auditor(stop(), "arn:aws:iam::111111111111:policy/SecurityAudit"),
                ),
                (Unknown, role(|r| r.attached.push(Arn::from(LOOK)))),
            ],
        );
    }
}
