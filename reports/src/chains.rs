//! Words about digest chains that several formats share.

use trailaudit_checks::audit::Audit;
use trailaudit_checks::digest::{Chain, HourVerdict};

use crate::wording::number;

/// Every chain, those that need a look first.
pub(crate) fn worst_first(audit: &Audit) -> Vec<&Chain> {
    let mut chains: Vec<&Chain> = audit.chains.iter().collect();
    chains.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.id.cmp(&b.id)));
    chains
}

pub(crate) fn verdict(verdict: HourVerdict) -> &'static str {
    match verdict {
        HourVerdict::Verified => "verified",
        HourVerdict::Unverified => "unverified",
        HourVerdict::Gap => "gap",
        HourVerdict::Invalid => "invalid",
    }
}

/// `digests 22 valid, 1 missing; logs 44 valid, 2 unverified`.
pub(crate) fn found(chain: &Chain) -> String {
    let (digests, logs) = (chain.digests, chain.logs);
    let digests = list(&[
        (digests.valid, "valid"),
        (digests.invalid, "invalid"),
        (digests.missing, "missing"),
        (digests.unverified, "unverified"),
    ]);
    let logs = list(&[
        (logs.valid, "valid"),
        (logs.invalid, "invalid"),
        (logs.missing, "missing"),
        (logs.unverified, "unverified"),
        (logs.unlisted, "unlisted"),
    ]);
    format!("digests {digests}; logs {logs}")
}

/// Counts that are not zero; the first one always.
fn list(counts: &[(u64, &str)]) -> String {
    let told = counts
        .iter()
        .enumerate()
        .filter(|(at, (count, _))| *at == 0 || *count > 0)
        .map(|(_, (count, word))| format!("{} {word}", number(*count)));
    told.collect::<Vec<_>>().join(", ")
}
