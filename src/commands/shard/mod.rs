//! `shard`: plan a run, do one shard of it, merge what all delivered.

mod chains;
mod merge;
mod plan;
mod plan_verify;
mod resources;
mod run;
mod status;
mod verify;

use crate::cli::{At, Own, Shard};
use crate::collect::Options;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::shard::{Run, State};
use crate::terminal::{Terminal, stderr_is_terminal};

impl Invocation {
    pub(super) fn shard(&self, command: &Shard, terminal: Terminal) -> Result<Exit, Stop> {
        match command {
            Shard::Plan(flags) => self.shard_plan(flags, terminal),
            Shard::PlanVerify(flags) => self.shard_plan_verify(flags, terminal),
            Shard::PlanResources(flags) => resources::plan(flags, terminal),
            Shard::Run(flags) => self.shard_run(flags, terminal),
            Shard::Merge(flags) => self.shard_merge(flags, terminal),
            Shard::Status(flags) => status::status(flags),
        }
    }

    /// What each process says for itself.
    fn own_options(&self, own: &Own, terminal: Terminal) -> Options {
        let no_progress = self.cli.global.no_progress || terminal.quiet;
        Options {
            profile: own.profile.clone(),
            max_in_flight: own.max_in_flight,
            progress: stderr_is_terminal() && !no_progress,
            terminal,
            ..Options::default()
        }
    }
}

fn open(at: &At, profile: Option<&str>) -> Result<Run, Stop> {
    Ok(Run::open(&at.run, profile, at.sink_role.as_deref())?)
}

fn not_delivered(states: &[State]) -> Vec<usize> {
    let numbered = states.iter().enumerate();
    numbered
        .filter(|(_, it)| !it.delivered)
        .map(|(shard, _)| shard)
        .collect()
}
