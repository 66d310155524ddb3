//! The resources of an organization in shards, each of the accounts that own them. What another resource names, and what
//! no shard delivered, is left to the merge.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::Inventory;

use super::Unit;
use crate::collect::{of_a_shard, together};

/// The accounts that own trails and can be asked.
#[must_use]
pub fn owners(seen: &Inventory) -> Vec<Unit> {
    let owners: BTreeSet<&AccountId> = seen.trails.values().map(|it| &it.account).collect();
    let asked = |id: &&&AccountId| {
        let account = seen.accounts.get(**id);
        account.is_some_and(|it| it.session.ok().is_some())
    };
    let asked = owners.iter().filter(asked);
    asked.map(|it| Unit::account(it.as_str())).collect()
}

/// What a shard adds to what its plan held: the resources of its accounts.
#[must_use]
pub fn added(seen: Inventory, own: &BTreeSet<AccountId>) -> Inventory {
    let mut added = of_a_shard(seen.header);
    added.trails = seen.trails;
    added.trails.retain(|_, it| own.contains(&it.account));
    added.regions = seen.regions;
    added
        .regions
        .retain(|(account, _), _| own.contains(account));
    added.buckets = seen.buckets;
    added.keys = seen.keys;
    added.log_groups = seen.log_groups;
    added.topics = seen.topics;
    added.ledger = seen.ledger;
    added.trailer = seen.trailer;
    added
}

/// Takes in what a shard added. Its trails are told: they need not be asked again.
pub fn add(
    all: &mut Inventory,
    added: Inventory,
    own: &BTreeSet<AccountId>,
) -> anyhow::Result<BTreeSet<Arn>> {
    ensure!(added.complete(), "it was interrupted");
    is_share(all, &added, own)?;
    let trails: BTreeSet<Arn> = added.trails.keys().cloned().collect();
    let mut named = all.trails.values().filter(|it| own.contains(&it.account));
    if let Some(lacks) = named.find(|it| !trails.contains(&it.arn)) {
        bail!("it lacks the trail {}", lacks.arn);
    }
    for (arn, trail) in added.trails {
        let known = all.trails.get_mut(&arn);
        *known.with_context(|| format!("no account has shown the trail {arn}"))? = trail;
    }
    for (place, view) in added.regions {
        let known = all.regions.get_mut(&place);
        let known =
            known.with_context(|| format!("no account has shown {} {}", place.0, place.1))?;
        known.alarms = view.alarms;
        known.rules = view.rules;
        known.log_resource_policies = view.log_resource_policies;
    }
    all.buckets.extend(added.buckets);
    all.keys.extend(added.keys);
    all.log_groups.extend(added.log_groups);
    all.topics.extend(added.topics);
    all.ledger = together(std::mem::take(&mut all.ledger), added.ledger);
    Ok(trails)
}

/// It holds resources of its accounts, and nothing that another shard has delivered.
fn is_share(all: &Inventory, added: &Inventory, own: &BTreeSet<AccountId>) -> anyhow::Result<()> {
    let Inventory {
        header,
        organization,
        accounts,
        regions,
        trails,
        event_data_stores,
        buckets,
        keys,
        log_groups,
        topics,
        chains,
        plan,
        events,
        ledger: _,
        trailer: _,
    } = added;
    ensure!(
        *header == all.header,
        "it was not made from the plan: its header is another one"
    );
    let asked = organization
        .gap()
        .is_none_or(|it| it.reason != Reason::NotAsked);
    let more = asked
        || !accounts.is_empty()
        || !event_data_stores.is_empty()
        || !chains.is_empty()
        || plan.is_some()
        || events.is_some();
    ensure!(!more, "it holds more than a shard asks for");
    let owners = regions.keys().map(|(account, _)| account.clone());
    let owners = owners.chain(trails.values().map(|it| it.account.clone()));
    let of_arns = keys.keys().chain(log_groups.keys()).chain(topics.keys());
    let mut owners = owners.chain(of_arns.map(Arn::account));
    if let Some(other) = owners.find(|it| !own.contains(it)) {
        bail!("it holds a record of account {other}, which is not one of its own");
    }
    let twice = buckets.keys().find(|it| all.buckets.contains_key(it));
    match twice {
        Some(bucket) => bail!("another shard has delivered the bucket {bucket} too"),
        None => Ok(()),
    }
}
