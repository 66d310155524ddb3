//! `shard merge`: one inventory of what all shards delivered, and then each resource once.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::SignedDuration;
use trailaudit_checks::inventory::Inventory;

use super::{not_delivered, open, resources, verify};
use crate::cli::ShardMerge;
use crate::collect::Step;
use crate::commands::list;
use crate::exit::{Exit, Stop};
use crate::files;
use crate::invocation::Invocation;
use crate::live::ask;
use crate::shard::{INVENTORY, LOOK, Merge, Planned, Run, State, Work, deadline};
use crate::snapshot::{Snapshot, Source, Spool, load};
use crate::store::{Place, Put};
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn shard_merge(&self, flags: &ShardMerge, terminal: Terminal) -> Result<Exit, Stop> {
        let run = open(&flags.at, flags.own.profile.as_deref())?;
        let planned = run.plan(flags.wait)?;
        let shards = planned.plan.shards.len();
        let states = wait(&run, shards, flags.wait, terminal)?;
        if !not_delivered(&states).is_empty() && !flags.allow_missing {
            tell_missing(&run, &planned, &states, terminal)?;
            return Ok(Exit::Incomplete);
        }
        tell_missing(&run, &planned, &states, terminal)?;
        let snapshot = match &planned.plan.work {
            Work::Collect { asks, .. } => {
                let (inventory, iam) = merged(&run, &planned, &states)?;
                let options = asks.options(self.own_options(&flags.own, terminal));
                ask(
                    options,
                    Step::Resources(Box::new(inventory), BTreeSet::new()),
                    iam,
                )?
            }
            Work::Resources { asks, .. } => {
                let (inventory, trails, iam) = resources::merged(&run, &planned, &states)?;
                let options = asks.options(self.own_options(&flags.own, terminal));
                ask(options, Step::Resources(Box::new(inventory), trails), iam)?
            }
            Work::Verify { reads, .. } => {
                let inventory = verify::merged(&run, &planned, reads, &states, &flags.own)?;
                Snapshot::live(inventory, Spool::new()?)
            }
        };
        match &flags.output {
            Some(path) => {
                snapshot.save(path)?;
                terminal.note(&list::collected(&snapshot, path));
            }
            None => keep(&run, &snapshot, &flags.at.run, terminal)?,
        }
        Ok(match snapshot.inventory.complete() {
            true => Exit::Clean,
            false => Exit::Interrupted,
        })
    }
}

/// Keeps it in the run. One that was interrupted would stand in the way of a whole one.
fn keep(run: &Run, snapshot: &Snapshot, place: &Place, terminal: Terminal) -> Result<(), Stop> {
    if !snapshot.inventory.complete() {
        return Ok(());
    }
    let work = files::temporary_folder()?;
    let path = work.path().join(INVENTORY);
    snapshot.save(&path)?;
    match run.keep_inventory(&path)? {
        Put::Written => terminal.note(&format!("wrote {INVENTORY} into {place}")),
        Put::Exists => terminal.warn(&format!(
            "{place} has {INVENTORY} already, of an earlier merge: it stays as it is"
        )),
    }
    Ok(())
}

/// Looks, until all have delivered or the time is up.
fn wait(
    run: &Run,
    shards: usize,
    long: Option<SignedDuration>,
    terminal: Terminal,
) -> Result<Vec<State>, Stop> {
    let until = deadline(long);
    loop {
        let (states, foreign) = run.states(shards)?;
        let missing = not_delivered(&states).len();
        if missing == 0 || until.is_none_or(|it| Instant::now() >= it) {
            for name in foreign {
                terminal.warn(&format!(
                    "{name} belongs to no shard of the plan and is left out"
                ));
            }
            return Ok(states);
        }
        terminal.detail(&format!("waiting for {missing} of {shards} shards"));
        std::thread::sleep(LOOK);
    }
}

/// What all have delivered, as one inventory; all that speaks against it is told at once.
pub(super) fn merged(
    run: &Run,
    planned: &Planned,
    states: &[State],
) -> Result<(Inventory, Spool), Stop> {
    let work = files::temporary_folder()?;
    let path = run
        .organization(planned.plan.work.organization(), work.path())
        .map_err(Stop::Usage)?;
    let organization = load(&Source::File(path)).map_err(Stop::input)?;
    let mut merge = Merge::new(planned.clone(), organization).map_err(Stop::Usage)?;
    let mut wrong = Vec::new();
    for shard in (0..states.len()).filter(|it| states.get(*it).is_some_and(|it| it.delivered)) {
        let file = work.path().join("shard.jsonl");
        let added = run.fetch(shard, &file, work.path()).and_then(|delivered| {
            planned.owns(&delivered.head, shard)?;
            let snapshot = load(&Source::File(file.clone()))?;
            merge.add(shard, &snapshot)
        });
        if let Err(error) = added {
            wrong.push(format!("shard {shard} of {}: {error:#}", states.len()));
        }
    }
    refuse(&wrong, states.len())?;
    Ok(merge.finish())
}

/// Ends the merge where anything speaks against a shard.
pub(super) fn refuse(wrong: &[String], shards: usize) -> Result<(), Stop> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Stop::usage(format!(
        "{} of {shards} shards cannot be merged, and nothing was written: {}",
        wrong.len(),
        wrong.join("; ")
    )))
}

/// Names the shards that are missing, and their accounts.
pub(super) fn tell_missing(
    run: &Run,
    planned: &Planned,
    states: &[State],
    terminal: Terminal,
) -> Result<(), Stop> {
    let failures = run.failures(states)?;
    for shard in not_delivered(states) {
        let units = planned.units(shard)?.iter().map(ToString::to_string);
        let units = units.collect::<Vec<_>>().join(", ");
        let last = failures.get(&shard).and_then(|it| it.last());
        let last = last.map_or_else(String::new, |it| {
            format!(
                "; its attempt {} on {} failed: {}",
                it.attempt, it.host, it.error
            )
        });
        terminal.warn(&format!(
            "shard {shard} of {} has not delivered{last}. Missing: {units}",
            states.len()
        ));
    }
    Ok(())
}
