//! Stored versions of logs that are missing or altered: one with the hash that the digest lists is what CloudTrail
//! delivered, whatever the newest version holds.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use trailaudit_checks::digest::{ChainId, Limits, LogEntry, LogOutcome, LogReader, ObjectRef};
use trailaudit_checks::events::{ObjectNote, Proof, scan};

use super::reading::{Consumer, Facts, Origin, Reading, events_of};
use crate::objects::{Sink, Source, Unread};
use crate::verify::Tapped;

/// Logs whose versions are looked for; more are counted.
const MOST: usize = 10_000;
/// Versions of one log that are read, the newest first.
const TRIED: usize = 20;

/// A record's id, and what it says.
type Ids = BTreeMap<String, u64>;

/// Logs that are missing or altered.
#[derive(Debug, Default)]
pub(super) struct LostLogs {
    all: Vec<LostLog>,
    and_more: u64,
}

/// One of them, as its digest lists it.
#[derive(Debug)]
struct LostLog {
    chain: ChainId,
    digest: ObjectRef,
    entry: LogEntry,
    /// The records that are there now; none of a log that is missing.
    now: Option<Ids>,
}

impl LostLogs {
    pub(super) fn add(&mut self, log: &Tapped<'_>) {
        if self.all.len() >= MOST {
            self.and_more += 1;
            return;
        }
        let missing = matches!(log.outcome, LogOutcome::Missing);
        self.all.push(LostLog {
            chain: log.chain.clone(),
            digest: log.digest.clone(),
            entry: log.entry.clone(),
            now: (!missing).then(|| ids(log.log)),
        });
    }
}

/// Reads a version of each that has the hash which the digest lists. What could not be looked for.
pub(super) fn read<C: Consumer>(source: &dyn Source, reading: &Reading<C>) -> Vec<String> {
    let LostLogs { all, and_more } = reading.lost_logs();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..source.readers().min(all.len()) {
            scope.spawn(|| {
                while let Some(log) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let read = catch_unwind(AssertUnwindSafe(|| log.read(source, reading)));
                    let died = || log.note("reading its versions died: please report this");
                    reading.add(read.unwrap_or_else(|_| died()));
                }
            });
        }
    });
    match and_more {
        0 => Vec::new(),
        more => vec![format!(
            "versions of {more} more missing or altered logs were not looked for (limit {MOST})"
        )],
    }
}

impl LostLog {
    fn read<C: Consumer>(&self, source: &dyn Source, reading: &Reading<C>) -> Facts {
        let key = &self.entry.at.key;
        let versions = match source.versions(key) {
            Ok(versions) => versions,
            Err(unread) => {
                return self.note(&format!("its versions are not known: {}", unread.words()));
            }
        };
        let mut reader = LogReader::keeping(Limits::default().log);
        let mut unread = None;
        for version in versions.iter().take(TRIED) {
            let mut sink = Reader(&mut reader);
            match source.read_version(key, version, &mut sink) {
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(error) => {
                    unread = Some(error);
                    continue;
                }
            }
            let (LogOutcome::Valid | LogOutcome::Uncompressed, _) = reader.end(&self.entry) else {
                continue;
            };
            if let Some(kept) = reader.kept() {
                return self.found(version, kept.log, reading);
            }
        }
        self.note(&none_has_it(versions.len(), unread.as_ref()))
    }

    fn found<C: Consumer>(&self, version: &str, log: &[u8], reading: &Reading<C>) -> Facts {
        let was = ids(log);
        let mut facts = self.note(&format!(
            "the version {version} has the listed hash and was read{}",
            self.now
                .as_ref()
                .map(|now| differences(&was, now))
                .unwrap_or_default()
        ));
        let origin = Origin {
            shared: reading.is_shared(&self.chain.account, &self.chain.region),
            account: &self.chain.account,
            region: &self.chain.region,
            at: &self.entry.at,
            digest: Some(&self.digest),
            proof: Proof::Version,
            why: "older-version",
        };
        let events = events_of(self.entry.range, &self.entry.at.key);
        reading.text(&mut facts, &origin, log, self.entry.range.and(events));
        facts
    }

    fn note(&self, why: &str) -> Facts {
        let mut facts = Facts::default();
        facts.note(
            "version",
            ObjectNote {
                at: self.entry.at.clone(),
                verdict: "version".to_owned(),
                why: why.to_owned(),
                events: None,
                and_more: 0,
            },
        );
        facts
    }
}

fn none_has_it(versions: usize, unread: Option<&Unread>) -> String {
    let mut words = match versions {
        0 => "no version of it is stored".to_owned(),
        1 => "its one version has another hash than its digest lists".to_owned(),
        many if many > TRIED => format!("none of its {TRIED} newest versions has the listed hash"),
        many => format!("none of its {many} versions has the listed hash"),
    };
    if let Some(unread) = unread {
        words += &format!(", as far as they could be read: {}", unread.words());
    }
    words
}

/// `: the newest adds 1 record and changes 2`, of what CloudTrail delivered.
fn differences(was: &Ids, now: &Ids) -> String {
    let added = now.keys().filter(|it| !was.contains_key(*it)).count();
    let removed = was.keys().filter(|it| !now.contains_key(*it)).count();
    let changed = |(id, text): &(&String, &u64)| now.get(*id).is_some_and(|it| it != *text);
    let changed = was.iter().filter(changed).count();
    format!(
        ": the object that is stored now has {added} records more, {removed} records less and {changed} changed"
    )
}

fn ids(log: &[u8]) -> Ids {
    let mut ids = Ids::new();
    scan(log, &mut |record| {
        let id = record.event_id().map(|it| it.as_str().to_owned());
        let mut hasher = DefaultHasher::new();
        record.raw().hash(&mut hasher);
        ids.insert(
            id.unwrap_or_else(|| format!("#{}", record.index())),
            hasher.finish(),
        );
    });
    ids
}

/// Hands the pieces of an object to the reader of logs.
struct Reader<'r>(&'r mut LogReader);

impl Sink for Reader<'_> {
    fn begin(&mut self) {
        self.0.begin();
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        self.0.push(bytes)
    }
}
