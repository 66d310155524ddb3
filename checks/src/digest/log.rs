//! Checks the bytes of one log against the hash that its digest lists.

use super::document::LogEntry;
use super::gzip::{Cap, GzipFlaw, Inflate};
use super::problem::Kind;
use super::sha256::Hasher;
use crate::hex;

/// What reading one log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogOutcome {
    /// It is what the digest lists.
    Valid,
    /// It is not.
    Invalid(LogFlaw),
    /// It is not there.
    Missing,
    /// It could not be read, and why.
    Unread(String),
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFlaw {
    /// What it is.
    pub kind: Kind,
    /// What it means here.
    pub detail: String,
    /// What should have been seen.
    pub expected: Option<String>,
    /// What was seen.
    pub seen: Option<String>,
}

/// Reads one log after another, in pieces, with the same buffers.
pub struct LogReader {
    inflate: Inflate,
    hasher: Hasher,
    flaw: Option<GzipFlaw>,
    bytes: u64,
}

impl LogReader {
    /// A reader that lets no log become larger than `cap`.
    pub fn new(cap: Cap) -> Self {
        Self {
            inflate: Inflate::new(cap),
            hasher: Hasher::new(),
            flaw: None,
            bytes: 0,
        }
    }

    /// Takes the next piece of the log's object. `false`: it is wrong already, and the rest need not be read.
    pub fn push(&mut self, piece: &[u8]) -> bool {
        let Self {
            inflate,
            hasher,
            flaw,
            bytes,
        } = self;
        if flaw.is_none() {
            let pushed = inflate.push(piece, |out| {
                hasher.update(out);
                *bytes = bytes.saturating_add(out.len() as u64);
            });
            *flaw = pushed.err();
        }
        flaw.is_none()
    }

    /// Ends the log, judges it, and makes ready for the next. Tells how many bytes of log were read as well.
    pub fn end(&mut self, entry: &LogEntry) -> (LogOutcome, u64) {
        let hash = std::mem::replace(&mut self.hasher, Hasher::new()).finish();
        let ended = self.inflate.end();
        let bytes = std::mem::take(&mut self.bytes);
        let trailing = match (self.flaw.take(), ended) {
            (Some(flaw), _) | (None, Err(flaw)) => return (corrupt(&flaw), bytes),
            (None, Ok(trailing)) => trailing,
        };
        let flaw = if hash != entry.sha256 {
            LogFlaw {
                kind: Kind::LogHashMismatch,
                detail: "the log's SHA-256 is not the one that its digest lists".to_owned(),
                expected: Some(hex::encode(&entry.sha256)),
                seen: Some(hex::encode(&hash)),
            }
        } else if trailing {
            LogFlaw {
                kind: Kind::LogTrailingData,
                detail: "something follows the gzip member".to_owned(),
                expected: Some("one gzip member".to_owned()),
                seen: Some("one gzip member and more bytes".to_owned()),
            }
        } else {
            return (LogOutcome::Valid, bytes);
        };
        (LogOutcome::Invalid(flaw), bytes)
    }
}

fn corrupt(flaw: &GzipFlaw) -> LogOutcome {
    LogOutcome::Invalid(LogFlaw {
        kind: Kind::LogCorrupt,
        detail: flaw.to_string(),
        expected: Some("one complete gzip member".to_owned()),
        seen: Some(flaw.to_string()),
    })
}
