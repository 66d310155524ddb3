//! What an inventory says about a record: which accounts and regions should have chains, and which categories of
//! events its trails do not log at all. "None" is said of what was read; this names what could not be in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::coverage::{AccountStatus, Coverage, RegionStatus};
use crate::inventory::Inventory;
use crate::selectors;

/// An account and region.
pub type Place = (String, String);

/// Categories that a trail logs only if its selectors say so.
const CHOSEN: [(&str, &str); 2] = [
    ("Data", "data events"),
    ("NetworkActivity", "network activity events"),
];
/// Regions of one account that are named; the others are counted.
const NAMED: usize = 5;

/// The accounts and regions in use, except where a chain was read: one sentence for each account.
///
/// `asked`: whether the run was to look there at all. An account whose regions are not known has none by name.
#[must_use]
pub fn without_chain(
    inventory: &Inventory,
    chains: &BTreeSet<Place>,
    asked: &dyn Fn(&str, Option<&str>) -> bool,
) -> Vec<String> {
    let coverage = Coverage::of(inventory);
    let mut regions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for it in &coverage.regions {
        // What the scan left out may be in use all the same.
        if it.status != RegionStatus::NotEnabled {
            let all = regions.entry(it.account.as_str()).or_default();
            all.push(it.region.as_str());
        }
    }
    let mut found = Vec::new();
    if !inventory.complete() {
        found.push(
            "accounts and regions that the inventory lacks: its scan was interrupted".to_owned(),
        );
    }
    for account in &coverage.accounts {
        let id = account.id.as_str();
        let unused = [AccountStatus::NotActive, AccountStatus::Former];
        if unused.contains(&account.status) || !asked(id, None) {
            continue;
        }
        let name = account.name.as_ref().map(|it| format!(" ({it})"));
        let name = format!("{id}{}", name.unwrap_or_default());
        let Some(own) = regions.get(id) else {
            found.push(match chains.iter().any(|(account, _)| account == id) {
                true => format!("{name}: which of its regions are in use is not known"),
                false => format!("{name}: no chain in any region, and its regions are not known"),
            });
            continue;
        };
        let without: Vec<&str> = own
            .iter()
            .copied()
            .filter(|it| asked(id, Some(it)))
            .filter(|it| !chains.contains(&(id.to_owned(), (*it).to_owned())))
            .collect();
        if !without.is_empty() {
            found.push(format!("{name}: no chain in {}", list(&without)));
        }
    }
    found
}

fn list(regions: &[&str]) -> String {
    let named = regions.iter().take(NAMED).copied().collect::<Vec<_>>();
    let named = named.join(", ");
    match regions.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more regions"),
    }
}

/// Categories that no trail of the inventory logs, one sentence each: that none of them is in the record says nothing.
#[must_use]
pub fn not_logged(inventory: &Inventory) -> Vec<String> {
    let mut found = Vec::new();
    for (category, words) in CHOSEN {
        let mut unknown = 0;
        let mut logged = false;
        for trail in inventory.trails.values() {
            match selectors::recorded(trail) {
                Ok(sets) => logged |= sets.iter().any(|it| it.has_category(category)),
                Err(_) => unknown += 1,
            }
        }
        if logged {
            continue;
        }
        found.push(match (inventory.trails.len(), unknown) {
            (0, _) => format!("{words}: the inventory holds no trail"),
            (_, 0) => format!("{words}: no trail of the inventory logs any"),
            (_, unknown) => format!(
                "{words}: no trail of the inventory is known to log any; the selectors of {unknown} could not be read"
            ),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Known;
    use crate::ids::Region;
    use crate::inventory::account::RegionSwitch;
    use crate::inventory::trail::EventSelector;
    use crate::inventory::{Selectors, Trail};
    use crate::testing;

    fn place(account: &str, region: &str) -> Place {
        (account.to_owned(), region.to_owned())
    }

    /// The good world, whose first account has these regions.
    fn world(change: impl FnOnce(&mut Inventory)) -> Inventory {
        let mut inventory = testing::inventory(|_| {}).inventory;
        change(&mut inventory);
        inventory
    }

    #[test]
    fn places_without_a_chain_are_named() {
        let inventory = world(|_| {});
        let all = without_chain(&inventory, &BTreeSet::new(), &|_, _| true);
        assert!(!all.is_empty(), "nothing is said of no chain at all");
        let chains: BTreeSet<Place> = Coverage::of(&inventory)
            .regions
            .iter()
            .map(|it| place(it.account.as_str(), it.region.as_str()))
            .collect();
        assert_eq!(without_chain(&inventory, &chains, &|_, _| true), [""; 0]);
        // One that is missing.
        let (first, rest) = chains
            .iter()
            .next()
            .map(|it| (it.clone(), &chains))
            .unwrap();
        let others: BTreeSet<Place> = rest.iter().filter(|it| **it != first).cloned().collect();
        let told = without_chain(&inventory, &others, &|_, _| true);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with(&first.0) && told[0].contains(&first.1),
            "{told:?}"
        );
        // Nobody asked about it.
        let asked = |account: &str, _: Option<&str>| account != first.0;
        assert_eq!(without_chain(&inventory, &others, &asked), [""; 0]);
    }

    #[test]
    fn what_an_inventory_did_not_look_at_is_no_place_without_events() {
        let everywhere = |inventory: &Inventory| -> BTreeSet<Place> {
            let regions = Coverage::of(inventory).regions;
            let all = regions.iter();
            all.map(|it| place(it.account.as_str(), it.region.as_str()))
                .collect()
        };
        // A region that the scan left out.
        let whole = world(|_| {});
        let narrow = world(|inventory| {
            for account in inventory.accounts.values_mut() {
                account.regions = Known(vec![RegionSwitch {
                    name: Region::from("eu-north-1"),
                    enabled: true,
                    excluded: true,
                }]);
            }
        });
        let told = without_chain(&narrow, &everywhere(&whole), &|_, _| true);
        assert!(told.iter().any(|it| it.contains("eu-north-1")), "{told:?}");
        // A scan that was interrupted may lack accounts.
        let cut = world(|it| it.trailer = None);
        let told = without_chain(&cut, &everywhere(&whole), &|_, _| true);
        assert!(told.iter().any(|it| it.contains("interrupted")), "{told:?}");
    }

    #[test]
    fn categories_that_no_trail_logs() {
        let set = |inventory: &mut Inventory, data: bool| {
            for trail in inventory.trails.values_mut() {
                let trail: &mut Trail = trail;
                trail.selectors = Known(Selectors::Classic(vec![EventSelector {
                    read_write: "All".to_owned(),
                    management: true,
                    excluded_sources: Vec::new(),
                    data: if data {
                        vec![crate::inventory::trail::DataResource {
                            kind: "AWS::S3::Object".to_owned(),
                            values: vec!["arn:aws:s3".to_owned()],
                        }]
                    } else {
                        Vec::new()
                    },
                }]));
            }
        };
        let without = not_logged(&world(|it| set(it, false)));
        assert_eq!(without.len(), 2);
        assert!(
            without[0].starts_with("data events: no trail"),
            "{without:?}"
        );
        let with = not_logged(&world(|it| set(it, true)));
        assert_eq!(with.len(), 1);
        assert!(with[0].starts_with("network activity events"), "{with:?}");
        let none = not_logged(&world(|it| it.trails.clear()));
        assert!(none[0].contains("holds no trail"), "{none:?}");
    }

    #[test]
    fn regions_that_are_not_in_use_are_not_missed() {
        let inventory = world(|inventory| {
            for account in inventory.accounts.values_mut() {
                account.regions = Known(vec![RegionSwitch {
                    name: Region::from("af-south-1"),
                    enabled: false,
                    excluded: false,
                }]);
            }
            inventory.regions.clear();
        });
        let said = without_chain(&inventory, &BTreeSet::new(), &|_, _| true);
        assert!(said.iter().all(|it| !it.contains("af-south-1")), "{said:?}");
    }
}
