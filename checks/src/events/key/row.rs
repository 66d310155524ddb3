//! What is kept of a record that may be a key event.

use std::collections::HashMap;

use jiff::Timestamp;

use super::look::Look;
use super::packed::Row;
use super::subject;
use super::{When, grade};
use crate::finding::{Subject, SubjectKind, short};
use crate::ids::{AccountId, Region};
use crate::inventory::EventRecord;

/// The longest text of a record that is kept.
const LONGEST: usize = 300;

/// Rows of one log: what each is sorted by, and what belongs to it.
#[derive(Debug, Default)]
pub struct Local {
    pub(super) rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// The first of a kind, by key and group: when, and where it stands among the rows.
    pub(super) firsts: HashMap<(usize, String), (Option<Timestamp>, usize)>,
}

impl Local {
    /// All rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.rows
    }
}

impl Look<'_, '_, '_> {
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
        let subject = Subject {
            kind: SubjectKind::Resource,
            name: self
                .at
                .key
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            id,
            account: Some(AccountId::cut(account)),
            region: Some(Region::cut(self.at.region)).filter(|it| !it.0.is_empty()),
            location: None,
        };
        self.add(local, at, subject, "", "", false, 0);
    }

    /// A row of what the record is about.
    pub(super) fn push(&self, local: &mut Local, at: usize, group: &str, value: &str, alone: bool) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        let (account, region) = (self.account(), self.region());
        let subject = subject::of(key.subject, self.record, self.actor(), account, region);
        let mut step = grade::of(key.grade, self.record, account);
        // Which keys encrypt logs is not known: it may be any other.
        if key.when == When::LogKey && self.detector.stores.keys.is_none() {
            step -= 1;
        }
        if let When::First(_) = key.when {
            step -= 1;
        }
        self.add(local, at, subject, group, value, alone, step);
    }

    #[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
    fn add(
        &self,
        local: &mut Local,
        at: usize,
        subject: Subject,
        group: &str,
        value: &str,
        alone: bool,
        step: i8,
    ) {
        let Some((key, _)) = self.detector.keys.get(at) else {
            return;
        };
        let record = self.record;
        let text = |it: Option<crate::events::Text<'_>>| {
            it.map_or_else(String::new, |it| short(&it, LONGEST))
        };
        let time = record.time();
        let row = Row {
            step,
            refused: !key.failures && record.failed(),
            alone,
            proven: self.proof.is_proven(),
            record: EventRecord {
                time,
                id: text(record.event_id()),
                name: text(record.name()),
                source: text(record.source()),
                account: self.account().to_owned(),
                region: self.region().to_owned(),
                actor: self.actor().to_owned(),
                ip: text(record.ip()),
                error: text(record.error()),
                proof: self.proof.to_string(),
                bucket: self.at.bucket.to_owned(),
                key: self.at.key.to_owned(),
                index: record.index(),
            },
            subject,
        };
        let group = match group {
            "" => row.subject.id.as_str(),
            group => group,
        };
        let time = time.map_or(u64::MAX, |it| {
            it.as_microsecond().cast_unsigned() ^ (1 << 63)
        });
        let number = u16::try_from(at).unwrap_or(u16::MAX);
        let mut sort = Vec::with_capacity(group.len() + value.len() + 64);
        sort.extend_from_slice(&number.to_be_bytes());
        // No text can end a part early: a NUL is not kept.
        sort.extend(group.bytes().map(|it| it.max(1)));
        sort.push(0);
        sort.extend_from_slice(&time.to_be_bytes());
        for part in [row.record.id.as_str(), value] {
            sort.extend(part.bytes().map(|it| it.max(1)));
            sort.push(0);
        }
        local.rows.push((sort, row.pack()));
    }
}
