//! The flags of `init` and `waive`.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{check_ids, suggested, time};

/// Flags of `init`.
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// Folder to write them into
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
}

/// Flags of `waive`.
#[derive(Debug, Clone, Args)]
pub struct Waive {
    /// Check id, or a glob over ids
    #[arg(value_name = "CHECK", value_parser = suggested(check_ids), hide_possible_values = true)]
    pub check: String,
    /// Subject id of the finding, or a glob over ids
    #[arg(value_name = "SUBJECT")]
    pub subject: String,
    /// Why the risk is accepted
    #[arg(long, value_name = "TEXT", help_heading = "Waiver")]
    pub reason: String,
    /// Who accepts it
    #[arg(long, value_name = "NAME", help_heading = "Waiver")]
    pub approver: String,
    /// Last day on which it applies, UTC, such as 2027-03-31
    #[arg(long, value_name = "DATE", value_parser = date, help_heading = "Waiver")]
    pub expires: Date,
    /// Only in this account (a glob)
    #[arg(long, value_name = "ID", help_heading = "Waiver")]
    pub account: Option<String>,
    /// Only in this region (a glob)
    #[arg(long, value_name = "NAME", help_heading = "Waiver")]
    pub region: Option<String>,
    /// Where it was decided
    #[arg(long, value_name = "TEXT", help_heading = "Waiver")]
    pub ticket: Option<String>,
    /// File to append it to [default: ./trailaudit-waivers.toml]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub waivers: Option<PathBuf>,
    /// Time that counts as now, such as 2026-03-01T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Waiver")]
    pub now: Option<Timestamp>,
}

fn date(text: &str) -> Result<Date, String> {
    let date = text
        .parse()
        .ok()
        .filter(|_| !text.contains(['T', 't', ' ', ':']));
    date.ok_or_else(|| "a date is expected, such as 2027-03-31".to_owned())
}
