//! Each account is recorded in all of its regions, as it sees it itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::gap::gap;
use crate::catalog::recording::{self, Recorded};
use crate::fact::Reason;
use crate::ids::AccountId;
use crate::inventory::{CallOutcome, Inventory};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-all-accounts-covered",
    title: "All management events of an account should be logged in all of its enabled regions",
    severity: Severity::Critical,
    question: Some(Question::Recorded),
    why: "The configuration of an organization trail does not show whether it reaches every account. Its shadow \
          trail in the account and its status do.",
    fix: "Find out why the organization trail does not cover the regions that the message names. Start it \
          (StartLogging), make it a multi-region trail (UpdateTrail), remove exclusions from its selectors \
          (PutEventSelectors). Enable trusted access, so that new accounts are covered: `aws organizations \
          enable-aws-service-access --service-principal cloudtrail.amazonaws.com`.",
    judged: "For each enabled region of the account: a running trail whose bucket exists, or a store, must log all \
             management events there, as DescribeTrails in the account shows. Excluding AWS KMS and the RDS Data API \
             is allowed and is named in the evidence. An account that cannot be called is unknown.",
    alike: &[
        "IsOrganizationTrail is not sufficient: a member account without its shadow trail fails.",
        "Two single-region trails cover two regions, not the account.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-trail-organization.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html",
    ],
    reads: &[
        calls::LIST_ACCOUNTS,
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
        calls::LIST_EVENT_DATA_STORES,
        calls::GET_EVENT_DATA_STORE,
        calls::LIST_DELEGATED_ADMINISTRATORS,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let mut gaps: Vec<Gaps> = [account.state.known().err(), account.regions.known().err()]
        .into_iter()
        .flatten()
        .chain(assumed(account, ctx))
        .collect();
    let (mut missing, mut by, mut regions) = (BTreeMap::new(), BTreeSet::new(), 0_usize);
    let mut without = BTreeMap::new();
    for switch in recording::in_scope(account) {
        regions += 1;
        match recording::management_events(account, &switch.name, ctx) {
            Ok(Recorded::By { names, left_out }) => {
                by.extend(names);
                without.extend(left_out.map(|it| (&switch.name, it)));
            }
            Ok(Recorded::Not(why)) => drop(missing.insert(&switch.name, why)),
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = match missing.first_key_value() {
        Some((region, why)) => Verdict::fail(format!(
            "management events are not all logged in {} of {regions} regions; in {region} they are {why}",
            missing.len()
        ))
        .saw("not logged", &missing),
        None if regions == 0 => Verdict::not_applicable("no region of the account is in scope"),
        None => {
            let names: Vec<&str> = by.iter().map(String::as_str).collect();
            let all = format!("management events are logged in {regions} of {regions} regions");
            let verdict = Verdict::pass(format!("{all}, by {}", names.join(" and ")));
            let verdict = verdict.saw("logged by", by);
            match without.is_empty() {
                true => verdict,
                false => verdict.saw("excluded", without),
            }
        }
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// Which regions the account has switched on is the tool's guess: more may be on than were looked at.
fn assumed(account: &Account, ctx: &Context<'_>) -> Option<Gaps> {
    if !account.regions_assumed {
        return None;
    }
    let detail = "the regions of the account could not be listed; a built-in list was used";
    // Looked up once for all accounts: a large organization has a million calls.
    let failed = ctx.once(&[], || Unlisted::of(ctx.inventory));
    let reason = failed.0.get(&account.id).copied();
    let (call, home) = (calls::LIST_REGIONS, ctx.home());
    let reason = reason.unwrap_or(Reason::Failed);
    Some(gap(call, &account.id, &home, reason, detail))
}

/// Why regions could not be listed, by account: the first answer.
struct Unlisted(BTreeMap<AccountId, Reason>);

impl Unlisted {
    fn of(inventory: &Inventory) -> Self {
        let mut reasons = BTreeMap::new();
        for call in inventory
            .ledger
            .iter()
            .filter(|it| it.call == calls::LIST_REGIONS)
        {
            if let CallOutcome::Failed(reason) = call.outcome {
                reasons.entry(call.account.clone()).or_insert(reason);
            }
        }
        Self(reasons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use crate::testing::*;

    const MEMBER: &str = "222222222222";

    #[test]
    fn one_account() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, inventory(|it| it.organization = Known(None))),
                (Fail, region(|it| it.trails = Known(Vec::new()))),
                (Fail, trail(|it| status(it).logging = Known(false))),
                // One fact, one severity: trail-management-events-no-exclusions fails for it.
                (
                    Pass,
                    trail(|trail| {
                        trail.selectors =
                            Known(classic_selectors("All", true, &["kms.amazonaws.com"]))
                    }),
                ),
                (
                    Fail,
                    trail(|trail| {
                        trail.selectors =
                            Known(classic_selectors("WriteOnly", true, &["kms.amazonaws.com"]));
                    }),
                ),
                (Fail, bucket(|b| b.exists = Known(false))),
                (Unknown, bucket(|b| b.exists = denied(calls::HEAD_BUCKET))),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
                (
                    Unknown,
                    account(|it| it.regions = denied(calls::LIST_REGIONS)),
                ),
                (Unknown, account(|it| it.regions_assumed = true)),
                (
                    Unknown,
                    account(|it| it.state = denied(calls::LIST_ACCOUNTS)),
                ),
                (
                    Fail,
                    region(|it| it.trails = Known(Vec::new())).and(|inventory| {
                        let account = inventory.accounts.values_mut().next().unwrap();
                        account.state = denied(calls::LIST_ACCOUNTS);
                        account.regions_assumed = true;
                    }),
                ),
                (
                    Unknown,
                    inventory(|inventory| {
                        inventory.regions.clear();
                        inventory.accounts.values_mut().next().unwrap().session =
                            denied(calls::ASSUME_ROLE);
                    }),
                ),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].excluded = true),
                ),
            ],
        );
    }

    /// A member with two regions, and how it ends.
    fn of_member(change: impl FnOnce(&mut Inventory)) -> Status {
        let case = inventory(|inventory| {
            member(inventory, MEMBER, &["eu-west-1", HOME]);
            change(inventory);
        });
        statuses(&CHECK, &case)[1].1
    }

    fn shadow(it: &mut Inventory, region: &str, trails: Fact<Vec<Arn>>) {
        let key = (AccountId::from(MEMBER), Region::from(region));
        it.regions.get_mut(&key).unwrap().trails = trails;
    }

    #[test]
    fn the_shadow_proves_it() {
        assert_eq!(of_member(|_| {}), Pass);
        // The flag on the trail is on, its shadow is not there.
        let unseen = |it: &mut Inventory| shadow(it, "eu-west-1", Known(Vec::new()));
        assert_eq!(of_member(unseen), Fail);
        let refused = |it: &mut Inventory| shadow(it, HOME, denied(calls::DESCRIBE_TRAILS));
        assert_eq!(of_member(refused), Unknown);
        // One region proves the fail, whatever the other hides.
        let both = |inventory: &mut Inventory| {
            unseen(inventory);
            refused(inventory);
        };
        assert_eq!(of_member(both), Fail);
    }

    #[test]
    fn its_own_trails_cover_it_too() {
        let own = |regions: &'static [&'static str], multi: bool| {
            move |inventory: &mut Inventory| {
                shadow(inventory, "eu-west-1", Known(Vec::new()));
                shadow(inventory, HOME, Known(Vec::new()));
                for region in regions {
                    add_trail(inventory, MEMBER, region, "own", |trail| {
                        configuration(trail).organization = Known(false);
                        configuration(trail).multi_region = Known(multi);
                    });
                }
            }
        };
        assert_eq!(of_member(own(&[HOME], true)), Pass);
        assert_eq!(of_member(own(&[HOME], false)), Fail);
        assert_eq!(of_member(own(&[HOME, "eu-west-1"], false)), Pass);
        assert_eq!(of_member(own(&[], false)), Fail);
    }

    #[test]
    fn a_store_of_the_organization_covers_it_and_is_told() {
        let case = inventory(|inventory| {
            member(inventory, MEMBER, &[HOME]);
            shadow(inventory, HOME, Known(Vec::new()));
            add_store(inventory, ACCOUNT, HOME, |_| {});
        });
        let findings = case.findings(&[&CHECK]);
        assert_eq!(findings[1].status, Pass);
        assert!(
            findings[1].message.contains("event data store"),
            "{}",
            findings[1].message
        );
    }
}
