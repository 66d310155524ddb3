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

/// A row: what it is sorted by, what belongs to it, and what all rows of its log have in common.
type Parts<'a> = [&'a [u8]; 3];

/// A row that waits for others.
#[derive(Debug)]
struct Waiting([Vec<u8>; 3]);

impl Waiting {
    fn of(row: Parts<'_>) -> Self {
        Self(row.map(<[u8]>::to_vec))
    }

    fn parts(&self) -> Parts<'_> {
        self.0.each_ref().map(Vec::as_slice)
    }
}

/// A value of a burst.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    /// By a proved record.
    proven: bool,
    /// Its row, until it was told.
    row: Option<Waiting>,
}

/// Values of the last ten minutes.
#[derive(Debug, Default)]
struct Burst {
    seen: BTreeMap<Vec<u8>, Seen>,
    /// None of them was seen last before.
    oldest: Option<Timestamp>,
    /// Some of them hold a row.
    holds: bool,
}

impl Burst {
    fn clear(&mut self) {
        self.seen.clear();
        self.oldest = None;
        self.holds = false;
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
    fn see(&mut self, value: &[u8], time: Timestamp, proven: bool, row: Parts<'_>) -> bool {
        let full = self.seen.len() >= HELD;
        let own = match self.seen.get_mut(value) {
            Some(own) => own,
            None if full => return false,
            None => self.seen.entry(value.to_vec()).or_insert(Seen {
                last: time,
                proven,
                row: None,
            }),
        };
        (own.last, own.proven) = (time, proven);
        // Rows come by their time: what is new is not the oldest, unless it is alone.
        self.oldest = Some(self.oldest.map_or(time, |it| it.min(time)));
        if own.row.is_some() {
            return false;
        }
        own.row = Some(Waiting::of(row));
        self.holds = true;
        true
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

/// Takes rows in their order.
#[derive(Debug)]
pub struct Gather {
    keys: Vec<&'static Key>,
    /// By the number of the key, then by subject.
    found: Vec<HashMap<String, KeyEvents>>,
    /// The row before, by its time, event and value: another trail may have delivered the same.
    before: Vec<u8>,
    group: Vec<u8>,
    /// The first row of the group was taken.
    taken: bool,
    burst: Burst,
    /// The first row of an instance's session, until another address is seen.
    home: Option<Home>,
}

/// Where the session of an instance was used first.
#[derive(Debug)]
struct Home {
    address: Vec<u8>,
    proven: bool,
    row: Option<Waiting>,
}

impl Gather {
    /// For rows of a detector with these keys.
    #[must_use]
    pub fn new(keys: &[&'static Key]) -> Self {
        Self {
            keys: keys.to_vec(),
            found: keys.iter().map(|_| HashMap::new()).collect(),
            before: Vec::new(),
            group: Vec::new(),
            taken: false,
            burst: Burst::default(),
            home: None,
        }
    }

    /// Takes the next row: what it is sorted by, and what belongs to it, with what all rows of its log have in common.
    ///
    /// # Errors
    ///
    /// If it is none of a detector.
    pub fn row(&mut self, sort: &[u8], value: [&[u8]; 2]) -> Result<(), NoRow> {
        let row = Packed::read(sort, value).ok_or(NoRow)?;
        let [own, common] = value;
        let parts = [sort, own, common];
        let at = usize::from(row.sort.number);
        let Some(key) = self.keys.get(at).copied() else {
            return Ok(());
        };
        if self.group != row.sort.head {
            self.group.clear();
            self.group.extend_from_slice(row.sort.head);
            self.taken = false;
            self.burst.clear();
            self.home = None;
            self.before.clear();
        }
        if self.before == sort && row.sort.has_id() && row.proven {
            return Ok(());
        }
        self.before.clear();
        self.before.extend_from_slice(sort);
        match key.when {
            When::Each(_) | When::LogBucket(_) | When::LogKey | When::CrossAccount | When::Log => {
                self.hit(at, key, &row)
            }
            When::First(_) if self.taken => Ok(()),
            When::First(_) => {
                self.taken = true;
                self.hit(at, key, &row)
            }
            When::Distinct { least, .. } => self.burst(at, key, least, &row, parts),
            When::OffInstance => self.off_instance(at, key, &row, parts),
        }
    }

    fn burst(
        &mut self,
        at: usize,
        key: &'static Key,
        least: usize,
        row: &Packed<'_>,
        bytes: Parts<'_>,
    ) -> Result<(), NoRow> {
        if row.alone() {
            return self.hit(at, key, row);
        }
        let Some(time) = row.time else { return Ok(()) };
        self.burst
            .forget(time.checked_sub(WITHIN).unwrap_or(Timestamp::MIN));
        // It is told once the burst is one.
        let kept = self.burst.see(row.sort.value, time, row.proven, bytes);
        if self.burst.seen.len() < least {
            return Ok(());
        }
        // A burst is as good as the records that make it one.
        let proven = self.burst.seen.values().filter(|it| it.proven);
        let proven = proven.take(least).count() >= least;
        for bytes in self.burst.take_rows() {
            self.hit_if(at, key, bytes.parts(), proven)?;
        }
        match kept {
            true => Ok(()),
            false => self.hit_if(at, key, bytes, proven),
        }
    }

    fn off_instance(
        &mut self,
        at: usize,
        key: &'static Key,
        row: &Packed<'_>,
        bytes: Parts<'_>,
    ) -> Result<(), NoRow> {
        let address = row.sort.value;
        let home = match &mut self.home {
            Some(home) => home,
            none => {
                *none = Some(Home {
                    address: address.to_vec(),
                    proven: row.proven,
                    row: Some(Waiting::of(bytes)),
                });
                return Ok(());
            }
        };
        if home.address == address {
            return Ok(());
        }
        let (proven, first) = (home.proven, home.row.take());
        let mut rows = first.iter().map(Waiting::parts).chain([bytes]);
        rows.try_for_each(|bytes| self.hit_if(at, key, bytes, proven))
    }

    /// A row that rests on others: it is proved if they are.
    fn hit_if(
        &mut self,
        at: usize,
        key: &'static Key,
        [sort, own, common]: Parts<'_>,
        proven: bool,
    ) -> Result<(), NoRow> {
        let mut row = Packed::read(sort, [own, common]).ok_or(NoRow)?;
        row.proven &= proven;
        self.hit(at, key, &row)
    }

    fn hit(&mut self, at: usize, key: &'static Key, row: &Packed<'_>) -> Result<(), NoRow> {
        let known = self.found.get_mut(at).ok_or(NoRow)?;
        let id = row.subject_id().ok_or(NoRow)?;
        let full = known.len() >= MOST;
        let events = match known.get_mut(id) {
            Some(events) => events,
            None if !full => {
                let subject = row.subject().ok_or(NoRow)?;
                known.entry(id.to_owned()).or_insert(none_of(key, subject))
            }
            None => {
                let account = row.account().ok_or(NoRow)?;
                let id = format!("{account} (further subjects)");
                let rest = || Subject {
                    kind: SubjectKind::Account,
                    name: id.clone(),
                    id: id.clone(),
                    account: Some(AccountId::from(account)),
                    region: None,
                    location: None,
                };
                known
                    .entry(id.clone())
                    .or_insert_with(|| none_of(key, rest()))
            }
        };
        count(events, key, row)
    }

    /// All of them, by check and subject.
    #[must_use]
    pub fn finish(self) -> Vec<KeyEvents> {
        let all = self.found.into_iter().flat_map(HashMap::into_values);
        let mut all: Vec<KeyEvents> = all.collect();
        all.sort_by(|a, b| (&a.check, &a.subject.id).cmp(&(&b.check, &b.subject.id)));
        all
    }
}

/// What is known of a subject before its first row.
fn none_of(key: &Key, subject: Subject) -> KeyEvents {
    KeyEvents {
        check: key.id.to_owned(),
        subject,
        step: i8::MIN,
        count: 0,
        refused: 0,
        unproven: 0,
        first: None,
        last: None,
        first_in_what_was_read: matches!(key.when, When::First(_)),
        records: Vec::new(),
    }
}

fn count(events: &mut KeyEvents, key: &Key, row: &Packed<'_>) -> Result<(), NoRow> {
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
        return Ok(());
    }
    events.refused += u64::from(row.refused() && counts);
    // A refused attempt is one step lower.
    events.step = events.step.max(row.step - i8::from(row.refused()));
    if let Some(time) = row.time {
        events.first = Some(events.first.map_or(time, |it| it.min(time)));
        events.last = Some(events.last.map_or(time, |it| it.max(time)));
    }
    keep(&mut events.records, row)
}

/// Keeps the earliest, in their order.
fn keep(records: &mut Vec<EventRecord>, row: &Packed<'_>) -> Result<(), NoRow> {
    // Most rows come too late: nothing is copied of them.
    if records.len() == SHOWN && records.last().is_some_and(|it| it.time < row.time) {
        return Ok(());
    }
    let record = row.record().ok_or(NoRow)?;
    let at = records.binary_search(&record).unwrap_or_else(|at| at);
    if at < SHOWN {
        records.insert(at, record);
        records.truncate(SHOWN);
    }
    Ok(())
}

/// Bytes that are no row of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a temporary file was changed")]
pub struct NoRow;
