//! What sorted rows come to.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::packed::Packed;
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
    row: Option<Vec<u8>>,
}

/// Takes rows in their order.
#[derive(Debug)]
pub struct Gather {
    keys: Vec<&'static Key>,
    /// By the number of the key, then by subject.
    found: BTreeMap<usize, HashMap<String, KeyEvents>>,
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
    row: Option<Vec<u8>>,
}

impl Gather {
    /// For rows of a detector with these keys.
    #[must_use]
    pub fn new(keys: &[&'static Key]) -> Self {
        Self {
            keys: keys.to_vec(),
            found: BTreeMap::new(),
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
    pub fn row(&mut self, sort: &[u8], value: &[u8]) -> Result<(), NoRow> {
        let row = Packed::read(value).ok_or(NoRow)?;
        let number = sort.first_chunk::<2>().map(|it| u16::from_be_bytes(*it));
        let at = usize::from(number.unwrap_or(u16::MAX));
        let Some(key) = self.keys.get(at).copied() else {
            return Ok(());
        };
        // Behind the group stand a NUL, eight bytes of time, the event id and the value.
        let ends = sort.split_last().map_or(&[][..], |(_, rest)| rest);
        let value_at = ends.iter().rposition(|it| *it == 0).map_or(0, |it| it + 1);
        let distinct = ends.get(value_at..).unwrap_or_default();
        let tail = row.id().len() + 1 + distinct.len() + 1 + 8 + 1;
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
        if self.before == sort && !row.id().is_empty() && row.proven {
            return Ok(());
        }
        self.before.clear();
        self.before.extend_from_slice(sort);
        match key.when {
            When::Each(_) | When::LogBucket(_) | When::LogKey | When::CrossAccount | When::Log => {
                self.hit(at, key, &row)
            }
            When::First(_) => {
                if !self.taken {
                    self.taken = true;
                    self.hit(at, key, &row);
                }
            }
            When::Distinct { least, .. } => self.burst(at, key, least, distinct, &row, value),
            When::OffInstance => self.off_instance(at, key, distinct, &row, value),
        }
        Ok(())
    }

    fn burst(
        &mut self,
        at: usize,
        key: &'static Key,
        least: usize,
        value: &[u8],
        row: &Packed<'_>,
        bytes: &[u8],
    ) {
        if row.alone() {
            return self.hit(at, key, row);
        }
        let Some(time) = row.time else { return };
        let since = time.checked_sub(WITHIN).unwrap_or(Timestamp::MIN);
        self.burst.retain(|_, it| it.last >= since);
        let mut own_row = Some(bytes);
        if self.burst.len() < HELD || self.burst.contains_key(value) {
            let own = self.burst.entry(value.to_vec()).or_insert(Seen {
                last: time,
                proven: row.proven,
                row: None,
            });
            (own.last, own.proven) = (time, row.proven);
            // It is told once the burst is one.
            if own.row.is_none() {
                own.row = own_row.take().map(<[u8]>::to_vec);
            }
        }
        if self.burst.len() < least {
            return;
        }
        // A burst is as good as the records that make it one.
        let proven = self.burst.values().filter(|it| it.proven).count() >= least;
        let held: Vec<Vec<u8>> = self
            .burst
            .values_mut()
            .filter_map(|it| it.row.take())
            .collect();
        for bytes in held.iter().map(Vec::as_slice).chain(own_row) {
            self.hit_if(at, key, bytes, proven);
        }
    }

    fn off_instance(
        &mut self,
        at: usize,
        key: &'static Key,
        address: &[u8],
        row: &Packed<'_>,
        bytes: &[u8],
    ) {
        let home = match &mut self.home {
            Some(home) => home,
            none => {
                *none = Some(Home {
                    address: address.to_vec(),
                    proven: row.proven,
                    row: Some(bytes.to_vec()),
                });
                return;
            }
        };
        if home.address == address {
            return;
        }
        let (proven, first) = (home.proven, home.row.take());
        for bytes in first.as_deref().into_iter().chain([bytes]) {
            self.hit_if(at, key, bytes, proven);
        }
    }

    /// A row that rests on others: it is proved if they are.
    fn hit_if(&mut self, at: usize, key: &'static Key, bytes: &[u8], proven: bool) {
        if let Some(mut row) = Packed::read(bytes) {
            row.proven &= proven;
            self.hit(at, key, &row);
        }
    }

    fn hit(&mut self, at: usize, key: &'static Key, row: &Packed<'_>) {
        let known = self.found.entry(at).or_default();
        if known.contains_key(row.subject_id()) || known.len() < MOST {
            return self.take(at, key, row, None);
        }
        let account = row.account();
        let id = format!("{account} (further subjects)");
        let rest = Subject {
            kind: SubjectKind::Account,
            name: id.clone(),
            id,
            account: Some(AccountId::from(account)),
            region: None,
            location: None,
        };
        self.take(at, key, row, Some(rest));
    }

    fn take(&mut self, at: usize, key: &'static Key, row: &Packed<'_>, instead: Option<Subject>) {
        let known = self.found.entry(at).or_default();
        let id = instead.as_ref().map_or(row.subject_id(), |it| &it.id);
        if !known.contains_key(id) {
            let events = KeyEvents {
                check: key.id.to_owned(),
                subject: instead.clone().unwrap_or_else(|| row.subject()),
                step: i8::MIN,
                count: 0,
                refused: 0,
                unproven: 0,
                first: None,
                last: None,
                first_in_what_was_read: matches!(key.when, When::First(_)),
                records: Vec::new(),
            };
            known.insert(id.to_owned(), events);
        }
        let Some(events) = known.get_mut(id) else {
            return;
        };
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
        events.refused += u64::from(row.refused() && counts);
        // A refused attempt is one step lower.
        events.step = events.step.max(row.step - i8::from(row.refused()));
        if let Some(time) = row.time {
            events.first = Some(events.first.map_or(time, |it| it.min(time)));
            events.last = Some(events.last.map_or(time, |it| it.max(time)));
        }
        keep(&mut events.records, row);
    }

    /// All of them, by check and subject.
    #[must_use]
    pub fn finish(self) -> Vec<KeyEvents> {
        let all = self.found.into_values().flat_map(HashMap::into_values);
        let mut all: Vec<KeyEvents> = all.collect();
        all.sort_by(|a, b| (&a.check, &a.subject.id).cmp(&(&b.check, &b.subject.id)));
        all
    }
}

/// Keeps the earliest, in their order.
fn keep(records: &mut Vec<EventRecord>, row: &Packed<'_>) {
    // Most rows come too late: nothing is copied of them.
    if records.len() == SHOWN && records.last().is_some_and(|it| it.time < row.time) {
        return;
    }
    let record = row.record();
    let at = records.binary_search(&record).unwrap_or_else(|at| at);
    if at < SHOWN {
        records.insert(at, record);
        records.truncate(SHOWN);
    }
}

/// Bytes that are no row of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a temporary file was changed")]
pub struct NoRow;
