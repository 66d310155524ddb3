//! Who also wants the bytes of the logs that are verified: they are handed on where they are hashed, and read once.

use trailaudit_checks::digest::{ChainId, LogEntry, LogOutcome, ObjectRef};
use trailaudit_checks::inventory::EventsRead;

use super::Verified;
use crate::objects::Source;

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

/// Listens to all that a scan verifies, and says at the end what that adds.
pub trait Listener: Tap + Send {
    /// Reads what no proved digest lists, beside what was verified in one place.
    fn beside(&self, source: &dyn Source, verified: &[Verified]);

    /// Says of the holes of the chains what made them.
    fn explain(&mut self, verified: &mut [Verified]);

    /// The key events that were found; none where nothing is known of them.
    fn events(self: Box<Self>, verified: &[Verified]) -> Option<EventsRead>;
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
