//! A row as bytes: what a record came to, to be read without a copy of its texts.
//!
//! Half of the records of a log may be key events, and few of them are shown: most rows are counted, and nothing else.

use jiff::Timestamp;

use crate::finding::{Subject, SubjectKind};
use crate::ids::{AccountId, Region};
use crate::inventory::EventRecord;

/// A record that may matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) subject: Subject,
    pub(super) step: i8,
    pub(super) refused: bool,
    /// It counts by itself, whatever there is beside it.
    pub(super) alone: bool,
    pub(super) proven: bool,
    pub(super) record: EventRecord,
}

/// The kinds of subjects, by their number.
const KINDS: [SubjectKind; 11] = [
    SubjectKind::Organization,
    SubjectKind::Account,
    SubjectKind::Region,
    SubjectKind::Trail,
    SubjectKind::Bucket,
    SubjectKind::Key,
    SubjectKind::LogGroup,
    SubjectKind::EventDataStore,
    SubjectKind::Principal,
    SubjectKind::Chain,
    SubjectKind::Resource,
];
const TEXTS: usize = 15;
const REFUSED: u8 = 1;
const ALONE: u8 = 2;
const PROVEN: u8 = 4;
const TIMED: u8 = 8;
const ACCOUNT: u8 = 16;
const REGION: u8 = 32;

impl Row {
    /// Its bytes.
    pub(super) fn pack(&self) -> Vec<u8> {
        let (subject, record) = (&self.subject, &self.record);
        let account = subject.account.as_ref().map(|it| it.as_str());
        let region = subject.region.as_ref().map(|it| it.as_str());
        let texts: [&str; TEXTS] = [
            &subject.id,
            &subject.name,
            account.unwrap_or_default(),
            region.unwrap_or_default(),
            &record.id,
            &record.name,
            &record.source,
            &record.account,
            &record.region,
            &record.actor,
            &record.ip,
            &record.error,
            &record.proof,
            &record.bucket,
            &record.key,
        ];
        let length: usize = texts.iter().map(|it| it.len() + 4).sum();
        let mut bytes = Vec::with_capacity(length + 27);
        let flags = [
            (self.refused, REFUSED),
            (self.alone, ALONE),
            (self.proven, PROVEN),
            (record.time.is_some(), TIMED),
            (account.is_some(), ACCOUNT),
            (region.is_some(), REGION),
        ];
        let flags = flags.iter().filter(|it| it.0);
        bytes.push(flags.fold(0, |all, it| all | it.1));
        bytes.push(self.step.cast_unsigned());
        let kind = KINDS.iter().position(|it| *it == subject.kind);
        bytes.push(kind.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX));
        let time = record.time.map_or(0, Timestamp::as_nanosecond);
        bytes.extend_from_slice(&time.to_le_bytes());
        bytes.extend_from_slice(&record.index.to_le_bytes());
        for text in texts {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// A row, as its bytes have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed<'a> {
    flags: u8,
    pub(super) step: i8,
    kind: SubjectKind,
    pub(super) time: Option<Timestamp>,
    index: u64,
    texts: [&'a str; TEXTS],
    pub(super) proven: bool,
}

impl<'a> Packed<'a> {
    /// None for what [`Row::pack`] did not write.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut take = |length: usize| {
            let (part, after) = rest.split_at_checked(length)?;
            rest = after;
            Some(part)
        };
        let [flags, step, kind] = *take(3)?.first_chunk()?;
        let time = i128::from_le_bytes(take(16)?.try_into().ok()?);
        let index = u64::from_le_bytes(take(8)?.try_into().ok()?);
        let mut texts = [""; TEXTS];
        for text in &mut texts {
            let length = u32::from_le_bytes(take(4)?.try_into().ok()?);
            *text = std::str::from_utf8(take(usize::try_from(length).ok()?)?).ok()?;
        }
        let time = match flags & TIMED {
            0 => None,
            _ => Some(Timestamp::from_nanosecond(time).ok()?),
        };
        Some(Self {
            flags,
            step: step.cast_signed(),
            kind: *KINDS.get(usize::from(kind))?,
            time,
            index,
            texts,
            proven: flags & PROVEN != 0,
        })
    }

    pub(super) fn refused(&self) -> bool {
        self.flags & REFUSED != 0
    }

    pub(super) fn alone(&self) -> bool {
        self.flags & ALONE != 0
    }

    fn text(&self, at: usize) -> &'a str {
        self.texts.get(at).copied().unwrap_or_default()
    }

    /// The id of its subject.
    pub(super) fn subject_id(&self) -> &'a str {
        self.text(0)
    }

    /// The event's id.
    pub(super) fn id(&self) -> &'a str {
        self.text(4)
    }

    /// The account of the record.
    pub(super) fn account(&self) -> &'a str {
        self.text(7)
    }

    pub(super) fn subject(&self) -> Subject {
        let given = |flag: u8| self.flags & flag != 0;
        Subject {
            kind: self.kind,
            id: self.text(0).to_owned(),
            name: self.text(1).to_owned(),
            account: given(ACCOUNT).then(|| AccountId::from(self.text(2))),
            region: given(REGION).then(|| Region::from(self.text(3))),
            location: None,
        }
    }

    pub(super) fn record(&self) -> EventRecord {
        let text = |at| self.text(at).to_owned();
        EventRecord {
            time: self.time,
            id: text(4),
            name: text(5),
            source: text(6),
            account: text(7),
            region: text(8),
            actor: text(9),
            ip: text(10),
            error: text(11),
            proof: text(12),
            bucket: text(13),
            key: text(14),
            index: self.index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read() {
        let texts = ["", "a", "\u{0}\u{202e}x", &"y".repeat(70_000)];
        for (at, text) in texts.iter().enumerate() {
            for kind in KINDS {
                let text = |more: &str| format!("{text}{more}");
                let row = Row {
                    subject: Subject {
                        kind,
                        id: text("id"),
                        name: text("name"),
                        account: (at % 2 == 0).then(|| AccountId::from("1")),
                        region: (at % 2 == 1).then(|| Region::from("r")),
                        location: None,
                    },
                    step: -2,
                    refused: at == 1,
                    alone: at == 2,
                    proven: at == 3,
                    record: EventRecord {
                        time: (at > 0).then(|| Timestamp::from_nanosecond(-7).unwrap()),
                        id: text("1"),
                        name: text("2"),
                        source: text("3"),
                        account: text("4"),
                        region: text("5"),
                        actor: text("6"),
                        ip: text("7"),
                        error: text("8"),
                        proof: text("9"),
                        bucket: text("10"),
                        key: text("11"),
                        index: u64::MAX,
                    },
                };
                let bytes = row.pack();
                let read = Packed::read(&bytes).unwrap();
                let again = Row {
                    subject: read.subject(),
                    step: read.step,
                    refused: read.refused(),
                    alone: read.alone(),
                    proven: read.proven,
                    record: read.record(),
                };
                assert_eq!(again, row);
                assert_eq!(
                    (read.subject_id(), read.id()),
                    (row.subject.id.as_str(), row.record.id.as_str())
                );
                // Nothing that is cut is read.
                for end in [0, 2, 20, bytes.len() - 1] {
                    assert!(Packed::read(&bytes[..end]).is_none());
                }
            }
        }
    }
}
