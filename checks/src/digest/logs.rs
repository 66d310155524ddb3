//! The logs that a chain's digests list: which are to be read, and what reading them came to.

use super::chain::HourVerdict;
use super::document::LogEntry;
use super::key::{LogKey, ObjectRef};
use super::log::LogOutcome;
use super::open::Link;
use super::problem::{Kind, Problem, Verdict};
use super::sha256::sha256;
use super::walk::Walk;

/// A valid digest in the window, and its logs that are to be read.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The digest.
    pub at: ObjectRef,
    /// The logs, each once, in the chain's bucket and under the account's prefix.
    pub logs: Vec<LogEntry>,
    hour: Option<usize>,
}

/// Half of the SHA-256 of a log's key: nobody finds two keys with the same.
pub(super) type LogId = [u8; 16];

pub(super) fn log_id(key: &str) -> LogId {
    let mut id = [0; 16];
    id.iter_mut()
        .zip(sha256(key.as_bytes()))
        .for_each(|(to, from)| *to = from);
    id
}

impl Walk {
    /// Takes what reading one log of a settled digest came to.
    pub fn log(&mut self, digest: &Settled, entry: &LogEntry, outcome: LogOutcome) {
        let problem = |kind, verdict| Problem::object(kind, verdict, &entry.at, Some(&self.id));
        let (problem, verdict) = match outcome {
            LogOutcome::Valid => {
                self.logs.valid += 1;
                return;
            }
            LogOutcome::Uncompressed => {
                self.logs.valid += 1;
                self.plain.1 += 1;
                return;
            }
            LogOutcome::Invalid(flaw) => {
                self.logs.invalid += 1;
                let problem = problem(flaw.kind, Verdict::Invalid).detail(flaw.detail);
                (
                    Problem {
                        expected: flaw.expected,
                        seen: flaw.seen,
                        ..problem
                    },
                    HourVerdict::Invalid,
                )
            }
            LogOutcome::Missing => {
                self.logs.missing += 1;
                let detail = format!("listed by {}", digest.at.key);
                let problem = problem(Kind::LogMissing, Verdict::Missing).detail(detail);
                (
                    problem.differs("the log", "no such object"),
                    HourVerdict::Invalid,
                )
            }
            LogOutcome::Unread(reason) => {
                self.logs.unverified += 1;
                (
                    problem(Kind::LogUnverified, Verdict::Unverified)
                        .detail("the log file was not read")
                        .differs("a log that can be read", reason),
                    HourVerdict::Unverified,
                )
            }
        };
        self.timeline.spoil(digest.hour, verdict);
        self.problems.push(problem);
    }

    /// Takes that none of a settled digest's logs was to be read. Tells how many.
    pub fn unread(&mut self, digest: &Settled) -> u64 {
        let count = digest.logs.len() as u64;
        self.logs.unverified += count;
        if count > 0 {
            self.timeline.spoil(digest.hour, HourVerdict::Unverified);
        }
        count
    }

    /// Counts a valid digest and hands out its logs.
    pub(super) fn accept(&mut self, link: Link, hour: Option<usize>) {
        let inside = self.timeline.touches(link.start, link.end);
        if !link.key.backfill {
            self.neighbours.0 |= link.end <= self.timeline.window.start;
            self.neighbours.1 |= link.start >= self.timeline.window.end;
        }
        if inside {
            self.digests.valid += 1;
            self.plain.0 += u64::from(link.plain);
        }
        let prefix = link.key.account_prefix();
        let mut logs = Vec::with_capacity(link.logs.len());
        for entry in link.logs {
            let first = self.listed.insert(log_id(&entry.at.key));
            let own = is_log_key(&entry.at.key, &prefix);
            let here = entry.at.bucket == self.id.bucket;
            let known = own || self.is_known_place(&entry.at);
            let log = LogKey::parse(&entry.at.key).filter(|_| known);
            let in_former = !here && self.was_delivered_to(&entry.at);
            if log.is_some() && (!own || in_former) {
                self.abroad.insert(log_id(&entry.at.key));
                self.other_places.insert(entry.at.clone());
            }
            if !inside {
                continue;
            }
            let problem = |kind, verdict| Problem::object(kind, verdict, &entry.at, Some(&self.id));
            let (problem, spoils) = if log.is_none() {
                self.logs.invalid += 1;
                let problem = problem(Kind::LogKeySuspicious, Verdict::Invalid);
                let expected = format!("a log's key that begins with {prefix}");
                (
                    problem
                        .detail("the key is not one that CloudTrail writes for this account: the log file was not read")
                        .differs(expected, &entry.at.key),
                    Some(HourVerdict::Invalid),
                )
            } else if !here && !in_former {
                self.logs.unverified += 1;
                let problem = problem(Kind::LogForeignBucket, Verdict::Unverified);
                let problem = problem
                    .detail("the log file was not read: it is in another bucket than its digest");
                (
                    problem.differs(&self.id.bucket, &entry.at.bucket),
                    Some(HourVerdict::Unverified),
                )
            } else if !first {
                let mut problem = problem(Kind::LogListedTwice, Verdict::Valid);
                problem.verdict = None;
                let detail = format!("listed again by {}", link.at.key);
                (
                    problem
                        .detail(detail)
                        .differs("listed once", "listed more than once"),
                    None,
                )
            } else {
                self.services.extend(log.map(|log| log.service));
                logs.push(entry);
                continue;
            };
            if let Some(verdict) = spoils {
                self.timeline.spoil(hour, verdict);
            }
            self.problems.push(problem);
        }
        if inside {
            self.settled.push(Settled {
                at: link.at,
                logs,
                hour,
            });
        }
    }
}

impl Walk {
    /// Whether CloudTrail may have put a log of this account there before the trail's place was changed.
    fn is_known_place(&self, at: &ObjectRef) -> bool {
        let beside = at.bucket == self.id.bucket
            && self.beside.iter().any(|folder| is_log_key(&at.key, folder));
        beside || self.was_delivered_to(at)
    }

    /// Whether a signed digest of this chain says that the trail delivered there.
    fn was_delivered_to(&self, at: &ObjectRef) -> bool {
        self.former
            .iter()
            .any(|(bucket, folder)| *bucket == at.bucket && is_log_key(&at.key, folder))
    }

    /// Notes that objects are stored uncompressed.
    pub(super) fn note_uncompressed(&mut self) {
        let (digests, logs) = self.plain;
        if (digests, logs) == (0, 0) {
            return;
        }
        let note = Problem::chain(Kind::ObjectUncompressed, &self.id, self.timeline.window)
            .detail(
                "objects are stored uncompressed, for example after a download that decompressed them: their \
                 uncompressed bytes were verified",
            )
            .differs(
                "gzip members",
                format!("{digests} digests and {logs} logs that are uncompressed"),
            );
        self.problems.push(note);
    }
}

/// Whether CloudTrail writes such keys for this account. The key may become a path on disk elsewhere.
fn is_log_key(key: &str, account_prefix: &str) -> bool {
    let inside = key.strip_prefix(account_prefix);
    inside.is_some_and(|rest| {
        rest.split('/').all(|part| !matches!(part, "" | "." | "..")) && !rest.contains(['\\', '\0'])
    })
}
