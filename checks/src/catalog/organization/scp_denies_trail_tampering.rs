//! Members cannot touch trails, whatever rights they have at home.

use super::members::{members, nobody, unknown};
use crate::policy::{self, Target};
use crate::prelude::*;
use crate::scp::{Control, Somebody};

pub(super) const CHECK: Check = Check {
    id: "organization-scp-denies-trail-tampering",
    title: "A service control policy denies stopping, deleting and changing trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Rights inside an account are given by whoever rules the account. Only a policy from above holds \
          against its administrators and its root user.",
    fix: "Make a service control policy that denies cloudtrail:StopLogging, DeleteTrail, UpdateTrail and \
          PutEventSelectors but to a break-glass role (`aws organizations create-policy --type \
          SERVICE_CONTROL_POLICY`), and attach it.",
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Organization(run),
};

pub(super) const ACTIONS: [&str; 4] = [
    "cloudtrail:StopLogging",
    "cloudtrail:DeleteTrail",
    "cloudtrail:UpdateTrail",
    "cloudtrail:PutEventSelectors",
];

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let members = members(ctx);
    if members.is_empty() {
        return nobody(organization);
    }
    let control = Control::of(organization);
    let mut open = organization.accounts.gap().is_some();
    for account in &members {
        let verdicts = ACTIONS.map(|action| denies(&control, account, action, ctx));
        if verdicts.iter().all(|it| *it == policy::Verdict::Denied) {
            let verdict =
                Verdict::pass("service control policies deny it, the management account aside");
            return Ok(verdict.saw("Account", &account.id));
        }
        open |= verdicts.contains(&policy::Verdict::Unknown);
    }
    if open {
        organization.accounts.known()?;
        return Err(unknown(organization, ctx));
    }
    Ok(Verdict::fail(
        "no member account is denied to stop, delete and change its trails",
    ))
}

/// On the account's own trails.
pub(super) fn denies(
    control: &Control<'_>,
    account: &Account,
    action: &str,
    ctx: &Context<'_>,
) -> policy::Verdict {
    let partition = &ctx.inventory.header.scope.partition;
    let trails = format!("arn:{partition}:cloudtrail:*:{}:trail/*", account.id);
    control.leaves(
        Somebody::Inside,
        account,
        action,
        Target::Matching(trails),
        None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let deny = |actions: &str, condition: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","Action":{actions},"Resource":"*"{condition}}}"#
            ))
        };
        let four = r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail","cloudtrail:PutEventSelectors"]"#;
        let three =
            r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail"]"#;
        let glass =
            r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/break-glass"}}"#;
        let wide = r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}"#;
        table(
            &CHECK,
            [
                (Pass, deny(four, "")),
                (Fail, deny(three, "")),
                (Pass, deny(r#""cloudtrail:*""#, glass)),
                (Fail, deny(four, wide)),
                (
                    Fail,
                    deny(
                        four,
                        r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#,
                    ),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    deny(four, "").and(|it| {
                        let of = known(&mut it.organization).as_mut().unwrap();
                        of.policies = denied(calls::LIST_POLICIES);
                    }),
                ),
            ],
        );
    }
}
