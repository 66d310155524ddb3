//! A row as bytes: what a record came to, to be read without a copy of its texts.
//!
//! Half of the records of a log may be key events, and few of them are shown: most rows are counted, and nothing else.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};

use super::order::{Sort, Sorted, has_nul};
use super::subject::{self, About};
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
    /// Its subject is whoever did it: what the record says of that is enough, and nothing else is kept of it.
    pub(super) of_actor: bool,
    /// Its place in the log.
    pub(super) index: u64,
    /// The account and the region of the subject.
    pub(super) account: Option<&'t str>,
    pub(super) region: Option<&'t str>,
    /// The id and the name of the subject.
    pub(super) subject: [&'t str; 2],
    /// Id, name, source, account, region, actor, address, error and proof of the record.
    pub(super) record: [&'t str; 9],
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
/// Flags, step and kind.
const HEAD: usize = 3;
const REFUSED: u8 = 1;
const ALONE: u8 = 2;
const PROVEN: u8 = 4;
/// The nanoseconds follow by which the time is later than what the row is sorted by.
const FINER: u8 = 8;
const ACCOUNT: u8 = 16;
const REGION: u8 = 32;
const OF_ACTOR: u8 = 64;

/// Where a text may stand already: most rows are about who did it, in one account and region.
#[derive(Debug, Clone, Copy)]
enum Source {
    /// Nowhere.
    Own,
    /// What the row is sorted by: its group.
    Group,
    /// The same: the event's id.
    Id,
    /// An earlier text of the row.
    Text(usize),
    /// What all rows of the log have in common.
    Log(usize),
}

/// Where each text may stand already, as a whole or at the end: a text that does is not written again.
const SOURCES: [Source; 13] = [
    // The id and the name of the subject.
    Source::Group,
    Source::Text(0),
    // Its account and region.
    Source::Log(2),
    Source::Log(3),
    // Id, name, source, account, region and actor of the record.
    Source::Id,
    Source::Own,
    Source::Own,
    Source::Log(2),
    Source::Log(3),
    Source::Group,
    // Its address, error and proof.
    Source::Own,
    Source::Own,
    Source::Log(4),
];
/// The texts behind them are those of the log.
const BUCKET: usize = SOURCES.len();

/// What all rows of a log have in common: its bucket and key, and the account, the region and the proof of most.
pub(super) type OfLog = [String; 5];

/// Writes it.
pub(super) fn pack_common(of_log: &OfLog, bytes: &mut Vec<u8>) {
    for text in of_log {
        pack_length(text.len(), false, bytes);
        bytes.extend_from_slice(text.as_bytes());
    }
}

/// Writes the length of a text and whether it stands elsewhere: seven bits a byte, the lowest first, and the highest
/// bit where more follow.
fn pack_length(length: usize, elsewhere: bool, bytes: &mut Vec<u8>) {
    pack_number((length as u64) << 1 | u64::from(elsewhere), bytes);
}

fn pack_number(mut left: u64, bytes: &mut Vec<u8>) {
    while left > 0x7f {
        bytes.push(left.to_le_bytes()[0] | 0x80);
        left >>= 7;
    }
    bytes.push(left.to_le_bytes()[0]);
}

/// The length that stands first, whether its text stands elsewhere, and what follows.
fn read_length(bytes: &[u8]) -> Option<(usize, bool, &[u8])> {
    let (number, rest) = read_number(bytes)?;
    Some((usize::try_from(number >> 1).ok()?, number & 1 != 0, rest))
}

fn read_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0_u64;
    for (at, byte) in bytes.iter().enumerate() {
        let shift = u32::try_from(at).ok()?.checked_mul(7)?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(at + 1..)?));
        }
    }
    None
}

impl Row<'_> {
    /// Writes its bytes behind others. What it is sorted by must be at hand where they are read.
    pub(super) fn pack(&self, sort: &Sort<'_>, of_log: &OfLog, bytes: &mut Vec<u8>) {
        let finer = sort.time.map_or(0, |it| it.subsec_nanosecond() % 1_000);
        let flags = [
            (self.refused, REFUSED),
            (self.alone, ALONE),
            (self.proven, PROVEN),
            (finer != 0, FINER),
            (self.account.is_some(), ACCOUNT),
            (self.region.is_some(), REGION),
            (self.of_actor, OF_ACTOR),
        ];
        let flags = flags.iter().filter(|it| it.0);
        bytes.push(flags.fold(0, |all, it| all | it.1));
        bytes.push(self.step.cast_unsigned());
        let kind = KINDS.iter().position(|it| *it == self.kind);
        bytes.push(kind.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX));
        if finer != 0 {
            bytes.extend_from_slice(&finer.to_le_bytes());
        }
        pack_number(self.index, bytes);
        let texts = self.texts();
        // A NUL is not kept in what a row is sorted by.
        let [group, id] = [sort.group, sort.id].map(|it| if has_nul(it) { "" } else { it });
        for (text, source) in texts.iter().zip(SOURCES) {
            let other = match source {
                Source::Own => "",
                Source::Group => group,
                Source::Id => id,
                Source::Text(at) => texts.get(at).copied().unwrap_or_default(),
                Source::Log(at) => of_log.get(at).map_or("", String::as_str),
            };
            let elsewhere = !text.is_empty() && other.ends_with(text);
            pack_length(text.len(), elsewhere, bytes);
            if !elsewhere {
                bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn texts(&self) -> [&str; SOURCES.len()] {
        let [subject, subject_name] = self.subject;
        let [account, region] = [self.account, self.region].map(Option::unwrap_or_default);
        let [id, name, source, of, within, actor, ip, error, proof] = self.record;
        [
            subject,
            subject_name,
            account,
            region,
            id,
            name,
            source,
            of,
            within,
            actor,
            ip,
            error,
            proof,
        ]
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
    pub(super) sort: Sorted<'a>,
    texts: &'a [u8],
    /// What all rows of its log have in common.
    common: &'a [u8],
    pub(super) proven: bool,
}

impl<'a> Packed<'a> {
    /// None for what [`Sort::pack`], [`Row::pack`] and [`pack_common`] did not write, as far as its head shows.
    pub(super) fn read(sort: &'a [u8], [own, common]: [&'a [u8]; 2]) -> Option<Self> {
        let ([flags, step, kind], mut rest) = own.split_first_chunk::<HEAD>()?;
        let sort = Sorted::read(sort)?;
        let mut time = sort.time;
        if flags & FINER != 0 {
            let (finer, more) = rest.split_first_chunk()?;
            let finer = SignedDuration::from_nanos(i32::from_le_bytes(*finer).into());
            time = Some(time?.checked_add(finer).ok()?);
            rest = more;
        }
        let (index, texts) = read_number(rest)?;
        Some(Self {
            flags: *flags,
            step: step.cast_signed(),
            kind: *KINDS.get(usize::from(*kind))?,
            time,
            index,
            sort,
            texts,
            common,
            proven: flags & PROVEN != 0,
        })
    }

    pub(super) fn refused(&self) -> bool {
        self.flags & REFUSED != 0
    }

    pub(super) fn alone(&self) -> bool {
        self.flags & ALONE != 0
    }

    /// The bytes of a text.
    fn bytes(&self, at: usize) -> Option<&'a [u8]> {
        let (mut passed, mut rest) = match at < BUCKET {
            true => (0, self.texts),
            false => (BUCKET, self.common),
        };
        loop {
            let (length, elsewhere, after) = read_length(rest)?;
            let here = if elsewhere { 0 } else { length };
            let (text, behind) = after.split_at_checked(here)?;
            if passed < at {
                (passed, rest) = (passed + 1, behind);
                continue;
            }
            if !elsewhere {
                return Some(text);
            }
            let whole = match SOURCES.get(at)? {
                Source::Own => return None,
                Source::Group => self.sort.group,
                Source::Id => self.sort.id,
                // One that stands before it: this ends.
                Source::Text(other) => self.bytes(*other)?,
                Source::Log(other) => self.bytes(BUCKET + other)?,
            };
            return whole.get(whole.len().checked_sub(length)?..);
        }
    }

    /// None for bytes that are no text.
    fn text(&self, at: usize) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(at)?).ok()
    }

    /// The id of its subject.
    pub(super) fn subject_id(&self) -> Option<Cow<'a, str>> {
        match self.flags & OF_ACTOR {
            0 => self.text(0).map(Cow::Borrowed),
            _ => Some(self.actor()?.id),
        }
    }

    /// Who did it, as a subject.
    fn actor(&self) -> Option<About<'a>> {
        Some(subject::actor(self.text(9)?, self.account()?))
    }

    /// The account of the record.
    pub(super) fn account(&self) -> Option<&'a str> {
        self.text(7)
    }

    pub(super) fn subject(&self) -> Option<Subject> {
        if self.flags & OF_ACTOR != 0 {
            let about = self.actor()?;
            return Some(Subject {
                kind: about.kind,
                id: about.id.into_owned(),
                name: about.name.into_owned(),
                account: about.account.as_deref().map(AccountId::from),
                region: about.region.as_deref().map(Region::from),
                location: None,
            });
        }
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
        let mut at = 4..BUCKET + 2;
        let mut text = || Some(self.text(at.next()?)?.to_owned());
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
mod tests;
