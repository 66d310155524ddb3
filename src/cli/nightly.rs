//! The flags of `nightly`.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use trailaudit_checks::finding::Severity;

use super::{Digests, Judge, Live, Output, Scan, Select, severities};
use crate::store::Place;
use crate::verify::window::When;

/// Flags of `nightly`.
#[derive(Debug, Clone, Args)]
pub struct Nightly {
    /// Where every run is kept: a folder, or s3://BUCKET[/PREFIX]
    #[arg(long, value_name = "STORE", help_heading = "Store")]
    pub store: Place,
    /// Id of this run: the same id is never run twice [default: the time]
    #[arg(long, value_name = "ID", value_parser = run_id, help_heading = "Store")]
    pub run: Option<String>,
    /// Approve a finished run as the baseline of later ones, and do nothing else
    #[arg(long, value_name = "RUN", value_parser = run_id, requires = "approver", help_heading = "Store")]
    pub approve: Option<String>,
    /// Who approves it
    #[arg(
        long,
        value_name = "NAME",
        requires = "approve",
        help_heading = "Store"
    )]
    pub approver: Option<String>,
    /// Role to write to the bucket with [default: the credentials of the scan]
    #[arg(long, value_name = "ARN", help_heading = "Store")]
    pub store_role: Option<String>,
    /// Lock each object of a run for so many days, in compliance mode: no principal can delete it earlier
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500), help_heading = "Store")]
    pub object_lock_days: Option<u32>,
    /// Sign the evidence with this ed25519 key (`openssl genpkey -algorithm ed25519 -out key.pem`), or env:NAME
    #[arg(long, value_name = "FILE", help_heading = "Store")]
    pub sign: Option<PathBuf>,
    /// Evaluate an inventory file from `collect` instead of AWS; it must be newer than that of the last run
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// Also evaluate the key events in the logs that are verified
    #[arg(long, help_heading = "Digests")]
    pub events: bool,
    /// Look for the recorded call that made each hole, in the logs that are verified
    #[arg(long, help_heading = "Digests")]
    pub explain_gaps: bool,
    /// Verify from this time on [default: where the last complete run ended, or 25h]
    #[arg(long, value_name = "TIME", help_heading = "Digests")]
    pub since: Option<When>,
    /// What to ask.
    #[command(flatten)]
    pub live: Live,
    /// What to judge.
    #[command(flatten)]
    pub select: Select,
    /// Accepted risks and gaps [default: ./trailaudit-waivers.toml, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Evaluation")]
    pub waivers: Option<PathBuf>,
    /// Exit 1 only for findings that got worse since the baseline
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false", help_heading = "Evaluation")]
    pub fail_on_new: bool,
    /// Minimum severity that causes exit code 1: critical, high, medium, low, info
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severities(), hide_possible_values = true, help_heading = "Evaluation")]
    pub fail_on: Severity,
    /// What to write beside what is kept.
    #[command(flatten)]
    pub output: Output,
}

impl Nightly {
    /// The scan of a night. It has no way to end well by mistake: neither `--exit-zero` nor `--allow-incomplete`.
    #[must_use]
    pub fn scan(&self, since: When, baseline: Option<PathBuf>) -> Scan {
        let live = self.inventory.is_none();
        Scan {
            demo: false,
            inventory: self.inventory.clone(),
            save_inventory: None,
            digests: Digests {
                verify_digests: live,
                explain_gaps: live && self.explain_gaps,
                events: live && self.events,
                since,
            },
            live: self.live.clone(),
            select: self.select.clone(),
            judge: Judge {
                waivers: self.waivers.clone(),
                // Without one, every failure counts.
                fail_on_new: self.fail_on_new && baseline.is_some(),
                baseline,
                now: None,
                fail_on: self.fail_on,
                allow_incomplete: false,
                exit_zero: false,
            },
            output: self.output.clone(),
        }
    }
}

/// A run's id is the name of a folder.
fn run_id(text: &str) -> Result<String, String> {
    match crate::nightly::is_run_id(text) {
        true => Ok(text.to_owned()),
        false => Err("a run's id has 1 to 64 letters, digits, - and _".to_owned()),
    }
}
