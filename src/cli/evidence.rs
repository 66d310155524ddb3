//! The flags of `evidence`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use trailaudit_checks::finding::Severity;
use trailaudit_reports::Profile;

use super::{Digests, Judge, Live, Output, Scan, Select};

/// What can be done with evidence.
#[derive(Debug, Clone, Subcommand)]
pub enum Evidence {
    /// Collect (or load), judge, and seal all of it: facts, calls, verdicts, reports, rules
    Create(Box<Create>),
    /// Check a bundle: its bytes, its signature, and whether its verdicts follow from its facts
    Verify(VerifyBundle),
    /// Draw rows from a bundle, with the calls behind them, so that anyone draws the same
    Sample(Sample),
}

/// Flags of `evidence create`.
#[derive(Debug, Clone, Args)]
pub struct Create {
    /// The folder to write, or an archive whose name ends in .tar.zst
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,
    /// Sign with this ed25519 key (`openssl genpkey -algorithm ed25519 -out key.pem`)
    #[arg(long, value_name = "FILE")]
    pub sign: Option<PathBuf>,
    /// The bundle before this one: this one names it
    #[arg(long, value_name = "PATH")]
    pub previous: Option<PathBuf>,
    /// A digest file of CloudTrail, as it lies in the bucket: the bundle cannot be older. Without it, the newest that
    /// was verified
    #[arg(long, value_name = "FILE")]
    pub newest_digest: Option<PathBuf>,
    /// The sample organization: no credentials, no network
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// What `collect` saved, instead of asking AWS
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// The audit that a scan made of this inventory; it is judged again, and must be the same
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub audit: Option<PathBuf>,
    /// The raw answers that `--keep-answers` kept
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub answers: Option<PathBuf>,
    /// What of the digests.
    #[command(flatten)]
    pub digests: Digests,
    /// What to ask.
    #[command(flatten)]
    pub live: Live,
    /// What to judge.
    #[command(flatten)]
    pub select: Select,
    /// By which rules.
    #[command(flatten)]
    pub judge: Judge,
}

impl Create {
    /// The scan that it begins with, which writes no reports of its own.
    #[must_use]
    pub fn scan(&self) -> Scan {
        Scan {
            demo: self.demo,
            inventory: self.inventory.clone(),
            save_inventory: None,
            digests: self.digests.clone(),
            live: self.live.clone(),
            select: self.select.clone(),
            judge: self.judge.clone(),
            output: Output {
                format: Vec::new(),
                output_dir: None,
                min_severity: Severity::Info,
                sarif_profile: Profile::default(),
                sarif_anchor: None,
                sarif_map: None,
            },
        }
    }
}

/// Flags of `evidence verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyBundle {
    /// The folder or archive
    pub bundle: PathBuf,
    /// The signer's public key: it must be signed by no other
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
    /// The bundle before it: it must name no other, and that one must be whole, older, and of the same organization
    #[arg(long, value_name = "PATH")]
    pub previous: Option<PathBuf>,
    /// The organization's id, or the account's: it must be of no other
    #[arg(long, value_name = "ID")]
    pub expect_organization: Option<String>,
    /// How old its facts may be, such as 36h or 7d
    #[arg(long, value_name = "DURATION", value_parser = age)]
    pub max_age: Option<SignedDuration>,
    /// The clock of --max-age [default: the real one]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<Timestamp>,
    /// What could not be told does not count: 0 instead of 3
    #[arg(long)]
    pub allow_incomplete: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Flags of `evidence sample`.
#[derive(Debug, Clone, Args)]
pub struct Sample {
    /// The folder or archive
    pub bundle: PathBuf,
    /// What to draw from
    #[arg(long, value_name = "ROWS", default_value = "regions")]
    pub of: Drawn,
    /// The same number draws the same rows
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many rows
    #[arg(long, value_name = "N", default_value_t = 25)]
    pub size: usize,
    /// The signer's public key: it must be signed by no other
    #[arg(long, value_name = "FILE")]
    pub public_key: Option<PathBuf>,
}

/// What a sample is drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Drawn {
    /// Every region of every account
    Regions,
    /// Every finding
    Findings,
    /// Every call
    Calls,
}

/// Days or hours, of at most ten years.
fn age(text: &str) -> Result<SignedDuration, String> {
    let hours = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "d")) => number.parse::<u32>().ok().and_then(|it| it.checked_mul(24)),
        Some((number, "h")) => number.parse().ok(),
        Some(_) | None => None,
    };
    match hours {
        Some(hours @ 1..=87_600) => Ok(SignedDuration::from_hours(hours.into())),
        Some(_) | None => Err("days or hours are expected, such as 7d or 36h".to_owned()),
    }
}
