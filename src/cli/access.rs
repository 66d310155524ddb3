//! The flags of `access`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use trailaudit_reports::access::{Answered, Listing};

use super::Live;
use crate::output::Wanted;

/// Flags of `access`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Access {
    /// One question instead.
    #[command(subcommand)]
    pub simulate: Option<AccessCommand>,
    /// Use a sample organization: no credentials, no network
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// Use an inventory file from `collect` (- for standard input) instead of AWS
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// What to ask.
    #[command(flatten)]
    pub live: Live,
    /// Only these principals (globs over ARNs, or over what follows the last slash)
    #[arg(long, value_name = "GLOB", help_heading = "Rows")]
    pub principal: Vec<String>,
    /// Only these actions (globs; read actions only where named)
    #[arg(long, value_name = "GLOB", help_heading = "Rows")]
    pub action: Vec<String>,
    /// Only these targets (globs over ARNs)
    #[arg(long, value_name = "GLOB", help_heading = "Rows")]
    pub target: Vec<String>,
    /// Group rows: by principal or by target
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "principal",
        help_heading = "Rows"
    )]
    pub by: By,
    /// Show each row in full: path, statements, condition, and the smallest change that would remove it
    #[arg(long, help_heading = "Rows")]
    pub explain: bool,
    /// Report format, and its file: text, json, csv=access.csv (repeatable; one may go to stdout) [default: text]
    #[arg(short, long, value_name = "KIND[=PATH]", help_heading = "Reports")]
    pub format: Vec<Wanted<Listing>>,
    /// Folder for reports without a path
    #[arg(short, long, value_name = "DIR", help_heading = "Reports")]
    pub output_dir: Option<PathBuf>,
}

/// What `access` can do beside listing.
#[derive(Debug, Clone, Subcommand)]
pub enum AccessCommand {
    /// Evaluate one request, with the reasons
    Simulate(Simulate),
}

/// Flags of `access simulate`.
#[derive(Debug, Clone, Args)]
pub struct Simulate {
    /// Use a sample organization: no credentials, no network
    #[arg(long, help_heading = "Input")]
    pub demo: bool,
    /// Use an inventory file from `collect` (- for standard input)
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub inventory: Option<PathBuf>,
    /// Who makes the request: the ARN of a user, role or session, an account, a service such as cloudtrail.amazonaws.com, or *
    #[arg(long, value_name = "ARN", help_heading = "Request")]
    pub principal: String,
    /// The action, such as cloudtrail:StopLogging
    #[arg(long, value_name = "ACTION", help_heading = "Request")]
    pub action: String,
    /// The resource: an ARN, or *
    #[arg(
        long,
        value_name = "ARN",
        default_value = "*",
        help_heading = "Request"
    )]
    pub resource: String,
    /// Condition key of the request: aws:SourceIp=192.0.2.1 (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair, help_heading = "Request")]
    pub context: Vec<(String, String)>,
    /// Report format, and its file: text, json=result.json (repeatable; one may go to stdout) [default: text]
    #[arg(short, long, value_name = "KIND[=PATH]", help_heading = "Reports")]
    pub format: Vec<Wanted<Answered>>,
    /// The same as -f json
    #[arg(long, conflicts_with = "format", help_heading = "Reports")]
    pub json: bool,
}

/// How rows are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Who can do what
    Principal,
    /// What can be done by whom
    Target,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("KEY=VALUE is expected".to_owned()),
    }
}
