//! The inventory file: JSON Lines, plain or compressed, versioned; and what one holds.
//!
//! A header, one record per line, a trailer. The `iam` records are never all in memory: they stay in the
//! file, or in a [`Spool`] while a live run collects them.

mod joined;
mod lines;
mod read;
mod spool;
mod write;

use std::collections::BTreeMap;

use trailaudit_checks::audit::IamSource;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::inventory::{Header, Iam, Inventory, Record};

pub use joined::{Counted, Joined, Rest};
pub use lines::Source;
pub use read::{each_record, load, same_but_for_its_end};
pub use spool::Spool;

/// All that one run saw.
#[derive(Debug)]
pub struct Snapshot {
    /// Everything but the IAM documents.
    pub inventory: Inventory,
    iam: IamRecords,
}

/// Where the IAM documents are.
#[derive(Debug)]
enum IamRecords {
    /// Collected by this process, or read from a stream that cannot be read twice.
    Spooled(Spool),
    /// On these lines of a file.
    Lines(Source, Box<Header>, Vec<u64>),
}

impl Snapshot {
    /// What a live run saw. The trailer gets what it says of the records, as a reader will find it.
    #[must_use]
    pub fn live(mut inventory: Inventory, spool: Spool) -> Self {
        inventory.ledger.sort();
        let coverage = Coverage::of(&inventory);
        let counts = counts(&inventory, spool.len() as u64);
        if let Some(trailer) = &mut inventory.trailer {
            trailer.coverage = coverage;
            trailer.counts = counts;
        }
        Self {
            inventory,
            iam: IamRecords::Spooled(spool),
        }
    }

    /// Hands over the IAM documents, one account at a time.
    pub fn each_iam(&self, mut f: impl FnMut(Iam)) -> anyhow::Result<()> {
        self.try_each_iam(|iam| {
            f(iam);
            Ok(())
        })
    }

    /// The same, for what can fail on the way.
    fn try_each_iam(&self, mut f: impl FnMut(Iam) -> anyhow::Result<()>) -> anyhow::Result<()> {
        match &self.iam {
            IamRecords::Spooled(spool) => spool.each(f),
            IamRecords::Lines(_, _, numbers) if numbers.is_empty() => Ok(()),
            IamRecords::Lines(source, header, numbers) => {
                read::each_iam(source, header, numbers, &mut f)
            }
        }
    }
}

/// The judge asks for the IAM documents account by account.
impl IamSource for Snapshot {
    type Error = anyhow::Error;

    fn each_iam(&self, f: &mut dyn FnMut(Iam)) -> anyhow::Result<()> {
        Self::each_iam(self, f)
    }
}

/// A record of this name is there already.
#[must_use]
pub fn is_there(inventory: &Inventory, record: &Record) -> bool {
    read::is_there(inventory, record)
}

/// How many records of each kind a file of this inventory holds.
fn counts(inventory: &Inventory, iam: u64) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for record in inventory.records() {
        *counts.entry(kind(&record).to_owned()).or_default() += 1;
    }
    if iam > 0 {
        counts.insert("iam".to_owned(), iam);
    }
    counts
}

/// The word by which a record's line begins.
fn kind(record: &Record) -> &'static str {
    match record {
        Record::Header(_) => "header",
        Record::Organization(_) => "organization",
        Record::Account(_) => "account",
        Record::Region(_) => "region",
        Record::Trail(_) => "trail",
        Record::EventDataStore(_) => "event_data_store",
        Record::Bucket(_) => "bucket",
        Record::Key(_) => "key",
        Record::LogGroup(_) => "log_group",
        Record::Topic(_) => "topic",
        Record::Chain(_) => "chain",
        Record::Plan(_) => "plan",
        Record::Events(_) => "events",
        Record::Call(_) => "call",
        Record::Iam(_) => "iam",
        Record::Trailer(_) => "trailer",
    }
}
