//! The flags of `events timeline`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use trailaudit_reports::events;

use super::events::{Ends, Input};
use crate::output::Wanted;

/// Flags of `events timeline`.
#[derive(Debug, Clone, Args)]
pub struct Timeline {
    /// SOURCE, and an expression such as 'actor = *alice'
    #[arg(value_name = "SOURCE [WHERE]", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// Reads by services, by the console and by trailaudit: hide (they are counted), show, only
    #[arg(
        long,
        value_name = "HOW",
        default_value = "hide",
        hide_possible_values = true,
        help_heading = "Records"
    )]
    pub noise: Noise,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// Format, and its file (repeatable; one may go to stdout): text, html, json, jsonl, csv [default: text]
    #[arg(
        short,
        long = "format",
        value_name = "KIND[=PATH]",
        value_delimiter = ',',
        help_heading = "Reports"
    )]
    pub format: Vec<Wanted<events::Happened>>,
    /// Folder for reports without a path
    #[arg(short, long, value_name = "DIR", help_heading = "Reports")]
    pub output_dir: Option<PathBuf>,
}

/// What is done with noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Noise {
    /// It is counted
    Hide,
    /// It is shown
    Show,
    /// Nothing else is shown
    Only,
}
