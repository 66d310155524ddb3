//! The flags of `events`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use trailaudit_reports::events;

use super::ask::Ask;
use super::detect::Detect;
use super::timeline::Timeline;
use super::{Extent, time};
use crate::exit::Stop;
use crate::output::{self, Report, Told, Wanted};

/// What `events` can be asked.
#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// Print the records that match an expression, oldest first
    Search(Box<Search>),
    /// Count records by fields, exactly
    Stats(Box<Stats>),
    /// Report who is behind an event, access key, ARN or instance, hop by hop
    Who(Box<Who>),
    /// Answer a built-in question, such as who read a bucket or what followed an event
    Ask(Box<Ask>),
    /// Find key events, such as stopped trails or new access keys, and report them as findings
    Detect(Box<Detect>),
    /// Show what happened, in order, grouped by session, with holes in the logs and their causes
    Timeline(Box<Timeline>),
    /// Report each hour of each chain, and which event and person caused each hole
    Coverage(Box<Coverage>),
    /// List the names that an expression may use, the questions and the key events
    List {
        /// fields: short names and CloudTrail's own; categories: of events; questions: of `events ask`; keys: of `events detect`
        #[arg(
            value_name = "WHAT",
            default_value = "fields",
            hide_possible_values = true
        )]
        what: Listed,
    },
}

/// Where records are read, and which.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to read")]
pub struct Input {
    /// Read the records of a sample organization: no credentials, no network
    #[arg(long)]
    pub demo: bool,
    /// Which part of the bucket or mirror; --since and --until are times of events
    #[command(flatten)]
    pub extent: Extent,
    /// Show records that more than one trail delivered once for each trail
    #[arg(long)]
    pub all_trails: bool,
    /// Only records that are proved: verified; or any, each with what is proved of it
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "any",
        hide_possible_values = true
    )]
    pub proof: Which,
    /// Read a stored version of an altered or missing log, where it has the hash that the digest lists
    #[arg(long)]
    pub versions: bool,
    /// Read CloudTrail's event history for hours that are open: not signed, 90 days, the caller's account
    #[arg(long)]
    pub lookup_events: bool,
    /// Accounts, regions and event selectors of a scan: what has no chain, or is not logged, is reported
    #[arg(long, value_name = "FILE")]
    pub inventory: Option<PathBuf>,
    /// Parse every log, also those whose bytes cannot hold a match (the answer is the same)
    #[arg(long, hide = true)]
    pub no_prefilter: bool,
    /// Time that counts as now, such as 2026-03-01T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<Timestamp>,
}

impl Input {
    /// That of the sample.
    pub(crate) fn demo() -> Result<Self, clap::Error> {
        #[derive(Debug, clap::Parser)]
        struct Alone {
            #[command(flatten)]
            input: Input,
        }
        <Alone as clap::Parser>::try_parse_from(["input", "--demo"]).map(|it| it.input)
    }
}

/// Which records are wanted, by their proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// Records of proved logs
    Verified,
    /// All, each marked
    Any,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// The names of an expression
    Fields,
    /// Event categories
    Categories,
    /// What `events ask` answers
    Questions,
    /// What `events detect` looks for
    Keys,
}

/// How a run ends.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Evaluation")]
pub struct Ends {
    /// Exit 0 instead of 3 when some of the record is missing, altered or unread
    #[arg(long)]
    pub allow_incomplete: bool,
    /// Exit 1 if anything was found
    #[arg(long)]
    pub fail_if_found: bool,
}

/// Where an answer goes, and in which formats.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub struct Reports<T: Told> {
    /// The formats.
    #[arg(short, long = "format", value_name = "KIND[=PATH]", value_delimiter = ',', help = formats::<T>())]
    pub format: Vec<Wanted<T>>,
    /// Folder for reports without a path
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

impl<T: Told> Clone for Reports<T> {
    fn clone(&self) -> Self {
        Self {
            format: self.format.clone(),
            output_dir: self.output_dir.clone(),
        }
    }
}

impl<T: Told> Reports<T> {
    /// Each with its place; the usual format on stdout if none was asked for.
    pub(crate) fn plan(&self) -> Result<Vec<Report<T>>, Stop> {
        output::plan(&self.format, self.output_dir.as_deref())
    }
}

/// What `--format` takes, by the formats that there are.
fn formats<T: Told>() -> String {
    let names: Vec<&str> = T::FORMATS.iter().map(|it| it.name).collect();
    format!(
        "Format, and its file (repeatable; one may go to stdout): {} [default: {}]",
        names.join(", "),
        names.first().copied().unwrap_or_default()
    )
}

/// Flags of `events search`.
#[derive(Debug, Clone, Args)]
pub struct Search {
    /// SOURCE, and an expression such as 'name = StopLogging'. A source is s3://BUCKET[/PREFIX], a folder that mirrors a bucket, or files (.json, .json.gz, JSON lines)
    #[arg(value_name = "SOURCE [WHERE]", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// Order: chain (by account and region, then time) or time
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "chain",
        hide_possible_values = true,
        help_heading = "Records"
    )]
    pub sort: Order,
    /// At most so many records; the others are counted
    #[arg(long, value_name = "N", help_heading = "Records")]
    pub limit: Option<u64>,
    /// Do not mask session tokens, passwords and signatures
    #[arg(long, help_heading = "Records")]
    pub raw: bool,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Found>,
}

/// The order of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// By account and region, then time
    Chain,
    /// By time
    Time,
}

/// Flags of `events stats`.
#[derive(Debug, Clone, Args)]
pub struct Stats {
    /// SOURCE, and an expression
    #[arg(value_name = "SOURCE [WHERE]", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// Count by these fields: name, source, actor, account, region, ip, agent, error, or a path
    #[arg(long, value_name = "FIELD", num_args = 1.., value_delimiter = ',', default_value = "name", help_heading = "Counts")]
    pub by: Vec<String>,
    /// Also by time, in steps of so long: 1h, 1d
    #[arg(long, value_name = "TIME", value_parser = step, help_heading = "Counts")]
    pub over: Option<SignedDuration>,
    /// The largest N counts; the others are summed
    #[arg(long, value_name = "N", help_heading = "Counts")]
    pub top: Option<usize>,
    /// With the first and last time of each
    #[arg(long, help_heading = "Counts")]
    pub first: bool,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Counted>,
}

/// Flags of `events who`.
#[derive(Debug, Clone, Args)]
pub struct Who {
    /// SOURCE, and an event id, access key, ARN or instance id
    #[arg(value_name = "SOURCE WHAT", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Identified>,
}

/// Flags of `events coverage`.
#[derive(Debug, Clone, Args)]
pub struct Coverage {
    /// SOURCE
    #[arg(value_name = "SOURCE", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Covered>,
}

/// A length of time of at least a minute.
fn step(text: &str) -> Result<SignedDuration, String> {
    let bad = || "a time of a minute or more is expected, such as 1h or 1d".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| bad())?;
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let long = span.to_duration(days).map_err(|_| bad())?;
    (long >= SignedDuration::from_mins(1))
        .then_some(long)
        .ok_or_else(bad)
}
