//! Listens to a run that verifies, and keeps the calls that may have made its holes.

use trailaudit_checks::digest::{ChainId, Kind, LogEntry, LogOutcome};
use trailaudit_checks::events::{Proof, Suspect, scan};

use super::coverage::{Suspects, explain};
use crate::verify::{Tap, Tapped, Verified};

/// What `--explain-gaps` adds to a run: no log is read for it that would not be read anyway.
#[derive(Debug, Default)]
pub struct Watch(Suspects);

impl Watch {
    /// Joins the holes of all chains to the calls that made them.
    pub fn explain(self, verified: &mut [Verified]) {
        let (suspects, _) = self.0.finish();
        explain(verified, &suspects);
    }
}

impl Tap for Watch {
    fn wants(&self, _: &ChainId, _: &LogEntry) -> bool {
        true
    }

    fn log(&self, log: &Tapped<'_>) {
        let proof = match log.outcome {
            LogOutcome::Valid | LogOutcome::Uncompressed => Proof::Verified,
            // The one member is what the digest lists.
            LogOutcome::Invalid(flaw) if flaw.kind == Kind::LogTrailingData => Proof::Verified,
            LogOutcome::Invalid(_) => Proof::Altered,
            LogOutcome::Missing | LogOutcome::Unread(_) => return,
        };
        let mut found = Vec::new();
        scan(log.log, &mut |record| {
            found.extend(Suspect::of(record, proof))
        });
        self.0.keep(found);
    }
}
