//! `shard plan`: finds the accounts, and writes down which shard asks which.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::inventory::Inventory;
use trailaudit_checks::selection::{Needed, Selection};

use super::open;
use crate::cli::{At, ShardPlan};
use crate::collect::{Options, Step};
use crate::exit::{Exit, Stop};
use crate::files;
use crate::hashing::sha256_of;
use crate::invocation::Invocation;
use crate::live::{ask, by_choice};
use crate::output;
use crate::program::tool;
use crate::shard::{Asks, ORGANIZATION, Plan, Run, SCHEMA, Unit, Weights, Work, assign, plan_id};
use crate::snapshot::{Source, Spool, load};
use crate::store::Put;
use crate::terminal::Terminal;

/// So many accounts one shard may have, unless the number of shards is given.
const ACCOUNTS: usize = 200;
/// Requests for each account and region, whole catalogue: 1.40 million for 10,000 accounts in 17 regions.
const REQUESTS: f64 = 8.24;
/// Regions of an account, where nothing else is known.
const REGIONS: usize = 17;
/// Requests a second with 64 under way, each of which takes 60 ms.
const A_SECOND: f64 = 1_000.0;

impl Invocation {
    pub(super) fn shard_plan(&self, flags: &ShardPlan, terminal: Terminal) -> Result<Exit, Stop> {
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
        let work = files::temporary_folder()?;
        let organization = organization(&run, options, work.path())?;
        let snapshot = load(&Source::File(organization.clone())).map_err(Stop::input)?;
        let units = units(&snapshot.inventory);
        let shards = flags.shards.map_or_else(
            || units.len().div_ceil(ACCOUNTS),
            |it| usize::try_from(it).unwrap_or(usize::MAX),
        );
        let (sha256, _) = sha256_of(files::open(&organization)?)
            .context("what the planning saw cannot be read back")?;
        let plan = Plan {
            schema: SCHEMA,
            id: plan_id()?,
            tool: tool(),
            taken_at: snapshot.inventory.header.taken_at,
            shards: assign(&units, |it| weights.weight(&it.account), shards),
            work: Work::Collect {
                organization: sha256,
                asks,
            },
        };
        if run.begin(&plan, work.path())? == Put::Exists {
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
        // For the script that starts as many jobs.
        output::to_stdout(|out| writeln!(out, "{}", plan.shards.len()))?;
        Ok(Exit::Clean)
    }
}

/// What the planning sees, kept in the run; what one saw that ended before it wrote its plan is good enough.
fn organization(run: &Run, options: Options, work: &Path) -> Result<PathBuf, Stop> {
    if let Some(begun) = run.begun(work)? {
        return Ok(begun);
    }
    let snapshot = ask(options, Step::Plan, Spool::new()?)?;
    if !snapshot.inventory.complete() {
        return Err(Stop::Again(anyhow!("it was interrupted")));
    }
    let path = work.join(ORGANIZATION);
    snapshot.save(&path)?;
    match run.keep_organization(&path)? {
        Put::Written => Ok(path),
        Put::Exists => Err(Stop::Again(anyhow!("another process plans the same run"))),
    }
}

pub(super) fn planned_already(at: &At) -> Stop {
    Stop::usage(format!(
        "{} holds the plan of a run already, and a plan is not replaced: name another folder or prefix",
        at.run
    ))
}

/// The accounts that shards are to ask.
fn units(inventory: &Inventory) -> Vec<Unit> {
    let waiting = inventory.accounts.values().filter(|it| {
        let reason = it.session.gap().map(|gap| gap.reason);
        reason == Some(Reason::NotRun)
    });
    waiting.map(|it| Unit::account(it.id.as_str())).collect()
}

/// What the plan will take, in a sentence.
fn estimate(plan: &Plan, regions: usize) -> String {
    let accounts: usize = plan.shards.iter().map(Vec::len).sum();
    let most = plan.shards.iter().map(Vec::len).max().unwrap_or_default();
    let requests = |accounts: usize| REQUESTS * (accounts * regions) as f64;
    let minutes = (requests(most) / A_SECOND / 60.0).ceil();
    format!(
        "planned {accounts} accounts in {} shards, at most {most} in each: some {:.0} requests in all, of which AWS charges \
         for those to S3 and KMS, in the merge, alone; some {minutes:.0} min and 512 MiB for a shard",
        plan.shards.len(),
        requests(accounts)
    )
}
