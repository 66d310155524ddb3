//! The protection of trails applies to every member account.

use std::collections::BTreeSet;

use super::members::{Tally, members, nobody};
use super::scp_denies_trail_tampering::{Protection, protects};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-scp-attached-everywhere",
    title: "The SCP that protects trails should apply to every member account",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "An SCP that is attached to one organizational unit does not protect accounts of other units. New accounts \
          are placed in the root.",
    fix: "Attach the SCP that denies changes to trails to the root: `aws organizations attach-policy --policy-id \
          POLICY_ID --target-id ROOT_ID` (Terraform: `aws_organizations_policy_attachment`). Or attach it to every \
          organizational unit that has accounts.",
    judged: "Evaluates the SCPs over each member account, as for organization-scp-denies-trail-tampering: all of them \
             must be protected. SCPs do not apply to the management account.",
    alike: &[
        "An SCP attached to the root passes. The same SCP attached to one OU fails if an account is in another OU.",
        "An SCP that names every trail that exists passes, and the evidence says that later trails are not covered.",
    ],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_policies_attach.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
    ],
    run: Run::Organization(run),
};

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let members = members(ctx);
    if members.is_empty() {
        return nobody(organization);
    }
    let control = ctx.control_of(organization);
    let mut tally = Tally::default();
    let mut gaps = Vec::new();
    let mut existing = BTreeSet::new();
    for account in members {
        let one = protects(&control, account, ctx);
        tally.exempt(&one.exempt);
        match one.protection {
            Protection::Everything => tally.denied += 1,
            Protection::Existing(trails) => {
                tally.denied += 1;
                existing.extend(trails);
            }
            Protection::Left(what) => tally.left.push(format!("{what} in {}", account.id)),
            Protection::Open(None) => tally.open = true,
            Protection::Open(Some(hidden)) => gaps.push(hidden),
        }
    }
    let words = (
        "SCPs deny stopping, deleting and changing trails in every member account; SCPs do not apply to the management account",
        "SCPs do not deny changes to trails in every member account; still allowed",
    );
    // A gap in the policies is told by the tally, one in the list of trails here.
    let hidden = Gaps::collect(gaps);
    if let (true, Some(hidden)) = (tally.left.is_empty(), hidden) {
        return Err(hidden);
    }
    let verdict = tally.all(organization, ctx, words)?;
    Ok(match existing.is_empty() {
        true => verdict,
        false => Protection::Existing(existing.into_iter().take(25).collect()).told(verdict),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const DENY: &str = r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#;

    fn listed(trails: &str) -> String {
        let trails = trails.replace("TRAIL", TRAIL_ARN);
        DENY.replace(r#""Resource":"*""#, &format!(r#""Resource":{trails}"#))
    }

    #[test]
    fn later_trails_are_reported() {
        let told = |case: &Case| {
            let findings = case.findings(&[&CHECK]);
            let evidence = &findings.first().unwrap().evidence;
            evidence.iter().any(|it| it.what == "trails created later")
        };
        assert!(told(&scp(&listed(r#""TRAIL""#))));
        assert!(!told(&scp(DENY)));
    }

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
                // A list of every trail that exists, as AWS's sample has it, and one with a hole.
                (Pass, scp(&listed(r#""TRAIL""#))),
                (Fail, scp(&listed(r#""arn:aws:cloudtrail:*:*:trail/aws-controltower-*""#))),
                (
                    Fail,
                    scp(&listed(r#""TRAIL""#))
                        .and(|inventory| add_trail(inventory, "222222222222", HOME, "own", |_| {})),
                ),
                (
                    Pass,
                    scp(&listed(
                        r#"["TRAIL","arn:aws:cloudtrail:*:222222222222:trail/own"]"#,
                    ))
                    .and(|inventory| add_trail(inventory, "222222222222", HOME, "own", |_| {})),
                ),
                // Whoever is exempt counts for this check as well.
                (
                    Fail,
                    scp(&DENY.replace(
                        "}",
                        r#","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*"}}}"#,
                    )),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    scp(DENY).and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
                    }),
                ),
            ],
        );
    }
}
