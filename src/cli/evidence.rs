//! The flags of `evidence`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};

use trailaudit_checks::finding::Severity;
use trailaudit_reports::Profile;

use super::{Digests, Judge, Live, Output, Scan, Select};
use crate::store::Place;

/// What can be done with evidence.
#[derive(Debug, Clone, Subcommand)]
pub enum Evidence {
    /// Create a bundle of facts, API calls, findings, reports and rules
    Create(Box<Create>),
    /// Verify a bundle: its files, its signature, and that its findings follow from its facts
    Verify(VerifyBundle),
    /// Draw a reproducible sample of rows, with the API calls behind them
    Sample(Sample),
}

/// Flags of `evidence create`.
#[derive(Debug, Clone, Args)]
pub struct Create {
    /// The folder to write, or an archive whose name ends in .tar.zst
    #[arg(long, short_alias = 'o', value_name = "PATH", help_heading = "Output")]
    pub output: PathBuf,
    /// Sign with this ed25519 key (`openssl genpkey -algorithm ed25519 -out key.pem`), or that of a variable: env:NAME
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub sign: Option<PathBuf>,
    /// The previous bundle, which the new one references
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub previous: Option<PathBuf>,
    /// A CloudTrail digest file, as stored in the bucket: proves that the bundle is no older
    /// [default: the newest verified one]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub newest_digest: Option<PathBuf>,
    /// Scan a sample organization: no credentials, no network
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// Use an inventory file from `collect` instead of AWS
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// The JSON of a scan of this inventory: the scan is repeated and must give the same
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub audit: Option<PathBuf>,
    /// The raw responses that `--keep-answers` saved
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
                details: false,
                format: Vec::new(),
                output_dir: None,
                min_severity: Severity::Info,
                severity: Vec::new(),
                status: Vec::new(),
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
    /// Require a signature by this key
    #[arg(long, value_name = "FILE", help_heading = "Requirements")]
    pub public_key: Option<PathBuf>,
    /// Require that it references this previous bundle, which must be valid, older, and of the same organization
    #[arg(long, value_name = "PATH", help_heading = "Requirements")]
    pub previous: Option<PathBuf>,
    /// Require this organization id or account id
    #[arg(long, value_name = "ID", help_heading = "Requirements")]
    pub expect_organization: Option<String>,
    /// Maximum age of its facts, such as 36h or 7d
    #[arg(long, value_name = "DURATION", value_parser = age, help_heading = "Requirements")]
    pub max_age: Option<SignedDuration>,
    /// Require that this run still holds the shards that its facts were merged from: a folder, or s3://BUCKET[/PREFIX]
    #[arg(long, value_name = "RUN", help_heading = "Requirements")]
    pub run: Option<Place>,
    /// Time at which --max-age is evaluated [default: now]
    #[arg(long, value_name = "TIME", value_parser = super::time, help_heading = "Requirements")]
    pub now: Option<Timestamp>,
    /// Exit 0 instead of 3 when the scan is incomplete
    #[arg(long, help_heading = "Requirements")]
    pub allow_incomplete: bool,
    /// Write JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

/// Flags of `evidence sample`.
#[derive(Debug, Clone, Args)]
pub struct Sample {
    /// The folder or archive
    pub bundle: PathBuf,
    /// What to sample from: regions, findings, calls
    #[arg(
        long,
        value_name = "ROWS",
        default_value = "regions",
        help_heading = "Sample"
    )]
    pub of: Drawn,
    /// Seed: the same number draws the same rows
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Sample")]
    pub seed: u64,
    /// Number of rows
    #[arg(long, value_name = "N", default_value_t = 25, help_heading = "Sample")]
    pub size: usize,
    /// Require a signature by this key
    #[arg(long, value_name = "FILE", help_heading = "Requirements")]
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
