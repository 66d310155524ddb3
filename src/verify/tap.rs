//! Who also wants the bytes of the logs that are verified: they are handed on where they are hashed, and read once.

use trailaudit_checks::digest::{ChainId, LogEntry, LogOutcome, ObjectRef};

/// Takes logs on the threads that read them, many at once.
pub trait Tap: Sync {
    /// The chains that are about to be read.
    fn chains(&self, chains: &[ChainId]) {
        let _ = chains;
    }

    /// Whether a log is to be read, by what its digest says of it. One that is not is no part of what the run verifies.
    fn wants(&self, chain: &ChainId, entry: &LogEntry) -> bool;

    /// Takes one log of a proved digest, whatever came of reading it.
    fn log(&self, log: &Tapped<'_>);
}

/// One log that a proved digest lists.
#[derive(Debug)]
pub struct Tapped<'a> {
    /// The chain of the digest.
    pub chain: &'a ChainId,
    /// The digest.
    pub digest: &'a ObjectRef,
    /// What it says of the log.
    pub entry: &'a LogEntry,
    /// What came of reading it.
    pub outcome: &'a LogOutcome,
    /// The bytes that were hashed; of a damaged object what came out of it.
    pub log: &'a [u8],
    /// What follows the object's one gzip member, as it is stored.
    pub rest: &'a [u8],
}
