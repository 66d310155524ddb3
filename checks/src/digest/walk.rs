//! Walks one chain from its oldest digest to its newest and joins each to the one before.
//!
//! A digest is settled when its successor is seen, since that may prove a signature that was lost. So memory does not
//! grow with the chain, but for its hours and 16 bytes per log.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::chain::{
    Anchor, Cause, Chain, DigestCounts, Hour, HourVerdict, INTERVAL, Joined, Last, LogCounts,
    Logging,
};
use super::document::Previous;
use super::ends::{Arrival, Ends};
use super::flaw::Flaw;
use super::hours::merged;
use super::key::{ChainId, DigestKey, ObjectRef};
use super::logs::{LogId, Settled, log_id};
use super::open::Link;
use super::problem::{Kind, Problem, Verdict, Window};
use super::timeline::Timeline;
use crate::hex;
use crate::severity::Severity;

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
    /// What an earlier run found at one place, where this run begins before it.
    pub(super) witness: Option<Anchor>,
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
    pub(super) settled: Vec<Settled>,
    /// Whether proved digests were seen that end before the window and that begin after it.
    pub(super) neighbours: (bool, bool),
    /// Logs that valid digests list, and those that others do.
    pub(super) listed: HashSet<LogId>,
    pub(super) claimed: HashSet<LogId>,
    /// The folders, such as `CloudTrail-Insight`, whose logs the digests list.
    pub(super) services: BTreeSet<String>,
    /// Places, by bucket and the account's folder, that the trail delivered to before, as signed digests say.
    pub(super) former: BTreeSet<(String, String)>,
    /// The account's folders in this bucket that hold digests.
    pub(super) beside: BTreeSet<String>,
    /// Logs of the list that are stored outside of the chain's own folder.
    pub(super) abroad: HashSet<LogId>,
    /// The same, by their keys: few, of the hour in which the place was changed.
    pub(super) other_places: BTreeSet<ObjectRef>,
    /// Logs for whose time there is no valid digest here.
    pub(super) unplaced: BTreeMap<ObjectRef, Window>,
    /// First digests in this place that name one in another.
    pub(super) arrivals: Vec<Arrival>,
    /// Last digests before such a hole.
    pub(super) departures: Vec<Last>,
    /// How many digests and logs are stored uncompressed.
    pub(super) plain: (u64, u64),
    /// Hours in which logs lie that no digest lists.
    pub(super) unlisted_hours: BTreeSet<usize>,
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
            former: BTreeSet::new(),
            beside: BTreeSet::new(),
            abroad: HashSet::new(),
            other_places: BTreeSet::new(),
            unplaced: BTreeMap::new(),
            arrivals: Vec::new(),
            departures: Vec::new(),
            witness: None,
            plain: (0, 0),
            unlisted_hours: BTreeSet::new(),
        }
    }

    /// Names the folders of the account in this bucket that hold digests, such as `a/AWSLogs/111122223333/`: CloudTrail
    /// may have put a log there before the trail's prefix was changed.
    #[must_use]
    pub fn beside(mut self, folders: impl IntoIterator<Item = String>) -> Self {
        self.beside.extend(folders);
        self
    }

    /// Compares the digest where an earlier run ended with what is there now, without resting on that run.
    #[must_use]
    pub fn witnessed(mut self, anchor: &Anchor) -> Self {
        self.witness = Some(anchor.clone());
        self
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
        self.departures.extend(self.last.clone());
        self.close();
        std::mem::take(&mut self.settled)
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

    /// Where the chain begins and ends, for comparing it with other chains.
    pub fn ends(&self) -> Ends {
        Ends {
            arrivals: self.arrivals.clone(),
            departures: self.departures.iter().map(Last::anchor).collect(),
            other_places: self.other_places.clone(),
            unplaced: self.unplaced.clone(),
            rivals: BTreeSet::new(),
        }
    }

    /// The chain and its problems.
    pub fn finish(mut self) -> Joined {
        self.note_uncompressed();
        self.weigh_unlisted();
        self.problems.sort();
        let hours = merged(self.timeline.hours.into_iter().map(|tile| tile.hour));
        let verdict = worst(&hours, &self.problems);
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
                .detail("the digest belongs to another chain")
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
                // A chain that was stopped there is still one that was stopped.
                let is_final = link.is_final();
                if let Some(last) = self.last.as_mut().filter(|last| last.at == link.at) {
                    last.is_final = is_final;
                }
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
                        "{}: the digest was replaced since it was last verified",
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
            self.problems.push(flaw.problem());
            self.digests.unverified += 1;
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
        // A later digest that could be read would name it.
        let newest = successor.is_none()
            && self
                .after
                .iter()
                .all(|slot| slot.verdict == Verdict::Unverified);
        let named = successor.and_then(|link| link.previous.as_ref());
        match self.proved(link, named, newest) {
            Ok((link, signature)) => {
                self.place(link, signature);
                self.hole.append(&mut self.after);
            }
            Err((key, verdict)) => {
                self.hole.push(Slot {
                    key: *key,
                    verdict,
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
        newest: bool,
    ) -> Result<(Link, Vec<u8>), (Box<DigestKey>, Verdict)> {
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
                let mut flaw = unproved(&link, named, newest);
                flaw.logs = link.logs;
                self.count(&flaw, &link.key);
                Err((Box::new(link.key), flaw.verdict))
            }
        }
    }
}

/// Why a digest that has lost its signature is not proved.
fn unproved(link: &Link, named: Option<&Previous>, newest: bool) -> Box<Flaw> {
    let flaw = |kind, verdict, detail| Flaw::new(&link.at, kind, verdict, detail);
    match named.filter(|previous| previous.at == link.at) {
        Some(previous) => {
            let detail = "the object has no signature, and the signature that its successor names does not match it";
            let (expected, seen) = (hex::encode(&previous.sha256), hex::encode(&link.sha256));
            flaw(Kind::DigestSignatureInvalid, Verdict::Invalid, detail).differs(expected, seen)
        }
        // In a copy without metadata only a later digest can prove it.
        None if newest => {
            let detail =
                "the object has no signature, and no later digest exists yet that verifies it";
            flaw(Kind::DigestSignatureMissing, Verdict::Unverified, detail)
                .differs("x-amz-meta-signature", "none")
        }
        None => {
            let detail = "the object has no signature, and no later digest names it";
            flaw(Kind::DigestSignatureMissing, Verdict::Invalid, detail)
                .differs("x-amz-meta-signature", "none")
        }
    }
}

/// The verdict on a chain.
pub(super) fn worst(hours: &[Hour], problems: &[Problem]) -> HourVerdict {
    let counted = hours
        .iter()
        .filter(|hour| !hour.cause.is_some_and(Cause::is_expected))
        .map(|hour| hour.verdict);
    let worst = counted.chain(problems.iter().filter_map(weight)).max();
    // A window without a single digest is never a clean one.
    worst.unwrap_or(HourVerdict::Gap)
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
