//! What all shards delivered, as one inventory: the same as if one process had asked every account.

use std::collections::BTreeSet;

use anyhow::{bail, ensure};
use trailaudit_checks::fact::{Gap, Reason, Unknown};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{Account, Inventory};

use super::Planned;
use crate::snapshot::{Snapshot, Spool};

/// A merge under way. In which order shards are added does not matter.
#[derive(Debug)]
pub struct Merge {
    planned: Planned,
    inventory: Inventory,
    iam: Spool,
    added: BTreeSet<usize>,
}

impl Merge {
    /// Begins with what the planning saw.
    pub fn new(planned: Planned, organization: Snapshot) -> anyhow::Result<Self> {
        let mut inventory = organization.inventory;
        let waiting = inventory.accounts.values().filter(|it| is_waiting(it));
        let waiting: BTreeSet<&str> = waiting.map(|it| it.id.as_str()).collect();
        let shared = planned.plan.shards.iter().flatten();
        let shared = shared.map(|it| it.account.as_str());
        ensure!(
            waiting == shared.collect(),
            "the accounts of the plan's shards are not those that the planning found"
        );
        inventory.trailer = None;
        Ok(Self {
            planned,
            inventory,
            iam: Spool::new()?,
            added: BTreeSet::new(),
        })
    }

    /// Adds what a shard delivered: all that belongs to its accounts, and nothing else.
    pub fn add(&mut self, shard: usize, snapshot: &Snapshot) -> anyhow::Result<()> {
        let seen = &snapshot.inventory;
        let units = self.planned.units(shard)?;
        let own = units.iter().map(|it| AccountId::from(it.account.as_str()));
        let own: BTreeSet<AccountId> = own.collect();
        ensure!(
            seen.header == self.inventory.header,
            "it was not made from the plan: its header is another one"
        );
        ensure!(seen.complete(), "it was interrupted");
        has_only(seen, &own)?;
        self.iam_of(snapshot, &own)?;
        ensure!(self.added.insert(shard), "it was added already");
        for trail in seen.trails.values() {
            let owner_sees = own.contains(&trail.account) && seen.owner_sees(&trail.arn);
            self.inventory.see(trail.clone(), owner_sees);
        }
        let all = &mut self.inventory;
        all.accounts.extend(seen.accounts.clone());
        all.regions.extend(seen.regions.clone());
        all.event_data_stores.extend(seen.event_data_stores.clone());
        all.ledger.extend(seen.ledger.iter().cloned());
        Ok(())
    }

    fn iam_of(&mut self, snapshot: &Snapshot, own: &BTreeSet<AccountId>) -> anyhow::Result<()> {
        let mut kept = Ok(());
        snapshot.each_iam(|iam| {
            if kept.is_ok() {
                kept = match own.contains(&iam.account) {
                    true => self.iam.append(&iam),
                    false => Err(foreign(&iam.account)),
                };
            }
        })?;
        kept
    }

    /// The inventory. The accounts of shards that did not deliver say so.
    pub fn finish(mut self) -> (Inventory, Spool) {
        let shards = &self.planned.plan.shards;
        for (shard, units) in shards.iter().enumerate() {
            if self.added.contains(&shard) {
                continue;
            }
            let words = format!("shard {shard} of {} did not deliver", shards.len());
            for unit in units {
                let id = AccountId::from(unit.account.as_str());
                if let Some(account) = self.inventory.accounts.get_mut(&id) {
                    say(account, &words);
                }
            }
        }
        self.inventory.ledger.sort();
        (self.inventory, self.iam)
    }
}

/// A shard is to ask it.
fn is_waiting(account: &Account) -> bool {
    let reason = account.session.gap().map(|it| it.reason);
    reason == Some(Reason::NotRun)
}

fn say(account: &mut Account, words: &str) {
    let told = |gap: &mut Gap| *gap = gap.clone().but(|it| words.clone_into(&mut it.detail));
    if let Unknown(gap) = &mut account.session {
        told(gap);
    }
    if let Unknown(gap) = &mut account.regions {
        told(gap);
    }
    if let Unknown(gap) = &mut account.public_access_block {
        told(gap);
    }
    if let Unknown(gap) = &mut account.summary {
        told(gap);
    }
}

fn foreign(account: &AccountId) -> anyhow::Error {
    anyhow::anyhow!("it holds a record of account {account}, which is not one of its own")
}

/// The accounts of the shard, all of them, with what accounts show: resources are not for shards to ask.
fn has_only(seen: &Inventory, own: &BTreeSet<AccountId>) -> anyhow::Result<()> {
    let Inventory {
        header: _,
        organization,
        accounts,
        regions,
        trails: _,
        event_data_stores,
        buckets,
        keys,
        log_groups,
        topics,
        chains,
        plan,
        events,
        ledger,
        trailer: _,
    } = seen;
    let lacks = own.iter().find(|it| !accounts.contains_key(*it));
    if let Some(account) = lacks {
        bail!("it lacks account {account}");
    }
    let named = accounts.keys();
    let named = named.chain(regions.keys().map(|(account, _)| account));
    let named = named.chain(ledger.iter().map(|it| &it.account));
    if let Some(other) = named.clone().find(|it| !own.contains(*it)) {
        return Err(foreign(other));
    }
    let stores = event_data_stores.keys().map(|it| it.account());
    if let Some(other) = stores.into_iter().find(|it| !own.contains(it)) {
        return Err(foreign(&other));
    }
    let gap = organization.gap();
    let asked_organization = gap.is_none_or(|it| it.reason != Reason::NotAsked);
    let resources = !(buckets.is_empty()
        && keys.is_empty()
        && log_groups.is_empty()
        && topics.is_empty()
        && chains.is_empty()
        && plan.is_none()
        && events.is_none());
    ensure!(
        !asked_organization && !resources,
        "it holds more than a shard asks for"
    );
    let waiting = accounts.values().find(|it| is_waiting(it));
    match waiting {
        Some(account) => bail!("it did not ask account {}", account.id),
        None => Ok(()),
    }
}
