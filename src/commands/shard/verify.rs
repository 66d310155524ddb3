//! The parts of a run that verifies digests and logs: one shard of it, and what all came to.

use anyhow::anyhow;
use trailaudit_checks::digest::Window;
use trailaudit_checks::fact::Reason;
use trailaudit_checks::inventory::Inventory;

use super::not_delivered;
use crate::cli::{Extent, Own};
use crate::exit::Stop;
use crate::files;
use crate::opened::{self, Asked, Asker, Opened};
use crate::shard::{Chains, Planned, Reads, Run, State};
use crate::snapshot::{Source, load};
use crate::verify::window::When;
use crate::verify::{Verified, not_run, settle_all};

/// All that some accounts have.
pub(super) fn extent(own: &Own, accounts: &[String]) -> Extent {
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

/// Verifies the accounts of one shard. Where another attempt may see more, one that is not the last delivers nothing.
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
        max_in_flight: own.max_in_flight.min(reads.max_in_flight),
        ..extent(own, accounts)
    };
    let mut asked = Asked::of(&extent, planned.plan.taken_at, false)?;
    asked.depth = reads.depth;
    asked.halt.on_term();
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
