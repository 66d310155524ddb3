//! CloudTrail Lake, where trails leave management events unrecorded: a store may hold what they lack.
//!
//! An organization whose trails record everything is not asked for stores in each of its regions.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use trailaudit_checks::catalog;
use trailaudit_checks::context::Context;
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::{EventDataStore, Inventory, RegionView};
use trailaudit_checks::settings::Settings;

use super::ask::Target;
use super::cloudtrail;
use super::resources::each;
use super::run::Run;

/// Asks the accounts with holes for stores, and those that may own the organization's.
pub(crate) async fn where_trails_leave_holes(run: &Arc<Run>) {
    let calls: Vec<_> = run
        .options
        .needed_where_unrecorded
        .iter()
        .copied()
        .collect();
    if calls.is_empty() {
        return;
    }
    let places = places(run, &run.inventory());
    if places.is_empty() {
        return;
    }
    run.ask.need(&calls);
    run.ask.progress().doing("stores where no trail records");
    each(run, places, |run, target| async move {
        ask(&run, &target).await
    })
    .await;
}

fn places(run: &Run, inventory: &Inventory) -> Vec<Target> {
    // No setting and no date changes what is recorded.
    let settings = Settings::default();
    let context = Context::new(inventory, &settings, Timestamp::UNIX_EPOCH);
    let mut accounts = catalog::accounts_with_holes(&context);
    if !accounts.is_empty() {
        accounts.extend(owners_for_all(inventory));
    }
    let views = inventory.regions.values();
    let views = views.filter(|view| accounts.contains(&view.account));
    let target = |view: &RegionView| Some(run.session(&view.account)?.in_region(&view.region));
    views.filter_map(target).collect()
}

/// The accounts whose stores can collect from every other.
fn owners_for_all(inventory: &Inventory) -> BTreeSet<AccountId> {
    let Known(Some(organization)) = &inventory.organization else {
        return BTreeSet::new();
    };
    let delegated = organization.delegated_administrators.ok().into_iter();
    let delegated = delegated.flatten().map(|it| it.account.clone());
    delegated
        .chain([organization.management_account.clone()])
        .collect()
}

async fn ask(run: &Run, target: &Target) {
    let stores = cloudtrail::stores(&run.ask, target).await;
    let mut inventory = run.inventory();
    let at = (target.account.clone(), target.region.clone());
    if let Some(view) = inventory.regions.get_mut(&at) {
        view.event_data_stores = listed(&stores);
    }
    keep(&mut inventory, stores);
}

/// The names of a listing's stores.
pub(crate) fn listed(stores: &Fact<Vec<EventDataStore>>) -> Fact<Vec<Arn>> {
    match stores {
        Known(stores) => Known(stores.iter().map(|store| store.arn.clone()).collect()),
        Unknown(gap) => Unknown(gap.clone()),
    }
}

/// Puts a listing's stores into the inventory.
pub(crate) fn keep(inventory: &mut Inventory, stores: Fact<Vec<EventDataStore>>) {
    if let Known(stores) = stores {
        let stores = stores.into_iter().map(|store| (store.arn.clone(), store));
        inventory.event_data_stores.extend(stores);
    }
}
