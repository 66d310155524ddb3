//! What is kept of roles and users beside their rights: whom they let in, and whether they are there to look only.

use super::identity_policies::{self, AccountPolicies};
use crate::fact::Gap;
use crate::ids::AccountId;
use crate::policy::{Condition, Document, Effect, Principal, posture};

/// AWS's policies for those who only look.
const TO_LOOK: [&str; 5] = [
    "policy/AWSCloudTrail_ReadOnlyAccess",
    "policy/AWSCloudTrailReadOnlyAccess",
    "policy/SecurityAudit",
    "policy/ReadOnlyAccess",
    "policy/job-function/ViewOnlyAccess",
];

/// It holds one of AWS's policies for auditors.
pub(super) fn is_auditor(
    papers: &AccountPolicies<'_>,
    person: &identity_policies::Principal<'_>,
) -> bool {
    let groups = person
        .groups
        .iter()
        .filter_map(|it| papers.groups.get(it.as_str()));
    let groups = groups.filter_map(|at| papers.details.groups.get(*at));
    let attached = person
        .attached
        .iter()
        .chain(groups.flat_map(|it| &it.attached));
    attached
        .filter(|arn| arn.account().as_str() == "aws")
        .any(|arn| TO_LOOK.contains(&arn.resource()))
}

/// Statements that let in people from elsewhere who need not show who they are or why they come.
pub(super) fn open_statements(
    trust: Option<&Result<Document, Gap>>,
    account: &AccountId,
) -> Vec<String> {
    let Some(Ok(trust)) = trust else {
        return Vec::new();
    };
    let mut open = Vec::new();
    for (index, statement) in trust.statements.iter().enumerate() {
        let Some(principals) = statement
            .principals
            .as_ref()
            .filter(|_| statement.effect == Effect::Allow)
        else {
            continue;
        };
        let elsewhere = principals.negated
            || principals.members.iter().any(|member| match member {
                Principal::Everyone => true,
                Principal::Account(id) => id != account.as_str(),
                Principal::Aws(_) => {
                    !member.is_deleted()
                        && member.account().is_some_and(|id| id != account.as_str())
                }
                Principal::Service(_) | Principal::Federated(_) | Principal::CanonicalUser(_) => {
                    false
                }
            });
        let wild = principals.negated || principals.is_everyone();
        if elsewhere && (wild || !statement.conditions.iter().any(asks_who)) {
            open.push(posture::Found { index, statement }.label());
        }
    }
    open
}

/// The caller must show something that says who it is or why it comes.
pub(crate) fn asks_who(condition: &Condition) -> bool {
    let key = condition.key.as_str();
    let asked = [
        "sts:externalid",
        "sts:sourceidentity",
        "sts:rolesessionname",
    ]
    .contains(&key);
    asked && posture::restricts(condition) && condition.values.iter().all(|value| value != "*")
}
