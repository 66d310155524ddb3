//! Member accounts cannot leave the organization.

use super::members::{Tally, members, nobody};
use crate::control_policies::Somebody;
use crate::policy::Target;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-denies-leave",
    title: "SCPs should deny leaving the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "LeaveOrganization removes an account from the organization trail and from all SCPs and RCPs. Principals of \
          the account with the permission can call it, and so can its root user.",
    fix: "Deny organizations:LeaveOrganization for all principals in an SCP (`aws organizations create-policy --name \
          NAME --type SERVICE_CONTROL_POLICY --description TEXT --content file://scp.json`), and attach it to the \
          root (`aws organizations attach-policy --policy-id POLICY_ID --target-id ROOT_ID`). Member accounts never \
          need this permission.",
    judged: "For each member account, SCPs must deny organizations:LeaveOrganization to all kinds of principals (root \
             user, IAM users, federated users, roles of any name, path and tag).",
    alike: &[
        "A Deny with an account ARN as resource fails: the action supports no resource types, so only `*` matches.",
        "A Deny that exempts the root user or all IAM users fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Organization(run),
};

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let members = members(ctx);
    if members.is_empty() {
        return nobody(organization);
    }
    let control = ctx.control_of(organization);
    let partition = &ctx.inventory.header.scope.partition;
    let action = "organizations:LeaveOrganization";
    let mut tally = Tally::default();
    for account in members {
        let mut over = control.over(Somebody::Inside, account, partition, &[action]);
        let left = over.left(action, &Target::One("*".to_owned()), None);
        tally.exempt(&over.exempt);
        tally.add(account.id.to_string(), &left);
    }
    let words = (
        "SCPs deny organizations:LeaveOrganization in every member account",
        "SCPs do not deny organizations:LeaveOrganization in every member account; still allowed in",
    );
    tally.all(organization, ctx, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let deny = |action: &str, resource: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","Action":"{action}","Resource":"{resource}"}}"#
            ))
        };
        let but = |condition: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*","Condition":{{{condition}}}}}"#
            ))
        };
        table(
            &CHECK,
            [
                (Pass, deny("organizations:LeaveOrganization", "*")),
                (Fail, deny("organizations:DescribeOrganization", "*")),
                // The action has no resource: no ARN denies it.
                (
                    Fail,
                    deny("organizations:*", "arn:aws:organizations::*:account/*"),
                ),
                (
                    Fail,
                    but(
                        r#""ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:user/*","arn:aws:iam::*:root"]}"#,
                    ),
                ),
                (
                    Fail,
                    but(r#""StringNotEquals":{"aws:PrincipalType":"Account"}"#),
                ),
                (
                    Fail,
                    but(r#""ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}"#),
                ),
                (
                    Pass,
                    but(
                        r#""ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::222222222222:role/glass"}"#,
                    ),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    deny("organizations:*", "*").and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        of.units = denied(calls::LIST_ROOTS);
                    }),
                ),
            ],
        );
    }
}
