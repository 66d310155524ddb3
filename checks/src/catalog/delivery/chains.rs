//! One verdict on a chain, from the problems that verifying it found.

use std::collections::BTreeMap;

use crate::digest::{Kind, Problem, Verdict as Of};
use crate::fact::{Gap, Reason};
use crate::finding::Evidence;
use crate::prelude::*;

/// So many problems stand in a finding; the audit's own list has them all.
const MOST: usize = 50;

/// What a problem means for one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// It fails.
    Fails,
    /// It cannot be told.
    Open,
    /// Nothing.
    Nothing,
}

/// The verdict, if any problem fails or leaves the check open; else `passes` says it.
pub(super) fn judge(
    it: &VerifiedChain,
    means: impl Fn(&Problem) -> Means,
    passes: impl FnOnce() -> Verdict,
) -> Outcome {
    let fails = sorted(it, |problem| means(problem) == Means::Fails);
    let open = sorted(it, |problem| means(problem) == Means::Open);
    if !fails.is_empty() {
        return Ok(failed(&fails));
    }
    let listing = it.digests_listed.gap().cloned();
    if let Some(gaps) = gaps(it, listing, &open) {
        return Err(gaps);
    }
    Ok(passes())
}

fn sorted(it: &VerifiedChain, wanted: impl Fn(&Problem) -> bool) -> Vec<&Problem> {
    let mut problems: Vec<&Problem> = it.problems.iter().filter(|it| wanted(it)).collect();
    problems.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    problems
}

fn failed(problems: &[&Problem]) -> Verdict {
    let mut verdict = Verdict::fail(described(problems));
    let shown = problems.iter().take(MOST).map(|problem| evidence(problem));
    verdict.evidence.extend(shown);
    let more = problems.len().saturating_sub(MOST);
    if more > 0 {
        verdict = verdict.saw("further problems (see the problems of the audit)", more);
    }
    verdict
}

/// `2 log files are missing; first: s3://logs/a.json.gz: listed by b.json.gz`.
fn described(problems: &[&Problem]) -> String {
    let counts = kinds(problems);
    let Some(first) = problems.first() else {
        return counts;
    };
    let mut told = match place(first) {
        None => first.detail.clone(),
        Some(place) => format!("{place}: {}", first.detail),
    };
    if let Some(cause) = &first.cause {
        told.push_str(&format!("; {cause}"));
    }
    let first = told;
    match problems.len() {
        1 => format!("{counts}: {first}"),
        _ => format!("{counts}; first: {first}"),
    }
}

/// `1 log file does not match its digest, 2 log files are missing`.
fn kinds(problems: &[&Problem]) -> String {
    let mut counts: BTreeMap<Kind, u64> = BTreeMap::new();
    for problem in problems {
        *counts.entry(problem.kind).or_default() += 1;
    }
    let counts = counts.iter().map(|(kind, count)| {
        let (one, many) = words(*kind);
        match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        }
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// What one object, or several, of a kind of problem are.
fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::LogHashMismatch => (
            "log file does not match its digest",
            "log files do not match their digests",
        ),
        Kind::LogMissing => ("log file is missing", "log files are missing"),
        Kind::LogCorrupt => ("log file is corrupt", "log files are corrupt"),
        Kind::LogTrailingData => ("log file has trailing data", "log files have trailing data"),
        Kind::LogUnlisted => (
            "log file is not listed by a digest",
            "log files are not listed by a digest",
        ),
        Kind::LogListedTwice => (
            "log file is listed more than once",
            "log files are listed more than once",
        ),
        Kind::LogForeignBucket => (
            "log file is in another bucket than its digest",
            "log files are in another bucket than their digests",
        ),
        Kind::LogKeySuspicious => (
            "listed log file has an unexpected key",
            "listed log files have unexpected keys",
        ),
        Kind::LogUnverified => (
            "log file could not be verified",
            "log files could not be verified",
        ),
        Kind::DigestMissing => ("digest is missing", "digests are missing"),
        Kind::DigestSignatureInvalid => (
            "digest has an invalid signature",
            "digests have invalid signatures",
        ),
        Kind::DigestSignatureMissing => ("digest has no signature", "digests have no signatures"),
        Kind::DigestKeyUnknown => (
            "digest names an unknown public key",
            "digests name unknown public keys",
        ),
        Kind::DigestMoved => (
            "digest is not in its original location",
            "digests are not in their original locations",
        ),
        Kind::DigestFormat => (
            "object is not a digest in CloudTrail's format",
            "objects are not digests in CloudTrail's format",
        ),
        Kind::DigestTrailingData => ("digest has trailing data", "digests have trailing data"),
        Kind::DigestUnverified => (
            "digest could not be verified",
            "digests could not be verified",
        ),
        Kind::ChainMissing => (
            "digest chain has no digests",
            "digest chains have no digests",
        ),
        Kind::ChainRestart => (
            "restart of the digest chain",
            "restarts of the digest chain",
        ),
        Kind::ChainGap => ("gap in the digest chain", "gaps in the digest chain"),
        Kind::ChainTimeDiscontinuity => (
            "time discontinuity in the digest chain",
            "time discontinuities in the digest chain",
        ),
        Kind::ChainLinkMismatch => (
            "broken link in the digest chain",
            "broken links in the digest chain",
        ),
        Kind::ChainTailMissing => (
            "missing end of the digest chain",
            "missing ends of the digest chain",
        ),
        Kind::ObjectUncompressed => (
            "note on uncompressed objects",
            "notes on uncompressed objects",
        ),
    }
}

/// The object, or the time, that a problem concerns.
fn place(problem: &Problem) -> Option<String> {
    match (&problem.key, &problem.window) {
        (Some(key), _) => Some(format!("s3://{}/{key}", problem.bucket)),
        (None, Some(window)) => Some(format!("{} to {}", window.start, window.end)),
        (None, None) => None,
    }
}

fn evidence(problem: &Problem) -> Evidence {
    let text = |it: &Option<String>| it.clone().map(serde_json::Value::String);
    Evidence {
        what: described(&[problem]),
        seen: text(&problem.seen),
        expected: text(&problem.expected),
        ..Evidence::default()
    }
}

/// All that stood in the way: a listing, and what the unverified problems were for want of.
fn gaps(it: &VerifiedChain, listing: Option<Gap>, open: &[&Problem]) -> Option<Gaps> {
    let mut gaps: Vec<Gaps> = listing.into_iter().map(Gaps::from).collect();
    if let Some(first) = open.first() {
        gaps.extend(it.unread.iter().cloned().map(Gaps::from));
        if gaps.is_empty() {
            let id = &it.chain.id;
            let seen = first.seen.as_deref().unwrap_or_default();
            gaps.push(Gaps::from(Gap::of_call(
                calls::GET_OBJECT,
                &AccountId::from(id.account.as_str()),
                &Region::from(id.region.as_str()),
                Reason::NotAsked,
                format!("{} ({seen})", described(open)),
            )));
        }
    }
    Gaps::collect(gaps)
}

/// Wrong, or only not to be judged.
pub(super) fn weigh(problem: &Problem) -> Means {
    match problem.verdict {
        Some(Of::Unverified) => Means::Open,
        Some(Of::Invalid | Of::Missing | Of::Unlisted) => Means::Fails,
        Some(Of::Valid) | None => Means::Nothing,
    }
}

/// Whether the problem is one of a backfill digest.
pub(super) fn of_backfill(problem: &Problem) -> bool {
    let key = problem.key.as_deref();
    key.is_some_and(|key| key.ends_with("_backfill.json.gz"))
}

/// Calls that every check on chains rests on.
pub(super) const READS: &[crate::calls::ApiCall] = &[
    calls::LIST_OBJECTS,
    calls::GET_OBJECT,
    calls::LIST_PUBLIC_KEYS,
];

#[cfg(test)]
pub(super) mod cases {
    //! Chains for verdict tables.

    use super::*;
    use crate::testing::*;

    /// The world with one verified chain, changed.
    pub(in crate::catalog::delivery) fn chain(change: impl FnOnce(&mut VerifiedChain)) -> Case {
        inventory(|inventory| {
            let mut chain = verified_chain();
            change(&mut chain);
            inventory.chains = std::iter::once((chain.id(), chain)).collect();
        })
    }

    /// This world, with one verified chain in it.
    pub(in crate::catalog::delivery) fn with_chain(case: Case) -> Case {
        let chain = verified_chain();
        case.and(|it| it.chains = std::iter::once((chain.id(), chain)).collect())
    }

    /// The same with one problem of this kind.
    pub(in crate::catalog::delivery) fn with(kind: Kind, verdict: Option<Of>) -> Case {
        chain(|it| it.problems.push(problem(kind, verdict)))
    }

    pub(in crate::catalog::delivery) fn problem(kind: Kind, verdict: Option<Of>) -> Problem {
        chain_problem(kind, verdict)
    }
}
