//! Flags. Their doc comments are the help text.

mod access;
mod ask;
mod begin;
mod detect;
pub mod env;
mod events;
mod evidence;
mod list;
mod nightly;
mod plan;
mod shard;
mod timeline;
mod verify;

use std::path::PathBuf;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::audit::compare::Comparison;
use trailaudit_checks::catalog;
use trailaudit_checks::finding::Severity;
use trailaudit_checks::framework;
use trailaudit_checks::selection::Choice;
use trailaudit_reports::{Anchor, AnchorMap, BadAnchor, BadMap, Ended, Profile};

use crate::output::Wanted;

pub use access::{Access, AccessCommand, By, Simulate};
pub use ask::Ask;
pub use begin::{Init, Waive};
pub use detect::{Detect, Evaluated};
pub use events::{Coverage, Ends, Events, Input, Listed, Order, Search, Stats, Which, Who};
pub use evidence::{Create, Drawn, Evidence, Sample, VerifyBundle};
pub use list::{Explain, List, ListFormat, PermissionsFormat};
pub use nightly::Nightly;
pub use plan::Plan;
pub use shard::{
    At, Own, Shard, ShardMerge, ShardPlan, ShardPlanResources, ShardPlanVerify, ShardRun,
    ShardStatus,
};
pub use timeline::{Noise, Timeline};
pub use verify::{Depth, Digests, Extent, Verify};

const EXAMPLES: &str = "\
Examples:
  trailaudit scan --demo                        a sample organization, no credentials needed
  trailaudit scan                               the organization or account of your credentials
  trailaudit scan -f text -f sarif=out.sarif    several reports of one run
  trailaudit scan --details                     each finding with its evidence
  trailaudit scan --baseline old.json --fail-on-new   fail only on what got worse
  trailaudit collect --output org.jsonl.zst     collect now ..
  trailaudit scan --inventory org.jsonl.zst     .. and scan later, offline
  trailaudit plan plan.json --onto org.jsonl.zst    what a Terraform plan would make worse
  trailaudit verify s3://logs --since 24h       verify the logs of the last day

Flags can also be set by environment variables (--fail-on: TRAILAUDIT_FAIL_ON), and most of them by keys of
trailaudit.toml (fail_on). Flags override variables, and variables override the file.

Exit codes:
  0    scan complete, no open failures at or above --fail-on
  1    open failures
  2    invalid flag, setting, waiver file or inventory
  3    no open failures, but the scan is incomplete (in Prowler, 3 means failed checks)
  4    no credentials, no network, or an output that cannot be written
  75   a shard delivered nothing, and another attempt makes sense
  130  interrupted; the reports say so";

/// Evaluates whether you can trust your AWS CloudTrail logs
#[derive(Debug, Parser)]
#[command(
    name = "trailaudit",
    version,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = EXAMPLES,
    max_term_width = 100,
    infer_long_args = false
)]
pub struct Cli {
    /// Print version
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "Global options")]
    pub version: Option<bool>,
    /// For every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Settings file [default: ./trailaudit.toml, if there is one]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Suppress status messages
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Show diagnostics on stderr
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Do not show progress (shown on a terminal only)
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// When to use colours: auto (on a terminal, unless NO_COLOR is set), always, never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan an organization or account and report findings
    Scan(Box<Scan>),
    /// Evaluate Terraform plans before they are applied, alone or onto a saved inventory
    Plan(Box<Plan>),
    /// Write an inventory file, to scan later or elsewhere
    Collect(Collect),
    /// Verify digest files and logs with CloudTrail's signatures, hour by hour
    Verify(Box<Verify>),
    /// Compare two audits: new, fixed and changed findings; exit 1 if anything got worse
    Diff(Diff),
    /// Write reports of a saved audit (the JSON of an earlier scan)
    Report(Report),
    /// Create, verify and sample evidence bundles for auditors
    #[command(subcommand)]
    Evidence(Evidence),
    /// Scan, and keep facts, verdict and evidence in a store, run after run
    Nightly(Box<Nightly>),
    /// Collect, or verify digests, by many processes: plan, run the shards by any engine, merge
    #[command(subcommand)]
    Shard(Shard),
    /// Search, count and explain the records of the logs, each with what is proved of it
    #[command(subcommand)]
    Events(Events),
    /// Report who can tamper with CloudTrail logs: on which trail, bucket or key, and by which path
    Access(Box<Access>),
    /// Write commented settings and waiver files to start from
    Init(Init),
    /// Accept a failure: append a waiver to the waiver file
    Waive(Box<Waive>),
    /// Explain one check: what it evaluates, why, and its remediation
    Explain(Explain),
    /// List checks, formats, frameworks, permissions, settings
    #[command(subcommand)]
    List(List),
    /// Print a completion script for your shell
    Completions {
        /// The shell: bash, elvish, fish, powershell, zsh
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write a page for each command into this folder instead
        #[arg(short, long, value_name = "DIR", help_heading = "Output")]
        output_dir: Option<PathBuf>,
    },
}

/// Flags of `scan`.
#[derive(Debug, Clone, Args)]
pub struct Scan {
    /// Scan a sample organization: no credentials, no network
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// Scan an inventory file from `collect` (- for standard input) instead of AWS
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// Also write the inventory, as `collect` does (.zst is compressed)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub save_inventory: Option<PathBuf>,
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
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

/// Flags of `collect`.
#[derive(Debug, Clone, Args)]
pub struct Collect {
    /// Write the sample organization of `scan --demo`
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// The file to write (- for standard output, .zst is compressed)
    #[arg(long, short_alias = 'o', value_name = "FILE", help_heading = "Output")]
    pub output: PathBuf,
    /// What to ask.
    #[command(flatten)]
    pub live: Live,
    /// For which checks.
    #[command(flatten)]
    pub select: Select,
}

/// Flags of a live run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS access")]
pub struct Live {
    /// Profile of the AWS configuration files
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Role to assume in each account of the organization
    #[arg(long, value_name = "NAME", value_parser = role)]
    pub role_name: Option<String>,
    /// External id that the role's trust policy requires
    #[arg(long, value_name = "ID")]
    pub external_id: Option<String>,
    /// Only these accounts
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = account)]
    pub accounts: Vec<String>,
    /// Not these accounts
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = account)]
    pub exclude_accounts: Vec<String>,
    /// Only accounts under these organizational units
    #[arg(long, value_name = "OU", num_args = 1.., value_delimiter = ',')]
    pub ou: Vec<String>,
    /// Only these regions
    #[arg(long, value_name = "REGION", num_args = 1.., value_delimiter = ',')]
    pub regions: Vec<String>,
    /// Look up recent API calls that stopped or changed trails and stores: 7d, 48h, up to 90d [default: off]
    #[arg(long, value_name = "TIME", value_parser = days_or_hours)]
    pub lookup_events: Option<SignedDuration>,
    /// Maximum number of concurrent requests
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = in_flight)]
    pub max_in_flight: usize,
    /// Save raw API responses, with secrets and e-mail addresses redacted (.zst is compressed)
    #[arg(long, value_name = "FILE")]
    pub keep_answers: Option<PathBuf>,
}

/// Which checks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Checks")]
pub struct Select {
    /// Only checks with these ids (globs: trail-* bucket-*), or ids of Prowler or Security Hub
    #[arg(long, value_name = "GLOB", num_args = 1.., value_delimiter = ',', value_parser = suggested(check_ids), hide_possible_values = true)]
    pub check: Vec<String>,
    /// Skip checks with these ids
    #[arg(long, value_name = "GLOB", num_args = 1.., value_delimiter = ',', value_parser = suggested(check_ids), hide_possible_values = true)]
    pub skip_check: Vec<String>,
    /// Only checks that are mapped to this framework; reports its controls
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = suggested(framework_ids), hide_possible_values = true)]
    pub framework: Vec<String>,
}

impl Select {
    /// The same without clap.
    #[must_use]
    pub fn choice(&self) -> Choice {
        Choice {
            check: self.check.clone(),
            skip_check: self.skip_check.clone(),
            framework: self.framework.clone(),
        }
    }

    /// Nothing was chosen: the whole catalogue.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.check.is_empty() && self.skip_check.is_empty() && self.framework.is_empty()
    }
}

/// By which rules.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Evaluation")]
pub struct Judge {
    /// Accepted risks and gaps [default: ./trailaudit-waivers.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Label findings as new, unchanged or updated against a previous scan (its JSON)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Exit 1 only for findings that got worse since the baseline
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub fail_on_new: bool,
    /// Time at which waivers are evaluated, such as 2026-03-01T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<Timestamp>,
    /// Minimum severity that causes exit code 1: critical, high, medium, low, info
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severities(), hide_possible_values = true)]
    pub fail_on: Severity,
    /// Exit 0 instead of 3 when the scan is incomplete
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub allow_incomplete: bool,
    /// Exit 0 instead of 1 or 3, whatever was found
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub exit_zero: bool,
}

/// What to write.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Reports")]
pub struct Output {
    /// Report format, and its file: json, sarif=out.sarif (repeatable; one may go to stdout) [default: text]
    #[arg(
        short,
        long = "format",
        value_name = "KIND[=PATH]",
        value_delimiter = ',',
        value_parser = suggested(format_names).try_map(|it| it.parse::<Wanted>()),
        hide_possible_values = true
    )]
    pub format: Vec<Wanted>,
    /// Folder for reports without a path
    #[arg(short, long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Text: list each finding with its evidence, not only a summary
    #[arg(long)]
    pub details: bool,
    /// Text, Markdown and HTML: count findings below this severity, but do not show them
    #[arg(long, value_name = "SEVERITY", default_value = "info", value_parser = severities(), hide_possible_values = true)]
    pub min_severity: Severity,
    /// Text, Markdown and HTML: show only findings of these severities: critical,high,medium,low,info
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = severities())]
    pub severity: Vec<Severity>,
    /// Text, Markdown and HTML: show only findings of these statuses: fail,waived,unknown,pass,not_applicable
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = statuses())]
    pub status: Vec<Ended>,
    /// SARIF: github (open failures, gaps as notes) or full (every status)
    #[arg(long, value_name = "NAME", default_value = "github", value_parser = profile)]
    pub sarif_profile: Profile,
    /// SARIF: the file that results point to
    #[arg(long, value_name = "FILE[:LINE]", value_parser = anchor)]
    pub sarif_anchor: Option<Anchor>,
    /// SARIF: a JSON file of ARNs or globs and the FILE or FILE:LINE that declares each
    #[arg(long, value_name = "FILE", value_parser = anchor_map)]
    pub sarif_map: Option<AnchorMap>,
}

/// Flags of `report`.
#[derive(Debug, Clone, Args)]
pub struct Report {
    /// The JSON that a scan wrote
    pub audit: PathBuf,
    /// Report only these of the frameworks that the scan evaluated
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',', value_parser = suggested(framework_ids), help_heading = "Checks")]
    pub framework: Vec<String>,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

/// Flags of `diff`.
#[derive(Debug, Clone, Args)]
pub struct Diff {
    /// The JSON that an earlier scan wrote
    pub before: PathBuf,
    /// The JSON that a later scan wrote (- for standard input)
    pub after: PathBuf,
    /// Exit 0 instead of 1, whatever got worse
    #[arg(long, help_heading = "Evaluation")]
    pub exit_zero: bool,
    /// Report format, and its file: text, json, markdown=comment.md (repeatable; one may go to stdout) [default: text]
    #[arg(
        short,
        long = "format",
        value_name = "KIND[=PATH]",
        value_delimiter = ',',
        help_heading = "Reports"
    )]
    pub format: Vec<Wanted<Comparison>>,
    /// Folder for reports without a path
    #[arg(short, long, value_name = "DIR", help_heading = "Reports")]
    pub output_dir: Option<PathBuf>,
    /// Text: list every change
    #[arg(long, help_heading = "Reports")]
    pub details: bool,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let bad = || "a UTC time is expected, such as 2026-03-01T12:00:00Z".to_owned();
    text.parse().map_err(|_: jiff::Error| bad())
}

/// A severity; the shell completes it.
pub(crate) fn severities() -> impl TypedValueParser<Value = Severity> {
    let all = || Severity::ALL.map(|it| it.as_str().to_owned()).into();
    suggested(all).try_map(|it| severity(&it))
}

/// How a finding ended; the shell completes it.
fn statuses() -> impl TypedValueParser<Value = Ended> {
    let all = || Ended::OF_FINDINGS.map(|it| it.word().to_owned()).into();
    suggested(all).try_map(|it| status(&it))
}

fn status(text: &str) -> Result<Ended, String> {
    Ended::OF_FINDINGS
        .into_iter()
        .find(|it| it.word() == text)
        .ok_or_else(|| "one of fail, waived, unknown, pass, not_applicable is expected".to_owned())
}

/// Any text; the shell completes those that are known.
pub(crate) fn suggested(known: fn() -> Vec<String>) -> Suggested {
    Suggested(known)
}

/// One of these texts.
pub(crate) fn known(known: fn() -> Vec<String>) -> impl TypedValueParser<Value = String> {
    Suggested(known).try_map(move |it| {
        let all = known();
        match all.contains(&it) {
            true => Ok(it),
            false => Err(format!("one of {} is expected", all.join(", "))),
        }
    })
}

/// Accepts any text, and names some for completion.
#[derive(Clone)]
pub(crate) struct Suggested(fn() -> Vec<String>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        clap::builder::StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let all = (self.0)().into_iter();
        Some(Box::new(all.map(PossibleValue::new)))
    }
}

fn check_ids() -> Vec<String> {
    let all = catalog::all();
    all.iter().map(|it| it.id.to_owned()).collect()
}

fn framework_ids() -> Vec<String> {
    framework::ids().map(str::to_owned).collect()
}

fn format_names() -> Vec<String> {
    let all = trailaudit_reports::FORMATS.iter();
    all.map(|it| it.name.to_owned()).collect()
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.as_str() == text)
        .ok_or_else(|| "one of critical, high, medium, low, info is expected".to_owned())
}

fn profile(text: &str) -> Result<Profile, String> {
    match text {
        "github" => Ok(Profile::Github),
        "full" => Ok(Profile::Full),
        _ => Err("github or full is expected".to_owned()),
    }
}

fn anchor(text: &str) -> Result<Anchor, String> {
    text.parse().map_err(|error: BadAnchor| error.to_string())
}

fn anchor_map(path: &str) -> Result<AnchorMap, String> {
    let text = crate::files::read_text(path.as_ref(), crate::files::SMALL)
        .map_err(|error| format!("{error:#}"))?;
    text.parse().map_err(|error: BadMap| error.to_string())
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account is 12 digits".to_owned())
    }
}

/// A role's name, with its path: it stands in templates as well, and must not end what surrounds it.
fn role(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
    if !text.is_empty() && text.len() <= 576 && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("a role's name has letters, digits and _ + = , . @ - (and / in its path)".to_owned())
    }
}

/// CloudTrail keeps its event history for 90 days.
fn days_or_hours(text: &str) -> Result<SignedDuration, String> {
    let hours = match text.split_at_checked(text.len().saturating_sub(1)) {
        Some((number, "d")) => number.parse::<u32>().ok().and_then(|it| it.checked_mul(24)),
        Some((number, "h")) => number.parse().ok(),
        Some(_) | None => None,
    };
    match hours {
        Some(hours @ 1..=2160) => Ok(SignedDuration::from_hours(hours.into())),
        Some(_) | None => {
            Err("days or hours are expected, such as 7d or 48h, up to 90d".to_owned())
        }
    }
}

fn in_flight(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=4096) => Ok(n),
        Ok(_) | Err(_) => Err("a number from 1 to 4096 is expected".to_owned()),
    }
}
