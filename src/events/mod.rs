//! `events`: what the record itself says, and how much of it is proved.
//!
//! [`Input`](crate::cli::Input) names a bucket, a mirror of one, files or the sample. `hear` walks the chains of digests
//! as `verify` does, takes the bytes of each log where they are hashed, and gives every record of the window to a
//! `Consumer` with what is proved of it; what the answer rests on is counted on the way.

mod ask;
mod beside;
mod coverage;
pub mod demo;
mod detect;
mod files;
#[cfg(test)]
mod fuzz;
mod hear;
mod key_rows;
mod key_watch;
mod list;
mod listeners;
mod lookup;
mod reading;
mod search;
mod sorter;
mod stats;
mod target;
mod timeline;
mod versions;
mod watch;
mod who;

use trailaudit_checks::events::RestsOn;

use crate::cli::{Ends, Events};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::terminal::Terminal;

pub use listeners::listen;
pub use watch::Watch;

impl Invocation {
    pub(crate) fn events(&self, events: &Events, terminal: Terminal) -> Result<Exit, Stop> {
        match events {
            Events::Search(it) => self.search(it, terminal),
            Events::Coverage(it) => self.coverage(it, terminal),
            Events::Detect(it) => self.detect(it, terminal),
            Events::Ask(it) => self.ask(it, terminal),
            Events::Timeline(it) => self.timeline(it, terminal),
            Events::Who(it) => self.who(it, terminal),
            Events::List { what } => list::list(*what).map(|()| Exit::Clean),
            Events::Stats(it) => self.stats(it, terminal),
        }
    }
}

/// How a run ends that gave an answer.
fn exit(ends: &Ends, rests_on: &RestsOn, found: bool, interrupted: bool) -> Exit {
    if interrupted {
        Exit::Interrupted
    } else if ends.fail_if_found && found {
        Exit::Findings
    } else if rests_on.complete || ends.allow_incomplete {
        Exit::Clean
    } else {
        Exit::Incomplete
    }
}
