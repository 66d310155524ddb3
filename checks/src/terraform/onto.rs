//! A plan applied to what was collected: only what the plan changes is changed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::build::Built;
use crate::fact::{Fact, Gap, Known, Reason, Unknown};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::trail::RegionalStatus;
use crate::inventory::{Inventory, Trail};

/// Applies the difference between two sides.
pub(super) fn apply(live: &mut Inventory, before: &Built, after: &Built) {
    records(&mut live.trails, &before.trails, &after.trails);
    records(&mut live.event_data_stores, &before.stores, &after.stores);
    records(&mut live.buckets, &before.buckets, &after.buckets);
    records(&mut live.keys, &before.keys, &after.keys);
    records(&mut live.log_groups, &before.log_groups, &after.log_groups);
    records(&mut live.topics, &before.topics, &after.topics);
    joined(live, after);
    wide(live, before, after);
    for arn in before.trails.keys().chain(after.trails.keys()) {
        if before.trails.get(arn) != after.trails.get(arn) {
            list_trail(live, arn);
        }
    }
    let stores = before.stores.keys().chain(after.stores.keys());
    for arn in stores.collect::<BTreeSet<_>>() {
        if before.stores.contains_key(arn) != after.stores.contains_key(arn) {
            list_store(live, arn);
        }
    }
}

fn records<T: Serialize + DeserializeOwned + Clone + PartialEq>(
    live: &mut BTreeMap<Arn, T>,
    before: &BTreeMap<Arn, T>,
    after: &BTreeMap<Arn, T>,
) {
    for arn in before.keys().filter(|arn| !after.contains_key(arn)) {
        live.remove(arn);
    }
    for (arn, new) in after {
        let old = before.get(arn);
        if old == Some(new) {
            continue;
        }
        let result = match live.get(arn) {
            Some(there) => merge(there, old, new),
            None => new.clone(),
        };
        live.insert(arn.clone(), result);
    }
}

/// What is set for a region or an account. One that the inventory does not hold stays out of it.
fn wide(live: &mut Inventory, before: &Built, after: &Built) {
    for new in &after.regions {
        let old = before
            .regions
            .iter()
            .find(|it| (&it.account, &it.region) == (&new.account, &new.region));
        let place = (new.account.clone(), new.region.clone());
        if let (Some(there), true) = (live.regions.get_mut(&place), old != Some(new)) {
            *there = merge(there, old, new);
        }
    }
    for new in &after.accounts {
        let old = before.accounts.iter().find(|it| it.id == new.id);
        if let (Some(there), true) = (live.accounts.get_mut(&new.id), old != Some(new)) {
            // Plain values of the record are none of the plan's.
            let block = merge(
                &there.public_access_block,
                old.map(|it| &it.public_access_block),
                &new.public_access_block,
            );
            there.public_access_block = block;
        }
    }
}

/// What trails name from now on and the inventory does not hold, as the plan says it is.
fn joined(live: &mut Inventory, after: &Built) {
    let partition = live.header.scope.partition.clone();
    let (mut buckets, mut keys, mut groups) = (Vec::new(), Vec::new(), Vec::new());
    for trail in live
        .trails
        .values()
        .filter(|it| after.trails.contains_key(&it.arn))
    {
        let set = &trail.configuration;
        buckets.extend(set.bucket.ok().map(|name| Arn::bucket(&partition, name)));
        keys.extend(set.kms_key.ok().cloned().flatten());
        let group = set.log_group.ok().and_then(Option::as_ref);
        groups.extend(group.map(crate::context::log_group_arn));
    }
    add(&mut live.buckets, &after.buckets, &buckets);
    add(&mut live.log_groups, &after.log_groups, &groups);
    for arn in &buckets {
        let encryption = live.buckets.get(arn).and_then(|it| it.encryption.ok());
        let key = encryption.and_then(|it| it.as_ref()?.kms_key.clone());
        keys.extend(key.map(Arn::from));
    }
    add(&mut live.keys, &after.keys, &keys);
}

fn add<T: Clone>(live: &mut BTreeMap<Arn, T>, after: &BTreeMap<Arn, T>, named: &[Arn]) {
    for arn in named {
        if let (false, Some(new)) = (live.contains_key(arn), after.get(arn)) {
            live.insert(arn.clone(), new.clone());
        }
    }
}

/// A trail shows in its home region, in every region if it is for all, and in every account if it is the organization's.
fn list_trail(live: &mut Inventory, arn: &Arn) {
    let trail = live.trails.get(arn).cloned();
    let members: BTreeSet<AccountId> = live
        .accounts
        .values()
        .filter(|it| crate::context::is_judged(it))
        .map(|it| it.id.clone())
        .collect();
    for ((account, region), view) in &mut live.regions {
        let shown = match &trail {
            None => Known(false),
            Some(trail) => shows(trail, account, region, &members),
        };
        match (&mut view.trails, shown) {
            (Known(list), Known(false)) => list.retain(|it| it != arn),
            (Known(list), Known(true)) => {
                if !list.contains(arn) {
                    list.push(arn.clone());
                    list.sort();
                }
            }
            (Known(_), Unknown(gap)) => view.trails = Unknown(gap),
            (Unknown(_), _) => {}
        }
    }
    if let Some(trail) = live.trails.get_mut(arn) {
        let account = trail.account.clone();
        let regions = live.regions.keys().filter(|(id, _)| *id == account);
        delivered(trail, regions.map(|(_, region)| region));
    }
}

/// What is delivered from each region is known after apply where that of the trail is.
fn delivered<'r>(trail: &mut Trail, regions: impl Iterator<Item = &'r Region>) {
    let Unknown(gap) = &trail.status.delivery else {
        return;
    };
    if gap.reason != Reason::KnownAfterApply {
        return;
    }
    let gap = gap.clone();
    let known = trail.regions.iter().map(|it| it.region.clone());
    let all: BTreeSet<Region> = known.chain(regions.cloned()).collect();
    let status = |region| RegionalStatus {
        region,
        delivery: Unknown(gap.clone()),
    };
    trail.regions = all.into_iter().map(status).collect();
}

fn shows(
    trail: &Trail,
    account: &AccountId,
    region: &Region,
    members: &BTreeSet<AccountId>,
) -> Fact<bool> {
    let set = &trail.configuration;
    let here = match (*region == trail.home_region, &set.multi_region) {
        (true, _) => Known(true),
        (false, of) => of.clone(),
    };
    let whose = match (*account == trail.account, &set.organization) {
        (true, _) => Known(true),
        (false, of) => of.clone().map(|on| on && members.contains(account)),
    };
    match (here, whose) {
        (Known(false), _) | (_, Known(false)) => Known(false),
        (Unknown(gap), _) | (_, Unknown(gap)) => Unknown(gap),
        (Known(true), Known(true)) => Known(true),
    }
}

fn list_store(live: &mut Inventory, arn: &Arn) {
    let store = live.event_data_stores.get(arn);
    let place = store.map(|it| (it.account.clone(), it.region.clone()));
    for (at, view) in &mut live.regions {
        let Known(list) = &mut view.event_data_stores else {
            continue;
        };
        list.retain(|it| it != arn);
        if place.as_ref() == Some(at) {
            list.push(arn.clone());
            list.sort();
        }
    }
}

/// Three ways: what the plan leaves as it was stays as it was collected.
fn merge<T: Serialize + DeserializeOwned + Clone>(live: &T, before: Option<&T>, after: &T) -> T {
    let value = |it: &T| serde_json::to_value(it).ok();
    let merged = value(live).zip(value(after)).map(|(live, after)| {
        let before = before.and_then(value);
        three_ways(&live, before.as_ref(), &after)
    });
    let merged = merged.and_then(|it| serde_json::from_value(it).ok());
    // Where the two cannot be brought together, the plan's own word is the one that hides nothing.
    merged.unwrap_or_else(|| after.clone())
}

fn three_ways(live: &Value, before: Option<&Value>, after: &Value) -> Value {
    if before == Some(after) || is_not_in_plan(after) {
        return live.clone();
    }
    let (Some(there), Some(new)) = (live.as_object(), after.as_object()) else {
        return after.clone();
    };
    // Another variant: nothing of the one that was is kept.
    let only = |map: &Map<String, Value>| {
        (map.len() == 1)
            .then(|| map.keys().next().cloned())
            .flatten()
    };
    if let Some(key) = only(new)
        && !there.contains_key(&key)
    {
        return after.clone();
    }
    let old = before.and_then(Value::as_object);
    let mut merged = Map::new();
    for (key, value) in there {
        let was = old.and_then(|it| it.get(key));
        match new.get(key) {
            Some(new) if LISTS.contains(&key.as_str()) => {
                drop(merged.insert(key.clone(), by_arn(value, was, new)));
            }
            Some(new) => drop(merged.insert(key.clone(), three_ways(value, was, new))),
            None if was.is_some() => {}
            None => drop(merged.insert(key.clone(), value.clone())),
        }
    }
    for (key, value) in new {
        if !there.contains_key(key) {
            merged.insert(key.clone(), value.clone());
        }
    }
    Value::Object(merged)
}

/// Lists of which a plan holds only what it manages.
const LISTS: [&str; 1] = ["alarms"];

/// Those that the plan does not manage stay; the others are changed one by one.
fn by_arn(live: &Value, before: Option<&Value>, after: &Value) -> Value {
    fn known(it: &Value) -> Option<&Vec<Value>> {
        it.get("known")?.as_array()
    }
    let (Some(there), Some(new)) = (known(live), known(after)) else {
        return three_ways(live, before, after);
    };
    let old = before.and_then(known).map_or(&[][..], Vec::as_slice);
    let of = |list: &[Value], arn: Option<&Value>| -> Option<Value> {
        list.iter().find(|it| it.get("arn") == arn).cloned()
    };
    let mut merged = Vec::new();
    for item in there {
        let arn = item.get("arn");
        match (of(old, arn), of(new, arn)) {
            (was, Some(new)) => merged.push(three_ways(item, was.as_ref(), &new)),
            (Some(_), None) => {}
            (None, None) => merged.push(item.clone()),
        }
    }
    for item in new {
        let arn = item.get("arn");
        if of(there, arn).is_none() && of(old, arn).as_ref() != Some(item) {
            merged.push(item.clone());
        }
    }
    serde_json::json!({ "known": merged })
}

fn is_not_in_plan(value: &Value) -> bool {
    let gap = value.as_object().filter(|it| it.len() == 1);
    let gap = gap.and_then(|it| it.get("unknown")).cloned();
    let gap: Option<Gap> = gap.and_then(|it| serde_json::from_value(it).ok());
    gap.is_some_and(|it| it.reason == Reason::NotInPlan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_changes_changes() {
        let live = json!({"a": {"known": 1}, "b": {"known": {"x": 1, "y": 2}}, "c": {"known": {"classic": []}}});
        let before = json!({"a": {"known": 5}, "b": {"known": {"x": 3, "y": 2}}, "c": {"known": {"classic": []}}});
        let after = json!({"a": {"known": 5}, "b": {"known": {"x": 4, "y": 2}}, "c": {"known": {"advanced": [1]}}});
        assert_eq!(
            three_ways(&live, Some(&before), &after),
            json!({"a": {"known": 1}, "b": {"known": {"x": 4, "y": 2}}, "c": {"known": {"advanced": [1]}}})
        );
        assert_eq!(three_ways(&live, Some(&after), &after), live);
    }
}
