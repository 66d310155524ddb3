//! Sorts the keys of a listing into chains.

use std::collections::BTreeMap;

use jiff::Timestamp;

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

    /// Leaves of each chain the digests that may cover any of `window`, the one before them, and the one after them:
    /// it may prove a lost signature, and it may list a log that was delivered as the window ended. Backfill digests
    /// stay if they end in the window.
    pub fn within(&mut self, window: Window) {
        for keys in self.chains.values_mut() {
            let ends = || keys.iter().filter(|key| !key.backfill).map(|key| key.end);
            let before = ends().filter(|end| *end <= window.start).max();
            let next = |after| ends().filter(|end| *end > after).min();
            // The first to end after the window still covers some of it, unless it begins where the window ends.
            let straddles = |end: &Timestamp| {
                end.saturating_sub(INTERVAL)
                    .is_ok_and(|start| start < window.end)
            };
            let last = next(window.end);
            let after = last.filter(straddles).and_then(next).or(last);
            keys.retain(|key| {
                let inside = key.end > window.start && key.end <= window.end;
                let neighbour =
                    Some(key.end) == before || Some(key.end) == last || Some(key.end) == after;
                inside || (!key.backfill && neighbour)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_and_its_neighbours() {
        let key = |hour: i8, backfill: &str| {
            format!(
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/\
                 111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260102T{hour:02}0000Z{backfill}.json.gz"
            )
        };
        let mut keys: Vec<_> = (1..12).rev().map(|hour| key(hour, "")).collect();
        keys.extend([
            key(3, "_backfill"),
            key(9, "_backfill"),
            key(4, "_other"),
            "AWSLogs/".to_owned(),
        ]);
        let time = |text: &str| format!("2026-01-02T{text}:00Z").parse().unwrap();
        let kept = |start, end| {
            let mut plan = Plan::new("b", keys.iter().map(String::as_str));
            assert_eq!(plan.irregular.len(), 1);
            plan.within(Window {
                start: time(start),
                end: time(end),
            });
            let keys = plan.chains.into_values().next().unwrap();
            let hours = keys
                .iter()
                .map(|key| (key.end.to_string()[11..13].to_owned(), key.backfill));
            hours
                .map(|(hour, backfill)| hour + if backfill { "b" } else { "" })
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(kept("03:00", "05:00"), "03 04 05 06");
        assert_eq!(kept("02:30", "05:30"), "02 03 03b 04 05 06 07");
        assert_eq!(
            kept("00:00", "23:00"),
            "01 02 03 03b 04 05 06 07 08 09 09b 10 11"
        );
        assert_eq!(kept("15:00", "16:00"), "11");
    }
}
