//! The flags of `shard`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::{Depth, Live, Select, account, in_flight};
use crate::store::Place;
use crate::verify::window::When;

/// Commands of a run in shards.
#[derive(Debug, Clone, Subcommand)]
pub enum Shard {
    /// Find the accounts, and write down which shard asks which
    Plan(Box<ShardPlan>),
    /// Find the accounts in a bucket of logs, and write down which shard verifies which
    PlanVerify(Box<ShardPlanVerify>),
    /// Write down which shard asks for the resources of which accounts, once all shards of a run have delivered
    PlanResources(ShardPlanResources),
    /// Collect or verify what one shard is to, and deliver it
    Run(ShardRun),
    /// Merge what all shards delivered into one inventory, and collect the resources
    Merge(ShardMerge),
    /// Report which shards have delivered, and which have failed
    Status(ShardStatus),
}

/// Where a run is.
#[derive(Debug, Clone, Args)]
pub struct At {
    /// Where the run is kept: a folder that all processes share, or s3://BUCKET[/PREFIX]
    #[arg(long, value_name = "RUN", help_heading = "Run")]
    pub run: Place,
    /// Role to read and write the run's bucket with [default: the credentials of the scan]
    #[arg(long, value_name = "ARN", help_heading = "Run")]
    pub sink_role: Option<String>,
}

/// Flags of `shard plan`.
#[derive(Debug, Clone, Args)]
pub struct ShardPlan {
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// Number of shards [default: one for every 200 accounts]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Run")]
    pub shards: Option<u32>,
    /// Inventory of a former run: accounts that took many requests are shared out first
    #[arg(long, value_name = "FILE", help_heading = "Run")]
    pub weights: Option<PathBuf>,
    /// What to ask.
    #[command(flatten)]
    pub live: Live,
    /// For which checks.
    #[command(flatten)]
    pub select: Select,
}

/// Flags of `shard plan-verify`.
#[derive(Debug, Clone, Args)]
pub struct ShardPlanVerify {
    /// s3://BUCKET[/PREFIX], or a folder that mirrors a bucket and that all processes see
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// Number of shards [default: one for every 200 accounts]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Run")]
    pub shards: Option<u32>,
    /// From when on: 2026-03-01T12:00:00Z, 2026-03-01, or how long ago: 24h, 30d [default: the first object]
    #[arg(long, value_name = "TIME", help_heading = "What to read")]
    pub since: Option<When>,
    /// Until when [default: 2h, the time that CloudTrail takes to deliver]
    #[arg(long, value_name = "TIME", help_heading = "What to read")]
    pub until: Option<When>,
    /// Only these accounts
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = account, help_heading = "What to read")]
    pub accounts: Vec<String>,
    /// Name of the bucket that the source is a copy of [default: what its digests say, or the name of SOURCE]
    #[arg(long, value_name = "NAME", help_heading = "What to read")]
    pub bucket: Option<String>,
    /// How deep to verify: listing, digests, logs
    #[arg(
        long,
        value_name = "DEPTH",
        default_value = "logs",
        hide_possible_values = true,
        help_heading = "What to read"
    )]
    pub depth: Depth,
    /// Pinned public keys: {region: ListPublicKeys response}; a folder needs them
    #[arg(long, value_name = "FILE", help_heading = "What to read")]
    pub public_keys: Option<PathBuf>,
    /// Objects that one process may have: an account with more is cut into windows of whole days. Needs --since; the
    /// objects of the last day stand for all days
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Run")]
    pub max_unit: u64,
    /// Requests a second that all shards together may make of the bucket
    #[arg(long, value_name = "N", default_value_t = 8_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Run")]
    pub rate: u32,
    /// With what.
    #[command(flatten)]
    pub own: Own,
}

/// Flags of `shard plan-resources`.
#[derive(Debug, Clone, Args)]
pub struct ShardPlanResources {
    /// The run that collected the accounts: a folder, or s3://BUCKET[/PREFIX]
    #[arg(value_name = "ACCOUNTS_RUN")]
    pub of: Place,
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// Number of shards [default: one for every 1,000 accounts that own trails]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Run")]
    pub shards: Option<u32>,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", help_heading = "AWS access")]
    pub profile: Option<String>,
}

/// What each process says for itself.
#[derive(Debug, Clone, Args)]
pub struct Own {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", help_heading = "AWS access")]
    pub profile: Option<String>,
    /// Maximum number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = in_flight, help_heading = "AWS access")]
    pub max_in_flight: usize,
}

/// Flags of `shard run`.
#[derive(Debug, Clone, Args)]
pub struct ShardRun {
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// Which shard, from 0 on [default: the index that AWS Batch, Kubernetes or Slurm gives]
    #[arg(long, value_name = "N", help_heading = "Run")]
    pub shard: Option<usize>,
    /// Wait so long for a plan: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", value_parser = waiting, help_heading = "Run")]
    pub wait: Option<SignedDuration>,
    /// After so many failed attempts, deliver what could be asked, with its gaps
    #[arg(long, value_name = "N", default_value_t = 2, help_heading = "Run")]
    pub retries: usize,
    /// With what.
    #[command(flatten)]
    pub own: Own,
}

/// Flags of `shard merge`.
#[derive(Debug, Clone, Args)]
pub struct ShardMerge {
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// The file to write (- for standard output, .zst is compressed) [default: inventory.jsonl.zst of the run]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// Wait so long for a plan, and for shards that have not delivered: 90s, 30m, 2h
    #[arg(long, value_name = "TIME", value_parser = waiting, help_heading = "Run")]
    pub wait: Option<SignedDuration>,
    /// Merge although shards are missing: their accounts are reported as not seen
    #[arg(long, help_heading = "Run")]
    pub allow_missing: bool,
    /// With what.
    #[command(flatten)]
    pub own: Own,
}

/// Flags of `shard status`.
#[derive(Debug, Clone, Args)]
pub struct ShardStatus {
    /// Where.
    #[command(flatten)]
    pub at: At,
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", help_heading = "AWS access")]
    pub profile: Option<String>,
}

fn waiting(text: &str) -> Result<SignedDuration, String> {
    let seconds = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "s")) => number.parse::<u32>().ok(),
        Some((number, "m")) => number.parse::<u32>().ok().and_then(|it| it.checked_mul(60)),
        Some((number, "h")) => number
            .parse::<u32>()
            .ok()
            .and_then(|it| it.checked_mul(3600)),
        Some(_) | None => None,
    };
    seconds
        .map(|it| SignedDuration::from_secs(it.into()))
        .ok_or_else(|| "a time is expected, such as 90s, 30m or 2h".to_owned())
}
