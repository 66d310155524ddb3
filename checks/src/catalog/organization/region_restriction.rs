//! Regions that nobody uses are closed.

use super::members::{Tally, members, nobody};
use crate::policy::Target;
use crate::prelude::*;
use crate::scp::{Control, Somebody};

pub(super) const CHECK: Check = Check {
    id: "organization-region-restriction",
    title: "Member accounts are denied regions that they do not use",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "What happens in a region where nobody looks stays unseen longest. A denied region needs no watching.",
    fix: "Deny all but global services outside the regions in use, by a service control policy on \
          aws:RequestedRegion.",
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html#example-scp-deny-region",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::LIST_REGIONS,
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
    let mut gaps = Vec::new();
    for account in members {
        let switches = match account.regions.known() {
            Ok(switches) => switches,
            Err(missing) => {
                gaps.push(missing);
                continue;
            }
        };
        let enabled = switches.iter().filter(|it| it.enabled).map(|it| &it.name);
        let closed = enabled.map(|region| {
            let target = Target::One("*".to_owned());
            control.leaves(
                Somebody::Inside,
                account,
                "ec2:RunInstances",
                target,
                Some(region),
            )
        });
        // One that is denied is enough: which are in use, the account knows.
        let best = closed.min_by_key(|it| match it {
            crate::policy::Verdict::Denied => 0,
            crate::policy::Verdict::Unknown => 1,
            crate::policy::Verdict::Allowed | crate::policy::Verdict::Conditional => 2,
        });
        let open = crate::policy::Verdict::Allowed;
        tally.add(account.id.to_string(), best.unwrap_or(open));
    }
    let words = (
        "every member account is denied some regions",
        "every region may be used in",
    );
    let outcome = tally.all(organization, ctx, words)?;
    outcome.unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let only = |regions: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":{regions}}}}}}}"#
            ))
            .and(|it| add_region(it, "222222222222", "eu-west-1"))
        };
        table(
            &CHECK,
            [
                (Pass, only(r#"["us-east-1"]"#)),
                (Fail, only(r#"["us-east-1","eu-west-1"]"#)),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    only(r#"["us-east-1"]"#).and(|it| {
                        it.accounts
                            .get_mut(&AccountId::from("222222222222"))
                            .unwrap()
                            .regions = denied(calls::LIST_REGIONS);
                    }),
                ),
            ],
        );
    }
}
