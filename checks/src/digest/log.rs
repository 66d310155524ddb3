//! Checks the bytes of one log against the hash that its digest lists.

use serde::{Deserialize, Serialize};

use super::document::LogEntry;
use super::gzip::{Cap, GzipFlaw, Inflate, Out, is_plain};
use super::problem::Kind;
use super::sha256::Hasher;
use crate::hex;

/// What reading one log came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogOutcome {
    /// It is what the digest lists.
    Valid,
    /// It is what the digest lists, stored uncompressed.
    Uncompressed,
    /// It is not.
    Invalid(LogFlaw),
    /// It is not there.
    Missing,
    /// It could not be read, and why.
    Unread(String),
}

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    cap: Cap,
    /// Whether the object is stored uncompressed; none before its first byte.
    plain: Option<bool>,
    flaw: Option<GzipFlaw>,
    bytes: u64,
    /// What follows the member.
    rest: Vec<u8>,
}

/// The bytes of one log.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'r> {
    /// What the object's one gzip member holds, or the object itself where it is stored uncompressed.
    pub log: &'r [u8],
    /// What follows the member: nothing that any digest could list.
    pub rest: &'r [u8],
}

impl LogReader {
    /// A reader that lets no log become larger than `cap`.
    pub fn new(cap: Cap) -> Self {
        Self::with(cap, Out::new(false))
    }

    /// One that keeps the bytes of each log until the next one begins.
    pub fn keeping(cap: Cap) -> Self {
        Self::with(cap, Out::new(true))
    }

    fn with(cap: Cap, out: Out) -> Self {
        Self {
            inflate: Inflate::new(cap, out),
            hasher: Hasher::new(),
            cap,
            plain: None,
            flaw: None,
            bytes: 0,
            rest: Vec::new(),
        }
    }

    /// The bytes of the log that ended last; as many of a damaged one as came out of it.
    pub fn kept(&self) -> Option<Kept<'_>> {
        let log = self.inflate.out.kept()?;
        Some(Kept {
            log,
            rest: &self.rest,
        })
    }

    /// Forgets the log under way, and the bytes of the one before.
    pub fn begin(&mut self) {
        self.hasher = Hasher::new();
        self.inflate.restart();
        self.inflate.out.clear();
        self.rest = Vec::new();
        (self.bytes, self.plain, self.flaw) = (0, None, None);
    }

    /// Takes the next piece of the log's object. `false`: it is wrong already, and the rest need not be read.
    pub fn push(&mut self, piece: &[u8]) -> bool {
        let Self {
            inflate,
            hasher,
            cap,
            plain,
            flaw,
            bytes,
            rest,
        } = self;
        if plain.is_none() && !piece.is_empty() {
            *plain = Some(is_plain(piece));
        }
        if *plain == Some(true) {
            *bytes = bytes.saturating_add(piece.len() as u64);
            if *bytes > cap.bytes {
                flaw.get_or_insert(GzipFlaw::TooLarge(cap.bytes));
            } else {
                hasher.update(piece);
                inflate.out.extend(piece);
            }
        } else if flaw.is_none() {
            let pushed = inflate.push(piece, |out| {
                hasher.update(out);
                *bytes = bytes.saturating_add(out.len() as u64);
            });
            let keeps = inflate.out.kept().is_some();
            match pushed {
                Ok(more) if keeps && (rest.len() + more.len()) as u64 <= cap.bytes => {
                    rest.extend_from_slice(more);
                }
                Ok(_) => {}
                Err(wrong) => *flaw = Some(wrong),
            }
        }
        flaw.is_none()
    }

    /// Ends the log, judges it, and makes ready for the next. Tells how many bytes of log were read as well.
    pub fn end(&mut self, entry: &LogEntry) -> (LogOutcome, u64) {
        let hash = std::mem::replace(&mut self.hasher, Hasher::new()).finish();
        let ended = self.inflate.end();
        let bytes = std::mem::take(&mut self.bytes);
        let plain = self.plain.take() == Some(true);
        let trailing = match (self.flaw.take(), ended) {
            (Some(flaw), _) => return (corrupt(&flaw), bytes),
            (None, _) if plain => false,
            (None, Err(flaw)) => return (corrupt(&flaw), bytes),
            (None, Ok(trailing)) => trailing,
        };
        let flaw = if hash != entry.sha256 {
            LogFlaw {
                kind: Kind::LogHashMismatch,
                detail: "the SHA-256 of the log file is not the one that its digest lists"
                    .to_owned(),
                expected: Some(hex::encode(&entry.sha256)),
                seen: Some(hex::encode(&hash)),
            }
        } else if trailing {
            LogFlaw {
                kind: Kind::LogTrailingData,
                detail: "data follows the gzip member".to_owned(),
                expected: Some("one gzip member".to_owned()),
                seen: Some("one gzip member and more bytes".to_owned()),
            }
        } else if plain {
            return (LogOutcome::Uncompressed, bytes);
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
