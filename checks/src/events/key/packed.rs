//! A row as bytes: what a record came to, to be read without a copy of its texts.
//!
//! Half of the records of a log may be key events, and few of them are shown: most rows are counted, and nothing else.

use jiff::Timestamp;

use crate::finding::{Subject, SubjectKind};
use crate::ids::{AccountId, Region};
use crate::inventory::EventRecord;

/// A record that may matter. Its texts are those of the record and of what was made of it: nothing is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'t> {
    pub(super) kind: SubjectKind,
    pub(super) step: i8,
    pub(super) refused: bool,
    /// It counts by itself, whatever there is beside it.
    pub(super) alone: bool,
    pub(super) proven: bool,
    pub(super) time: Option<Timestamp>,
    /// Its place in the log.
    pub(super) index: u64,
    /// The account and the region of the subject.
    pub(super) account: Option<&'t str>,
    pub(super) region: Option<&'t str>,
    /// The id and the name of the subject.
    pub(super) subject: [&'t str; 2],
    /// Id, name, source, account, region, actor, address, error, proof, bucket and key of the record.
    pub(super) record: [&'t str; 11],
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
/// Flags, step, kind, time and index.
const HEAD: usize = 3 + 16 + 8;
const REFUSED: u8 = 1;
const ALONE: u8 = 2;
const PROVEN: u8 = 4;
const TIMED: u8 = 8;
const ACCOUNT: u8 = 16;
const REGION: u8 = 32;

impl Row<'_> {
    /// Writes its bytes behind others.
    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        let flags = [
            (self.refused, REFUSED),
            (self.alone, ALONE),
            (self.proven, PROVEN),
            (self.time.is_some(), TIMED),
            (self.account.is_some(), ACCOUNT),
            (self.region.is_some(), REGION),
        ];
        let flags = flags.iter().filter(|it| it.0);
        bytes.push(flags.fold(0, |all, it| all | it.1));
        bytes.push(self.step.cast_unsigned());
        let kind = KINDS.iter().position(|it| *it == self.kind);
        bytes.push(kind.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX));
        let time = self.time.map_or(0, Timestamp::as_nanosecond);
        bytes.extend_from_slice(&time.to_le_bytes());
        bytes.extend_from_slice(&self.index.to_le_bytes());
        let place = [self.account, self.region].map(Option::unwrap_or_default);
        for text in self.subject.iter().chain(&place).chain(&self.record) {
            let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
}

/// A row, as its bytes have it. Its texts are looked into where they are asked for: most rows are counted alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed<'a> {
    flags: u8,
    pub(super) step: i8,
    kind: SubjectKind,
    pub(super) time: Option<Timestamp>,
    index: u64,
    texts: &'a [u8],
    pub(super) proven: bool,
}

impl<'a> Packed<'a> {
    /// None for what [`Row::pack`] did not write, as far as its head shows.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (head, texts) = bytes.split_first_chunk::<HEAD>()?;
        let ([flags, step, kind], more) = head.split_first_chunk()?;
        let (time, index) = more.split_first_chunk::<16>()?;
        let time = match flags & TIMED {
            0 => None,
            _ => Some(Timestamp::from_nanosecond(i128::from_le_bytes(*time)).ok()?),
        };
        Some(Self {
            flags: *flags,
            step: step.cast_signed(),
            kind: *KINDS.get(usize::from(*kind))?,
            time,
            index: u64::from_le_bytes(index.try_into().ok()?),
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

    /// The texts from the first on.
    fn texts(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.texts;
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first_chunk()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (text, behind) = after.split_at_checked(length)?;
            rest = behind;
            Some(text)
        })
    }

    /// None for bytes that are no text.
    fn text(&self, at: usize) -> Option<&'a str> {
        std::str::from_utf8(self.texts().nth(at)?).ok()
    }

    /// The id of its subject.
    pub(super) fn subject_id(&self) -> Option<&'a str> {
        self.text(0)
    }

    /// The event's id.
    pub(super) fn id(&self) -> Option<&'a [u8]> {
        self.texts().nth(4)
    }

    /// The account of the record.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.text(7)
    }

    pub(super) fn subject(&self) -> Option<Subject> {
        let given = |flag: u8, at: usize| match self.flags & flag {
            0 => Some(None),
            _ => self.text(at).map(Some),
        };
        Some(Subject {
            kind: self.kind,
            id: self.text(0)?.to_owned(),
            name: self.text(1)?.to_owned(),
            account: given(ACCOUNT, 2)?.map(AccountId::from),
            region: given(REGION, 3)?.map(Region::from),
            location: None,
        })
    }

    pub(super) fn record(&self) -> Option<EventRecord> {
        let mut texts = self.texts().skip(4);
        let mut text = || Some(std::str::from_utf8(texts.next()?).ok()?.to_owned());
        Some(EventRecord {
            time: self.time,
            id: text()?,
            name: text()?,
            source: text()?,
            account: text()?,
            region: text()?,
            actor: text()?,
            ip: text()?,
            error: text()?,
            proof: text()?,
            bucket: text()?,
            key: text()?,
            index: self.index,
        })
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
                let subject = Subject {
                    kind,
                    id: text("id"),
                    name: text("name"),
                    account: (at % 2 == 0).then(|| AccountId::from("1")),
                    region: (at % 2 == 1).then(|| Region::from("r")),
                    location: None,
                };
                let record = EventRecord {
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
                };
                let row = Row {
                    kind,
                    step: -2,
                    refused: at == 1,
                    alone: at == 2,
                    proven: at == 3,
                    time: record.time,
                    index: record.index,
                    account: subject.account.as_ref().map(|it| it.as_str()),
                    region: subject.region.as_ref().map(|it| it.as_str()),
                    subject: [&subject.id, &subject.name],
                    record: [
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
                    ],
                };
                // It stands behind others.
                let mut bytes = vec![7];
                row.pack(&mut bytes);
                let bytes = &bytes[1..];
                let read = Packed::read(bytes).unwrap();
                assert_eq!(read.subject(), Some(subject.clone()));
                assert_eq!(read.record(), Some(record.clone()));
                assert_eq!(
                    (read.step, read.refused(), read.alone(), read.proven),
                    (-2, at == 1, at == 2, at == 3)
                );
                assert_eq!(
                    (read.subject_id(), read.id(), read.account()),
                    (
                        Some(subject.id.as_str()),
                        Some(record.id.as_bytes()),
                        Some(record.account.as_str())
                    )
                );
                // Nothing that is cut is read.
                for end in [0, 2, 20, bytes.len() - 1] {
                    let read = Packed::read(&bytes[..end]);
                    assert!(read.and_then(|it| it.record()).is_none());
                }
                // Nor are bytes that are no text.
                let mut broken = bytes.to_vec();
                *broken.last_mut().unwrap() = 0xff;
                assert!(Packed::read(&broken).unwrap().record().is_none());
            }
        }
    }
}
