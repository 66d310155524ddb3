//! What a row is sorted by, as bytes that are in the order of what they say.

use std::borrow::Cow;

use jiff::Timestamp;

/// What a row is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sort<'t> {
    /// The number of the key.
    pub(super) number: u16,
    pub(super) group: &'t str,
    pub(super) time: Option<Timestamp>,
    /// The event's id.
    pub(super) id: &'t str,
    pub(super) value: &'t str,
}

impl Sort<'_> {
    /// Writes its bytes behind others: they are in the order of what they say.
    pub(super) fn pack(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.number.to_be_bytes());
        end_part(bytes, self.group);
        bytes.extend_from_slice(&grows(self.time).to_be_bytes());
        end_part(bytes, self.id);
        end_part(bytes, self.value);
    }
}

/// A number that grows with the time: its microseconds, and the largest without one.
fn grows(time: Option<Timestamp>) -> u64 {
    time.map_or(u64::MAX, |it| {
        it.as_microsecond().cast_unsigned() ^ (1 << 63)
    })
}

/// No text can end a part early: a NUL is not kept.
fn end_part(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(without_nul(text).as_bytes());
    bytes.push(0);
}

/// A text as rows are sorted by it.
pub(super) fn without_nul(text: &str) -> Cow<'_, str> {
    match has_nul(text) {
        true => Cow::Owned(text.replace('\0', "\u{1}")),
        false => Cow::Borrowed(text),
    }
}

pub(super) fn has_nul(text: &str) -> bool {
    memchr::memchr(0, text.as_bytes()).is_some()
}

/// The same, as its bytes have it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sorted<'a> {
    pub(super) number: u16,
    /// The bytes of the number and of the group.
    pub(super) head: &'a [u8],
    pub(super) group: &'a [u8],
    /// In whole microseconds.
    pub(super) time: Option<Timestamp>,
    pub(super) id: &'a [u8],
    pub(super) value: &'a [u8],
}

impl<'a> Sorted<'a> {
    /// None for what [`Sort::pack`] did not write.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let part = |bytes: &'a [u8]| {
            let (part, rest) = bytes.split_at_checked(memchr::memchr(0, bytes)?)?;
            Some((part, rest.get(1..)?))
        };
        let (number, rest) = bytes.split_first_chunk::<2>()?;
        let (group, rest) = part(rest)?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let time = match u64::from_be_bytes(*time) {
            u64::MAX => None,
            time => Some(Timestamp::from_microsecond((time ^ (1 << 63)).cast_signed()).ok()?),
        };
        let (id, rest) = part(rest)?;
        let (value, rest) = part(rest)?;
        rest.is_empty().then_some(Self {
            number: u16::from_be_bytes(*number),
            head: bytes.get(..number.len() + group.len())?,
            group,
            time,
            id,
            value,
        })
    }

    /// Whether the event has an id.
    pub(super) fn has_id(&self) -> bool {
        !self.id.is_empty()
    }
}
