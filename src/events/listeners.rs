//! Who listens while a scan verifies logs: for the calls that made holes, and for key events.

use jiff::Timestamp;
use trailaudit_checks::digest::{ChainId, LogEntry};
use trailaudit_checks::inventory::{EventsRead, Inventory};

use super::key_watch::{KeyWatch, stores_in};
use super::watch::Watch;
use crate::collect::Options;
use crate::objects::Source;
use crate::verify::{Listener, Tap, Tapped, Verified};

#[derive(Debug)]
struct Listeners {
    gaps: Option<Watch>,
    events: Option<KeyWatch>,
}

/// Those that the options ask for; the trails say which buckets and keys keep logs.
#[must_use]
pub fn listen(
    options: &Options,
    inventory: &Inventory,
    since: Timestamp,
    until: Timestamp,
) -> Box<dyn Listener> {
    let key_watch = || KeyWatch::new(stores_in(inventory), since, until);
    Box::new(Listeners {
        gaps: options.explain_gaps.then(Watch::default),
        events: options.events.then(key_watch),
    })
}

impl Tap for Listeners {
    fn chains(&self, chains: &[ChainId]) {
        if let Some(events) = &self.events {
            events.chains(chains);
        }
    }

    /// A scan verifies all of them.
    fn wants(&self, _: &ChainId, _: &LogEntry) -> bool {
        true
    }

    fn log(&self, log: &Tapped<'_>) {
        if let Some(gaps) = &self.gaps {
            gaps.log(log);
        }
        if let Some(events) = &self.events {
            events.log(log);
        }
    }
}

impl Listener for Listeners {
    fn beside(&self, source: &dyn Source, verified: &[Verified]) {
        if let Some(events) = &self.events {
            events.beside(source, verified);
        }
    }

    fn explain(&mut self, verified: &mut [Verified]) {
        if let Some(gaps) = self.gaps.take() {
            gaps.explain(verified);
        }
    }

    fn events(self: Box<Self>, verified: &[Verified]) -> Option<EventsRead> {
        self.events?.finish(verified).ok()
    }
}
