//! Some of the records that a search found: the first of each actor, or those of bursts.

use std::collections::BTreeSet;
use std::io;

use trailaudit_checks::events::{Bursts, Record};
use trailaudit_reports::events::{Match, Rows};

/// Which.
pub(super) enum Keep {
    /// The first of each actor.
    Firsts,
    /// Those of bursts.
    Bursts(Bursts),
}

/// Records in the order of time, less others.
pub(super) struct Only {
    rows: Box<dyn Rows>,
    keep: Keep,
    limit: u64,
}

impl Only {
    /// The first record of each actor.
    pub(super) fn firsts(rows: Box<dyn Rows>) -> Self {
        Self {
            rows,
            keep: Keep::Firsts,
            limit: u64::MAX,
        }
    }

    /// The records of bursts, and how many bursts there are.
    pub(super) fn bursts(rows: Box<dyn Rows>) -> io::Result<(Self, u64)> {
        let mut bursts = Bursts::default();
        rows.each(&mut |it| {
            if let Some(record) = Record::read(it.raw) {
                bursts.take(&record, it.proof);
            }
            Ok(())
        })?;
        let count = bursts.count();
        let only = Self {
            rows,
            keep: Keep::Bursts(bursts),
            limit: u64::MAX,
        };
        Ok((only, count))
    }

    /// At most so many; how many there are, and how many copies of them other trails delivered.
    pub(super) fn limited(self, limit: Option<u64>) -> io::Result<(Self, u64, u64)> {
        let (mut total, mut copies) = (0, 0);
        self.each(&mut |it| {
            total += 1;
            copies += it.copies;
            Ok(())
        })?;
        let limit = limit.unwrap_or(u64::MAX);
        Ok((Self { limit, ..self }, total, copies))
    }
}

impl Rows for Only {
    fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()> {
        let mut seen = BTreeSet::new();
        let mut shown = 0;
        self.rows.each(&mut |it| {
            let record = Record::read(it.raw);
            let kept = match &self.keep {
                Keep::Firsts => seen.insert(record.map(|it| it.actor().id.into_owned())),
                Keep::Bursts(bursts) => record.is_some_and(|it| bursts.hold(&it)),
            };
            if kept && shown < self.limit {
                shown += 1;
                return f(it);
            }
            Ok(())
        })
    }
}
