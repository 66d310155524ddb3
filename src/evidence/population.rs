//! `population.json`: every account and region, where the list comes from, and how each ended.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::coverage::RegionCoverage;
use trailaudit_checks::fact::Fact;
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::{Account, CallOutcome, CallRecord, Inventory};

/// How often a cell was asked, and how often in vain.
type Asked<'a> = BTreeMap<(&'a AccountId, &'a Region), (u64, u64)>;

/// The population, as one document.
#[must_use]
pub fn of(inventory: &Inventory, audit: &Audit) -> Value {
    let scope = &inventory.header.scope;
    let coverage = &audit.coverage;
    let mut asked = Asked::new();
    for call in &inventory.ledger {
        let of = asked.entry((&call.account, &call.region)).or_default();
        of.0 += 1;
        of.1 += u64::from(matches!(call.outcome, CallOutcome::Failed(_)));
    }
    let mut regions: BTreeMap<&AccountId, Vec<&RegionCoverage>> = BTreeMap::new();
    for region in &coverage.regions {
        regions.entry(&region.account).or_default().push(region);
    }
    let accounts = coverage.accounts.iter().map(|account| {
        let seen = inventory.accounts.get(&account.id);
        let regions = regions.get(&account.id).map_or(&[][..], Vec::as_slice);
        json!({
            "id": account.id,
            "name": account.name,
            "status": account.status,
            "reason": account.reason,
            "acted_as": seen.and_then(|it| it.session.ok()),
            "state": seen.map(|it| fact(&it.state)),
            "management": seen.is_some_and(|it| it.management),
            "regions_from": regions_from(seen),
            "regions": regions.iter().map(|it| cell(it, &asked)).collect::<Vec<_>>(),
        })
    });
    let accounts: Vec<Value> = accounts.collect();
    let count = |words: Vec<Value>| {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for word in words {
            *counts
                .entry(word.as_str().unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        counts
    };
    let statuses = |it: Vec<Value>| json!({"total": it.len(), "by_status": count(it)});
    let mut population = json!({
        "organization": scope.organization,
        "management_account": scope.management_account,
        "partition": scope.partition,
        "caller_arn": scope.caller_arn,
        "taken_at": inventory.header.taken_at,
        "finished_at": inventory.trailer.as_ref().map(|it| it.finished_at),
        "complete": inventory.complete(),
        "totals": {
            "accounts": statuses(coverage.accounts.iter().map(|it| json!(it.status)).collect()),
            "regions": statuses(coverage.regions.iter().map(|it| json!(it.status)).collect()),
            "calls": inventory.ledger.len(),
        },
        "listed_by": {
            "caller": source(inventory, calls::GET_CALLER_IDENTITY),
            "organization": source(inventory, calls::DESCRIBE_ORGANIZATION),
            "accounts": source(inventory, calls::LIST_ACCOUNTS),
        },
        "notes": coverage.notes,
        "accounts": accounts,
    });
    let shards = inventory.trailer.as_ref().map(|it| &it.shards);
    if let (Some(shards), Value::Object(population)) = (shards, &mut population)
        && !shards.is_empty()
    {
        population.insert("shards".to_owned(), json!(shards));
    }
    population
}

fn regions_from(account: Option<&Account>) -> &'static str {
    match account {
        Some(account) if account.regions_assumed => {
            "the tool's own list: ListRegions gave no answer"
        }
        Some(account) if account.regions.ok().is_some() => "account:ListRegions",
        Some(_) | None => "nothing: they are not known",
    }
}

fn cell(region: &RegionCoverage, asked: &Asked<'_>) -> Value {
    let (calls, unanswered) = asked
        .get(&(&region.account, &region.region))
        .copied()
        .unwrap_or_default();
    json!({
        "region": region.region,
        "status": region.status,
        "reason": region.reason,
        "calls": calls,
        "unanswered": unanswered,
    })
}

fn fact<T: Serialize>(fact: &Fact<T>) -> Value {
    match fact {
        Fact::Known(value) => json!(value),
        Fact::Unknown(gap) => json!({"unknown": gap.to_string()}),
    }
}

/// The answers that a list rests on: one for each page.
fn source(inventory: &Inventory, call: ApiCall) -> Vec<&CallRecord> {
    inventory
        .ledger
        .iter()
        .filter(|it| it.call == call)
        .collect()
}
