//! Compares the chains of a run with each other: a trail may go on in another place, and a stop of one trail may be
//! covered by another. What is not proved so stays as the chain alone has it: a hole.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chain::{Anchor, Cause, Chain, Hour, HourVerdict, INTERVAL, SLACK};
use super::document::Previous;
use super::hours::change;
use super::key::{ChainId, ObjectRef};
use super::problem::{Kind, Problem, Verdict, Window};
use super::reconcile::UNLISTED;
use super::walk::worst;
use crate::hex;
use crate::severity::Severity;

/// A digest that names, as its predecessor, one of the same trail in another place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Where the digest is stored.
    pub at: ObjectRef,
    /// Where its interval begins.
    pub start: Timestamp,
    /// Where its interval ends.
    pub end: Timestamp,
    /// From when on no digest of this place covers the time before it.
    pub from: Timestamp,
    /// What it says of its predecessor.
    pub previous: Previous,
}

/// Where a chain comes from and where it ends, beside what its hours say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends {
    /// The digests by which it goes on from other places.
    pub arrivals: Vec<Arrival>,
    /// The last verified digests, before each such hole and at the end.
    pub departures: Vec<Anchor>,
    /// Logs in a place that the trail delivered to before, which digests of this chain list.
    pub other_places: BTreeSet<ObjectRef>,
    /// Logs for whose time this chain has no valid digest, with that time: perhaps another place has one.
    #[serde(with = "pairs")]
    pub unplaced: BTreeMap<ObjectRef, Window>,
    /// Chains of a trail of the same name that delivered to another place at the same time.
    pub rivals: BTreeSet<ChainId>,
}

/// A map whose keys are no texts, as a list of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}

/// A chain of the run, with its problems.
#[derive(Debug)]
pub struct Part<'a> {
    /// The chain.
    pub chain: &'a mut Chain,
    /// Its problems.
    pub problems: &'a mut Vec<Problem>,
    /// Its ends.
    pub ends: Ends,
    /// It rests on what an authenticated earlier run verified.
    pub resumed: bool,
    /// A trail is known to deliver to this place now.
    pub expected: bool,
}

/// Whether digests that end at these times were delivered while the others were. One trail delivers to one place at a
/// time, so that these are two trails, even if both have the same name. Both are sorted.
pub fn side_by_side(one: &[Timestamp], other: &[Timestamp]) -> bool {
    let inside = |times: &[Timestamp], other: &[Timestamp]| {
        times.iter().zip(times.iter().skip(1)).any(|(start, end)| {
            // Where one place follows on the other, the digests meet, and do not overlap.
            let start = start.saturating_add(SLACK).unwrap_or(*end);
            let hour = end.duration_since(start) <= INTERVAL;
            let first = other.partition_point(|it| *it <= start);
            hour && other.get(first).is_some_and(|it| it <= end)
        })
    };
    inside(one, other) || inside(other, one)
}

/// Takes logs as listed that a chain of another place lists: that chain answers for them.
fn listed_from_other_places(parts: &mut [Part<'_>]) {
    let mut listed = BTreeSet::new();
    for part in parts.iter_mut() {
        listed.append(&mut part.ends.other_places);
    }
    if listed.is_empty() {
        return;
    }
    for part in parts {
        let elsewhere = |problem: &Problem| {
            let key = problem.key.clone().unwrap_or_default();
            problem.kind == Kind::LogUnverified
                && problem.bucket == part.chain.id.bucket
                && listed.contains(&ObjectRef::new(problem.bucket.clone(), key))
        };
        let count = part.problems.len();
        part.problems.retain(|problem| !elsewhere(problem));
        let gone = count.saturating_sub(part.problems.len()) as u64;
        if gone > 0 {
            let unverified = &mut part.chain.logs.unverified;
            *unverified = unverified.saturating_sub(gone);
            part.weigh();
        }
    }
}

/// Settles what one chain alone cannot tell: whether it goes on in another place, whether another trail covers the
/// hours after a stop, and whether anything was read at all.
pub fn settle(parts: &mut [Part<'_>]) {
    link(parts);
    listed_from_other_places(parts);
    let mut groups: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let id = &part.chain.id;
        let group = groups.entry((id.account.clone(), id.region.clone()));
        group.or_default().push(index);
    }
    for members in groups.values() {
        // Decided on what the chains say by themselves: an excuse is no ground for the next.
        let others: Vec<(usize, ChainId, Spans)> = members
            .iter()
            .filter_map(|index| {
                let part = parts.get(*index)?;
                Some((*index, part.chain.id.clone(), Spans::of(&part.chain.hours)))
            })
            .collect();
        for index in members {
            if let Some(part) = parts.get_mut(*index) {
                part.excuse(*index, &others);
            }
        }
        for index in members {
            if let Some(part) = parts.get_mut(*index) {
                part.listed_nowhere(*index, &others);
            }
        }
    }
    nothing_read(parts);
}

/// Joins what a trail delivered to one place with what it delivered to another.
fn link(parts: &mut [Part<'_>]) {
    // Of each chain, whether nothing of it follows.
    let mut departures: BTreeMap<ObjectRef, (usize, Anchor, bool)> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        let last = part.ends.departures.last().map(|anchor| &anchor.at);
        for anchor in &part.ends.departures {
            let is_last = last == Some(&anchor.at);
            departures.insert(anchor.at.clone(), (index, anchor.clone(), is_last));
        }
    }
    for index in 0..parts.len() {
        let arrivals = parts.get(index).map(|part| part.ends.arrivals.clone());
        for arrival in arrivals.unwrap_or_default() {
            let Some((before, anchor, is_last)) = departures.get(&arrival.previous.at) else {
                continue;
            };
            if let Some(part) = parts.get_mut(index) {
                part.join(&arrival, anchor);
            }
            if let Some(part) = parts.get_mut(*before).filter(|_| *is_last) {
                part.leave(anchor.end);
            }
        }
    }
}

impl Part<'_> {
    /// Joins a digest of this chain to its predecessor in another place.
    fn join(&mut self, arrival: &Arrival, before: &Anchor) {
        let named = (
            hex::encode(&arrival.previous.sha256),
            hex::encode(&arrival.previous.signature),
        );
        let window = Window {
            start: arrival.start,
            end: arrival.end,
        };
        let inside = touches(&self.chain.window, &window);
        let agrees = named == (before.sha256.clone(), before.signature.clone());
        if !agrees && inside {
            let problem = Problem::chain(Kind::ChainLinkMismatch, &self.chain.id, window)
                .detail(format!(
                    "{}: the hash or signature that the digest names for its predecessor is not that of {}",
                    arrival.at.key, before.at
                ))
                .differs(named.0, &before.sha256);
            self.problems.push(problem);
            change(&mut self.chain.hours, |hour| {
                if hour.cause.is_none() && hour.start < window.end && hour.end > window.start {
                    hour.verdict = HourVerdict::Invalid;
                }
            });
        }
        let told = |problem: &Problem| {
            problem.kind == Kind::DigestUnverified
                && problem.bucket == before.at.bucket
                && problem.key.as_ref() == Some(&before.at.key)
        };
        let count = self.problems.len();
        self.problems.retain(|problem| !told(problem));
        let gone = count.saturating_sub(self.problems.len()) as u64;
        let unverified = &mut self.chain.digests.unverified;
        *unverified = unverified.saturating_sub(gone);
        change(&mut self.chain.hours, |hour| {
            if hour.cause == Some(Cause::Elsewhere)
                && hour.start >= arrival.from
                && hour.end <= arrival.start
            {
                // Between the two lies time that is in neither.
                let lost = hour.end > before.end;
                hour.verdict = HourVerdict::Gap;
                hour.cause = Some(if lost {
                    Cause::Discontinuity
                } else {
                    Cause::Moved
                });
            }
        });
        if before.end != arrival.start {
            let window = Window {
                start: before.end.min(arrival.start),
                end: before.end.max(arrival.start),
            };
            if touches(&self.chain.window, &window) {
                let problem = Problem::chain(Kind::ChainTimeDiscontinuity, &self.chain.id, window)
                    .detail(format!(
                        "{} does not start where its predecessor {} ends",
                        arrival.at.key, before.at
                    ))
                    .differs(before.end, arrival.start);
                self.problems.push(problem);
            }
        }
        self.weigh();
    }

    /// The trail goes on in another place from then on, and the chain there answers for the rest.
    fn leave(&mut self, end: Timestamp) {
        let of_tail = |cause| matches!(cause, Cause::TailMissing | Cause::LoggingStopped);
        change(&mut self.chain.hours, |hour| {
            if hour.end > end && hour.cause.is_some_and(of_tail) {
                hour.cause = Some(Cause::Moved);
            }
        });
        self.problems.retain(|problem| {
            let of_tail = matches!(problem.kind, Kind::ChainTailMissing | Kind::ChainGap);
            !(of_tail && problem.window.is_some_and(|window| window.start >= end))
        });
        self.weigh();
    }

    /// Excuses the hours after the chain's end, if other chains cover all of them.
    fn excuse(&mut self, own: usize, others: &[(usize, ChainId, Spans)]) {
        for (cause, kind) in [
            (Cause::TailMissing, Kind::ChainTailMissing),
            (Cause::LoggingStopped, Kind::ChainGap),
        ] {
            let hours = self.chain.hours.iter();
            let mut hours = hours.filter(|hour| hour.cause == Some(cause));
            let Some(first) = hours.next() else { continue };
            let last = hours.next_back().unwrap_or(first);
            let window = Window {
                start: first.start,
                end: last.end,
            };
            let others = others.iter().filter(|(index, ..)| *index != own);
            // Not where a trail is known to deliver here, nor to both places at once.
            let moved = others.clone().filter(|(_, id, _)| {
                let went_there = !self.expected && !self.ends.rivals.contains(id);
                went_there && same_trail(id, &self.chain.id)
            });
            let (moved, any) = (Spans::all(moved), Spans::all(others.clone()));
            let verdict = if moved.verified(window) {
                // One trail delivers to one place at a time.
                self.relabel(cause, HourVerdict::Gap, Cause::Moved);
                None
            } else if cause == Cause::LoggingStopped && any.verified(window) {
                self.relabel(cause, HourVerdict::Gap, Cause::Covered);
                None
            } else if cause == Cause::LoggingStopped && any.perhaps(window) {
                self.relabel(cause, HourVerdict::Unverified, cause);
                Some(Verdict::Unverified)
            } else {
                continue;
            };
            let names: Vec<&str> = others
                .filter(|(_, _, spans)| spans.touches(window))
                .map(|(_, id, _)| id.trail.as_str())
                .collect();
            for problem in self.problems.iter_mut().filter(|problem| {
                problem.kind == kind && problem.window.is_some_and(|it| it.start == window.start)
            }) {
                problem.verdict = verdict;
                problem.severity = match verdict {
                    Some(_) => Severity::Low,
                    None => Severity::Info,
                };
                let how = match verdict {
                    Some(_) => "may cover all later hours, but could not be verified",
                    None => "cover all later hours of the same account and region",
                };
                problem.detail =
                    format!("{}; digests of {} {how}", problem.detail, names.join(", "));
            }
            self.weigh();
        }
    }

    /// Logs of the time after the trail went to another place: where its digests there are valid for that time, and
    /// list no such log, no digest lists it.
    fn listed_nowhere(&mut self, own: usize, others: &[(usize, ChainId, Spans)]) {
        let moved = |window: &Window| {
            let hours = self.chain.hours.iter();
            let mut hours = hours.filter(|it| it.start < window.end && it.end > window.start);
            hours.any(|it| it.cause == Some(Cause::Moved))
        };
        let spans = others
            .iter()
            .filter(|(index, id, _)| *index == own || same_trail(id, &self.chain.id));
        let spans = Spans::all(spans).digests;
        let unplaced = self.ends.unplaced.iter();
        let unlisted: BTreeSet<ObjectRef> = unplaced
            .filter(|(_, window)| moved(window) && covers(spans.clone(), **window))
            .map(|(at, _)| at.clone())
            .collect();
        let (chain, mut changed) = (&mut *self.chain, false);
        for problem in self.problems.iter_mut() {
            let key = problem.key.clone().unwrap_or_default();
            if problem.kind == Kind::LogUnverified
                && unlisted.contains(&ObjectRef::new(problem.bucket.clone(), key))
            {
                problem.kind = Kind::LogUnlisted;
                problem.severity = Kind::LogUnlisted.severity();
                problem.verdict = Some(Verdict::Unlisted);
                problem.detail =
                    format!("the trail delivered to another location at that time, and {UNLISTED}");
                chain.logs.unverified = chain.logs.unverified.saturating_sub(1);
                chain.logs.unlisted += 1;
                changed = true;
            }
        }
        if changed {
            self.weigh();
        }
    }

    fn relabel(&mut self, from: Cause, verdict: HourVerdict, to: Cause) {
        change(&mut self.chain.hours, |hour| {
            if hour.cause == Some(from) {
                (hour.verdict, hour.cause) = (verdict, Some(to));
            }
        });
    }

    fn weigh(&mut self) {
        self.problems.sort();
        self.chain.verdict = worst(&self.chain.hours, self.problems);
    }
}

/// A run in which no digest was read verified nothing, even if nothing was due.
fn nothing_read(parts: &mut [Part<'_>]) {
    let silent = |part: &Part<'_>| {
        let loud = |problem: &Problem| problem.severity > Severity::Info;
        part.chain.digests.valid == 0 && !part.resumed && !part.problems.iter().any(loud)
    };
    if !parts.iter().all(silent) {
        return;
    }
    for part in parts {
        let problem = Problem::chain(Kind::DigestUnverified, &part.chain.id, part.chain.window)
            .detail("no digest was read: none is due in the time range")
            .differs("a digest in the time range", "none");
        part.problems.push(Problem {
            verdict: Some(Verdict::Unverified),
            ..problem
        });
        part.weigh();
    }
}

/// The spans of time that chains cover.
#[derive(Debug, Default)]
struct Spans {
    /// By a valid digest.
    digests: Vec<(Timestamp, Timestamp)>,
    /// The same, and what is not due.
    verified: Vec<(Timestamp, Timestamp)>,
    /// By a digest that was not read, or of which logs were not.
    unverified: Vec<(Timestamp, Timestamp)>,
}

impl Spans {
    fn of(hours: &[Hour]) -> Self {
        let mut spans = Self::default();
        for hour in hours {
            let span = (hour.start, hour.end);
            if hour.verdict == HourVerdict::Verified {
                spans.digests.push(span);
            }
            match (hour.verdict, hour.cause) {
                (HourVerdict::Verified, _) | (_, Some(Cause::NotYetDelivered)) => {
                    spans.verified.push(span);
                }
                (HourVerdict::Unverified, None) => spans.unverified.push(span),
                (HourVerdict::Unverified | HourVerdict::Gap | HourVerdict::Invalid, _) => {}
            }
        }
        spans
    }

    fn all<'s>(of: impl Iterator<Item = &'s (usize, ChainId, Self)>) -> Self {
        let mut all = Self::default();
        for (_, _, spans) in of {
            all.digests.extend(&spans.digests);
            all.verified.extend(&spans.verified);
            all.unverified.extend(&spans.unverified);
        }
        all
    }

    fn verified(&self, window: Window) -> bool {
        covers(self.verified.clone(), window)
    }

    fn perhaps(&self, window: Window) -> bool {
        covers(
            [self.verified.as_slice(), &self.unverified].concat(),
            window,
        )
    }

    fn touches(&self, window: Window) -> bool {
        let mut spans = self.verified.iter().chain(&self.unverified);
        spans.any(|(start, end)| *start < window.end && *end > window.start)
    }
}

/// Whether the spans leave no moment of the window out.
fn covers(mut spans: Vec<(Timestamp, Timestamp)>, window: Window) -> bool {
    spans.sort_unstable();
    let mut at = window.start;
    for (start, end) in spans {
        if start > at {
            break;
        }
        at = at.max(end);
    }
    at >= window.end
}

fn same_trail(one: &ChainId, other: &ChainId) -> bool {
    (&one.trail, &one.home_region) == (&other.trail, &other.home_region)
}

fn touches(window: &Window, other: &Window) -> bool {
    other.start < window.end && other.end > window.start
}
