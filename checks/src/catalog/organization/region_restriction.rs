//! Regions that nobody uses are closed.

use super::members::{Tally, members, nobody};
use crate::access::{self, table as tamper_actions};
use crate::bound::Left;
use crate::control_policies::{Over, Somebody};
use crate::policy::Target;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-region-restriction",
    title: "SCPs should deny regions that member accounts do not use",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "Activity in an unused region is easily missed. A denied region needs no monitoring.",
    fix: "Create an SCP that denies all actions except those of global services outside the regions in use \
          (`NotAction` with `StringNotEquals` on aws:RequestedRegion): `aws organizations create-policy --name NAME \
          --type SERVICE_CONTROL_POLICY --description TEXT --content file://scp.json`. Attach it to the root: `aws \
          organizations attach-policy --policy-id POLICY_ID --target-id ROOT_ID`. A Deny of single services leaves \
          all other services allowed.",
    judged: "For each member account, SCPs must restrict at least one enabled region. There, each action in the table \
             that starts compute with a role must be denied to all kinds of principals.",
    alike: &[
        "A Deny of all services except global ones outside two regions passes. A Deny of ec2:* fails, since other \
         services remain available.",
    ],
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
    let control = ctx.control_of(organization);
    let partition = &ctx.inventory.header.scope.partition;
    let launches = tamper_actions().denied_by(access::Control::RegionScp);
    let actions: Vec<&str> = launches.map(|it| it.action.as_str()).collect();
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
        let mut over = control.over(Somebody::Inside, account, partition, &actions);
        tally.exempt(&over.exempt);
        let enabled = switches.iter().filter(|it| it.enabled).map(|it| &it.name);
        // One that is denied is enough: which are in use, the account knows.
        let best = enabled.map(|region| closed(&mut over, &actions, region));
        let best = best.min_by_key(|(_, left)| match left.verdict {
            crate::policy::Verdict::Denied => 0,
            crate::policy::Verdict::Unknown => 1,
            crate::policy::Verdict::Allowed | crate::policy::Verdict::Conditional => 2,
        });
        match best {
            Some((action, left)) => tally.add(format!("{action} in {}", account.id), &left),
            None => tally
                .left
                .push(format!("account {} (no region is enabled)", account.id)),
        }
    }
    let words = (
        "SCPs deny at least one region in every member account",
        "SCPs do not deny any region; still allowed",
    );
    let outcome = tally.all(organization, ctx, words)?;
    outcome.unless_open(Gaps::collect(gaps))
}

/// The first action that is left in a region, or that all are denied there.
fn closed<'a>(over: &mut Over<'_>, actions: &[&'a str], region: &Region) -> (&'a str, Left) {
    let target = Target::One("*".to_owned());
    let mut worst = (
        "",
        crate::bound::left(&[], |_| crate::policy::Verdict::Unknown),
    );
    for action in actions {
        let left = over.left(action, &target, Some(region));
        match left.verdict {
            crate::policy::Verdict::Denied if worst.0.is_empty() => worst = (action, left),
            crate::policy::Verdict::Denied => {}
            crate::policy::Verdict::Unknown => worst = (action, left),
            crate::policy::Verdict::Allowed | crate::policy::Verdict::Conditional => {
                return (action, left);
            }
        }
    }
    worst
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
        let deny = |actions: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny",{actions},"Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":"us-east-1"}}}}}}"#
            ))
            .and(|it| add_region(it, "222222222222", "eu-west-1"))
        };
        let sample = |exempt: &str| {
            scp(&format!(
                r#"{{"Effect":"Deny","NotAction":["a4b:*","acm:*","aws-marketplace:*","budgets:*","ce:*","cloudfront:*","config:*","directconnect:*","ec2:DescribeRegions","ec2:DescribeTransitGateways","ec2:DescribeVpnGateways","fms:*","globalaccelerator:*","health:*","iam:*","importexport:*","kms:*","networkmanager:*","organizations:*","pricing:*","route53:*","s3:GetAccountPublic*","s3:ListAllMyBuckets","s3:PutAccountPublic*","shield:*","sts:*","support:*","trustedadvisor:*","waf:*","wafv2:*","wellarchitected:*"],"Resource":"*","Condition":{{"StringNotEquals":{{"aws:RequestedRegion":["us-east-1"]}},"ArnNotLike":{{"aws:PrincipalARN":["arn:aws:iam::*:{exempt}","arn:aws:iam::*:role/Role2AllowedToBypassThisSCP"]}}}}}}"#
            ))
            .and(|it| add_region(it, "222222222222", "eu-west-1"))
        };
        table(
            &CHECK,
            [
                (Pass, only(r#"["us-east-1"]"#)),
                (Fail, only(r#"["us-east-1","eu-west-1"]"#)),
                // One service is not the region.
                (Fail, deny(r#""Action":"ec2:*""#)),
                (
                    Fail,
                    deny(r#""Action":["ec2:*","lambda:*","ecs:*","glue:*"]"#),
                ),
                (Pass, deny(r#""Action":"*""#)),
                // As AWS's documentation has it: global services and two roles are left out.
                (Pass, sample("role/Role1AllowedToBypassThisSCP")),
                (Fail, sample("role/*")),
                (Fail, sample("user/*")),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    only(r#"["us-east-1"]"#).and(|inventory| {
                        inventory
                            .accounts
                            .get_mut(&AccountId::from("222222222222"))
                            .unwrap()
                            .regions = denied(calls::LIST_REGIONS);
                    }),
                ),
            ],
        );
    }
}
