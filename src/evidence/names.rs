//! What the files of a bundle are called.

use trailaudit_reports::Format;

/// For people, first.
pub const README: &str = "README.md";
/// What the bundle is about.
pub const MANIFEST: &str = "manifest.json";
/// The hash of every file but itself and the statement.
pub const SUMS: &str = "SHA256SUMS";
/// The statement and its signature, for programs.
pub const ENVELOPE: &str = "statement.dsse.json";
/// The bytes that were signed, for `openssl`.
pub const PAE: &str = "statement.pae";
/// The bare signature, for `openssl`.
pub const SIGNATURE: &str = "statement.sig";
/// The key to check it by.
pub const KEY: &str = "public-key.pem";
/// The facts.
pub const INVENTORY: &str = "inventory.jsonl.zst";
/// The calls.
pub const LEDGER: &str = "ledger.jsonl";
/// The accounts and regions.
pub const POPULATION: &str = "population.json";
/// The audit.
pub const AUDIT: &str = "audit.json";
/// The settings.
pub const SETTINGS: &str = "settings.json";
/// The waivers.
pub const WAIVERS: &str = "waivers.json";
/// The raw answers.
pub const ANSWERS: &str = "answers.jsonl.zst";
/// A digest file.
pub const DIGEST: &str = "digests/newest.json.gz";

/// What is there besides what `SHA256SUMS` lists.
pub const COMPANIONS: [&str; 3] = [ENVELOPE, PAE, SIGNATURE];

/// Where a report lies.
#[must_use]
pub fn report(format: &Format) -> String {
    match format.name {
        "json" => AUDIT.to_owned(),
        _ => format!("reports/trailaudit.{}", format.extension),
    }
}
