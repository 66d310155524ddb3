//! Chains of digests, for people.

use crate::html::rich;
use crate::{detailed, sample, told};

#[test]
fn text_draws_hours_and_names_problems() {
    let report = told("text", &rich(), &detailed());
    for words in [
        "DIGEST CHAINS: 2 chains, 1 problem",
        "INVALID     222222222222/eu-central-1/eu-central-1/main@acme-logs/",
        "hours     ########..####XX########",
        "digests 20 valid, 2 invalid, 2 missing; logs 311 valid, 1 invalid",
        "2026-02-28T20:00:00Z to 2026-02-28T22:00:00Z (digest missing)",
        "CRITICAL  digest-missing",
    ] {
        assert!(report.contains(words), "{words}\n{report}");
    }
    assert!(!told("text", &sample::audit(), &detailed()).contains("DIGEST CHAINS"));
}

#[test]
fn markdown_lists_chains() {
    let report = told("markdown", &rich(), &detailed());
    assert!(
        report.contains("<summary>Digest chains: 2 chains, 1 problem</summary>"),
        "{report}"
    );
    let line = "- **invalid** `222222222222/eu-west-1/eu-central-1/main@acme-logs/`: digests 20 valid, 2 invalid";
    assert!(report.contains(line), "{report}");
}
