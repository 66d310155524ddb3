//! An inventory most of which waits on disk: of ten thousand accounts, a merge holds in memory what it takes to ask about
//! resources, and no more.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

use trailaudit_checks::calls::{ASSUME_ROLE, ApiCall, LIST_BUCKETS};
use trailaudit_checks::coverage::CallTotals;
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Unknown};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::{
    Account, CallOutcome, CallRecord, Inventory, Record, RegionView,
};

use super::write::{last, line, save};
use super::{Snapshot, Spool};

/// What waits on disk, account by account.
#[derive(Debug)]
pub struct Rest {
    accounts: Spool<Account>,
    regions: Spool<Vec<RegionView>>,
    calls: Spool<Vec<CallRecord>>,
    counted: Counted,
}

/// The calls that wait, as [`trailaudit_checks::coverage::Coverage::of`] counts them.
#[derive(Debug, Default)]
pub struct Counted {
    records: u64,
    requests: BTreeMap<ApiCall, u64>,
}

impl Counted {
    fn add(&mut self, call: &CallRecord) {
        self.records += 1;
        *self.requests.entry(call.call).or_default() += u64::from(call.attempts);
    }

    fn add_to(&self, totals: &mut CallTotals) {
        for (call, requests) in &self.requests {
            totals.total += requests;
            *totals.by_operation.entry(call.to_string()).or_default() += requests;
        }
    }
}

/// What one process asks once, and several may ask again: [`crate::collect::together`] looks for them.
const ONCE: [ApiCall; 2] = [ASSUME_ROLE, LIST_BUCKETS];

/// In the place of a fact that waits on disk: nothing that goes on with the inventory reads it, and it was not asked
/// here.
static ON_DISK: LazyLock<Gap> = LazyLock::new(|| {
    let nobody = (AccountId::from(""), Region::from(""));
    let gap = Gap::not_modelled("it waits on disk", &nobody.0, &nobody.1);
    gap.but(|it| it.reason = Reason::NotAsked)
});

fn on_disk<T>() -> Fact<T> {
    Unknown(ON_DISK.clone())
}

/// A fact as it is in memory, or as it is on disk.
fn either<T>(here: Fact<T>, there: Fact<T>) -> Fact<T> {
    match here {
        Unknown(gap) if gap == *ON_DISK => there,
        here @ (Known(_) | Unknown(_)) => here,
    }
}

/// What was listed stays in memory, and what was denied: a service control policy may explain it.
fn listing<T: Clone>(fact: &Fact<T>) -> Fact<T> {
    match fact {
        Known(_) => fact.clone(),
        Unknown(gap) if gap.reason == Reason::Denied => fact.clone(),
        Unknown(_) => on_disk(),
    }
}

impl Rest {
    /// Nothing waits.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            accounts: Spool::new()?,
            regions: Spool::new()?,
            calls: Spool::new()?,
            counted: Counted::default(),
        })
    }

    /// Something of this account waits already.
    #[must_use]
    pub fn has(&self, account: &AccountId) -> bool {
        self.accounts.has(account) || self.regions.has(account) || self.calls.has(account)
    }

    /// Nothing of this account waits any more.
    pub fn forget(&mut self, account: &AccountId) {
        self.accounts.forget(account);
        self.regions.forget(account);
        self.calls.forget(account);
    }

    /// Keeps an account, and gives what stays of it in memory.
    pub fn account(&mut self, account: Account) -> anyhow::Result<Account> {
        self.accounts.keep(&account.id, &account)?;
        Ok(Account {
            public_access_block: on_disk(),
            summary: on_disk(),
            ..account
        })
    }

    /// Keeps all regions of an account, and gives what stays of them in memory; nothing, where it has some already.
    pub fn regions(
        &mut self,
        account: &AccountId,
        views: Vec<RegionView>,
    ) -> anyhow::Result<Option<Vec<RegionView>>> {
        if self.regions.has(account) {
            return Ok(None);
        }
        self.regions.keep(account, &views)?;
        let light = views.into_iter().map(|it| RegionView {
            account: it.account,
            region: it.region,
            trails: it.trails,
            event_data_stores: listing(&it.event_data_stores),
            channels: listing(&it.channels),
            alarms: on_disk(),
            rules: on_disk(),
            log_resource_policies: on_disk(),
            config_recorder: on_disk(),
            guardduty: on_disk(),
            security_hub: on_disk(),
            security_standards: on_disk(),
            macie: on_disk(),
            access_analyzers: on_disk(),
            tampering: on_disk(),
        });
        Ok(Some(light.collect()))
    }

    /// Keeps all calls to an account, and gives those that stay in memory: what failed, and how accounts were entered.
    /// Nothing, where it has some already.
    pub fn calls(
        &mut self,
        account: &AccountId,
        calls: Vec<CallRecord>,
        counted: &mut Counted,
    ) -> anyhow::Result<Option<Vec<CallRecord>>> {
        if self.calls.has(account) {
            return Ok(None);
        }
        let stays = |it: &CallRecord| {
            matches!(it.outcome, CallOutcome::Failed(_)) || ONCE.contains(&it.call)
        };
        let (here, there): (Vec<_>, Vec<_>) = calls.into_iter().partition(stays);
        self.calls.keep(account, &there)?;
        there.iter().for_each(|it| counted.add(it));
        Ok(Some(here))
    }

    /// All that was counted waits for good.
    pub fn count(&mut self, counted: Counted) {
        self.counted.records += counted.records;
        for (call, requests) in counted.requests {
            *self.counted.requests.entry(call).or_default() += requests;
        }
    }
}

/// An inventory, the rest of which waits on disk.
#[derive(Debug)]
pub struct Joined {
    snapshot: Snapshot,
    rest: Rest,
}

impl Joined {
    /// Puts them together. The trailer says of all what it says of a part.
    #[must_use]
    pub fn new(mut snapshot: Snapshot, rest: Rest) -> Self {
        let Counted { records, .. } = rest.counted;
        if let Some(trailer) = &mut snapshot.inventory.trailer
            && records > 0
        {
            *trailer.counts.entry("call".to_owned()).or_default() += records;
            rest.counted.add_to(&mut trailer.coverage.calls);
        }
        Self { snapshot, rest }
    }

    /// What is in memory: the accounts, where they are, and all resources.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.snapshot.inventory
    }

    /// Writes the file: `-` is standard output, a name that ends in `.zst` is compressed.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        save(path, |out| self.write(out))
    }

    /// Writes every line, as [`Snapshot::write`] does of an inventory that is all in memory.
    pub fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let inventory = &self.snapshot.inventory;
        line(out, &Record::Header(Box::new(inventory.header.clone())))?;
        let organization = Box::new(inventory.organization.clone());
        line(out, &Record::Organization(organization))?;
        for account in inventory.accounts.values() {
            let account = self.account(account.clone())?;
            line(out, &Record::Account(Box::new(account)))?;
        }
        self.regions(&mut |view| line(out, &Record::Region(Box::new(view))))?;
        for record in inventory.resources() {
            line(out, &record)?;
        }
        self.calls(&mut |call| line(out, &Record::Call(Box::new(call))))?;
        self.snapshot
            .try_each_iam(|iam| line(out, &Record::Iam(Box::new(iam))))?;
        last(out, inventory.trailer.as_ref())
    }

    fn account(&self, here: Account) -> anyhow::Result<Account> {
        Ok(match self.rest.accounts.get(&here.id)? {
            None => here,
            Some(there) => Account {
                public_access_block: either(here.public_access_block, there.public_access_block),
                summary: either(here.summary, there.summary),
                ..here
            },
        })
    }

    fn regions(&self, f: &mut dyn FnMut(RegionView) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut of: Option<&AccountId> = None;
        let mut views: BTreeMap<Region, RegionView> = BTreeMap::new();
        for ((account, region), here) in &self.snapshot.inventory.regions {
            if of != Some(account) {
                let there = self.rest.regions.get(account)?.unwrap_or_default();
                let there = there.into_iter();
                views = there.map(|it| (it.region.clone(), it)).collect();
                of = Some(account);
            }
            f(match views.remove(region) {
                None => here.clone(),
                Some(there) => whole(here.clone(), there),
            })?;
        }
        Ok(())
    }

    fn calls(&self, f: &mut dyn FnMut(CallRecord) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut here = self.snapshot.inventory.ledger.iter().peekable();
        for account in self.rest.calls.accounts() {
            while let Some(call) = here.next_if(|it| it.account < *account) {
                f(call.clone())?;
            }
            let mut calls = self.rest.calls.get(account)?.unwrap_or_default();
            while let Some(call) = here.next_if(|it| it.account == *account) {
                calls.push(call.clone());
            }
            calls.sort();
            calls.into_iter().try_for_each(&mut *f)?;
        }
        here.try_for_each(|call| f(call.clone()))
    }
}

/// A region with what is in memory, and what is on disk.
fn whole(here: RegionView, there: RegionView) -> RegionView {
    RegionView {
        account: here.account,
        region: here.region,
        trails: here.trails,
        event_data_stores: either(here.event_data_stores, there.event_data_stores),
        channels: either(here.channels, there.channels),
        alarms: either(here.alarms, there.alarms),
        rules: either(here.rules, there.rules),
        log_resource_policies: either(here.log_resource_policies, there.log_resource_policies),
        config_recorder: either(here.config_recorder, there.config_recorder),
        guardduty: either(here.guardduty, there.guardduty),
        security_hub: either(here.security_hub, there.security_hub),
        security_standards: either(here.security_standards, there.security_standards),
        macie: either(here.macie, there.macie),
        access_analyzers: either(here.access_analyzers, there.access_analyzers),
        tampering: either(here.tampering, there.tampering),
    }
}
