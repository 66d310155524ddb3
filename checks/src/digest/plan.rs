//! Sorts the keys of a listing into chains.

use std::collections::BTreeMap;

use super::chain::INTERVAL;
use super::key::{ChainId, DigestKey, ObjectRef};
use super::problem::Window;

/// The digests of a listing, by chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each chain's digests in the order in which the walk takes them.
    pub chains: BTreeMap<ChainId, Vec<DigestKey>>,
    /// Objects in folders of digests whose keys are not those of digests: each is a problem of its own.
    pub irregular: Vec<ObjectRef>,
}

impl Plan {
    /// Sorts `keys` of `bucket`.
    pub fn new<'k>(bucket: &str, keys: impl IntoIterator<Item = &'k str>) -> Self {
        let mut plan = Self::default();
        for key in keys.into_iter().filter(|key| !key.ends_with('/')) {
            let at = ObjectRef::new(bucket, key);
            match DigestKey::parse(&at) {
                Some(key) => plan.chains.entry(key.chain.clone()).or_default().push(key),
                None => plan.irregular.push(at),
            }
        }
        plan.irregular.sort();
        for keys in plan.chains.values_mut() {
            keys.sort_by_key(|key| (key.end, key.backfill));
        }
        plan
    }

    /// Adds a chain that must be there, whether it has digests or not.
    pub fn expect(&mut self, chain: ChainId) {
        self.chains.entry(chain).or_default();
    }

    /// Leaves of each chain the digests that may cover any of `window`, the one before them, and the one after them,
    /// which may prove a lost signature. Backfill digests stay if they end in the window.
    pub fn within(&mut self, window: Window) {
        let latest = window.end.saturating_add(INTERVAL).unwrap_or(window.end);
        for keys in self.chains.values_mut() {
            let hourly = |key: &&DigestKey| !key.backfill;
            let before = keys
                .iter()
                .filter(hourly)
                .map(|key| key.end)
                .filter(|end| *end <= window.start)
                .max();
            let after = keys
                .iter()
                .filter(hourly)
                .map(|key| key.end)
                .filter(|end| *end > latest)
                .min();
            keys.retain(|key| {
                let inside = key.end > window.start && key.end <= latest;
                inside || (!key.backfill && (Some(key.end) == before || Some(key.end) == after))
            });
        }
    }
}
