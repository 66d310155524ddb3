//! Listens to a scan that verifies digests, and keeps the key events of the logs that it reads.

use anyhow::Context as _;
use jiff::Timestamp;
use trailaudit_checks::digest::{ChainId, LogEntry};
use trailaudit_checks::events::key::Stores;
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::{EventsRead, Inventory};

use super::beside;
use super::detect::Finder;
use super::hear::{Chains, Span};
use super::reading::{Reading, events_of};
use crate::objects::Source;
use crate::verify::{Tap, Tapped, Verified};

/// The buckets that trails deliver to, and the keys that encrypt what they deliver.
#[must_use]
pub fn stores_in(inventory: &Inventory) -> Stores {
    let buckets = inventory.trails.values();
    let buckets = buckets.filter_map(|it| it.configuration.bucket.ok().cloned());
    let of_trails = inventory.trails.values();
    let of_trails = of_trails.map(|it| it.configuration.kms_key.ok().cloned());
    let of_buckets = inventory.buckets.values();
    let of_buckets = of_buckets.map(|bucket| {
        let encryption = bucket.encryption.ok()?;
        let key = encryption.as_ref().and_then(|it| it.kms_key.clone());
        Some(key.map(Arn::from))
    });
    // Where one is not known, any key may be it.
    let keys: Option<Vec<_>> = of_trails.chain(of_buckets).collect();
    let keys = keys.map(|key| key.into_iter().flatten().map(|it| it.to_string()).collect());
    Stores {
        buckets: buckets.collect(),
        keys,
    }
}

/// What `scan --events` adds to a run: no log is read for it that would not be read anyway, but those that no digest
/// lists.
#[derive(Debug)]
pub struct KeyWatch {
    /// None if the table of key events is broken.
    reading: Option<Reading<Finder>>,
    span: Span,
}

impl KeyWatch {
    /// For events from then until then.
    #[must_use]
    pub fn new(stores: Stores, since: Timestamp, until: Timestamp) -> Self {
        let span = Span {
            since: Some(since),
            until,
        };
        let finder = Finder::new(stores).ok();
        Self {
            reading: finder.map(|it| Reading::new(span.window(), it, true, false)),
            span,
        }
    }

    /// Reads the logs that no proved digest lists.
    pub fn beside(&self, source: &dyn Source, verified: &[Verified]) {
        if let Some(reading) = &self.reading {
            beside::read(source, verified, reading);
        }
    }

    /// What was found, and what it rests on.
    pub fn finish(self, verified: &[Verified]) -> anyhow::Result<EventsRead> {
        let reading = self.reading.context("the table of key events is broken")?;
        let (facts, finder) = reading.finish()?;
        let chains = Chains {
            verified,
            span: self.span,
            delivered_until: self.span.until,
        };
        finder.finish(chains.rests_on(facts))
    }
}

impl Tap for KeyWatch {
    fn chains(&self, chains: &[ChainId]) {
        if let Some(reading) = &self.reading {
            reading.chains(chains);
        }
    }

    fn wants(&self, _: &ChainId, _: &LogEntry) -> bool {
        true
    }

    fn log(&self, log: &Tapped<'_>) {
        let Some(reading) = &self.reading else { return };
        // What happened outside of the window is verified, and not looked into.
        let meets =
            events_of(log.entry.range, &log.entry.at.key).is_none_or(|it| reading.meets(it));
        match meets {
            true => reading.log(log),
            false => {
                reading.wants(log.chain, log.entry);
            }
        }
    }
}
