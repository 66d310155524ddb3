//! What one shard delivered, taken in record by record: its accounts, all of them, with what accounts show. Resources
//! are not for shards to ask.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail, ensure};
use trailaudit_checks::fact::{Fact, Gap, Reason};
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{
    CallRecord, Header, Inventory, Organization, Record, RegionView,
};

use super::merge::{Disk, is_waiting};
use crate::collect::of_a_shard;
use crate::snapshot::{Counted, is_there};

/// See above.
#[derive(Debug)]
pub(super) struct Part {
    /// What stays in memory.
    seen: Inventory,
    /// The regions of one account, which follow on each other.
    regions: Vec<RegionView>,
    /// The calls to one account, which follow on each other.
    calls: Vec<CallRecord>,
    counted: Counted,
    has_organization: bool,
}

impl Part {
    /// Nothing was taken yet; the header is to be this one.
    pub(super) fn new(header: &Header) -> Self {
        Self {
            seen: of_a_shard(header.clone()),
            regions: Vec::new(),
            calls: Vec::new(),
            counted: Counted::default(),
            has_organization: false,
        }
    }

    /// Takes a record, or says why a shard cannot have it.
    pub(super) fn take(
        &mut self,
        record: Record,
        own: &BTreeSet<AccountId>,
        disk: &mut Disk,
    ) -> anyhow::Result<()> {
        if is_there(&self.seen, &record) {
            bail!("it has two records of one name");
        }
        match record {
            Record::Header(it) => ensure!(
                *it == self.seen.header,
                "it was not made from the plan: its header is another one"
            ),
            Record::Organization(it) => {
                ensure!(!self.has_organization, "it has two records of one name");
                ensure!(is_for_the_plan(&it), MORE);
                self.has_organization = true;
            }
            Record::Account(it) => {
                is_own(&it.id, own)?;
                ensure!(!is_waiting(&it), "it did not ask account {}", it.id);
                let it = disk.rest.account(*it)?;
                self.seen.accounts.insert(it.id.clone(), it);
            }
            Record::Region(it) => {
                is_own(&it.account, own)?;
                ensure!(shows_only_listings(&it), MORE);
                if self
                    .regions
                    .first()
                    .is_some_and(|last| last.account != it.account)
                {
                    self.keep_regions(disk)?;
                }
                self.regions.push(*it);
            }
            Record::Trail(it) => drop(self.seen.trails.insert(it.arn.clone(), *it)),
            Record::EventDataStore(it) => {
                is_own(&it.arn.account(), own)?;
                self.seen.event_data_stores.insert(it.arn.clone(), *it);
            }
            Record::Call(it) => {
                is_own(&it.account, own)?;
                if self
                    .calls
                    .first()
                    .is_some_and(|last| last.account != it.account)
                {
                    self.keep_calls(disk)?;
                }
                self.calls.push(*it);
            }
            Record::Iam(it) => {
                is_own(&it.account, own)?;
                ensure!(!disk.iam.has(&it.account), "it has two records of one name");
                disk.iam.append(&it)?;
            }
            Record::Trailer(it) => {
                ensure!(!it.interrupted, INTERRUPTED);
                self.seen.trailer = Some(*it);
            }
            Record::Bucket(_)
            | Record::Key(_)
            | Record::LogGroup(_)
            | Record::Topic(_)
            | Record::Chain(_)
            | Record::Plan(_)
            | Record::Events(_) => bail!(MORE),
        }
        Ok(())
    }

    /// All was taken: nothing is missing.
    pub(super) fn end(&mut self, own: &BTreeSet<AccountId>, disk: &mut Disk) -> anyhow::Result<()> {
        ensure!(self.seen.complete(), INTERRUPTED);
        ensure!(self.has_organization, MORE);
        let lacks = own.iter().find(|it| !self.seen.accounts.contains_key(*it));
        if let Some(account) = lacks {
            bail!("it lacks account {account}");
        }
        self.keep_regions(disk)?;
        self.keep_calls(disk)
    }

    /// What stays in memory, and how many calls do not.
    pub(super) fn into_parts(self) -> (Inventory, Counted) {
        (self.seen, self.counted)
    }

    fn keep_regions(&mut self, disk: &mut Disk) -> anyhow::Result<()> {
        let views = std::mem::take(&mut self.regions);
        let Some(first) = views.first() else {
            return Ok(());
        };
        let account = first.account.clone();
        let names: BTreeSet<_> = views.iter().map(|it| &it.region).collect();
        ensure!(names.len() == views.len(), "it has two records of one name");
        let here = disk.rest.regions(&account, views)?;
        let here = here.ok_or_else(|| anyhow!(UNSORTED))?.into_iter();
        let keyed = here.map(|it| ((it.account.clone(), it.region.clone()), it));
        self.seen.regions.extend(keyed);
        Ok(())
    }

    fn keep_calls(&mut self, disk: &mut Disk) -> anyhow::Result<()> {
        let calls = std::mem::take(&mut self.calls);
        let Some(first) = calls.first() else {
            return Ok(());
        };
        let account = first.account.clone();
        let here = disk.rest.calls(&account, calls, &mut self.counted)?;
        let here = here.ok_or_else(|| anyhow!(UNSORTED))?;
        self.seen.ledger.extend(here);
        Ok(())
    }
}

const INTERRUPTED: &str = "it was interrupted";
const MORE: &str = "it holds more than a shard asks for";
const UNSORTED: &str = "its records are not in the order in which a shard writes them";

fn is_own(account: &AccountId, own: &BTreeSet<AccountId>) -> anyhow::Result<()> {
    match own.contains(account) {
        true => Ok(()),
        false => Err(anyhow!(
            "it holds a record of account {account}, which is not one of its own"
        )),
    }
}

/// Shards ask nothing about the organization.
fn is_for_the_plan(organization: &Fact<Option<Organization>>) -> bool {
    let reason = organization.gap().map(|it| it.reason);
    reason == Some(Reason::NotAsked)
}

/// What alarms and rules there are is asked of the regions of resources, when all resources are known.
fn shows_only_listings(view: &RegionView) -> bool {
    let not_asked = |gap: Option<&Gap>| gap.map(|it| it.reason) == Some(Reason::NotAsked);
    not_asked(view.alarms.gap())
        && not_asked(view.rules.gap())
        && not_asked(view.log_resource_policies.gap())
        && view.tampering.gap().is_some()
}
