//! Nobody can take accounts or guards out of the organization.

use super::effective::{ORGANIZATION, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-organization-detach",
    title: "Only approved principals should be able to remove accounts or policies from the organization",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "An account that leaves the organization is no longer covered by the organization trail. A detached policy \
          or disabled trusted access affects all accounts.",
    fix: "Remove organizations:DetachPolicy, organizations:DisableAWSServiceAccess and \
          organizations:RemoveAccountFromOrganization from the principals. Deny organizations:LeaveOrganization in \
          an SCP.",
    judged: "Fails for every principal that can remove accounts from the organization, detach its policies, or \
             disable CloudTrail's trusted access.",
    alike: &[
        "organizations:LeaveOrganization in the management account has no effect; in a member account it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html",
    ],
    reads: ORGANIZATION,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "organizations:DisableAWSServiceAccess",
    "cloudtrail:DeregisterOrganizationDelegatedAdmin",
    "organizations:DeregisterDelegatedAdministrator",
    "organizations:DetachPolicy",
    "organizations:DeletePolicy",
    "organizations:UpdatePolicy",
    "organizations:DisablePolicyType",
    "organizations:MoveAccount",
    "organizations:RemoveAccountFromOrganization",
    "organizations:LeaveOrganization",
    "organizations:CloseAccount",
    "organizations:PutResourcePolicy",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(
        judged,
        ACTIONS,
        "can remove accounts, policies or trusted access from the organization",
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
                (Fail, may("organizations:DetachPolicy", "*")),
                (Pass, may("organizations:ListPolicies", "*")),
                (
                    Pass,
                    may(
                        "organizations:DetachPolicy",
                        "arn:aws:organizations::222222222222:policy/*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded("organizations:DetachPolicy", "organizations:ListPolicies"),
                ),
                (
                    Fail,
                    bounded("organizations:DetachPolicy", "organizations:DetachPolicy"),
                ),
                (Fail, with_mfa("organizations:DetachPolicy")),
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
