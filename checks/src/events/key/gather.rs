//! What sorted rows come to.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::row::Row;
use super::{Key, WITHIN, When};
use crate::finding::{Subject, SubjectKind};
use crate::ids::AccountId;
use crate::inventory::{EventRecord, KeyEvents};

/// Records that are shown of each check and subject.
const SHOWN: usize = 20;
/// Subjects of one check that are told one by one; the others are told by account.
const MOST: usize = 2_000;
/// Different values of a burst that are kept at hand: it takes fewer to be one.
const HELD: usize = 1_000;

/// A value of a burst.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    /// By a proved record.
    proven: bool,
    /// Its row, until it was told.
    row: Option<Row>,
}

/// Takes rows in their order.
#[derive(Debug)]
pub struct Gather {
    keys: Vec<&'static Key>,
    found: BTreeMap<(usize, String), KeyEvents>,
    subjects: BTreeMap<usize, usize>,
    /// The row before, by its time, event and value: another trail may have delivered the same.
    before: Vec<u8>,
    group: Vec<u8>,
    /// The first row of the group was taken.
    taken: bool,
    /// Values of the last ten minutes.
    burst: BTreeMap<Vec<u8>, Seen>,
    /// The first row of an instance's session, until another address is seen.
    home: Option<Home>,
}

/// Where the session of an instance was used first.
#[derive(Debug)]
struct Home {
    address: Vec<u8>,
    proven: bool,
    row: Option<Row>,
}

impl Gather {
    /// For rows of a detector with these keys.
    #[must_use]
    pub fn new(keys: &[&'static Key]) -> Self {
        Self {
            keys: keys.to_vec(),
            found: BTreeMap::new(),
            subjects: BTreeMap::new(),
            before: Vec::new(),
            group: Vec::new(),
            taken: false,
            burst: BTreeMap::new(),
            home: None,
        }
    }

    /// Takes the next row.
    ///
    /// # Errors
    ///
    /// If it is none of a detector.
    pub fn row(&mut self, sort: &[u8], value: &[u8]) -> Result<(), serde_json::Error> {
        let row: Row = serde_json::from_slice(value)?;
        let number = sort.first_chunk::<2>().map(|it| u16::from_be_bytes(*it));
        let at = usize::from(number.unwrap_or(u16::MAX));
        let Some(key) = self.keys.get(at).copied() else {
            return Ok(());
        };
        // Behind the group stand a NUL, eight bytes of time, the event id and the value.
        let ends = sort.split_last().map_or(&[][..], |(_, rest)| rest);
        let value_at = ends.iter().rposition(|it| *it == 0).map_or(0, |it| it + 1);
        let distinct = ends.get(value_at..).unwrap_or_default().to_vec();
        let tail = row.record.id.len() + 1 + distinct.len() + 1 + 8 + 1;
        let group = sort
            .get(..sort.len().saturating_sub(tail))
            .unwrap_or_default();
        if self.group != group {
            self.group = group.to_vec();
            self.taken = false;
            self.burst.clear();
            self.home = None;
            self.before.clear();
        }
        if self.before == sort && !row.record.id.is_empty() && row.proven {
            return Ok(());
        }
        self.before = sort.to_vec();
        match key.when {
            When::Each(_) | When::LogBucket(_) | When::LogKey | When::CrossAccount | When::Log => {
                self.hit(at, key, row)
            }
            When::First(_) => {
                if !self.taken {
                    self.taken = true;
                    self.hit(at, key, row);
                }
            }
            When::Distinct { least, .. } => self.burst(at, key, least, distinct, row),
            When::OffInstance => self.off_instance(at, key, distinct, row),
        }
        Ok(())
    }

    fn burst(&mut self, at: usize, key: &'static Key, least: usize, value: Vec<u8>, row: Row) {
        if row.alone {
            return self.hit(at, key, row);
        }
        let Some(time) = row.record.time else { return };
        let since = time.checked_sub(WITHIN).unwrap_or(Timestamp::MIN);
        self.burst.retain(|_, it| it.last >= since);
        let mut row = Some(row);
        let known = self.burst.len() < HELD || self.burst.contains_key(&value);
        if let (true, Some(it)) = (known, &row) {
            let (last, proven) = (time, it.proven);
            let own = self.burst.entry(value);
            let own = own.or_insert(Seen {
                last,
                proven,
                row: None,
            });
            (own.last, own.proven) = (last, proven);
            // It is told once the burst is one.
            if own.row.is_none() {
                own.row = row.take();
            }
        }
        if self.burst.len() < least {
            return;
        }
        // A burst is as good as the records that make it one.
        let proven = self.burst.values().filter(|it| it.proven).count() >= least;
        let held: Vec<Row> = self
            .burst
            .values_mut()
            .filter_map(|it| it.row.take())
            .collect();
        for mut row in held.into_iter().chain(row) {
            row.proven &= proven;
            self.hit(at, key, row);
        }
    }

    fn off_instance(&mut self, at: usize, key: &'static Key, address: Vec<u8>, row: Row) {
        let home = match &mut self.home {
            Some(home) => home,
            none => {
                let proven = row.proven;
                *none = Some(Home {
                    address,
                    proven,
                    row: Some(row),
                });
                return;
            }
        };
        if home.address == address {
            return;
        }
        let (proven, first) = (home.proven, home.row.take());
        for mut row in first.into_iter().chain([row]) {
            row.proven &= proven;
            self.hit(at, key, row);
        }
    }

    fn hit(&mut self, at: usize, key: &'static Key, row: Row) {
        let place = (at, row.subject.id.clone());
        if !self.found.contains_key(&place) {
            let subjects = self.subjects.entry(at).or_default();
            *subjects += 1;
            if *subjects > MOST {
                let account = row.record.account.clone();
                let rest = Subject {
                    kind: SubjectKind::Account,
                    id: format!("{account} (further subjects)"),
                    name: format!("{account} (further subjects)"),
                    account: Some(AccountId(account)),
                    region: None,
                    location: None,
                };
                return self.take(
                    at,
                    key,
                    Row {
                        subject: rest,
                        ..row
                    },
                );
            }
        }
        self.take(at, key, row);
    }

    fn take(&mut self, at: usize, key: &'static Key, row: Row) {
        let place = (at, row.subject.id.clone());
        let events = self.found.entry(place).or_insert_with(|| KeyEvents {
            check: key.id.to_owned(),
            subject: row.subject.clone(),
            step: i8::MIN,
            count: 0,
            refused: 0,
            unproven: 0,
            first: None,
            last: None,
            first_in_what_was_read: matches!(key.when, When::First(_)),
            records: Vec::new(),
        });
        let counts = row.proven || key.when == When::Log;
        // What is not proved is told only where nothing is.
        if counts && events.count == 0 && events.unproven > 0 {
            events.records.clear();
            events.step = i8::MIN;
            (events.first, events.last) = (None, None);
        }
        match counts {
            true => events.count += 1,
            false => events.unproven += 1,
        }
        if !counts && events.count > 0 {
            return;
        }
        events.refused += u64::from(row.refused && counts);
        // A refused attempt is one step lower.
        events.step = events.step.max(row.step - i8::from(row.refused));
        if let Some(time) = row.record.time {
            events.first = Some(events.first.map_or(time, |it| it.min(time)));
            events.last = Some(events.last.map_or(time, |it| it.max(time)));
        }
        keep(&mut events.records, row.record);
    }

    /// All of them, by check and subject.
    #[must_use]
    pub fn finish(self) -> Vec<KeyEvents> {
        let mut all: Vec<KeyEvents> = self.found.into_values().collect();
        all.sort_by(|a, b| (&a.check, &a.subject.id).cmp(&(&b.check, &b.subject.id)));
        all
    }
}

/// Keeps the earliest, in their order.
fn keep(records: &mut Vec<EventRecord>, record: EventRecord) {
    let at = records.binary_search(&record).unwrap_or_else(|at| at);
    if at < SHOWN {
        records.insert(at, record);
        records.truncate(SHOWN);
    }
}
