//! What all shards delivered, as one inventory: the same as if one process had asked every account. Each shard is read
//! record by record; most of it waits on disk until the inventory is written.

use std::collections::BTreeSet;

use anyhow::ensure;
use trailaudit_checks::fact::{Gap, Reason, Unknown};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{Account, Inventory};

use super::Planned;
use super::part::Part;
use crate::snapshot::{Rest, Snapshot, Source, Spool, each_record};

/// A merge under way. In which order shards are added does not matter.
#[derive(Debug)]
pub struct Merge {
    planned: Planned,
    inventory: Inventory,
    disk: Disk,
    added: BTreeSet<usize>,
}

/// What all shards delivered.
#[derive(Debug)]
pub struct Merged {
    /// What it takes to ask about resources.
    pub inventory: Inventory,
    /// What waits until the inventory is written.
    pub rest: Rest,
    /// The IAM documents.
    pub iam: Spool,
}

/// What waits on disk.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) rest: Rest,
    pub(super) iam: Spool,
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
            disk: Disk {
                rest: Rest::new()?,
                iam: Spool::new()?,
            },
            added: BTreeSet::new(),
        })
    }

    /// Adds what a shard delivered: all that belongs to its accounts, and nothing else. Of a shard that cannot be merged
    /// nothing is kept.
    pub fn add(&mut self, shard: usize, source: &Source) -> anyhow::Result<()> {
        let units = self.planned.units(shard)?;
        let own = units.iter().map(|it| AccountId::from(it.account.as_str()));
        let own: BTreeSet<AccountId> = own.collect();
        ensure!(!self.added.contains(&shard), "it was added already");
        match self.read(source, &own) {
            Ok(part) => self.join(part, &own),
            Err(error) => {
                own.iter().for_each(|it| self.disk.forget(it));
                return Err(error);
            }
        }
        self.added.insert(shard);
        Ok(())
    }

    fn read(&mut self, source: &Source, own: &BTreeSet<AccountId>) -> anyhow::Result<Part> {
        let mut part = Part::new(&self.inventory.header);
        each_record(source, |it| part.take(it, own, &mut self.disk))?;
        part.end(own, &mut self.disk)?;
        Ok(part)
    }

    fn join(&mut self, part: Part, own: &BTreeSet<AccountId>) {
        let (seen, counted) = part.into_parts();
        self.disk.rest.count(counted);
        for trail in seen.trails.values() {
            let owner_sees = own.contains(&trail.account) && seen.owner_sees(&trail.arn);
            self.inventory.see(trail.clone(), owner_sees);
        }
        let all = &mut self.inventory;
        all.accounts.extend(seen.accounts);
        match all.regions.is_empty() {
            true => all.regions = seen.regions,
            false => all.regions.extend(seen.regions),
        }
        all.event_data_stores.extend(seen.event_data_stores);
        all.ledger.extend(seen.ledger);
    }

    /// What all came to. The accounts of shards that did not deliver say so.
    #[must_use]
    pub fn finish(mut self) -> Merged {
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
        // Built at once, a map has no room that is not used: of so many regions this is a third.
        let regions = std::mem::take(&mut self.inventory.regions);
        self.inventory.regions = regions.into_iter().collect();
        Merged {
            inventory: self.inventory,
            rest: self.disk.rest,
            iam: self.disk.iam,
        }
    }
}

impl Disk {
    fn forget(&mut self, account: &AccountId) {
        self.rest.forget(account);
        self.iam.forget(account);
    }
}

/// A shard is to ask it.
pub(super) fn is_waiting(account: &Account) -> bool {
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
