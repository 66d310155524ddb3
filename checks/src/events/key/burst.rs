//! Bursts: so many different values within ten minutes.
//!
//! What nothing proves must not hide what is proved: whoever can put a log into an hour that is not verified could
//! otherwise turn a proved burst into one that nobody is sure of. So proved rows are counted by themselves as well.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::WITHIN;

/// Different values of a burst that are kept at hand: it takes fewer to be one.
const HELD: usize = 1_000;

/// A row: what it is sorted by, what belongs to it, and what all rows of its log have in common.
pub(super) type Parts<'a> = [&'a [u8]; 3];

/// A row that waits for others.
#[derive(Debug)]
pub(super) struct Waiting([Vec<u8>; 3]);

impl Waiting {
    pub(super) fn of(row: Parts<'_>) -> Self {
        Self(row.map(<[u8]>::to_vec))
    }

    pub(super) fn parts(&self) -> Parts<'_> {
        self.0.each_ref().map(Vec::as_slice)
    }
}

/// The rows of one group, which come by their time.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    /// Of proved rows alone.
    proved: Values,
    /// Of all of them, from the first that is not proved on; its rows are those that are not.
    all: Option<Values>,
}

impl Bursts {
    pub(super) fn clear(&mut self) {
        self.proved.clear();
        self.all = None;
    }

    /// Takes the next row; what became part of a burst by it is handed out. A proved row is part of a burst of proved rows,
    /// one that is not proved of any.
    pub(super) fn take<E>(
        &mut self,
        (value, time, proven): (&[u8], Timestamp, bool),
        least: usize,
        row: Parts<'_>,
        each: &mut dyn FnMut(Parts<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if proven {
            self.proved.take((value, time), least, Some(row), each)?;
        } else if self.all.is_none() {
            self.all = Some(self.proved.without_rows());
        }
        match &mut self.all {
            Some(all) => all.take((value, time), least, (!proven).then_some(row), each),
            None => Ok(()),
        }
    }
}

/// A value.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    /// Its row, until it was told.
    row: Option<Waiting>,
}

/// Values of the last ten minutes.
#[derive(Debug, Default)]
struct Values {
    seen: BTreeMap<Vec<u8>, Seen>,
    /// None of them was seen last before.
    oldest: Option<Timestamp>,
    /// Some of them hold a row.
    holds: bool,
}

impl Values {
    fn clear(&mut self) {
        self.seen.clear();
        self.oldest = None;
        self.holds = false;
    }

    fn without_rows(&self) -> Self {
        let seen = self.seen.iter().map(|(value, it)| {
            let seen = Seen {
                last: it.last,
                row: None,
            };
            (value.clone(), seen)
        });
        Self {
            seen: seen.collect(),
            oldest: self.oldest,
            holds: false,
        }
    }

    fn take<E>(
        &mut self,
        (value, time): (&[u8], Timestamp),
        least: usize,
        row: Option<Parts<'_>>,
        each: &mut dyn FnMut(Parts<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.forget(time.checked_sub(WITHIN).unwrap_or(Timestamp::MIN));
        // It is told once the burst is one.
        let kept = self.see(value, time, row);
        if self.seen.len() < least {
            return Ok(());
        }
        for row in self.take_rows() {
            each(row.parts())?;
        }
        match row {
            Some(row) if !kept => each(row),
            _ => Ok(()),
        }
    }

    /// Forgets what was seen last before that time.
    fn forget(&mut self, since: Timestamp) {
        if self.oldest.is_none_or(|it| it >= since) {
            return;
        }
        self.seen.retain(|_, it| it.last >= since);
        self.oldest = self.seen.values().map(|it| it.last).min();
    }

    /// Keeps a value, with its row if it has none. Whether the row was kept.
    fn see(&mut self, value: &[u8], time: Timestamp, row: Option<Parts<'_>>) -> bool {
        let full = self.seen.len() >= HELD;
        let own = match self.seen.get_mut(value) {
            Some(own) => own,
            None if full => return false,
            None => self.seen.entry(value.to_vec()).or_insert(Seen {
                last: time,
                row: None,
            }),
        };
        own.last = time;
        // Rows come by their time: what is new is not the oldest, unless it is alone.
        self.oldest = Some(self.oldest.map_or(time, |it| it.min(time)));
        match row {
            Some(row) if own.row.is_none() => {
                own.row = Some(Waiting::of(row));
                self.holds = true;
                true
            }
            _ => false,
        }
    }

    /// The rows that were not told.
    fn take_rows(&mut self) -> Vec<Waiting> {
        if !std::mem::take(&mut self.holds) {
            return Vec::new();
        }
        let rows = self.seen.values_mut().filter_map(|it| it.row.take());
        rows.collect()
    }
}
