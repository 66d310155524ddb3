//! The parts of a run that verifies digests and logs: its plan, one shard of it, and what all came to.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use trailaudit_checks::digest::Window;
use trailaudit_checks::fact::Reason;
use trailaudit_checks::inventory::Inventory;

use super::plan::planned_already;
use super::{not_delivered, open};
use crate::cli::{Extent, Own, ShardPlanVerify};
use crate::exit::{Exit, Stop};
use crate::files;
use crate::hashing::sha256_of;
use crate::invocation::Invocation;
use crate::opened::{self, Asked, Asker, Opened};
use crate::output;
use crate::program::{clock, tool};
use crate::shard::{
    Chains, ORGANIZATION, Plan, Planned, Reads, Run, SCHEMA, State, Weights, Work, assign,
};
use crate::snapshot::{Snapshot, Source, Spool, load};
use crate::store::Put;
use crate::terminal::Terminal;
use crate::verify::window::When;
use crate::verify::{Verified, not_run, settle_all, unlisted_place};

/// So many accounts one shard may have, unless the number of shards is given.
const ACCOUNTS: usize = 200;

impl Invocation {
    pub(super) fn shard_plan_verify(
        &self,
        flags: &ShardPlanVerify,
        terminal: Terminal,
    ) -> Result<Exit, Stop> {
        let run = open(&flags.at, flags.own.profile.as_deref())?;
        if run.is_planned()? {
            return Err(planned_already(&flags.at));
        }
        let now = clock()?;
        let extent = Extent {
            since: flags.since,
            until: flags.until,
            bucket: flags.bucket.clone(),
            public_keys: flags.public_keys.clone(),
            ..extent(&flags.own, &flags.accounts)
        };
        let asked = Asked::of(&extent, now, false)?;
        let (since, until) = (asked.since, asked.until);
        let look = |it: Opened<'_>| {
            let accounts = it.found.scopes.iter().map(|scope| scope.account.clone());
            let accounts: BTreeSet<String> = accounts.collect();
            let unread = it.found.unread.iter();
            let unlisted = unread.map(|(at, unread)| unlisted_place(&it.request, at, unread));
            // A shard tells by itself what it cannot list of its accounts.
            let unlisted = unlisted.filter(|it| !accounts.contains(&it.record.chain.id.account));
            Ok((
                accounts.clone(),
                unlisted.collect::<Vec<_>>(),
                it.request.bucket,
            ))
        };
        let Some(((accounts, unlisted, bucket), asker)) =
            opened::open(&flags.source, &asked, &look)?
        else {
            return Ok(Exit::Clean);
        };
        if asked.halt.is_set() {
            return Err(Stop::Again(anyhow!("it was interrupted")));
        }
        let units: Vec<String> = accounts.into_iter().collect();
        let shards = flags.shards.map_or_else(
            || units.len().div_ceil(ACCOUNTS),
            |it| usize::try_from(it).unwrap_or(usize::MAX),
        );
        let work = files::temporary_folder()?;
        let path = work.path().join(ORGANIZATION);
        let seen = opened::inventory(unlisted, asker, now, clock()?, false);
        Snapshot::live(seen, Spool::new()?).save(&path)?;
        if run.keep_organization(&path)? == Put::Exists {
            return Err(planned_already(&flags.at));
        }
        let (sha256, _) = sha256_of(files::open(&path)?).context("the plan cannot be read back")?;
        let plan = Plan {
            schema: SCHEMA,
            tool: tool(),
            taken_at: now,
            shards: assign(&units, &Weights::default(), shards),
            work: Work::Verify {
                organization: sha256,
                reads: Reads {
                    source: flags.source.clone(),
                    bucket,
                    since,
                    until,
                    depth: flags.depth.into(),
                    public_keys: flags.public_keys.clone(),
                },
            },
        };
        if run.begin(&plan, work.path())? == Put::Exists {
            return Err(planned_already(&flags.at));
        }
        terminal.note(&format!(
            "planned {} accounts in {} shards (`trailaudit verify --plan` reports objects and bytes)",
            units.len(),
            plan.shards.len()
        ));
        output::to_stdout(|out| writeln!(out, "{}", plan.shards.len()))?;
        Ok(Exit::Clean)
    }
}

fn extent(own: &Own, accounts: &[String]) -> Extent {
    Extent {
        since: None,
        until: None,
        accounts: accounts.to_vec(),
        regions: Vec::new(),
        trail: None,
        bucket: None,
        plan: false,
        public_keys: None,
        profile: own.profile.clone(),
        max_in_flight: own.max_in_flight,
    }
}

/// Verifies the accounts of one shard. Whether an attempt may see more is told by `passing`.
pub(super) fn chains(
    reads: &Reads,
    own: &Own,
    planned: &Planned,
    accounts: &[String],
    last: bool,
) -> Result<Chains, Stop> {
    // No account would mean all of them.
    if accounts.is_empty() {
        return Ok(Chains::default());
    }
    let extent = Extent {
        since: reads.since.map(When::At),
        until: Some(When::At(reads.until)),
        bucket: Some(reads.bucket.clone()),
        public_keys: reads.public_keys.clone(),
        ..extent(own, accounts)
    };
    let mut asked = Asked::of(&extent, planned.plan.taken_at, false)?;
    asked.depth = reads.depth;
    let each = |it: Opened<'_>| opened::each(&it, false, None);
    let (chains, asker) = opened::open(&reads.source, &asked, &each)?
        .ok_or_else(|| Stop::Fatal(anyhow!("nothing was verified")))?;
    if asked.halt.is_set() {
        return Err(Stop::Again(anyhow!("it was interrupted")));
    }
    let chains = Chains {
        chains,
        calls: asker.ledger,
    };
    chains.are_of(accounts, &reads.bucket)?;
    let mut gaps = chains.chains.iter().flat_map(|it| &it.record.unread);
    let passing = gaps.find(|it| matches!(it.reason, Reason::Throttled | Reason::Failed));
    match passing.filter(|_| !last) {
        None => Ok(chains),
        Some(gap) => Err(Stop::Again(anyhow!(
            "{gap} ({}): another attempt may see more",
            gap.detail
        ))),
    }
}

/// What all shards have verified, settled with each other.
pub(super) fn merged(
    run: &Run,
    planned: &Planned,
    reads: &Reads,
    states: &[State],
) -> Result<Inventory, Stop> {
    let work = files::temporary_folder()?;
    let path = run.organization(planned.plan.work.organization(), work.path());
    let seen = load(&Source::File(path.map_err(Stop::Usage)?)).map_err(Stop::input)?;
    let seen = seen.inventory;
    let mut ledger = seen.ledger;
    let mut finished = planned.plan.taken_at;
    let unlisted = seen.chains.into_values().map(Verified::alone);
    let mut all: Vec<Verified> = unlisted.collect();
    let mut wrong = Vec::new();
    for shard in (0..states.len()).filter(|it| states.get(*it).is_some_and(|it| it.delivered)) {
        let file = work.path().join("shard.jsonl");
        let delivered = run.fetch(shard, &file, work.path()).and_then(|delivered| {
            planned.owns(&delivered.head, shard)?;
            let chains = Chains::read(&file)?;
            chains.are_of(planned.units(shard)?, &reads.bucket)?;
            Ok((delivered.seal.finished_at, chains))
        });
        match delivered {
            Ok((at, chains)) => {
                finished = finished.max(at);
                all.extend(chains.chains);
                ledger.extend(chains.calls);
            }
            Err(error) => wrong.push(format!("shard {shard} of {}: {error:#}", states.len())),
        }
    }
    super::merge::refuse(&wrong, states.len())?;
    let window = Window {
        start: reads.since.unwrap_or(reads.until),
        end: reads.until,
    };
    for shard in not_delivered(states) {
        let words = format!("shard {shard} of {} did not deliver", states.len());
        let units = planned.units(shard)?.iter();
        all.extend(units.map(|it| not_run(&reads.bucket, it, window, &words)));
    }
    settle_all(&mut all);
    let asker = Asker {
        caller: seen.header.scope.caller_arn,
        endpoints: seen.header.scope.endpoints,
        ledger: Vec::new(),
    };
    let mut merged = opened::inventory(all, asker, planned.plan.taken_at, finished, false);
    ledger.sort();
    ledger.dedup();
    merged.ledger = ledger;
    Ok(merged)
}
