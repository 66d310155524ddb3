//! No member account is left out.

use super::members::{Tally, members, nobody};
use super::scp_denies_trail_tampering::{ACTIONS, denies};
use crate::prelude::*;
use crate::scp::Control;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-attached-everywhere",
    title: "The protection of trails reaches every member account",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A policy at one unit leaves the accounts beside it open, and new accounts begin at the root. One \
          account without it is the one that is used.",
    fix: "Attach the service control policy that denies tampering at the root (`aws organizations attach- \
          policy --target-id r-xxxx`), or to every unit.",
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_attach.html",
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
        for action in ACTIONS {
            let verdict = denies(&control, account, action, ctx);
            tally.add(format!("{action} in {}", account.id), verdict);
        }
    }
    let words = (
        "every member account is denied it; the management account is beyond such policies",
        "may still be done",
    );
    tally.all(organization, ctx, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const DENY: &str = r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, scp(DENY)),
                (Pass, scp_at(DENY, &["222222222222"])),
                (Fail, scp_at(DENY, &[])),
                (
                    Fail,
                    scp_at(DENY, &["222222222222"]).and(|it| member(it, "333333333333", &[HOME])),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    scp(DENY).and(|it| {
                        let of = known(&mut it.organization).as_mut().unwrap();
                        known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
                    }),
                ),
            ],
        );
    }
}
