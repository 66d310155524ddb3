//! `shard run`: collects what one shard is to collect, and delivers it.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use anyhow::anyhow;
use trailaudit_checks::calls::{ASSUME_ROLE, LIST_REGIONS};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::ids::AccountId;
use trailaudit_checks::inventory::{CallOutcome, Inventory};

use super::chains::Verifying;
use super::open;
use crate::cli::ShardRun;
use crate::collect::Step;
use crate::exit::{Exit, Stop};
use crate::files;
use crate::invocation::Invocation;
use crate::live::ask;
use crate::program::clock;
use crate::shard::{
    Chains, Delivery, Failure, Head, Planned, Run, SCHEMA, State, Unit, Work, added, host, index,
};
use crate::snapshot::{Snapshot, Source, Spool, load};
use crate::store::Put;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn shard_run(&self, flags: &ShardRun, terminal: Terminal) -> Result<Exit, Stop> {
        let shard = match flags.shard {
            Some(shard) => shard,
            None => index(|name| std::env::var_os(name)).map_err(Stop::usage)?,
        };
        let run = open(&flags.at, flags.own.profile.as_deref())?;
        let planned = run.plan(flags.wait)?;
        planned.units(shard).map_err(Stop::Usage)?;
        let (states, _) = run.states(planned.plan.shards.len())?;
        let State {
            delivered, failed, ..
        } = states.get(shard).cloned().unwrap_or_default();
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
                    "the failure of this attempt cannot be recorded in the run: {error:#}"
                ));
            }
        })
    }
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
        let units = self.planned.units(self.shard).map_err(Stop::Usage)?;
        let head = Head {
            schema: SCHEMA,
            plan: self.planned.sha256.clone(),
            shard: self.shard,
            of: self.planned.plan.shards.len(),
            host: host(),
            started_at: clock()?,
            attempt: self.number,
        };
        let written = self.work(units, &head)?;
        let file = self.work.join("delivery.jsonl.zst");
        Delivery::write(&file, head, |out| written.write(out), clock)?;
        let words = match self.run.deliver(self.shard, &file)? {
            Put::Written => "delivered",
            Put::Exists => "had been delivered meanwhile, and this attempt was not needed",
        };
        self.terminal
            .note(&format!("shard {} {words}: {}", self.shard, counted(units)));
        Ok(Exit::Clean)
    }

    fn work(&self, units: &[Unit], head: &Head) -> Result<Written, Stop> {
        let own = &self.flags.own;
        let last = self.number > self.flags.retries;
        match &self.planned.plan.work {
            Work::Collect { organization, asks } => {
                let path = self.run.organization(organization, self.work)?;
                let organization = load(&Source::File(path)).map_err(Stop::input)?;
                let ids = units.iter().map(|it| AccountId::from(it.account.as_str()));
                let ids = ids.collect();
                let step = Step::Accounts(Box::new(organization.inventory), ids);
                let options = asks.options(self.invocation.own_options(own, self.terminal));
                let snapshot = ask(options, step, Spool::new()?)?;
                worth(&snapshot.inventory, last)?;
                Ok(Written::Inventory(Box::new(snapshot)))
            }
            Work::Resources { organization, asks } => {
                let path = self.run.organization(organization, self.work)?;
                let seen = load(&Source::File(path)).map_err(Stop::input)?.inventory;
                let ids = units.iter().map(|it| AccountId::from(it.account.as_str()));
                let ids: BTreeSet<AccountId> = ids.collect();
                let step = Step::Share(Box::new(seen), ids.clone());
                let options = asks.options(self.invocation.own_options(own, self.terminal));
                let asked = ask(options, step, Spool::new()?)?;
                worth(&asked.inventory, last)?;
                let added = Snapshot::live(added(asked.inventory, &ids), Spool::new()?);
                Ok(Written::Inventory(Box::new(added)))
            }
            Work::Verify { reads, .. } => {
                let verifying = Verifying {
                    run: self.run,
                    planned: self.planned,
                    reads,
                    own,
                    head,
                    work: self.work,
                    last,
                    terminal: self.terminal,
                };
                Ok(Written::Chains(verifying.chains()?))
            }
        }
    }
}

/// How much it is, in words.
pub(super) fn counted(units: &[Unit]) -> String {
    let windows = units.iter().filter(|it| it.window.is_some()).count();
    let whole = units.len() - windows;
    match windows {
        0 => format!("{whole} accounts"),
        _ => format!("{whole} accounts, {windows} windows of accounts"),
    }
}

/// Whether it is worth delivering, or another attempt may see more. A denial is a fact; so is a failure that came
/// back in every attempt.
fn worth(seen: &Inventory, last: bool) -> Result<(), Stop> {
    if !seen.complete() {
        return Err(Stop::Again(anyhow!("it was interrupted")));
    }
    if last {
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

/// What a shard delivers.
enum Written {
    /// What its accounts show.
    Inventory(Box<Snapshot>),
    /// What was verified.
    Chains(Chains),
}

impl Written {
    fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        match self {
            Self::Inventory(it) => it.write(out),
            Self::Chains(it) => it.write(out),
        }
    }
}
