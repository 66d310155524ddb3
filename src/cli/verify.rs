//! The flags that are about digests.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Judge, Output, account, in_flight};
use crate::verify::window::When;

/// Whether digest chains are verified on the way.
#[derive(Debug, Clone, Args)]
pub struct Digests {
    /// Verify the digests and logs that the trails delivered, as `verify` does
    #[arg(long, help_heading = "Digests")]
    pub verify_digests: bool,
    /// Look for the recorded call that made each hole, in the logs that are verified
    #[arg(long, requires = "verify_digests", help_heading = "Digests")]
    pub explain_gaps: bool,
    /// Also evaluate the key events in the logs that are verified: trails that were stopped, new access keys and the like
    #[arg(long, help_heading = "Digests")]
    pub events: bool,
    /// Verify from this time on: a time, a day, or how long ago
    #[arg(
        long,
        value_name = "TIME",
        default_value = "24h",
        help_heading = "Digests"
    )]
    pub since: When,
}

/// What to read of a bucket or of its mirror.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to read")]
pub struct Extent {
    /// From when on: 2026-03-01T12:00:00Z, 2026-03-01, or how long ago: 24h, 30d [default: the first object]
    #[arg(long, value_name = "TIME")]
    pub since: Option<When>,
    /// Until when [default: 2h, the time that CloudTrail takes to deliver]
    #[arg(long, value_name = "TIME")]
    pub until: Option<When>,
    /// Only these accounts
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = account)]
    pub accounts: Vec<String>,
    /// Only these regions
    #[arg(long, value_name = "REGION", num_args = 1.., value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Only what the trail with this name (not ARN) delivered
    #[arg(long, value_name = "NAME")]
    pub trail: Option<String>,
    /// Name of the bucket that the source is a copy of [default: what its digests say, or the name of SOURCE]
    #[arg(long, value_name = "NAME")]
    pub bucket: Option<String>,
    /// Report the number of calls, objects and bytes from the listings, without reading any
    #[arg(long)]
    pub plan: bool,
    /// Pinned public keys: {region: ListPublicKeys response}; a folder needs them
    #[arg(long, value_name = "FILE")]
    pub public_keys: Option<PathBuf>,
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME", help_heading = "AWS access")]
    pub profile: Option<String>,
    /// Maximum number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = in_flight, help_heading = "AWS access")]
    pub max_in_flight: usize,
}

/// Flags of `verify`.
#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// s3://BUCKET[/PREFIX], or a folder that mirrors a bucket (its root holds AWSLogs/ or prefixes of it)
    #[arg(value_name = "SOURCE")]
    pub source: String,
    /// Which part of it.
    #[command(flatten)]
    pub extent: Extent,
    /// How deep to verify: listing, digests, logs
    #[arg(
        long,
        value_name = "DEPTH",
        default_value = "logs",
        hide_possible_values = true,
        help_heading = "What to read"
    )]
    pub depth: Depth,
    /// Look for the recorded call that made each hole, in the logs that are verified
    #[arg(long, help_heading = "What to read")]
    pub explain_gaps: bool,
    /// Resume where the last run with this file ended
    #[arg(long, value_name = "FILE", help_heading = "What to read")]
    pub state: Option<PathBuf>,
    /// Key of 32 bytes or more that authenticates the state file; without it the hours before its mark stay unverified
    #[arg(
        long,
        value_name = "FILE",
        requires = "state",
        help_heading = "What to read"
    )]
    pub state_key: Option<PathBuf>,
    /// By which rules.
    #[command(flatten)]
    pub judge: Judge,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

/// How far to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Depth {
    /// Listings alone
    Listing,
    /// Digests
    Digests,
    /// Digests and logs
    Logs,
}
