//! Every check: one folder per group, one file per check.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::ApiCall;
use crate::check::Check;
use crate::context::Context;
use crate::ids::AccountId;

mod access;
mod admits;
mod bucket;
mod confused_deputy;
mod delivery;
mod event;
mod gap;
mod key;
mod lake;
mod log_paths;
mod monitoring;
mod organization;
mod outsiders;
mod own_accounts;
mod partners;
mod plan;
mod receivers;
mod recording;
mod roles;
mod trail;

/// Every check, by id.
#[must_use]
pub fn all() -> Vec<&'static Check> {
    let groups = [
        access::ALL,
        bucket::ALL,
        delivery::ALL,
        key::ALL,
        lake::ALL,
        monitoring::ALL,
        organization::ALL,
        plan::ALL,
        trail::ALL,
    ];
    let mut all: Vec<&'static Check> = groups.concat();
    all.extend(event::all());
    all.sort_by_key(|check| check.id);
    all
}

pub use event::{attack, keys, none_of, technique};

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    all().into_iter().find(|check| check.id == id)
}

/// The calls that these checks need answered only where trails leave a hole.
#[must_use]
pub fn needed_where_unrecorded(checks: &[&Check]) -> BTreeSet<ApiCall> {
    let elsewhere = |call: &ApiCall| {
        let mut others = checks
            .iter()
            .filter(|check| !recording::STORES_IN_HOLES.contains(&check.id));
        others.any(|check| check.reads.contains(call))
    };
    // What no check reads is not asked at all.
    let asked = |call: &ApiCall| checks.iter().any(|check| check.reads.contains(call));
    let calls = recording::STORES.into_iter();
    calls
        .filter(|call| asked(call) && !elsewhere(call))
        .collect()
}

/// Whether a check reads the status of trails in all their regions.
#[must_use]
pub fn needed_in_every_region(checks: &[&Check]) -> bool {
    checks
        .iter()
        .any(|check| check.id == delivery::IN_EVERY_REGION)
}

/// The accounts in which trails leave management events of a region unrecorded, or seem to.
#[must_use]
pub fn accounts_with_holes(ctx: &Context<'_>) -> BTreeSet<AccountId> {
    recording::accounts_with_holes(ctx)
}

/// Questions that are asked elsewhere, or were planned, and are no checks here: by id, and why.
pub fn left_out() -> Result<BTreeMap<String, String>, toml::de::Error> {
    toml::from_str(include_str!("../../frameworks/left_out.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Fact;
    use crate::ids::Region;
    use crate::inventory::Inventory;
    use crate::testing::*;

    #[test]
    fn stores_are_for_holes_alone_unless_another_check_reads_them() {
        let coverage = recording::STORES_IN_HOLES.map(|id| find(id).unwrap());
        assert_eq!(needed_where_unrecorded(&coverage), recording::STORES.into());
        assert_eq!(needed_where_unrecorded(&all()), BTreeSet::new());
    }

    #[test]
    fn an_account_has_a_hole_unless_trails_surely_record_everything() {
        let holes = |case: &Case| {
            accounts_with_holes(&Context::new(&case.inventory, &case.settings, taken_at()))
        };
        let member_of = |change: fn(&mut Inventory)| {
            inventory(|inventory| {
                member(inventory, "222222222222", &[HOME]);
                change(inventory);
            })
        };
        let whole = member_of(|_| {});
        assert_eq!(holes(&whole), BTreeSet::new());
        let unlisted = member_of(|it| {
            let at = (AccountId::from("222222222222"), Region::from(HOME));
            it.regions.get_mut(&at).unwrap().trails = Fact::Known(Vec::new());
        });
        assert_eq!(holes(&unlisted), [AccountId::from("222222222222")].into());
        let unsure = member_of(|it| {
            let trail = it.trails.values_mut().next().unwrap();
            trail.selectors = denied(crate::calls::GET_EVENT_SELECTORS);
        });
        assert_eq!(holes(&unsure).len(), 2);
    }
}
