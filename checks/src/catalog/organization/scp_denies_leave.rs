//! No account takes itself out.

use super::members::{Tally, members, nobody};
use crate::policy::Target;
use crate::prelude::*;
use crate::scp::{Control, Somebody};

pub(super) const CHECK: Check = Check {
    id: "organization-scp-denies-leave",
    title: "Member accounts cannot leave the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "LeaveOrganization takes an account out of the organization trail and from under every guard, and its \
          root user alone can call it.",
    fix: "Deny organizations:LeaveOrganization in a service control policy at the root (`aws organizations \
          create-policy`).",
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
    let control = Control::of(organization);
    let mut tally = Tally::default();
    for account in members {
        let target = Target::One("*".to_owned());
        let action = "organizations:LeaveOrganization";
        let verdict = control.leaves(Somebody::Inside, account, action, target, None);
        tally.add(account.id.to_string(), verdict);
    }
    let words = ("no member account may leave", "may leave the organization");
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
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    deny("organizations:*", "*").and(|it| {
                        let of = known(&mut it.organization).as_mut().unwrap();
                        of.units = denied(calls::LIST_ROOTS);
                    }),
                ),
            ],
        );
    }
}
