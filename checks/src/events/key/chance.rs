//! Which rows cannot become part of a burst, told before all are sorted: most records that could be of one have too few
//! others within ten minutes.

use jiff::Timestamp;

use super::WITHIN;

/// What a row needs others for: so many of its group within ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance {
    /// A hash of the key's number and of the group: where two groups share one, no row is lost by it.
    group: u64,
    time: Timestamp,
    least: usize,
    /// Its place among the rows.
    row: usize,
}

impl Chance {
    pub(super) fn new(group: u64, time: Timestamp, least: usize, row: usize) -> Self {
        Self {
            group,
            time,
            least,
            row,
        }
    }

    /// The same, where so many rows of others come before.
    #[must_use]
    pub fn behind(self, rows: usize) -> Self {
        Self {
            row: rows + self.row,
            ..self
        }
    }
}

/// The places of the rows that can be left out, in their order: a [`super::Gather`] comes to the same without them.
///
/// A burst forgets what it saw where ten minutes pass between two rows. What lies between two such gaps is kept as a whole
/// if any ten minutes in it hold as many rows as it takes different values.
#[must_use]
pub fn lone(mut chances: Vec<Chance>) -> Vec<usize> {
    chances.sort_unstable_by_key(|it| (it.group, it.time));
    let near = |a: &Chance, b: &Chance| b.time.duration_since(a.time) <= WITHIN;
    let mut lone = Vec::new();
    for run in chances.chunk_by(|a, b| a.group == b.group && near(a, b)) {
        let least = run.iter().map(|it| it.least).min().unwrap_or_default();
        let mut windows = run.windows(least.max(1));
        let burst = windows.any(|it| matches!(it, [first, .., last] if near(first, last)));
        if !burst && least > 1 {
            lone.extend(run.iter().map(|it| it.row));
        }
    }
    lone.sort_unstable();
    lone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chances(rows: &[(u64, i64)], least: usize) -> Vec<Chance> {
        let rows = rows.iter().enumerate();
        rows.map(|(row, (group, second))| {
            let time = Timestamp::from_second(*second).unwrap();
            Chance::new(*group, time, least, row)
        })
        .collect()
    }

    #[test]
    fn what_has_too_few_others_is_alone() {
        for (rows, least, expected) in [
            // Within ten minutes, and one second more; of another group.
            (&[(1, 0), (1, 600)][..], 2, &[][..]),
            (&[(1, 0), (1, 601)], 2, &[0, 1]),
            (&[(1, 600), (2, 0), (1, 0)], 2, &[1]),
            (&[(1, 0), (1, 300), (1, 601)], 3, &[0, 1, 2]),
            // What is near to a burst is kept with it: the first sight of a value is told.
            (&[(1, 0), (1, 500), (1, 1000), (1, 1001)], 3, &[]),
            (&[], 2, &[]),
            // It takes no other.
            (&[(1, 0)], 1, &[]),
            (&[(1, 0)], 0, &[]),
        ] {
            assert_eq!(lone(chances(rows, least)), expected, "{rows:?} {least}");
        }
    }
}
