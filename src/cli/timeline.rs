//! The flags of `events timeline`.

use clap::{Args, ValueEnum};
use trailaudit_reports::events;

use super::events::{Ends, Input, Reports};

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
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Happened>,
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
