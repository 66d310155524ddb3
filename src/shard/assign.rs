//! Which shard does what. It is written into the plan and never computed by a shard: so a shard that is missing names
//! exactly what was not done.

use std::collections::BTreeMap;

use trailaudit_checks::inventory::Inventory;

/// How much work each unit is, as a former run tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weights(BTreeMap<String, u64>);

impl Weights {
    /// The requests that each account took.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        let mut weights: BTreeMap<String, u64> = BTreeMap::new();
        for call in &inventory.ledger {
            let weight = weights.entry(call.account.to_string()).or_default();
            *weight = weight.saturating_add(call.attempts.into());
        }
        Self(weights)
    }

    /// What the account weighs; one that is not known is an ordinary one.
    #[must_use]
    pub fn weight(&self, account: &str) -> u64 {
        let usual = || {
            let sum = self
                .0
                .values()
                .fold(0_u64, |sum, it| sum.saturating_add(*it));
            sum.checked_div(self.0.len() as u64).unwrap_or(1)
        };
        self.0.get(account).copied().unwrap_or_else(usual).max(1)
    }
}

/// Shares the units out: the heaviest first, each to the shard with the least to do. There are as many shards as asked
/// for, since an engine starts so many jobs: some have nothing to do where there are fewer units.
#[must_use]
pub fn assign<U: Clone + Ord>(
    units: &[U],
    weight: impl Fn(&U) -> u64,
    shards: usize,
) -> Vec<Vec<U>> {
    let mut heaviest: Vec<(u64, &U)> = units.iter().map(|it| (weight(it), it)).collect();
    heaviest.sort_by(|(a, id), (b, other)| b.cmp(a).then(id.cmp(other)));
    let mut assigned: Vec<(u64, Vec<U>)> = vec![(0, Vec::new()); shards.max(1)];
    for (weight, unit) in heaviest {
        if let Some((sum, to)) = assigned.iter_mut().min_by_key(|(sum, _)| *sum) {
            *sum = sum.saturating_add(weight);
            to.push(unit.clone());
        }
    }
    let mut assigned: Vec<Vec<U>> = assigned.into_iter().map(|(_, units)| units).collect();
    assigned.iter_mut().for_each(|it| it.sort());
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_unit_has_one_shard() {
        let all = units(&["e", "a", "c", "b", "d"]);
        for shards in 0..9 {
            let assigned = assign(&all, |_| 1, shards);
            assert_eq!(assigned.len(), shards.max(1));
            // Nobody is idle while another has two.
            let most = assigned.iter().map(Vec::len).max().unwrap();
            assert!(most == 1 || assigned.iter().all(|it| !it.is_empty()));
            let mut seen: Vec<String> = assigned.concat();
            seen.sort();
            assert_eq!(seen, units(&["a", "b", "c", "d", "e"]));
        }
        // In turn, where all weigh the same.
        let assigned = assign(&all, |_| 1, 2);
        assert_eq!(assigned, [units(&["a", "c", "e"]), units(&["b", "d"])]);
    }

    #[test]
    fn the_heaviest_stands_alone() {
        let weights = [("a", 10), ("b", 1), ("c", 2), ("d", 3)];
        let weights = Weights(weights.map(|(id, it)| (id.to_owned(), it)).into());
        let assigned = assign(&units(&["a", "b", "c", "d"]), |it| weights.weight(it), 2);
        assert_eq!(assigned, [units(&["a"]), units(&["b", "c", "d"])]);
    }
}
