//! Which records may matter, by one look at each.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use memchr::memmem;

use super::chance::Hashes;
use super::logged::{Kind, Seen};
use super::look::Look;
use super::row::Local;
use super::{ALTERED, First, Key, PLANTED, When};
use crate::events::filter::{Expression, FilterError, parse};
use crate::events::{Proof, Record};

/// What keeps the logs, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stores {
    /// Names of buckets.
    pub buckets: BTreeSet<String>,
    /// Ids and ARNs of keys; none where nobody knows them.
    pub keys: Option<BTreeSet<String>>,
}

/// Where a record is stored.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The bucket; empty for files.
    pub bucket: &'a str,
    /// The key, or the file.
    pub key: &'a str,
    /// The account of its chain; empty for files.
    pub account: &'a str,
    /// The region of its chain; empty for files.
    pub region: &'a str,
}

/// Looks at records. It can be asked from several threads.
#[derive(Debug)]
pub struct Detector {
    pub(super) keys: Vec<(&'static Key, Option<Expression>)>,
    pub(super) by_name: HashMap<&'static [u8], Vec<usize>, BuildHasherDefault<Quick>>,
    /// Without it no answer of a call has an error.
    pub(super) error_type: memmem::Finder<'static>,
    pub(super) stores: Stores,
    pub(super) root: Option<usize>,
    pub(super) insight: Option<usize>,
    pub(super) denied: Vec<usize>,
    pub(super) region: Option<usize>,
    pub(super) off_instance: Option<usize>,
    pub(super) altered: Option<usize>,
    pub(super) planted: Option<usize>,
    seen: Seen,
    pub(super) hashes: Hashes,
}

impl Detector {
    /// Looks for these. They must be in the order that [`super::Gather`] has.
    ///
    /// # Errors
    ///
    /// If an expression of the table is none: a defect of this program.
    pub fn new(keys: &[&'static Key], stores: Stores) -> Result<Self, FilterError> {
        let mut detector = Self {
            keys: Vec::new(),
            by_name: HashMap::default(),
            error_type: memmem::Finder::new("__type"),
            stores,
            root: None,
            insight: None,
            denied: Vec::new(),
            region: None,
            off_instance: None,
            altered: None,
            planted: None,
            seen: Seen::default(),
            hashes: Hashes::default(),
        };
        for (at, key) in keys.iter().enumerate() {
            let text = match key.when {
                When::Each(text) | When::LogBucket(text) => text,
                When::LogKey
                | When::CrossAccount
                | When::First(_)
                | When::Distinct { .. }
                | When::OffInstance
                | When::Log => "",
            };
            let expression = match text {
                "" => None,
                text => Some(parse(text)?),
            };
            detector.keys.push((key, expression));
            for name in key.names {
                detector
                    .by_name
                    .entry(name.as_bytes())
                    .or_default()
                    .push(at);
            }
            match (key.when, key.id) {
                (When::OffInstance, _) => detector.off_instance = Some(at),
                (When::First(First::WriteInRegion), _) => detector.region = Some(at),
                (_, ALTERED) => detector.altered = Some(at),
                (_, PLANTED) => detector.planted = Some(at),
                (_, "event-root-used") => detector.root = Some(at),
                (_, "event-insight") => detector.insight = Some(at),
                _ if key.names.is_empty() => detector.denied.push(at),
                _ => {}
            }
        }
        Ok(detector)
    }

    /// Looks at one record. Whether it may matter.
    pub fn record(&self, local: &mut Local, record: &Record<'_>, proof: Proof, at: At<'_>) -> bool {
        if proof.is_proven() {
            self.seen.note(record);
        }
        let before = local.count();
        let log = match proof {
            Proof::Altered => Some(self.altered),
            Proof::Unlisted => Some(self.planted),
            Proof::Verified | Proof::Version | Proof::Unverified(_) => None,
        };
        let look = Look::new(self, record, proof, at);
        match log {
            Some(key) => look.log(local, key),
            None => look.all(local),
        }
        local.count() > before
    }

    /// The kinds of events that proved records were of, so far: such events are logged.
    #[must_use]
    pub fn logged(&self) -> BTreeSet<Kind> {
        self.seen.kinds()
    }
}

/// A hash of few steps: of how long a name is, how it begins and how it ends. It is for a table of our own names: what
/// is looked up in it is foreign, and cannot make it longer.
#[derive(Debug, Default)]
pub(super) struct Quick(u64);

impl Quick {
    fn add(&mut self, piece: u64) {
        let mixed = self.0.rotate_left(23) ^ piece;
        self.0 = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => {
                self.add(u64::from_le_bytes(*first));
                self.add(u64::from_le_bytes(*last));
            }
            _ => bytes.iter().for_each(|it| self.add(u64::from(*it))),
        }
    }

    fn write_usize(&mut self, length: usize) {
        self.add(length as u64);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
