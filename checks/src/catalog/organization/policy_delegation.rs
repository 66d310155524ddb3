//! Who may change the policies of the organization beside the management account.

use crate::catalog::{gap, outsiders};
use crate::fact::Reason;
use crate::policy::posture::Found;
use crate::policy::{Document, Effect, Principal, Statement};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-policy-delegation",
    title: "Organizations policies should be managed by a delegated member account of the organization",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "SCPs and RCPs prevent member accounts from stopping the trail. Principals that can change or detach these \
          policies can remove that protection. Without a delegation, policies are managed in the management \
          account, where no SCP applies.",
    fix: "Delegate policy management to the security account, by its ARN, with the required actions only: `aws \
          organizations put-resource-policy --content file://policy.json` (Terraform: \
          `aws_organizations_resource_policy`). Remove statements that grant access to everyone or to external \
          accounts.",
    judged: "Reads the Organizations resource policy: passes where it grants named member accounts permission to \
             change policies. Fails where nothing is delegated, or where external or unrestricted principals can \
             change policies.",
    alike: &[
        "A resource policy that grants only read access fails.",
        "A grant to all principals with aws:PrincipalOrgID is unknown, since other conditions may restrict it.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html",
        "https://docs.aws.amazon.com/organizations/latest/userguide/security_iam_resource-based-policy-examples.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::DESCRIBE_ORGANIZATION_RESOURCE_POLICY,
    ],
    run: Run::Organization(run),
};

/// What changes a policy, or where it applies. A resource policy can grant these, and reading.
const CHANGES: [&str; 7] = [
    "organizations:AttachPolicy",
    "organizations:CreatePolicy",
    "organizations:DeletePolicy",
    "organizations:DetachPolicy",
    "organizations:DisablePolicyType",
    "organizations:EnablePolicyType",
    "organizations:UpdatePolicy",
];

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let account = &organization.management_account;
    let unclear = |reason, detail: String| {
        let call = calls::DESCRIBE_ORGANIZATION_RESOURCE_POLICY;
        gap::gap(call, account, &ctx.home(), reason, detail)
    };
    let none = || Verdict::fail("management of SCPs and RCPs is not delegated to a member account");
    let Some(text) = organization.resource_policy.known()? else {
        return Ok(none());
    };
    let document =
        Document::parse(text).map_err(|error| unclear(Reason::Malformed, error.to_string()))?;
    let (mut to, mut open, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for (index, statement) in document.statements.iter().enumerate() {
        let granted = CHANGES.iter().find(|it| statement.actions.matches(it));
        let (Effect::Allow, Some(action)) = (statement.effect, granted) else {
            continue;
        };
        let label = Found { index, statement }.label();
        let whose = unclear(
            Reason::NotModelled,
            format!("{label} names a unique id, and its account cannot be determined"),
        );
        match outsiders::lets_outsiders_in(statement, ctx, &whose) {
            Ok(true) => open.push(format!("{label} grants {action} to external principals")),
            Ok(false) if named_one_by_one(statement) => to.extend(accounts(statement)),
            Ok(false) if statement.conditions.is_empty() => {}
            Ok(false) => gaps.push(unclear(
                Reason::NotModelled,
                format!(
                    "{label} grants {action} to everyone under conditions that are not evaluated"
                ),
            )),
            Err(missing) => gaps.push(missing),
        }
    }
    to.sort_unstable();
    to.dedup();
    let verdict = match (open.as_slice(), to.as_slice()) {
        ([], []) => none(),
        ([], to) => Verdict::pass(format!(
            "management of SCPs and RCPs is delegated to {}",
            to.join(", ")
        )),
        (open, _) => Verdict::fail(open.join("; ")),
    };
    let nothing = open.is_empty() && to.is_empty();
    let verdict = verdict.saw("Delegated", &to);
    match Gaps::collect(gaps) {
        // What cannot be read may be the delegation.
        Some(gaps) if nothing => Err(gaps),
        gaps => verdict.unless_open(gaps),
    }
}

fn named_one_by_one(statement: &Statement) -> bool {
    let set = statement.principals.as_ref();
    set.is_some_and(|it| !outsiders::wide(it))
}

fn accounts(statement: &Statement) -> impl Iterator<Item = String> {
    let members = statement.principals.iter().flat_map(|it| &it.members);
    members.filter_map(Principal::account).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn policy(statement: &str) -> Case {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        organization(|it| it.resource_policy = Known(Some(text)))
            .and(|it| member(it, "222222222222", &[HOME]))
    }

    fn grants(principal: &str, action: &str, more: &str) -> Case {
        policy(&format!(
            r#"{{"Sid":"D","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"*"{more}}}"#
        ))
    }

    #[test]
    fn verdicts() {
        let ours = r#"{"AWS":"arn:aws:iam::222222222222:root"}"#;
        let theirs = r#"{"AWS":"arn:aws:iam::999999999999:root"}"#;
        let update = "organizations:UpdatePolicy";
        let of_org = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-test"}}"#;
        table_on(
            &CHECK,
            "o-test",
            [
                (Fail, organization(|it| it.resource_policy = Known(None))),
                (Pass, grants(ours, update, "")),
                (Pass, grants(ours, "organizations:*", "")),
                (Pass, grants(r#"{"AWS":"222222222222"}"#, update, "")),
                (Fail, grants(theirs, update, "")),
                (Fail, grants(r#""*""#, update, "")),
                // Reading is no delegation.
                (Fail, grants(ours, "organizations:Describe*", "")),
                (Unknown, grants(r#""*""#, update, of_org)),
                (Pass, grants(ours, update, of_org)),
                (Unknown, policy("7")),
                (
                    Unknown,
                    organization(|organization| {
                        organization.resource_policy =
                            denied(calls::DESCRIBE_ORGANIZATION_RESOURCE_POLICY);
                    }),
                ),
                (
                    Fail,
                    policy(&format!(
                        r#"[{{"Effect":"Allow","Principal":{ours},"Action":"{update}","Resource":"*"}},
                            {{"Effect":"Allow","Principal":{theirs},"Action":"organizations:Detach*","Resource":"*"}}]"#
                    )),
                ),
            ],
        );
    }
}
