//! A run in shards: planned once, done by as many processes as an engine likes to start, and merged into what one
//! process would have written.
//!
//! A run lives in a store: the plan, what the planning saw of the organization, and one object for each shard. Each is
//! written once, whole or not at all; nothing else is shared.

mod answers;
mod assign;
mod chains;
mod delivery;
mod engine;
#[cfg(test)]
mod fuzz;
mod merge;
mod part;
mod place;
mod plan;
mod resources;
mod unit;

pub use crate::store::{INVENTORY, ORGANIZATION, PLAN};
pub use answers::{Again, Missing, Noting, joined};
pub use assign::{Weights, assign};
pub use chains::{Chains, are_of as chains_are_of};
pub use delivery::{Delivered, Delivery, Head, Seal};
pub use engine::{INDICES, index};
pub use merge::{Merge, Merged};
pub use place::{Failure, LOOK, Run, State, deadline};
pub use plan::{Asks, Plan, Planned, Reads, Work, plan_id};
pub use resources::{add, added, owners};
pub use unit::Unit;

/// The version of these files.
pub const SCHEMA: u64 = 1;

/// The name of this machine, as far as the system says it.
#[must_use]
pub fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let name = told.or_else(|_| std::env::var("HOSTNAME"));
    let name = name.unwrap_or_default();
    match name.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
}
