//! The flags of `plan`.

use std::path::PathBuf;

use clap::Args;

use super::{Judge, Output, Select, account};

/// Flags of `plan`.
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// Plans as `terraform show -json` writes them (- for standard input), in the order in which they are applied
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The inventory that the plans change (from `collect`): exit 1 only for findings that get worse
    #[arg(long, value_name = "INVENTORY", help_heading = "Input")]
    pub onto: Option<PathBuf>,
    /// Folder of the root module, for the file and line of each finding
    #[arg(long, value_name = "DIR", help_heading = "Input")]
    pub source: Option<PathBuf>,
    /// The account in which the plans act, where they do not say
    #[arg(long, value_name = "ID", value_parser = account, help_heading = "Input")]
    pub account: Option<String>,
    /// The region in which the plans act, where they do not say
    #[arg(long, value_name = "REGION", help_heading = "Input")]
    pub region: Option<String>,
    /// Also report findings on resources that the plans do not change
    #[arg(long, help_heading = "Input")]
    pub full: bool,
    /// Write the resulting inventory (.zst is compressed); sensitive values are left out
    #[arg(long, value_name = "FILE", help_heading = "Input")]
    pub save_inventory: Option<PathBuf>,
    /// With --onto: exit 1 for every open failure, not only for those that get worse
    #[arg(long, help_heading = "Evaluation")]
    pub fail_on_all: bool,
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
