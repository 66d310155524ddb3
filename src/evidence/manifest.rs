//! `manifest.json`: what a bundle is about, how it came to be, and what each of its files is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trailaudit_checks::audit::{Audit, RunOutcome, Summary};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::Tool;

/// The version of a bundle's form.
pub const SCHEMA: u32 = 1;

/// What a bundle is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub schema: u32,
    /// The program that made it.
    pub tool: Tool,
    /// SHA-256 of that program's own file.
    pub program_sha256: Option<String>,
    /// The organization's id, or the account's.
    pub of: String,
    /// Who asked AWS. Whom it acted as in each account is in the population.
    pub caller_arn: Arn,
    /// When the facts began to be taken.
    pub started_at: Timestamp,
    /// When they were all taken.
    pub finished_at: Option<Timestamp>,
    /// The clock by which they were judged.
    pub now: Timestamp,
    /// What narrowed the catalogue; empty when every check was selected.
    pub selection: Vec<String>,
    /// How the run ended, and by which rule.
    pub run: RunOutcome,
    /// Totals.
    pub summary: Summary,
    /// How many raw answers of AWS are in the bundle; null when none were kept.
    pub answers: Option<u64>,
    /// A digest of CloudTrail's own: the bundle cannot be older than it.
    pub not_before: Option<NotBefore>,
    /// The bundle before this one.
    pub previous: Option<Previous>,
    /// The public key by which the statement is signed: SHA-256 of its DER form.
    pub key: Option<String>,
    /// Every file but this one, `SHA256SUMS` and the statement.
    pub files: Vec<File>,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: String,
    /// What it is.
    pub about: String,
}

/// A digest file of CloudTrail: signed by AWS, at a time that it names. One that was given, else the newest that was
/// verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBefore {
    /// Its copy in the bundle; none of one that was verified where it lies.
    pub file: Option<String>,
    /// Where it was delivered to.
    pub bucket: String,
    /// Under which key.
    pub key: String,
    /// The end of the hour that it is about.
    pub end: Timestamp,
    /// SHA-256 of its uncompressed bytes: what the next digest of the chain calls `previousDigestHashValue`.
    pub sha256: String,
}

/// The bundle before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// SHA-256 of its `SHA256SUMS`, and so of all of it.
    pub sha256sums: String,
    /// When its facts began to be taken.
    pub started_at: Timestamp,
}

/// The organization's id, or the account's.
#[must_use]
pub fn whose(audit: &Audit) -> String {
    let account = audit.scope.management_account.as_ref();
    let account = account.or(audit.scope.accounts.first());
    let account = account.map(|it| it.as_str().to_owned());
    audit
        .scope
        .organization
        .clone()
        .or(account)
        .unwrap_or_else(|| "none".to_owned())
}
