//! Joins what is known of an account where shards of it are missing.

use std::collections::BTreeMap;

use trailaudit_checks::digest::{
    Cause, Hour, HourVerdict, Kind, Problem, Severity, Verdict, Window,
};
use trailaudit_checks::fact::{Fact, Known, Unknown};
use trailaudit_checks::inventory::VerifiedChain;

use crate::verify::Verified;

/// Days of an account that no shard delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Which.
    pub window: Window,
    /// Whose they were to be.
    pub words: String,
}

/// The chains of an account, from what each run of windows that follow on each other came to, in their order. What no
/// run says of a chain is unverified: also where others came to something.
#[must_use]
pub fn joined(runs: Vec<Vec<Verified>>, whole: Window, missing: &[Missing]) -> Vec<Verified> {
    let mut chains: BTreeMap<String, Vec<Verified>> = BTreeMap::new();
    for verified in runs.into_iter().flatten() {
        chains
            .entry(verified.record.id())
            .or_default()
            .push(verified);
    }
    let chains = chains.into_values();
    chains.filter_map(|it| chain(it, whole, missing)).collect()
}

fn chain(pieces: Vec<Verified>, whole: Window, missing: &[Missing]) -> Option<Verified> {
    let mut pieces = pieces.into_iter();
    let mut all = pieces.next()?;
    for piece in pieces {
        add(&mut all, piece);
    }
    let VerifiedChain {
        chain, problems, ..
    } = &mut all.record;
    let mut hours = Vec::new();
    let mut laid = whole.start;
    let unknown = |start, end| {
        let (verdict, cause) = (HourVerdict::Unverified, Some(Cause::Unknown));
        Hour::new(start, end, verdict, cause)
    };
    for hour in std::mem::take(&mut chain.hours) {
        if laid < hour.start {
            hours.push(unknown(laid, hour.start));
        }
        laid = hour.end;
        hours.push(hour);
    }
    if laid < whole.end {
        hours.push(unknown(laid, whole.end));
    }
    chain.hours = hours;
    chain.window = whole;
    chain.verdict = chain.verdict.max(HourVerdict::Unverified);
    for Missing { window, words } in missing {
        problems.push(Problem {
            kind: Kind::DigestUnverified,
            severity: Severity::Low,
            account: chain.id.account.clone(),
            region: chain.id.region.clone(),
            chain: Some(chain.id.to_string()),
            bucket: chain.id.bucket.clone(),
            key: None,
            window: Some(*window),
            verdict: Some(Verdict::Unverified),
            detail: format!("{words}: neither these hours nor the link over them were verified"),
            expected: Some("digests that were read".to_owned()),
            seen: Some("none".to_owned()),
            cause: None,
        });
    }
    problems.sort();
    Some(all)
}

/// Adds what a later run says of the same chain.
fn add(all: &mut Verified, later: Verified) {
    let (one, other) = (&mut all.record, later.record);
    one.chain.verdict = one.chain.verdict.max(other.chain.verdict);
    let (digests, more) = (&mut one.chain.digests, other.chain.digests);
    digests.valid += more.valid;
    digests.invalid += more.invalid;
    digests.missing += more.missing;
    digests.unverified += more.unverified;
    let (logs, more) = (&mut one.chain.logs, other.chain.logs);
    logs.valid += more.valid;
    logs.invalid += more.invalid;
    logs.missing += more.missing;
    logs.unverified += more.unverified;
    logs.unlisted += more.unlisted;
    one.chain.hours.extend(other.chain.hours);
    one.problems.extend(other.problems);
    one.digests_listed = sum(&one.digests_listed, &other.digests_listed);
    one.logs_listed = sum(&one.logs_listed, &other.logs_listed);
    one.backfills += other.backfills;
    one.unread.extend(other.unread);
    one.newest = other.newest.or(one.newest.take());
    one.stored.extend(other.stored);
    all.ends.arrivals.extend(later.ends.arrivals);
    all.ends.departures.extend(later.ends.departures);
    all.ends.other_places.extend(later.ends.other_places);
    all.ends.unplaced.extend(later.ends.unplaced);
    all.ends.rivals.extend(later.ends.rivals);
}

fn sum(one: &Fact<u64>, other: &Fact<u64>) -> Fact<u64> {
    match (one, other) {
        (Known(one), Known(other)) => Known(one + other),
        (Unknown(gap), _) | (_, Unknown(gap)) => Unknown(gap.clone()),
    }
}
