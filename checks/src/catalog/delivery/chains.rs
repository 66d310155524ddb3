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
    let mut verdict = Verdict::fail(kinds(problems));
    let shown = problems.iter().take(MOST).map(|problem| evidence(problem));
    verdict.evidence.extend(shown);
    let more = problems.len().saturating_sub(MOST);
    if more > 0 {
        verdict = verdict.saw("more problems, told in the audit's list", more);
    }
    verdict
}

/// `log-missing 2, log-hash-mismatch 1`.
fn kinds(problems: &[&Problem]) -> String {
    let mut counts: BTreeMap<Kind, u64> = BTreeMap::new();
    for problem in problems {
        *counts.entry(problem.kind).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(kind, count)| format!("{} {count}", word(*kind)));
    counts.collect::<Vec<_>>().join(", ")
}

fn word(kind: Kind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

fn evidence(problem: &Problem) -> Evidence {
    let place = match (&problem.key, &problem.window) {
        (Some(key), _) => format!("s3://{}/{key}", problem.bucket),
        (None, Some(window)) => format!("{} to {}", window.start, window.end),
        (None, None) => String::new(),
    };
    let text = |it: &Option<String>| it.clone().map(serde_json::Value::String);
    Evidence {
        what: format!("{} {place} ({})", word(problem.kind), problem.detail),
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
                format!("{}: {}: {seen}", kinds(open), first.detail),
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
        inventory(|it| {
            let mut chain = verified_chain();
            change(&mut chain);
            it.chains = std::iter::once((chain.id(), chain)).collect();
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
