//! Who holds AWS's own policy for CloudTrail administrators.

use super::policies::Held;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-full-access-policy-attachments",
    title: "AWSCloudTrail_FullAccess should be attached only to approved administrators",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "The policy allows stopping and deleting every trail of the account and changing its bucket. Only the \
          administrators of CloudTrail need it.",
    fix: "Detach the policy: `aws iam detach-role-policy --role-name ROLE --policy-arn \
          arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess`. Attach AWSCloudTrail_ReadOnlyAccess instead. List \
          principals that need full access in the setting `allowed_principals`.",
    judged: "Fails for every user or role with AWSCloudTrail_FullAccess, attached directly or through a group.",
    alike: &[
        "AWSCloudTrail_ReadOnlyAccess passes; AWSCloudTrail_FullAccess fails, also when it came through a group.",
    ],
    references: &[
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCloudTrail_FullAccess.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security-iam-awsmanpol.html",
    ],
    reads: &[calls::GET_ACCOUNT_AUTHORIZATION_DETAILS],
    run: Run::IamPrincipal(run),
};

/// Its name, and the one it had until 2021.
const NAMES: [&str; 2] = [
    "policy/AWSCloudTrail_FullAccess",
    "policy/AWSCloudTrailFullAccess",
];

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let held = Held::by(principal);
    let full = held
        .attached
        .iter()
        .find(|arn| super::policies::is_aws_managed(arn) && NAMES.contains(&arn.resource()));
    let verdict = Verdict::pass_if(
        full.is_none(),
        "AWSCloudTrail_FullAccess is not attached",
        "has the AWS managed policy AWSCloudTrail_FullAccess attached",
    );
    let verdict = verdict.saw("AttachedManagedPolicies", &held.attached);
    verdict.unless_open(Gaps::collect(held.gaps(principal, ctx)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::iam::Group;
    use crate::testing::*;

    const FULL: &str = "arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess";

    #[test]
    fn verdicts() {
        let holds = |arn: &str| role(|r| r.attached.push(Arn::from(arn)));
        let member = |group: &str| {
            let mut case = user(|u| u.groups.push("admins".to_owned()));
            details(&mut case.iam[0]).groups.push(Group {
                arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:group/{group}")),
                name: group.to_owned(),
                inline: Vec::new(),
                attached: vec![Arn::from(FULL)],
            });
            case
        };
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, holds(FULL)),
                (
                    Fail,
                    holds("arn:aws-us-gov:iam::aws:policy/AWSCloudTrailFullAccess"),
                ),
                (
                    Pass,
                    holds("arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess"),
                ),
                // Somebody's own policy of that name says what it says.
                (
                    Pass,
                    holds("arn:aws:iam::111111111111:policy/AWSCloudTrail_FullAccess"),
                ),
                (Fail, user(|u| u.attached.push(Arn::from(FULL)))),
                (Fail, member("admins")),
                (Unknown, member("others")),
                (
                    Fail,
                    user(|u| {
                        u.attached.push(Arn::from(FULL));
                        u.groups.push("gone".to_owned());
                    }),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
