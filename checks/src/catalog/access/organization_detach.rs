//! Nobody can take accounts or guards out of the organization.

use super::effective::{ORGANIZATION, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-organization-detach",
    title: "Nobody can take accounts or guards out of the organization",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "An account that leaves takes itself out of the organization's trail; a detached policy, or \
          trusted access that is switched off, does it for all.",
    fix: "Take organizations:DetachPolicy, organizations:DisableAWSServiceAccess and \
          organizations:RemoveAccountFromOrganization from the principals that the finding names; deny \
          organizations:LeaveOrganization in a service control policy.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html",
    ],
    reads: ORGANIZATION,
    run: Run::Access(run),
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
        "may take the organization's trail, policies or accounts away",
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
