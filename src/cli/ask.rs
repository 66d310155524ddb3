//! The flags of `events ask`.

use clap::Args;
use trailaudit_reports::events;

use super::events::{Ends, Input, Reports};

/// Flags of `events ask`.
#[derive(Debug, Clone, Args)]
pub struct Ask {
    /// SOURCE, a question and what it is about: `who-read BUCKET`. `trailaudit events list questions` names all
    #[arg(value_name = "SOURCE QUESTION [ARG]", num_args = 0..)]
    pub words: Vec<String>,
    /// Where from.
    #[command(flatten)]
    pub input: Input,
    /// At most so many records; the others are counted
    #[arg(long, value_name = "N", help_heading = "Records")]
    pub limit: Option<u64>,
    /// Only the first record of each actor in what is read
    #[arg(long, help_heading = "Records")]
    pub first: bool,
    /// How it ends.
    #[command(flatten)]
    pub ends: Ends,
    /// How it is written.
    #[command(flatten)]
    pub reports: Reports<events::Found>,
}
