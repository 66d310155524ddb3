//! The resources of accounts that were collected in shards: planned as a run of their own, and merged.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::ids::{AccountId, Arn};
use trailaudit_checks::inventory::{Inventory, Trailer};

use super::merge::{self, refuse, tell_missing};
use super::plan::planned_already;
use super::{not_delivered, open};
use crate::cli::ShardPlanResources;
use crate::exit::{Exit, Stop};
use crate::files;
use crate::hashing::sha256_of;
use crate::output;
use crate::program::tool;
use crate::shard::{
    Merged, ORGANIZATION, Plan, Planned, Run, SCHEMA, State, Work, add, assign, owners, plan_id,
};
use crate::snapshot::{Joined, Snapshot, Source, Spool, load};
use crate::store::Put;
use crate::terminal::Terminal;

/// So many accounts that own trails one shard may have, unless the number of shards is given.
const ACCOUNTS: usize = 1_000;

/// `shard plan-resources`: who owns what, by a run whose shards have all delivered.
pub(super) fn plan(flags: &ShardPlanResources, terminal: Terminal) -> Result<Exit, Stop> {
    let profile = flags.profile.as_deref();
    let run = open(&flags.at, profile)?;
    if run.is_planned()? {
        return Err(planned_already(&flags.at));
    }
    let of = Run::open(&flags.of, profile, flags.at.sink_role.as_deref())?;
    let planned = of.plan(None)?;
    let Work::Collect { asks, .. } = &planned.plan.work else {
        return Err(Stop::usage(format!(
            "{} is no run of `shard plan`: only accounts that were collected own resources",
            flags.of
        )));
    };
    let (states, _) = of.states(planned.plan.shards.len())?;
    if !not_delivered(&states).is_empty() {
        tell_missing(&of, &planned, &states, terminal)?;
        return Ok(Exit::Incomplete);
    }
    let Merged {
        mut inventory,
        rest,
        iam,
    } = merge::merged(&of, &planned, &states)?;
    inventory.trailer = Some(Trailer {
        finished_at: planned.plan.taken_at,
        interrupted: false,
        coverage: Coverage::default(),
        counts: BTreeMap::new(),
        shards: Vec::new(),
    });
    let units = owners(&inventory);
    let shards = flags.shards.map_or_else(
        || units.len().div_ceil(ACCOUNTS),
        |it| usize::try_from(it).unwrap_or(usize::MAX),
    );
    let work = files::temporary_folder()?;
    let path = work.path().join(ORGANIZATION);
    Joined::new(Snapshot::live(inventory, iam), rest).save(&path)?;
    if run.keep_organization(&path)? == Put::Exists {
        return Err(planned_already(&flags.at));
    }
    let (sha256, _) = sha256_of(files::open(&path)?).context("the plan cannot be read back")?;
    let plan = Plan {
        schema: SCHEMA,
        id: plan_id()?,
        tool: tool(),
        taken_at: planned.plan.taken_at,
        shards: assign(&units, |_| 1, shards),
        work: Work::Resources {
            organization: sha256,
            asks: asks.clone(),
        },
    };
    if run.begin(&plan, work.path())? == Put::Exists {
        return Err(planned_already(&flags.at));
    }
    terminal.note(&format!(
        "planned the resources of {} accounts that own trails, in {} shards",
        units.len(),
        plan.shards.len()
    ));
    // For the script that starts as many jobs.
    output::to_stdout(|out| writeln!(out, "{}", plan.shards.len()))?;
    Ok(Exit::Clean)
}

/// What all accounts have shown and what the shards added, with the trails that need not be asked again.
pub(super) fn merged(
    run: &Run,
    planned: &Planned,
    states: &[State],
) -> Result<(Inventory, BTreeSet<Arn>, Spool), Stop> {
    let work = files::temporary_folder()?;
    let path = run.organization(planned.plan.work.organization(), work.path());
    let organization = load(&Source::File(path.map_err(Stop::Usage)?)).map_err(Stop::input)?;
    let mut iam = Spool::new()?;
    let mut kept = Ok(());
    organization.each_iam(|it| {
        if kept.is_ok() {
            kept = iam.append(&it);
        }
    })?;
    kept?;
    let mut all = organization.inventory;
    let (mut trails, mut wrong) = (BTreeSet::new(), Vec::new());
    for shard in (0..states.len()).filter(|it| states.get(*it).is_some_and(|it| it.delivered)) {
        let file = work.path().join("shard.jsonl");
        let added = run.fetch(shard, &file, work.path()).and_then(|delivered| {
            planned.owns(&delivered.head, shard)?;
            let units = planned.units(shard)?.iter();
            let own = units.map(|it| AccountId::from(it.account.as_str()));
            let snapshot = load(&Source::File(file.clone()))?;
            add(&mut all, snapshot.inventory, &own.collect())
        });
        match added {
            Ok(asked) => trails.extend(asked),
            Err(error) => wrong.push(format!("shard {shard} of {}: {error:#}", states.len())),
        }
    }
    refuse(&wrong, states.len())?;
    Ok((all, trails, iam))
}
