//! The population: every account and region, what was asked there, and how it ended.
//!
//! Derived from the records, by one rule for a live run and for a saved one.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::{Fact, Gap, Reason};
use crate::finding::short;
use crate::ids::{AccountId, Region};
use crate::inventory::{Account, AccountState, CallOutcome, Inventory, RegionView};

pub use crate::inventory::coverage::{
    AccountCoverage, AccountStatus, CallTotals, Coverage, FailedCall, RegionCoverage, RegionStatus,
};

impl Coverage {
    /// Reads off the records how everything ended.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        let failures = failures(inventory);
        let accounts = inventory.accounts.values().map(|account| {
            let (status, reason) = account_status(account, &failures, inventory.complete());
            let Account { id, name, .. } = account.clone();
            AccountCoverage {
                id,
                name,
                status,
                reason,
            }
        });
        let regions: Vec<RegionCoverage> = inventory
            .accounts
            .values()
            .flat_map(|account| regions_of(account, inventory, &failures))
            .collect();
        Self {
            accounts: accounts.collect(),
            notes: notes(&regions),
            regions,
            calls: totals(inventory),
        }
    }

    /// How this account ended.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&AccountCoverage> {
        self.accounts.iter().find(|account| &account.id == id)
    }
}

/// How many calls failed, by account and region. What a service control policy closes is no failure of the run.
type Failures = BTreeMap<AccountId, BTreeMap<Region, Vec<String>>>;

fn failures(inventory: &Inventory) -> Failures {
    let mut failures = Failures::new();
    for record in &inventory.ledger {
        let CallOutcome::Failed(reason) = record.outcome else {
            continue;
        };
        if reason != Reason::DeniedByScp {
            let of_account = failures.entry(record.account.clone()).or_default();
            let word = format!("{} {reason}", record.call);
            of_account
                .entry(record.region.clone())
                .or_default()
                .push(word);
        }
    }
    failures
}

fn account_status(
    account: &Account,
    failures: &Failures,
    complete: bool,
) -> (AccountStatus, Option<String>) {
    if account.excluded {
        return (
            AccountStatus::Excluded,
            Some("left out by the scope of this run".to_owned()),
        );
    }
    match account.state.ok() {
        None | Some(AccountState::Active) => {}
        Some(state) => {
            let reason = format!("Organizations gives its state as {}", state.as_str());
            return (AccountStatus::NotActive, Some(reason));
        }
    }
    if let Some(gap) = account.session.gap() {
        if gap.reason == Reason::NotInPlan {
            let reason = "only what the Terraform plan says of it was assessed";
            return (AccountStatus::Partial, Some(reason.to_owned()));
        }
        return (AccountStatus::Unreachable, Some(gap_words(gap)));
    }
    let mut words: Vec<&str> = Vec::new();
    if let Some(of_account) = failures.get(&account.id) {
        words.extend(of_account.values().flatten().map(String::as_str));
    }
    if account.regions_assumed {
        words.push("its regions could not be listed, the tool's own list was used");
    }
    if let Some(gap) = account.state.gap() {
        return (
            AccountStatus::Partial,
            Some(format!("its state is not known: {}", gap_words(gap))),
        );
    }
    match words.as_slice() {
        [] if complete => (AccountStatus::Assessed, None),
        [] => (
            AccountStatus::Partial,
            Some("the run ended before it was done".to_owned()),
        ),
        [..] => (AccountStatus::Partial, Some(few(&words))),
    }
}

fn regions_of(
    account: &Account,
    inventory: &Inventory,
    failures: &Failures,
) -> Vec<RegionCoverage> {
    let asked =
        !account.excluded && matches!(account.state.ok(), None | Some(AccountState::Active));
    let Some(switches) = account.regions.ok().filter(|_| asked) else {
        return Vec::new();
    };
    let entry = |region: &Region, status, reason| RegionCoverage {
        account: account.id.clone(),
        region: region.clone(),
        status,
        reason,
    };
    let mut regions: Vec<RegionCoverage> = switches
        .iter()
        .map(|switch| {
            let key = (account.id.clone(), switch.name.clone());
            let (status, reason) = if switch.excluded {
                (
                    RegionStatus::Excluded,
                    Some("left out by the scope of this run".to_owned()),
                )
            } else if !switch.enabled {
                (
                    RegionStatus::NotEnabled,
                    Some("the account has not switched it on".to_owned()),
                )
            } else {
                let failed = failures
                    .get(&account.id)
                    .and_then(|of| of.get(&switch.name));
                region_status(
                    inventory.regions.get(&key),
                    failed.map_or(&[], Vec::as_slice),
                )
            };
            entry(&switch.name, status, reason)
        })
        .collect();
    regions.sort_by(|a, b| a.region.cmp(&b.region));
    regions
}

fn region_status(view: Option<&RegionView>, failed: &[String]) -> (RegionStatus, Option<String>) {
    let Some(view) = view else {
        return (
            RegionStatus::Partial,
            Some("the run ended before it was asked".to_owned()),
        );
    };
    match &view.trails {
        Fact::Unknown(gap) if gap.reason == Reason::DeniedByScp => {
            (RegionStatus::DeniedByScp, Some(gap_words(gap)))
        }
        Fact::Unknown(gap) if gap.reason == Reason::Denied => {
            (RegionStatus::Denied, Some(gap_words(gap)))
        }
        Fact::Unknown(gap) if gap.reason != Reason::NotAsked => {
            (RegionStatus::Partial, Some(gap_words(gap)))
        }
        Fact::Known(_) | Fact::Unknown(_) if failed.is_empty() => (RegionStatus::Assessed, None),
        Fact::Known(_) | Fact::Unknown(_) => {
            let words: Vec<&str> = failed.iter().map(String::as_str).collect();
            (RegionStatus::Partial, Some(few(&words)))
        }
    }
}

fn gap_words(gap: &Gap) -> String {
    if gap.detail.is_empty() {
        gap.to_string()
    } else {
        format!("{gap}: {}", short(&gap.detail, 1_000))
    }
}

/// The distinct words, the first three of them by name.
fn few(words: &[&str]) -> String {
    let distinct: BTreeSet<&str> = words.iter().copied().collect();
    let shown: Vec<&str> = distinct.iter().take(3).copied().collect();
    match distinct.len().saturating_sub(shown.len()) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// Whether stray trails exist in a closed region stays open: one note per set of regions.
fn notes(regions: &[RegionCoverage]) -> Vec<String> {
    let mut closed: BTreeMap<&AccountId, Vec<&str>> = BTreeMap::new();
    for region in regions
        .iter()
        .filter(|region| region.status == RegionStatus::DeniedByScp)
    {
        closed
            .entry(&region.account)
            .or_default()
            .push(region.region.as_str());
    }
    let mut sets: BTreeMap<Vec<&str>, usize> = BTreeMap::new();
    for set in closed.into_values() {
        *sets.entry(set).or_default() += 1;
    }
    sets.into_iter()
        .map(|(set, accounts)| {
            let accounts = if accounts == 1 { "1 account".to_owned() } else { format!("{accounts} accounts") };
            format!(
                "an SCP denies {} in {accounts}: coverage there is evaluated from the organization trail; \
                 other trails there cannot be listed.",
                set.join(", ")
            )
        })
        .collect()
}

fn totals(inventory: &Inventory) -> CallTotals {
    let mut totals = CallTotals::default();
    for record in &inventory.ledger {
        let requests = u64::from(record.attempts);
        totals.total += requests;
        *totals
            .by_operation
            .entry(record.call.to_string())
            .or_default() += requests;
        if let CallOutcome::Failed(reason) = record.outcome {
            let said = if record.detail.is_empty() {
                String::new()
            } else {
                format!(": {}", short(&record.detail, 1_000))
            };
            totals.failed.push(FailedCall {
                operation: record.call,
                account: record.account.clone(),
                region: record.region.clone(),
                reason: format!("{reason}{said}"),
                request_id: record.request_id.clone(),
            });
        }
    }
    totals.failed.sort();
    totals
}
