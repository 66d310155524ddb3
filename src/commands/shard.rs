//! `shard`: plan a run, do one shard of it, merge what all delivered.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use jiff::SignedDuration;
use serde::Serialize;
use trailaudit_checks::calls::{ASSUME_ROLE, LIST_REGIONS};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{CallOutcome, Inventory};
use trailaudit_checks::selection::{Needed, Selection};

use super::list;
use crate::cli::{At, Own, Shard, ShardMerge, ShardPlan, ShardRun, ShardStatus};
use crate::collect::{Options, Step};
use crate::exit::{Exit, Stop};
use crate::files;
use crate::invocation::Invocation;
use crate::live::{ask, by_choice};
use crate::output;
use crate::program::{clock, tool};
use crate::shard::{
    Asks, Delivery, Failure, Head, Merge, Plan, Planned, Run, SCHEMA, State, Weights, Work, assign,
    host, index,
};
use crate::snapshot::{Snapshot, Source, Spool, load};
use crate::store::Put;
use crate::terminal::{Terminal, stderr_is_terminal};

/// So many accounts one shard may have, unless the number of shards is given.
const ACCOUNTS: usize = 200;
/// How often it is looked whether shards have delivered.
const LOOK: Duration = Duration::from_secs(5);
/// Requests for each account and region, whole catalogue: 1.40 million for 10,000 accounts in 17 regions.
const REQUESTS: f64 = 8.24;
/// Regions of an account, where nothing else is known.
const REGIONS: usize = 17;
/// Requests a second with 64 under way, each of which takes 60 ms.
const A_SECOND: f64 = 1_000.0;

impl Invocation {
    pub(super) fn shard(&self, command: &Shard, terminal: Terminal) -> Result<Exit, Stop> {
        match command {
            Shard::Plan(flags) => self.shard_plan(flags, terminal),
            Shard::Run(flags) => self.shard_run(flags, terminal),
            Shard::Merge(flags) => self.shard_merge(flags, terminal),
            Shard::Status(flags) => status(flags),
        }
    }

    fn shard_plan(&self, flags: &ShardPlan, terminal: Terminal) -> Result<Exit, Stop> {
        let run = open(&flags.at, flags.live.profile.as_deref())?;
        if run.is_planned()? {
            return Err(planned_already(&flags.at));
        }
        let weights = match &flags.weights {
            Some(path) => {
                let former = load(&Source::File(path.clone())).map_err(Stop::input)?;
                Weights::of(&former.inventory)
            }
            None => Weights::default(),
        };
        let choice = by_choice(&flags.live, false);
        let needed = if flags.select.is_everything() {
            Needed::everything(choice)
        } else {
            let mut selection = Selection::of(&flags.select.choice(), &self.config.settings)?;
            selection.without_chains();
            selection.without_events();
            selection.needed(choice)
        };
        let options = self.options_of(&flags.live, needed, terminal)?;
        let asks = Asks::of(&options);
        let snapshot = ask(options, Step::Plan, Spool::new()?)?;
        let units = units(&snapshot.inventory);
        let shards = flags.shards.map_or_else(
            || units.len().div_ceil(ACCOUNTS),
            |it| usize::try_from(it).unwrap_or(usize::MAX),
        );
        let work = files::temporary_folder()?;
        let organization = work.path().join("organization.jsonl.zst");
        snapshot.save(&organization)?;
        let (sha256, _) = crate::hashing::sha256_of(files::open(&organization)?)
            .context("the plan cannot be read back")?;
        let plan = Plan {
            schema: SCHEMA,
            tool: tool(),
            taken_at: snapshot.inventory.header.taken_at,
            shards: assign(&units, &weights, shards),
            work: Work::Collect {
                organization: sha256,
                asks,
            },
        };
        if !run.begin(&plan, &organization, work.path())? {
            return Err(planned_already(&flags.at));
        }
        let regions = match flags.live.regions.len() {
            0 => REGIONS,
            some => some,
        };
        terminal.note(&estimate(&plan, regions));
        terminal.note(&format!(
            "run each of them: `trailaudit shard run --run {} --shard N`, N from 0 to {}; then `trailaudit shard merge`",
            flags.at.run,
            plan.shards.len() - 1
        ));
        Ok(Exit::Clean)
    }

    fn shard_run(&self, flags: &ShardRun, terminal: Terminal) -> Result<Exit, Stop> {
        let shard = match flags.shard {
            Some(shard) => shard,
            None => index(|name| std::env::var_os(name)).map_err(Stop::usage)?,
        };
        let run = open(&flags.at, flags.own.profile.as_deref())?;
        let planned = run.plan().map_err(Stop::Usage)?;
        planned.units(shard).map_err(Stop::Usage)?;
        let (states, _) = run.states(planned.plan.shards.len())?;
        let State { delivered, failed } = states.get(shard).cloned().unwrap_or_default();
        if delivered {
            terminal.note(&format!(
                "shard {shard} has delivered already: nothing was done"
            ));
            return Ok(Exit::Clean);
        }
        let work = files::temporary_folder()?;
        let attempt = Attempt {
            invocation: self,
            flags,
            run: &run,
            planned: &planned,
            shard,
            number: failed.last().map_or(1, |it| it + 1),
            work: work.path(),
            terminal,
        };
        attempt.go().inspect_err(|stop| {
            let code = stop.exit().code();
            let failure = Failure::now(
                &planned,
                (shard, attempt.number),
                code,
                format!("{:#}", stop.error()),
            );
            if let Err(error) = run.failed(failure, work.path()) {
                terminal.warn(&format!(
                    "that this attempt failed cannot be told to the run: {error:#}"
                ));
            }
        })
    }

    fn shard_merge(&self, flags: &ShardMerge, terminal: Terminal) -> Result<Exit, Stop> {
        let run = open(&flags.at, flags.own.profile.as_deref())?;
        let planned = run.plan().map_err(Stop::Usage)?;
        let shards = planned.plan.shards.len();
        let states = wait(&run, shards, flags.wait, terminal)?;
        let missing: Vec<usize> = not_delivered(&states);
        if !missing.is_empty() && !flags.allow_missing {
            tell_missing(&run, &planned, &states, terminal)?;
            return Ok(Exit::Incomplete);
        }
        let Work::Collect { organization, asks } = planned.plan.work.clone();
        let (inventory, iam, missing) = merged(&run, &planned, &organization, &states)?;
        if !missing.is_empty() {
            tell_missing(&run, &planned, &states, terminal)?;
        }
        let options = asks.options(self.own_options(&flags.own, terminal));
        let snapshot = ask(options, Step::Resources(Box::new(inventory)), iam)?;
        snapshot.save(&flags.output)?;
        terminal.note(&list::collected(&snapshot, &flags.output));
        Ok(match snapshot.inventory.complete() {
            true => Exit::Clean,
            false => Exit::Interrupted,
        })
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

fn planned_already(at: &At) -> Stop {
    Stop::usage(format!(
        "{} holds the plan of a run already, and a plan is not replaced: name another folder or prefix",
        at.run
    ))
}

/// The accounts that shards are to ask.
fn units(inventory: &Inventory) -> Vec<String> {
    let waiting = inventory.accounts.values().filter(|it| {
        let reason = it.session.gap().map(|gap| gap.reason);
        reason == Some(Reason::NotRun)
    });
    waiting.map(|it| it.id.to_string()).collect()
}

/// What the plan will take, in a sentence.
fn estimate(plan: &Plan, regions: usize) -> String {
    let accounts: usize = plan.shards.iter().map(Vec::len).sum();
    let most = plan.shards.iter().map(Vec::len).max().unwrap_or_default();
    let requests = |accounts: usize| REQUESTS * (accounts * regions) as f64;
    let minutes = (requests(most) / A_SECOND / 60.0).ceil();
    format!(
        "planned {accounts} accounts in {} shards, at most {most} in each: some {:.0} requests in all, for which AWS takes \
         no money; some {minutes:.0} min and 512 MiB for a shard",
        plan.shards.len(),
        requests(accounts)
    )
}

/// One attempt at a shard.
struct Attempt<'a> {
    invocation: &'a Invocation,
    flags: &'a ShardRun,
    run: &'a Run,
    planned: &'a Planned,
    shard: usize,
    number: usize,
    work: &'a Path,
    terminal: Terminal,
}

impl Attempt<'_> {
    fn go(&self) -> Result<Exit, Stop> {
        let started_at = clock()?;
        let Work::Collect { organization, asks } = &self.planned.plan.work;
        let organization = self.organization(organization)?;
        let units = self.planned.units(self.shard).map_err(Stop::Usage)?;
        let ids: BTreeSet<AccountId> = units
            .iter()
            .map(|it| AccountId::from(it.as_str()))
            .collect();
        let options = asks.options(self.invocation.own_options(&self.flags.own, self.terminal));
        let snapshot = ask(
            options,
            Step::Accounts(Box::new(organization.inventory), ids),
            Spool::new()?,
        )?;
        self.worth(&snapshot.inventory)?;
        let head = Head {
            schema: SCHEMA,
            plan: self.planned.sha256.clone(),
            shard: self.shard,
            of: self.planned.plan.shards.len(),
            host: host(),
            started_at,
            attempt: self.number,
        };
        let file = self.work.join("delivery.jsonl.zst");
        Delivery::write(&file, head, |out| snapshot.write(out), clock)?;
        let words = match self.run.deliver(self.shard, &file)? {
            Put::Written => "delivered",
            Put::Exists => "had been delivered meanwhile, and this attempt was not needed",
        };
        self.terminal.note(&format!(
            "shard {} {words}: {} accounts",
            self.shard,
            units.len()
        ));
        Ok(Exit::Clean)
    }

    fn organization(&self, sha256: &str) -> Result<Snapshot, Stop> {
        let path = self.run.organization(sha256, self.work)?;
        load(&Source::File(path)).map_err(Stop::input)
    }

    /// Whether it is worth delivering, or another attempt may see more. A denial is a fact; so is a failure that came
    /// back in every attempt.
    fn worth(&self, seen: &Inventory) -> Result<(), Stop> {
        if !seen.complete() {
            return Err(Stop::Again(anyhow!("it was interrupted")));
        }
        if self.number > self.flags.retries {
            return Ok(());
        }
        let passing = |outcome, call| match outcome {
            CallOutcome::Failed(Reason::Throttled) => true,
            CallOutcome::Failed(Reason::Failed) => [ASSUME_ROLE, LIST_REGIONS].contains(&call),
            CallOutcome::Failed(_) | CallOutcome::Answered | CallOutcome::Absent => false,
        };
        let failed = seen.ledger.iter().find(|it| passing(it.outcome, it.call));
        match failed {
            None => Ok(()),
            Some(call) => Err(Stop::Again(anyhow!(
                "{} in account {} {} failed ({}): another attempt may see more",
                call.call,
                call.account,
                call.region,
                call.detail
            ))),
        }
    }
}

/// Looks, until all have delivered or the time is up.
fn wait(
    run: &Run,
    shards: usize,
    long: Option<SignedDuration>,
    terminal: Terminal,
) -> Result<Vec<State>, Stop> {
    let until = long.and_then(|it| Instant::now().checked_add(it.unsigned_abs()));
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

fn not_delivered(states: &[State]) -> Vec<usize> {
    let numbered = states.iter().enumerate();
    numbered
        .filter(|(_, it)| !it.delivered)
        .map(|(shard, _)| shard)
        .collect()
}

/// What all have delivered, as one inventory; all that speaks against it is told at once.
fn merged(
    run: &Run,
    planned: &Planned,
    organization: &str,
    states: &[State],
) -> Result<(Inventory, Spool, Vec<usize>), Stop> {
    let work = files::temporary_folder()?;
    let path = run
        .organization(organization, work.path())
        .map_err(Stop::Usage)?;
    let organization = load(&Source::File(path)).map_err(Stop::input)?;
    let mut merge = Merge::new(planned.clone(), organization).map_err(Stop::Usage)?;
    let mut wrong = Vec::new();
    for shard in (0..states.len()).filter(|it| states.get(*it).is_some_and(|it| it.delivered)) {
        let file = work.path().join("shard.jsonl");
        let added = run.fetch(shard, &file, work.path()).and_then(|delivered| {
            if delivered.head.shard != shard {
                anyhow::bail!("it is what shard {} delivered", delivered.head.shard);
            }
            let snapshot = load(&Source::File(file.clone()))?;
            merge.add(&delivered, &snapshot)
        });
        if let Err(error) = added {
            wrong.push(format!("shard {shard} of {}: {error:#}", states.len()));
        }
    }
    if !wrong.is_empty() {
        return Err(Stop::usage(format!(
            "{} of {} shards cannot be merged, and nothing was written:\n  {}",
            wrong.len(),
            states.len(),
            wrong.join("\n  ")
        )));
    }
    Ok(merge.finish())
}

/// Names the shards that are missing, and their accounts.
fn tell_missing(
    run: &Run,
    planned: &Planned,
    states: &[State],
    terminal: Terminal,
) -> Result<(), Stop> {
    let failures = run.failures(states)?;
    for shard in not_delivered(states) {
        let accounts = planned.units(shard)?.join(", ");
        let last = failures.get(&shard).and_then(|it| it.last());
        let last = last.map_or_else(String::new, |it| {
            format!(
                "; its attempt {} on {} failed: {}",
                it.attempt, it.host, it.error
            )
        });
        terminal.warn(&format!(
            "shard {shard} of {} has not delivered{last}. Its accounts: {accounts}",
            states.len()
        ));
    }
    Ok(())
}

/// How far a run is, as JSON.
#[derive(Serialize)]
struct Told<'a> {
    shard: usize,
    accounts: &'a [String],
    delivered: bool,
    failures: Vec<Failure>,
}

fn status(flags: &ShardStatus) -> Result<Exit, Stop> {
    let run = open(&flags.at, flags.profile.as_deref())?;
    let planned = run.plan().map_err(Stop::Usage)?;
    let (states, _) = run.states(planned.plan.shards.len())?;
    let mut failures = run.failures(&states)?;
    let told: Vec<Told<'_>> = states
        .iter()
        .zip(&planned.plan.shards)
        .enumerate()
        .map(|(shard, (state, accounts))| Told {
            shard,
            accounts,
            delivered: state.delivered,
            failures: failures.remove(&shard).unwrap_or_default(),
        })
        .collect();
    if flags.json {
        let text = serde_json::to_string_pretty(&told).context("the status cannot be written")?;
        output::to_stdout(|out| writeln!(out, "{text}"))?;
    } else {
        output::to_stdout(|out| table(&told, out))?;
    }
    Ok(match not_delivered(&states).is_empty() {
        true => Exit::Clean,
        false => Exit::Incomplete,
    })
}

fn table(told: &[Told<'_>], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let delivered = told.iter().filter(|it| it.delivered).count();
    writeln!(out, "{delivered} of {} shards have delivered", told.len())?;
    for it in told
        .iter()
        .filter(|it| !it.delivered || !it.failures.is_empty())
    {
        let state = match it.delivered {
            true => "delivered",
            false => "missing",
        };
        let last = it.failures.last().map_or_else(String::new, |last| {
            let words: String = trailaudit_reports::sanitize::line(&last.error);
            format!(", {} failed, the last: {words}", it.failures.len())
        });
        writeln!(
            out,
            "  shard {}: {state}, {} accounts{last}",
            it.shard,
            it.accounts.len()
        )?;
    }
    Ok(())
}
