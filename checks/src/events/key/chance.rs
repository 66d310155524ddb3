//! Which rows cannot become part of a burst, told before all are sorted: most records that could be of one have too few
//! others within ten minutes.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use jiff::Timestamp;

use super::WITHIN;
use super::order::without_nul;

/// Hashes groups and values. Values must not share one: two would count as one, and a burst could be lost. So they are
/// hashed by a keyed function that nobody outside can foresee (SipHash), and not by a faster one.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    groups: foldhash::fast::RandomState,
    values: RandomState,
}

/// What a row needs others for: so many different values of its group within ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance {
    /// A hash of the key's number and of the group: where two groups share one, no row is lost by it.
    group: u64,
    /// A hash of the value.
    value: u64,
    /// In microseconds.
    time: i64,
    least: u32,
    /// Its place among the rows.
    row: u32,
}

impl Chance {
    pub(super) fn new(
        hashes: &Hashes,
        (key, group, value): (usize, &str, &str),
        time: Timestamp,
        least: usize,
        row: usize,
    ) -> Self {
        Self {
            group: hashes.groups.hash_one((key, without_nul(group))),
            value: hashes.values.hash_one(value),
            time: time.as_microsecond(),
            least: u32::try_from(least).unwrap_or(u32::MAX),
            row: u32::try_from(row).unwrap_or(u32::MAX),
        }
    }

    /// The same, where so many rows of others come before.
    #[must_use]
    pub fn behind(self, rows: usize) -> Self {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        Self {
            row: rows.saturating_add(self.row),
            ..self
        }
    }
}

/// The places of the rows that can be left out, in their order: a [`super::Gather`] comes to the same without them.
///
/// A burst forgets what it saw where ten minutes pass between two rows. What lies between two such gaps is kept as a whole
/// if any ten minutes in it hold as many different values as it takes.
#[must_use]
pub fn lone(mut chances: Vec<Chance>) -> Vec<u32> {
    chances.sort_unstable_by_key(|it| (it.group, it.time));
    let mut lone = Vec::new();
    let mut within = Within::default();
    for run in chances.chunk_by(|a, b| a.group == b.group && b.since(a) <= TEN_MINUTES) {
        if !within.burst(run) {
            lone.extend(run.iter().map(|it| it.row));
        }
    }
    lone.sort_unstable();
    lone
}

const TEN_MINUTES: i64 = WITHIN.as_secs() * 1_000_000;

impl Chance {
    fn since(&self, earlier: &Self) -> i64 {
        self.time.saturating_sub(earlier.time)
    }
}

/// How often each value is in the last ten minutes.
#[derive(Debug, Default)]
struct Within(HashMap<u64, usize, foldhash::fast::RandomState>);

impl Within {
    /// Whether enough different values are in any ten minutes.
    fn burst(&mut self, run: &[Chance]) -> bool {
        let least = run.iter().map(|it| it.least).min().unwrap_or_default();
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        if run.len() < least {
            return false;
        }
        self.0.clear();
        let mut begin = run.iter().peekable();
        run.iter().any(|it| {
            *self.0.entry(it.value).or_default() += 1;
            while let Some(old) = begin.next_if(|old| it.since(old) > TEN_MINUTES) {
                if let Some(count @ 2..) = self.0.get_mut(&old.value) {
                    *count -= 1;
                } else {
                    self.0.remove(&old.value);
                }
            }
            self.0.len() >= least
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chances(rows: &[(&str, i64, &str)], least: usize) -> Vec<Chance> {
        let hashes = Hashes::default();
        let rows = rows.iter().enumerate();
        rows.map(|(row, (group, second, value))| {
            let time = Timestamp::from_second(*second).unwrap();
            Chance::new(&hashes, (7, group, value), time, least, row)
        })
        .collect()
    }

    #[test]
    fn what_has_too_few_others_is_alone() {
        for (rows, least, expected) in [
            // Within ten minutes, and one second more; of another group; twice the same.
            (&[("g", 0, "a"), ("g", 600, "b")][..], 2, &[][..]),
            (&[("g", 0, "a"), ("g", 601, "b")], 2, &[0, 1]),
            (&[("g", 600, "a"), ("h", 0, "b"), ("g", 0, "c")], 2, &[1]),
            (
                &[("g", 0, "a"), ("g", 0, "a"), ("g", 9, "a")],
                2,
                &[0, 1, 2],
            ),
            (
                &[("g", 0, "a"), ("g", 300, "b"), ("g", 601, "c")],
                3,
                &[0, 1, 2],
            ),
            // One that left and came again.
            (
                &[
                    ("g", 0, "a"),
                    ("g", 500, "b"),
                    ("g", 900, "a"),
                    ("g", 901, "c"),
                ],
                3,
                &[],
            ),
            // What is near to a burst is kept with it: the first sight of a value is told.
            (
                &[
                    ("g", 0, "a"),
                    ("g", 500, "a"),
                    ("g", 1000, "a"),
                    ("g", 1001, "b"),
                ],
                2,
                &[],
            ),
            (&[], 2, &[]),
            // Rows are sorted by a group without its NUL.
            (&[("g\0", 0, "a"), ("g\u{1}", 0, "b")], 2, &[]),
            // It takes no other.
            (&[("g", 0, "a")], 1, &[]),
            (&[("g", 0, "a")], 0, &[]),
        ] {
            assert_eq!(lone(chances(rows, least)), expected, "{rows:?} {least}");
        }
    }
}
