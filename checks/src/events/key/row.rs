//! What is kept of a record that may be a key event.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::Timestamp;

use super::chance::Chance;
use super::look::Look;
use super::order::Sort;
use super::packed::{OfLog, Row, pack_common};
use super::subject::{self, About};
use super::{Of, When, grade};
use crate::events::field::Field;
use crate::events::{Record, Text};
use crate::finding::{SubjectKind, short_text};
use crate::ids::{AccountId, Region};

/// The longest text of a record that is kept.
const LONGEST: usize = 300;

/// What the rows of a small log take.
const USUAL: usize = 32 << 10;
const USUAL_ROWS: usize = 64;

/// Rows of one log: what each is sorted by, and what belongs to it.
#[derive(Debug, Default)]
pub struct Local {
    /// What its first row says of the log.
    of_log: OfLog,
    bytes: Vec<u8>,
    places: Vec<Place>,
    /// Of the rows that may be part of a burst.
    chances: Vec<Chance>,
    pub(super) firsts: Firsts,
    pub(super) writes: Writes,
    /// Room for the group of a record.
    pub(super) group: String,
}

/// Where a row stands: what it is sorted by, and then what belongs to it.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: usize,
    row: usize,
    end: usize,
}

impl Local {
    /// The last row takes the place of an earlier one.
    pub(super) fn put_last_at(&mut self, earlier: usize) {
        if let Some(last) = self.places.pop()
            && let Some(place) = self.places.get_mut(earlier)
        {
            *place = last;
        }
    }

    /// The next record is looked at as the first of a log.
    pub fn begin(&mut self) {
        self.firsts.0.clear();
        self.writes.time = None;
    }

    /// What the rows from this one on are sorted by.
    pub fn sorts_from(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        let places = self.places.get(first..).unwrap_or_default();
        let sort = |it: &Place| self.bytes.get(it.start..it.row).unwrap_or_default();
        places.iter().map(sort)
    }

    /// The bytes of all rows; where in them begins what belongs to all, and is the end of each row; and of each row where
    /// what it is sorted by begins, and where what is its own begins and ends.
    pub fn into_rows(mut self) -> (Vec<u8>, usize, impl Iterator<Item = (usize, usize, usize)>) {
        let common = self.bytes.len();
        pack_common(&self.of_log, &mut self.bytes);
        let places = self.places.into_iter();
        let places = places.map(|it| (it.start, it.row, it.end));
        (self.bytes, common, places)
    }

    /// What the rows need others for that count only beside these.
    pub fn chances(&self) -> impl Iterator<Item = Chance> {
        self.chances.iter().copied()
    }

    /// How many rows there are so far: where those of the next record begin.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places.len()
    }
}

/// The write before: most writes are of the same account and region, and later.
#[derive(Debug, Default)]
pub(super) struct Writes {
    account: Vec<u8>,
    region: Vec<u8>,
    time: Option<Timestamp>,
}

impl Writes {
    /// As both are written, if they are texts: without them the account is looked for elsewhere.
    fn place<'a>(record: &Record<'a>) -> Option<(&'a [u8], &'a [u8])> {
        let written = |field| {
            let text = record.get(field)?.bytes();
            text.starts_with(b"\"").then_some(text)
        };
        Some((
            written(Field::RecipientAccountId)?,
            written(Field::AwsRegion)?,
        ))
    }

    /// Whether a record of the same account and region was kept that is no later.
    pub(super) fn is_later(&self, record: &Record<'_>, time: Option<Timestamp>) -> bool {
        let (Some(before), Some((account, region))) = (self.time, Self::place(record)) else {
            return false;
        };
        time.is_some_and(|it| before <= it) && self.account == account && self.region == region
    }

    /// Keeps a record that was looked at.
    pub(super) fn keep(&mut self, record: &Record<'_>, time: Option<Timestamp>) {
        self.time = None;
        if let (Some(time), Some((account, region))) = (time, Self::place(record)) {
            self.time = Some(time);
            self.account.clear();
            self.account.extend_from_slice(account);
            self.region.clear();
            self.region.extend_from_slice(region);
        }
    }
}

/// The first of a kind, by key and group: when, and where it stands among the rows.
#[derive(Debug, Default)]
pub(super) struct Firsts(Vec<(usize, Groups)>);

type Groups = HashMap<String, (Timestamp, usize)>;

impl Firsts {
    pub(super) fn get(&self, key: usize, group: &str) -> Option<(Timestamp, usize)> {
        let (_, groups) = self.0.iter().find(|it| it.0 == key)?;
        groups.get(group).copied()
    }

    pub(super) fn set(&mut self, key: usize, group: &str, first: (Timestamp, usize)) {
        let groups = match self.0.iter_mut().find(|it| it.0 == key) {
            Some((_, groups)) => groups,
            None => {
                self.0.push((key, Groups::new()));
                let Some((_, groups)) = self.0.last_mut() else {
                    return;
                };
                groups
            }
        };
        match groups.get_mut(group) {
            Some(own) => *own = first,
            None => {
                groups.insert(group.to_owned(), first);
            }
        }
    }
}

impl Look<'_, '_> {
    /// A record of a log that is not what CloudTrail delivered.
    pub(super) fn log(&self, local: &mut Local, key: Option<usize>) {
        let Some(at) = key else { return };
        let id = match self.at.bucket {
            "" => self.at.key.to_owned(),
            bucket => format!(
                "arn:{}:s3:::{bucket}/{}",
                subject::partition(self.at.region),
                self.at.key
            ),
        };
        let account = match self.at.account {
            "" => self.account(),
            account => account,
        };
        let name = self.at.key.rsplit('/').next().unwrap_or_default();
        let region = Region::cut_text(Cow::Borrowed(self.at.region));
        let about = About {
            kind: SubjectKind::Resource,
            name: Cow::Borrowed(name),
            id: Cow::Owned(id),
            account: Some(AccountId::cut_text(Cow::Borrowed(account))),
            region: Some(region).filter(|it| !it.is_empty()),
        };
        self.add(local, at, Some(&about), "", "", false, 0);
    }

    /// A row of what the record is about. Whether one was made.
    pub(super) fn push(
        &self,
        local: &mut Local,
        at: usize,
        group: &str,
        value: &str,
        alone: bool,
    ) -> bool {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return false;
        };
        let (account, region) = (self.account(), self.region());
        // Most rows are about who did it, and need no more for that than what they say of the record.
        let of_actor = key.subject == Of::Actor && !group.is_empty();
        let about = (!of_actor)
            .then(|| subject::of(key.subject, self.record, self.actor(), account, region));
        let mut step = grade::of(key.grade, self.record, account);
        // Which keys encrypt logs is not known: it may be any other.
        if key.when == When::LogKey && self.detector.stores.keys.is_none() {
            step -= 1;
        }
        if let When::First(_) = key.when {
            step -= 1;
        }
        self.add(local, at, about.as_ref(), group, value, alone, step)
    }

    #[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
    fn add(
        &self,
        local: &mut Local,
        at: usize,
        about: Option<&About<'_>>,
        group: &str,
        value: &str,
        alone: bool,
        step: i8,
    ) -> bool {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return false;
        };
        let record = self.record;
        let time = self.time();
        let error = record.error();
        let refused = !key.failures && error.is_some();
        let [id, name, source, ip, error] = [
            record.event_id(),
            record.name(),
            record.source(),
            record.ip(),
            error,
        ]
        .map(kept);
        let proof = match self.proof.reason() {
            None => Cow::Borrowed(self.proof.word()),
            Some(_) => Cow::Owned(self.proof.to_string()),
        };
        let row = Row {
            kind: about.map_or(SubjectKind::Principal, |it| it.kind),
            step,
            refused,
            alone,
            proven: self.proof.is_proven(),
            of_actor: about.is_none(),
            index: record.index(),
            account: about.and_then(|it| it.account.as_deref()),
            region: about.and_then(|it| it.region.as_deref()),
            subject: about.map_or(["", ""], |it| [&it.id, &it.name]),
            record: [
                &id,
                &name,
                &source,
                self.account(),
                self.region(),
                self.actor(),
                &ip,
                &error,
                &proof,
            ],
        };
        let group = match (group, about) {
            ("", Some(about)) => &about.id,
            (group, _) => group,
        };
        if let (When::Distinct { least, .. }, Some(time), false) = (key.when, time, alone) {
            let of = (at, group, value);
            let row = local.places.len();
            let chance = Chance::new(&self.detector.hashes, of, time, least, row);
            local.chances.push(chance);
        }
        let number = u16::try_from(at).unwrap_or(u16::MAX);
        let bytes = &mut local.bytes;
        if bytes.capacity() == 0 {
            // What a few dozen rows take, at once.
            bytes.reserve(USUAL);
            local.places.reserve(USUAL_ROWS);
            local.chances.reserve(USUAL_ROWS);
            local.of_log = [
                self.at.bucket,
                self.at.key,
                self.account(),
                self.region(),
                &proof,
            ]
            .map(str::to_owned);
        }
        let start = bytes.len();
        let sort = Sort {
            number,
            group,
            time,
            id: &id,
            value,
        };
        sort.pack(bytes);
        let place = bytes.len();
        row.pack(&sort, &local.of_log, bytes);
        local.places.push(Place {
            start,
            row: place,
            end: bytes.len(),
        });
        true
    }
}

fn kept(text: Option<Text<'_>>) -> Cow<'_, str> {
    text.map_or(Cow::Borrowed(""), |it| short_text(it.text, LONGEST))
}
