//! Compares the log objects that were found with those that digests list.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::chain::{Cause, HourVerdict};
use super::key::{LogKey, ObjectRef};
use super::logs::{LogId, log_id};
use super::problem::{Kind, Problem, Verdict, Window};
use super::timeline::Cover;
use super::walk::Walk;
use crate::severity::Severity;

/// The time in a log's name is rounded to steps of five minutes: it may have been delivered that much off.
const ROUNDED_BY: SignedDuration = SignedDuration::from_mins(5);

/// What may be the cause: the harmless one first.
pub(super) const UNLISTED: &str = "no digest lists it, although a valid digest covers its delivery time: another trail \
                                   without log file validation delivers here, or CloudTrail did not write it";

/// Logs that digests of other chains list outside of their own folders.
#[derive(Debug, Default)]
pub struct Abroad(HashSet<LogId>);

impl Abroad {
    /// All of those chains, which have ended.
    pub fn of<'w>(walks: impl IntoIterator<Item = &'w Walk>) -> Self {
        Self(
            walks
                .into_iter()
                .flat_map(|walk| walk.abroad.iter().copied())
                .collect(),
        )
    }
}

/// Takes the log objects of one account, region, bucket and prefix, found by listing, after every chain that delivers
/// there has ended: the name of a log does not tell which trail delivered it. What no digest lists is told once.
/// `abroad`: what chains of other places list here.
pub fn reconcile<'k>(
    walks: &mut [Walk],
    abroad: &Abroad,
    found: impl IntoIterator<Item = &'k str>,
) {
    for key in found {
        let id = log_id(key);
        if abroad.0.contains(&id) || walks.iter().any(|walk| walk.listed.contains(&id)) {
            continue;
        }
        let Some(log) = LogKey::parse(key) else {
            continue;
        };
        let claimed = walks.iter().any(|walk| walk.claimed.contains(&id));
        let known = log.service == "CloudTrail"
            || walks
                .iter()
                .any(|walk| walk.services.contains(&log.service));
        let Some((walk, cover, hour)) = responsible(walks, &log) else {
            continue;
        };
        let Some(walk) = walks.get_mut(walk) else {
            continue;
        };
        let at = ObjectRef::new(walk.id.bucket.clone(), key);
        let unverified = |detail: &str| {
            let problem = Problem::object(
                Kind::LogUnverified,
                Verdict::Unverified,
                &at,
                Some(&walk.id),
            );
            problem
                .detail(detail)
                .differs("listed by a valid digest", "listed by none")
        };
        let open = !claimed && matches!(cover, Cover::Broken | Cover::Expected(_));
        let problem = match cover {
            // Its digest is still to come.
            Cover::Expected(Cause::NotYetDelivered) => continue,
            _ if claimed => unverified("the digest that lists it is invalid"),
            Cover::Broken => {
                unverified("the digest for its delivery time is missing, invalid or was not read")
            }
            Cover::Expected(_) => unverified("no digest covers its delivery time"),
            Cover::Valid if !known => unverified("the digests list no log files of this kind"),
            Cover::Valid => {
                walk.logs.unlisted += 1;
                walk.timeline.spoil(Some(hour), HourVerdict::Invalid);
                walk.unlisted_hours.insert(hour);
                let problem =
                    Problem::object(Kind::LogUnlisted, Verdict::Unlisted, &at, Some(&walk.id));
                walk.problems.push(
                    problem
                        .detail(UNLISTED)
                        .differs("listed by a digest", "listed by none"),
                );
                continue;
            }
        };
        if open {
            let (start, end) = log.delivered;
            let end = end.saturating_add(ROUNDED_BY).unwrap_or(end);
            walk.unplaced.insert(at, Window { start, end });
        }
        walk.logs.unverified += 1;
        walk.problems.push(problem);
    }
}

impl Walk {
    /// Logs that no digest lists, hour after hour, are those of a second trail without log file validation: low each.
    /// Single ones stay as severe as a forged log is.
    pub(super) fn weigh_unlisted(&mut self) {
        /// So many hours are no accident.
        const LEAST: usize = 3;
        let hours = self.unlisted_hours.len();
        let covered = self.timeline.hours.iter().filter(|it| it.covered).count();
        if hours < LEAST || 2 * hours < covered {
            return;
        }
        for problem in &mut self.problems {
            if problem.kind == Kind::LogUnlisted {
                problem.severity = Severity::Low;
            }
        }
    }
}

/// The chain that has to answer for a log that no digest lists: one of which a digest is broken, else one that covers
/// the time, else any.
fn responsible(walks: &[Walk], log: &LogKey) -> Option<(usize, Cover, usize)> {
    let (start, end) = log.delivered;
    let from = start.saturating_sub(ROUNDED_BY).unwrap_or(start);
    let until = end.saturating_add(ROUNDED_BY).unwrap_or(end);
    let rank = |cover: &Cover| match cover {
        Cover::Broken => 0,
        Cover::Valid => 1,
        Cover::Expected(_) => 2,
    };
    let covers = |(index, walk): (usize, &Walk)| {
        let window = walk.timeline.window;
        let (before, after) = walk.neighbours;
        // What lies just before the window may be listed by its first digest, and is judged if the one before was seen.
        let latest = if before { until } else { end };
        if start >= window.end || latest < window.start || (before && until == window.start) {
            return None;
        }
        let (mut cover, hour) = walk.timeline.cover(from, until)?;
        let broken = walk
            .backfill_broken
            .iter()
            .any(|hour| from < hour.end && hour.start < until);
        // Just before the window's end: the next digest may list it.
        let open = !after && until > window.end && end < window.end && cover == Cover::Valid;
        if broken || open {
            cover = Cover::Broken;
        }
        Some((index, cover, hour))
    };
    walks
        .iter()
        .enumerate()
        .filter_map(covers)
        .min_by_key(|(index, cover, _)| (rank(cover), *index))
}
