//! `shard merge`: one inventory of what all shards delivered, and then each resource once.

use std::collections::BTreeSet;
use std::time::Instant;

use jiff::SignedDuration;

use super::{not_delivered, open, resources, verify};
use crate::cli::ShardMerge;
use crate::collect::Step;
use crate::commands::list;
use crate::exit::{Exit, Stop};
use crate::files;
use crate::invocation::Invocation;
use crate::live::ask;
use crate::shard::{INVENTORY, LOOK, Merge, Merged, Planned, Run, State, Work, deadline};
use crate::snapshot::{Joined, Rest, Snapshot, Source, Spool, load, same_but_for_its_end};
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
        let (mut snapshot, rest) = match &planned.plan.work {
            Work::Collect { asks, .. } => {
                let Merged {
                    inventory,
                    rest,
                    iam,
                } = merged(&run, &planned, &states)?;
                let options = asks.options(self.own_options(&flags.own, terminal));
                let step = Step::Resources(Box::new(inventory), BTreeSet::new());
                (ask(options, step, iam)?, rest)
            }
            Work::Resources { asks, .. } => {
                let (inventory, trails, iam) = resources::merged(&run, &planned, &states)?;
                let options = asks.options(self.own_options(&flags.own, terminal));
                let step = Step::Resources(Box::new(inventory), trails);
                (ask(options, step, iam)?, Rest::new()?)
            }
            Work::Verify { reads, .. } => {
                let inventory = verify::merged(&run, &planned, reads, &states, &flags.own)?;
                (Snapshot::live(inventory, Spool::new()?), Rest::new()?)
            }
        };
        if let Some(trailer) = &mut snapshot.inventory.trailer {
            trailer.shards = run.told(&states);
        }
        let joined = Joined::new(snapshot, rest);
        let complete = joined.inventory().complete();
        match &flags.output {
            Some(path) => {
                joined.save(path)?;
                terminal.note(&list::collected(joined.inventory(), path));
            }
            None if complete => return keep(&run, &joined, &flags.at.run, terminal),
            None => terminal.warn("nothing was written: the merge was interrupted"),
        }
        Ok(match complete {
            true => Exit::Clean,
            false => Exit::Interrupted,
        })
    }
}

/// Keeps it in the run, unless it has one. One that was interrupted would stand in the way of a whole one.
fn keep(run: &Run, joined: &Joined, place: &Place, terminal: Terminal) -> Result<Exit, Stop> {
    let work = files::temporary_folder()?;
    let path = work.path().join(INVENTORY);
    joined.save(&path)?;
    if let Put::Written = run.keep_inventory(&path)? {
        terminal.note(&format!("wrote {INVENTORY} into {place}"));
        return Ok(Exit::Clean);
    }
    let there = work.path().join("there.jsonl.zst");
    if run.inventory(&there)? && same_but_for_its_end(&there, &path)? {
        terminal.note(&format!(
            "{place} has {INVENTORY} already, of an earlier merge with the same content: nothing was written"
        ));
        return Ok(Exit::Clean);
    }
    Err(Stop::usage(format!(
        "{place} has {INVENTORY} already, of an earlier merge, and what was merged now is not the same (shards were added, \
         or AWS's answers about resources have changed): nothing was written. Give --output FILE, or move the earlier one away"
    )))
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
pub(super) fn merged(run: &Run, planned: &Planned, states: &[State]) -> Result<Merged, Stop> {
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
            merge.add(shard, &Source::File(file.clone()))
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
