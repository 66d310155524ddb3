//! What sorted rows come to.

use std::collections::HashMap;

use super::burst::{Bursts, Parts, Waiting};
use super::packed::Packed;
use super::{Key, When};
use crate::finding::{Subject, SubjectKind};
use crate::ids::AccountId;
use crate::inventory::{EventRecord, KeyEvents};

/// Records that are shown of each check and subject.
const SHOWN: usize = 20;
/// Subjects of one check that are told one by one; the others are told by account.
const MOST: usize = 2_000;
/// Takes rows in their order.
#[derive(Debug)]
pub struct Gather {
    keys: Vec<&'static Key>,
    /// By the number of the key, then by subject.
    found: Vec<HashMap<String, KeyEvents>>,
    /// The proved row before, by its time, event and value: another trail may have delivered the same.
    before: Vec<u8>,
    group: Vec<u8>,
    /// The first row of the group was taken, and whether it is proved.
    taken: Option<bool>,
    bursts: Bursts,
    /// The first row of an instance's session, and the first proved one: each is told with the first of another address.
    homes: [Option<Home>; 2],
}

/// Where the session of an instance was used first.
#[derive(Debug)]
struct Home {
    address: Vec<u8>,
    row: Option<Waiting>,
}

impl Home {
    fn of(address: &[u8], row: Option<Parts<'_>>) -> Self {
        Self {
            address: address.to_vec(),
            row: row.map(Waiting::of),
        }
    }
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
            taken: None,
            bursts: Bursts::default(),
            homes: [None, None],
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
            self.taken = None;
            self.bursts.clear();
            self.homes = [None, None];
            self.before.clear();
        }
        if row.proven && row.sort.has_id() {
            if self.before == sort {
                return Ok(());
            }
            self.before.clear();
            self.before.extend_from_slice(sort);
        }
        match key.when {
            When::Each(_) | When::LogBucket(_) | When::LogKey | When::CrossAccount | When::Log => {
                self.hit(at, key, &row)
            }
            // Whatever was before a proved one, if it is not proved, it takes nothing from it.
            When::First(_) if self.taken.is_some_and(|proven| proven || !row.proven) => Ok(()),
            When::First(_) => {
                self.taken = Some(row.proven);
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
        parts: Parts<'_>,
    ) -> Result<(), NoRow> {
        if row.alone() {
            return self.hit(at, key, row);
        }
        let Some(time) = row.time else { return Ok(()) };
        let mut bursts = std::mem::take(&mut self.bursts);
        let of = (row.sort.value, time, row.proven);
        let told = bursts.take(of, least, parts, &mut |[sort, own, common]| {
            let row = Packed::read(sort, [own, common]).ok_or(NoRow)?;
            self.hit(at, key, &row)
        });
        self.bursts = bursts;
        told
    }

    /// A session that is used from another address than at first: that is proved if both rows are.
    fn off_instance(
        &mut self,
        at: usize,
        key: &'static Key,
        row: &Packed<'_>,
        parts: Parts<'_>,
    ) -> Result<(), NoRow> {
        let address = row.sort.value;
        let [first, proved] = &mut self.homes;
        let mut told: Vec<Waiting> = Vec::new();
        let mut told_too = false;
        if row.proven {
            match proved {
                None => *proved = Some(Home::of(address, Some(parts))),
                Some(home) if home.address != address => {
                    told.extend(home.row.take());
                    told_too = true;
                }
                Some(_) => {}
            }
        }
        // Beside one that is not proved, only those that are not are told.
        match first {
            None => *first = Some(Home::of(address, (!row.proven).then_some(parts))),
            Some(home) if home.address != address => {
                told.extend(home.row.take());
                told_too |= !row.proven;
            }
            Some(_) => {}
        }
        for waiting in &told {
            let [sort, own, common] = waiting.parts();
            let row = Packed::read(sort, [own, common]).ok_or(NoRow)?;
            self.hit(at, key, &row)?;
        }
        match told_too {
            true => self.hit(at, key, row),
            false => Ok(()),
        }
    }

    fn hit(&mut self, at: usize, key: &'static Key, row: &Packed<'_>) -> Result<(), NoRow> {
        let known = self.found.get_mut(at).ok_or(NoRow)?;
        let id = row.subject_id().ok_or(NoRow)?;
        let full = known.len() >= MOST;
        let events = match known.get_mut(&*id) {
            Some(events) => events,
            None if !full => {
                let subject = row.subject().ok_or(NoRow)?;
                known
                    .entry(id.into_owned())
                    .or_insert(none_of(key, subject))
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
