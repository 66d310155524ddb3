//! Walks one chain from its oldest digest to its newest and joins each to the one before.
//!
//! A digest is settled when its successor is seen, since that may prove a signature that was lost. So memory does not
//! grow with the chain, but for its hours and 16 bytes per log.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::chain::{
    Anchor, Cause, Chain, DigestCounts, HourVerdict, INTERVAL, Joined, Last, LogCounts, Logging,
};
use super::document::{LogEntry, Previous};
use super::hex;
use super::key::{ChainId, DigestKey, LogKey, ObjectRef};
use super::log::LogOutcome;
use super::open::{Flaw, Link};
use super::problem::{Kind, Problem, Severity, Verdict, Window};
use super::sha256::sha256;
use super::timeline::Timeline;

/// What was seen in the place of one digest.
#[derive(Clone, Debug)]
pub enum Step {
    /// It was opened.
    Opened(Box<Link>),
    /// It was read and is wrong, or was not read.
    Flawed(Box<Flaw>),
    /// It is known to have been there: a digest that was moved says so.
    Absent(DigestKey),
}

impl Step {
    /// The order in which steps are to be pushed.
    pub fn order(&self) -> (Timestamp, bool, String) {
        let (key, at) = match self {
            Self::Opened(link) => (Some(link.key.clone()), &link.at.key),
            Self::Flawed(flaw) => (DigestKey::parse(&flaw.at), &flaw.at.key),
            Self::Absent(key) => return (key.end, key.backfill, String::new()),
        };
        key.map_or((Timestamp::MIN, false, at.clone()), |key| {
            (key.end, key.backfill, at.clone())
        })
    }
}

impl From<Result<Link, Box<Flaw>>> for Step {
    fn from(opened: Result<Link, Box<Flaw>>) -> Self {
        match opened {
            Ok(link) => Self::Opened(Box::new(link)),
            Err(flaw) => Self::Flawed(flaw),
        }
    }
}

/// A valid digest in the window, and its logs that are to be read.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The digest.
    pub at: ObjectRef,
    /// The logs, each once, in the chain's bucket and under the account's prefix.
    pub logs: Vec<LogEntry>,
    hour: Option<usize>,
}

/// A place of the chain that is not filled by a proved digest.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: DigestKey,
    pub(super) verdict: Verdict,
    pub(super) moved: bool,
}

/// The walk along one chain.
#[derive(Debug)]
pub struct Walk {
    pub(super) id: ChainId,
    pub(super) logging: Logging,
    pub(super) timeline: Timeline,
    /// Where an earlier run ended.
    anchor: Option<Last>,
    pub(super) last: Option<Last>,
    /// The last that has any of the window.
    pub(super) reached: Option<Last>,
    /// Between `last` and `pending`.
    pub(super) hole: Vec<Slot>,
    pending: Option<Link>,
    /// After `pending`.
    after: Vec<Slot>,
    /// What moved digests say was there.
    pub(super) absent: BTreeSet<DigestKey>,
    pub(super) backfill_pending: Option<Link>,
    pub(super) backfill_last: Option<Last>,
    pub(super) backfill_seen: BTreeSet<ObjectRef>,
    /// The hours of backfill digests that are missing or not proved: they may have listed any log of theirs.
    pub(super) backfill_broken: Vec<Window>,
    pub(super) digests: DigestCounts,
    pub(super) logs: LogCounts,
    pub(super) problems: Vec<Problem>,
    settled: Vec<Settled>,
    /// Whether proved digests were seen that end before the window and that begin after it.
    pub(super) neighbours: (bool, bool),
    /// Logs that valid digests list, and those that others do.
    pub(super) listed: HashSet<LogId>,
    pub(super) claimed: HashSet<LogId>,
    /// The folders, such as `CloudTrail-Insight`, whose logs the digests list.
    pub(super) services: BTreeSet<String>,
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
    /// A walk along the chain `id`.
    pub fn new(id: ChainId, window: Window, logging: Logging) -> Self {
        Self {
            id,
            logging,
            timeline: Timeline::new(window),
            anchor: None,
            last: None,
            reached: None,
            hole: Vec::new(),
            pending: None,
            after: Vec::new(),
            absent: BTreeSet::new(),
            backfill_pending: None,
            backfill_last: None,
            backfill_seen: BTreeSet::new(),
            backfill_broken: Vec::new(),
            digests: DigestCounts::default(),
            logs: LogCounts::default(),
            problems: Vec::new(),
            settled: Vec::new(),
            neighbours: (false, false),
            listed: HashSet::new(),
            claimed: HashSet::new(),
            services: BTreeSet::new(),
        }
    }

    /// Demands that the first digest be joined to the one where an earlier run ended; `None` if the anchor is damaged.
    pub fn anchored(mut self, anchor: &Anchor) -> Option<Self> {
        self.anchor = Some(Last::from_anchor(anchor)?);
        self.last.clone_from(&self.anchor);
        Some(self)
    }

    /// Takes the next digest, in the order of the times in their keys. Those before and after the window that are
    /// given as well serve as neighbours and are not counted.
    pub fn push(&mut self, step: Step) -> Vec<Settled> {
        match step {
            Step::Opened(link) if link.key.chain != self.id => self.stray(&link.at),
            Step::Opened(link) if link.key.backfill => self.backfill(*link),
            Step::Opened(link) => self.opened(*link),
            Step::Flawed(flaw) => self.flawed(*flaw),
            Step::Absent(key) => {
                self.absent.insert(key);
            }
        }
        std::mem::take(&mut self.settled)
    }

    /// Ends the walk: there are no more digests.
    pub fn end(&mut self) -> Vec<Settled> {
        self.settle(None);
        self.settle_backfill(None);
        self.close();
        std::mem::take(&mut self.settled)
    }

    /// Takes what reading one log of a settled digest came to.
    pub fn log(&mut self, digest: &Settled, entry: &LogEntry, outcome: LogOutcome) {
        let problem = |kind, verdict| Problem::object(kind, verdict, &entry.at, Some(&self.id));
        let (problem, verdict) = match outcome {
            LogOutcome::Valid => {
                self.logs.valid += 1;
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
                        .detail("the log was not read")
                        .differs("a log that can be read", reason),
                    HourVerdict::Unverified,
                )
            }
        };
        self.timeline.spoil(digest.hour, verdict);
        self.problems.push(problem);
    }

    /// Which chain it is.
    pub fn id(&self) -> &ChainId {
        &self.id
    }

    /// The last digest of the window that was proved: where the next run may start.
    pub fn anchor(&self) -> Option<Anchor> {
        self.reached
            .as_ref()
            .or(self.anchor.as_ref())
            .map(Last::anchor)
    }

    /// The chain and its problems.
    pub fn finish(mut self) -> Joined {
        self.problems.sort();
        let hours: Vec<_> = self
            .timeline
            .hours
            .into_iter()
            .map(|tile| tile.hour)
            .collect();
        let counted = hours
            .iter()
            .filter(|hour| !hour.cause.is_some_and(Cause::is_expected))
            .map(|hour| hour.verdict);
        let worst = counted.chain(self.problems.iter().filter_map(weight)).max();
        // A window without a single digest is never a clean one.
        let verdict = worst.unwrap_or(HourVerdict::Gap);
        let (digests, logs) = (self.digests, self.logs);
        let chain = Chain {
            id: self.id,
            window: self.timeline.window,
            verdict,
            digests,
            logs,
            hours,
        };
        Joined {
            chain,
            problems: self.problems,
        }
    }

    fn stray(&mut self, at: &ObjectRef) {
        let problem = Problem::object(
            Kind::DigestUnverified,
            Verdict::Unverified,
            at,
            Some(&self.id),
        );
        self.digests.unverified += 1;
        self.problems.push(
            problem
                .detail("the digest is one of another chain")
                .differs(self.id.to_string(), &at.key),
        );
    }

    fn opened(&mut self, link: Link) {
        if let Some(anchor) = self
            .anchor
            .as_ref()
            .filter(|anchor| link.key.end <= anchor.end)
        {
            // Proved by the run that left the anchor. What lies there now must be the same.
            if link.at == anchor.at && link.sha256 == anchor.sha256 {
                self.listed
                    .extend(link.logs.iter().map(|log| log_id(&log.at.key)));
                self.neighbours.0 = true;
            } else if link.at == anchor.at {
                let window = Window {
                    start: link.start,
                    end: link.end,
                };
                let problem = Problem::chain(Kind::ChainLinkMismatch, &self.id, window)
                    .detail(format!(
                        "{}: replaced since it was last verified",
                        link.at.key
                    ))
                    .differs(hex::encode(&anchor.sha256), hex::encode(&link.sha256));
                self.problems.push(Problem {
                    verdict: Some(Verdict::Invalid),
                    ..problem
                });
            }
            return;
        }
        self.settle(Some(&link));
        self.pending = Some(link);
    }

    fn flawed(&mut self, flaw: Flaw) {
        if let (Some(previous), Some(pending)) = (&flaw.previous, &mut self.pending)
            && pending.signature.is_none()
            && previous.at == pending.at
        {
            // Not that the flawed digest were believed: a signature proves itself.
            pending.prove(&previous.signature);
        }
        let Some(key) = DigestKey::parse(&flaw.at).filter(|key| key.chain == self.id) else {
            self.stray(&flaw.at);
            return;
        };
        self.count(&flaw, &key);
        if let Some(home) = flaw
            .home
            .filter(|home| home.chain == self.id && !home.backfill)
        {
            self.absent.insert(home);
        }
        if key.backfill {
            self.backfill_seen.insert(flaw.at);
            self.break_backfill(key.end);
            return;
        }
        let slot = Slot {
            key,
            verdict: flaw.verdict,
            moved: flaw.kind == Kind::DigestMoved,
        };
        match self.pending {
            Some(_) => self.after.push(slot),
            None => self.hole.push(slot),
        }
    }

    /// Counts and reports a flawed digest, if its hour is in the window.
    pub(super) fn count(&mut self, flaw: &Flaw, key: &DigestKey) {
        self.claimed
            .extend(flaw.logs.iter().map(|log| log_id(&log.at.key)));
        let start = key.end.saturating_sub(INTERVAL).unwrap_or(key.end);
        if !self.timeline.touches(start, key.end) {
            return;
        }
        match flaw.verdict {
            Verdict::Unverified => self.digests.unverified += 1,
            Verdict::Valid | Verdict::Unlisted | Verdict::Missing | Verdict::Invalid => {
                self.digests.invalid += 1
            }
        }
        self.problems.push(flaw.problem());
    }

    /// Settles the digest that waited for its successor.
    fn settle(&mut self, successor: Option<&Link>) {
        let Some(link) = self.pending.take() else {
            return;
        };
        match self.proved(link, successor.and_then(|link| link.previous.as_ref())) {
            Ok((link, signature)) => {
                self.place(link, signature);
                self.hole.append(&mut self.after);
            }
            Err(key) => {
                self.hole.push(Slot {
                    key: *key,
                    verdict: Verdict::Invalid,
                    moved: false,
                });
                self.hole.append(&mut self.after);
            }
        }
    }

    /// The link with its signature, its own or the one by which its successor names it.
    pub(super) fn proved(
        &mut self,
        mut link: Link,
        named: Option<&Previous>,
    ) -> Result<(Link, Vec<u8>), Box<DigestKey>> {
        if link.signature.is_none()
            && let Some(previous) = named.filter(|previous| previous.at == link.at)
        {
            link.prove(&previous.signature);
        }
        match link.signature.take() {
            Some(signature) => {
                if link.lost && self.timeline.touches(link.start, link.end) {
                    let note = Problem::object(
                        Kind::DigestSignatureMissing,
                        Verdict::Valid,
                        &link.at,
                        Some(&self.id),
                    );
                    let note = note.detail(
                        "the object has lost its signature; its successor names it, and it fits",
                    );
                    let note = note.differs("x-amz-meta-signature", "none");
                    self.problems.push(Problem {
                        severity: Severity::Info,
                        verdict: None,
                        ..note
                    });
                }
                Ok((link, signature))
            }
            None => {
                let mut flaw = unproved(&link, named);
                flaw.logs = link.logs;
                self.count(&flaw, &link.key);
                Err(Box::new(link.key))
            }
        }
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
        }
        let prefix = link.key.account_prefix();
        let mut logs = Vec::with_capacity(link.logs.len());
        for entry in link.logs {
            let first = self.listed.insert(log_id(&entry.at.key));
            let log = LogKey::parse(&entry.at.key).filter(|_| is_log_key(&entry.at.key, &prefix));
            if !inside {
                continue;
            }
            let problem = |kind, verdict| Problem::object(kind, verdict, &entry.at, Some(&self.id));
            let (problem, spoils) = if log.is_none() {
                self.logs.invalid += 1;
                let problem = problem(Kind::LogKeySuspicious, Verdict::Invalid);
                let expected = format!("a log's key that begins with {prefix}");
                (
                    problem.detail("not read").differs(expected, &entry.at.key),
                    Some(HourVerdict::Invalid),
                )
            } else if entry.at.bucket != self.id.bucket {
                self.logs.unverified += 1;
                let problem = problem(Kind::LogForeignBucket, Verdict::Unverified);
                let problem = problem.detail("not read: it lies in another bucket than its digest");
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

/// Why a digest that has lost its signature is not proved.
fn unproved(link: &Link, named: Option<&Previous>) -> Box<Flaw> {
    let flaw = |kind, detail| Flaw::new(&link.at, kind, Verdict::Invalid, detail);
    match named.filter(|previous| previous.at == link.at) {
        Some(previous) => {
            let detail =
                "the object has no signature, and the one that its successor names does not fit it";
            let (expected, seen) = (hex::encode(&previous.sha256), hex::encode(&link.sha256));
            flaw(Kind::DigestSignatureInvalid, detail).differs(expected, seen)
        }
        None => {
            let detail = "the object has no signature, and no successor names it";
            flaw(Kind::DigestSignatureMissing, detail).differs("x-amz-meta-signature", "none")
        }
    }
}

/// How a problem weighs on the verdict of its chain.
fn weight(problem: &Problem) -> Option<HourVerdict> {
    match problem.verdict? {
        Verdict::Valid => None,
        Verdict::Unverified => Some(HourVerdict::Unverified),
        Verdict::Missing if problem.kind == Kind::DigestMissing => Some(HourVerdict::Gap),
        Verdict::Missing | Verdict::Unlisted | Verdict::Invalid => Some(HourVerdict::Invalid),
    }
}

/// Whether CloudTrail writes such keys for this account. The key may become a path on disk elsewhere.
fn is_log_key(key: &str, account_prefix: &str) -> bool {
    let inside = key.strip_prefix(account_prefix);
    inside.is_some_and(|rest| {
        rest.split('/').all(|part| !matches!(part, "" | "." | "..")) && !rest.contains(['\\', '\0'])
    })
}

/// Joins the digests of one chain, in any order, without a look at its logs.
pub fn join(id: &ChainId, mut steps: Vec<Step>, window: Window, logging: Logging) -> Joined {
    let mut walk = Walk::new(id.clone(), window, logging);
    steps.sort_by_cached_key(Step::order);
    for step in steps {
        walk.push(step);
    }
    walk.end();
    walk.finish()
}
