//! The flags of `events detect`.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use trailaudit_checks::finding::Severity;

use super::events::Input;
use super::{Output, Select, severities};

/// Flags of `events detect`.
#[derive(Debug, Clone, Args)]
pub struct Detect {
    /// SOURCE: s3://BUCKET[/PREFIX], a folder that mirrors a bucket, or files (.json, .json.gz, JSON lines)
    #[arg(value_name = "SOURCE", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// Which key events.
    #[command(flatten)]
    pub select: Select,
    /// By which rules.
    #[command(flatten)]
    pub rules: Evaluated,
    /// What to write.
    #[command(flatten)]
    pub output: Output,
}

/// By which rules findings are evaluated, but the time.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Evaluation")]
pub struct Evaluated {
    /// Accepted risks and gaps [default: ./trailaudit-waivers.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// Label findings as new, unchanged or updated against an earlier audit (its JSON)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Exit 1 only for findings that got worse since the baseline
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub fail_on_new: bool,
    /// Minimum severity that causes exit code 1: critical, high, medium, low, info
    #[arg(long, value_name = "SEVERITY", default_value = "low", value_parser = severities(), hide_possible_values = true)]
    pub fail_on: Severity,
    /// Exit 0 instead of 3 when some of the log is missing, altered or unread
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub allow_incomplete: bool,
    /// Exit 0 instead of 1 or 3, whatever was found
    #[arg(long, action = ArgAction::Set, value_name = "BOOL", default_value = "false")]
    pub exit_zero: bool,
}
