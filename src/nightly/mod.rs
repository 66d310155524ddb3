//! What a store says of earlier runs, and what a run adds to it.
//!
//! A run has a folder `audits/DATE/RUN/`; another attempt of the same run has `audits/DATE/RUN.2/`. `started.json` is
//! written first and `night.json` last: a folder without `night.json` is a run that did not finish.

mod files;
mod history;
mod past;
mod records;

pub(crate) use files::{fetch, put_json, sum};
pub use history::{History, Place, json, night};
pub(crate) use past::Past;
pub use records::{
    Approved, Baseline, Earlier, Failed, FileSum, Latest, Night, PreviousBundle, SCHEMA, Started,
};

/// Written first.
pub const STARTED: &str = "started.json";
/// Written last, by a run that finished.
pub const NIGHT: &str = "night.json";
/// Written by a run that ended without a verdict, where it could.
pub const FAILED: &str = "failed.json";
/// The facts.
pub const INVENTORY: &str = "inventory.jsonl.zst";
/// The audit.
pub const AUDIT: &str = "audit.json.zst";
/// The report for people.
pub const REPORT: &str = "report.html";
/// The evidence.
pub const EVIDENCE: &str = "evidence.tar.zst";
/// The last run, for whoever asks how it went.
pub const LATEST: &str = "latest.json";
/// Which run is the baseline.
pub const APPROVED: &str = "approved.json";

/// A run's id is the name of a folder.
#[must_use]
pub fn is_run_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}
