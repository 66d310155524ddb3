//! What is wrong with the format of a log, as values: one for each kind and log, with how often and where first.

use std::fmt;

/// A problem `record-format`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatProblem {
    /// What.
    pub kind: FormatKind,
    /// The byte of the log at which it was found first.
    pub offset: u64,
    /// How often it was found; for what was not read, how many bytes.
    pub count: u64,
    /// The name or value that it is about; empty where the kind says all. Text of the log: not safe to print as it is.
    pub detail: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FormatKind {
    /// The log is no JSON object.
    NotAnObject,
    /// The object has no `Records`.
    NoRecords,
    /// `Records` is null.
    NullRecords,
    /// `Records` is neither an array nor null.
    RecordsNotAnArray,
    /// Elements of `Records` are no objects.
    RecordNotAnObject,
    /// The syntax of a record is broken. It was kept with the members before that.
    BrokenRecord,
    /// The log ends within a value. `count` bytes, those of the value, were not read.
    Cut,
    /// What stands between values is no JSON. The `count` bytes from there on were not read.
    Malformed,
    /// `count` bytes follow the end of the log's object.
    TrailingBytes,
    /// A record, or the log, has a name twice.
    DuplicateKey,
    /// The major version of a record is not 1.
    UnknownVersion,
    /// A text of a record could not be decoded without loss.
    LossyText,
    /// A value has more levels than are opened.
    TooDeep,
    /// A record has more members than are kept at hand.
    TooManyMembers,
}

impl FormatKind {
    /// Whether records, or parts of them, were not read.
    #[must_use]
    pub fn loses(self) -> bool {
        match self {
            Self::NotAnObject
            | Self::NoRecords
            | Self::NullRecords
            | Self::RecordsNotAnArray
            | Self::RecordNotAnObject
            | Self::BrokenRecord
            | Self::Cut
            | Self::Malformed
            | Self::TrailingBytes => true,
            Self::DuplicateKey
            | Self::UnknownVersion
            | Self::LossyText
            | Self::TooDeep
            | Self::TooManyMembers => false,
        }
    }

    /// The word for it in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAnObject => "not-an-object",
            Self::NoRecords => "no-records",
            Self::NullRecords => "null-records",
            Self::RecordsNotAnArray => "records-not-an-array",
            Self::RecordNotAnObject => "record-not-an-object",
            Self::BrokenRecord => "broken-record",
            Self::Cut => "cut",
            Self::Malformed => "malformed",
            Self::TrailingBytes => "trailing-bytes",
            Self::DuplicateKey => "duplicate-key",
            Self::UnknownVersion => "unknown-version",
            Self::LossyText => "lossy-text",
            Self::TooDeep => "too-deep",
            Self::TooManyMembers => "too-many-members",
        }
    }
}

impl fmt::Display for FormatProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            offset,
            count,
            detail,
        } = self;
        match kind {
            FormatKind::NotAnObject => write!(f, "the content is not a JSON object"),
            FormatKind::NoRecords => write!(f, "the object has no `Records` array"),
            FormatKind::NullRecords => write!(f, "`Records` is null instead of an array"),
            FormatKind::RecordsNotAnArray => {
                write!(f, "`Records` at byte {offset} is not an array")
            }
            FormatKind::RecordNotAnObject => write!(
                f,
                "{count} elements of `Records` are not objects, the first at byte {offset}"
            ),
            FormatKind::BrokenRecord => write!(
                f,
                "{count} records have invalid JSON, the first at byte {offset}; the fields before it were read"
            ),
            FormatKind::Cut if *count == 0 => {
                write!(
                    f,
                    "the content ends at byte {offset}, within the JSON object"
                )
            }
            FormatKind::Cut => write!(
                f,
                "the content ends within a value that begins at byte {offset}; {count} bytes were not read"
            ),
            FormatKind::Malformed => write!(
                f,
                "invalid JSON at byte {offset}; {count} bytes from there on were not read"
            ),
            FormatKind::TrailingBytes => write!(
                f,
                "{count} bytes follow the end of the JSON object at byte {offset} and were not read"
            ),
            FormatKind::DuplicateKey => write!(
                f,
                "{count} objects have a field twice, the first is `{detail}` at byte {offset}; a condition matches if either value does"
            ),
            FormatKind::UnknownVersion => write!(
                f,
                "{count} records have an unknown major eventVersion, the first is {detail} at byte {offset}; they were read as version 1"
            ),
            FormatKind::LossyText => write!(
                f,
                "{count} records have text that is not valid Unicode, the first at byte {offset}; U+FFFD stands in its place"
            ),
            FormatKind::TooDeep => write!(
                f,
                "{count} records have a value nested deeper than 128 levels, the first at byte {offset}; the value was not opened"
            ),
            FormatKind::TooManyMembers => write!(
                f,
                "{count} records have more than 1,024 fields, the first at byte {offset}"
            ),
        }
    }
}

/// Gathers problems: one for each kind.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<FormatProblem>);

impl Problems {
    /// Counts one more of this kind. Where and what is kept of the first.
    pub(super) fn add(
        &mut self,
        kind: FormatKind,
        offset: usize,
        count: usize,
        detail: impl FnOnce() -> String,
    ) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match self.0.iter_mut().find(|it| it.kind == kind) {
            Some(known) => known.count = known.count.saturating_add(count),
            None => self.0.push(FormatProblem {
                kind,
                offset: u64::try_from(offset).unwrap_or(u64::MAX),
                count,
                detail: detail(),
            }),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the problems of a part of the log that begins at `offset`. Where the part is decoded text, its own places
    /// mean nothing: all are at `offset`.
    pub(super) fn merge(&mut self, part: Self, offset: usize, decoded: bool) {
        for it in part.0 {
            let within = if decoded {
                0
            } else {
                usize::try_from(it.offset).unwrap_or(0)
            };
            let count = usize::try_from(it.count).unwrap_or(usize::MAX);
            self.add(it.kind, offset.saturating_add(within), count, || it.detail);
        }
    }

    /// All, by kind.
    pub(super) fn into_vec(mut self) -> Vec<FormatProblem> {
        self.0.sort_by_key(|it| it.kind);
        self.0
    }
}
