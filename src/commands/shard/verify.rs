//! The end of a run that verifies digests and logs: what all shards came to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context as _;
use trailaudit_checks::digest::Window;
use trailaudit_checks::inventory::Inventory;

use super::not_delivered;
use crate::cli::{Extent, Own};
use crate::exit::Stop;
use crate::files;
use crate::opened::{self, Asked, Asker, Opened};
use crate::shard::{Again, Chains, Missing, Planned, Reads, Run, State, chains_are_of, joined};
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

/// What all shards are asked.
pub(super) fn asked(reads: &Reads, own: &Own, planned: &Planned) -> Result<Asked, Stop> {
    let extent = Extent {
        since: reads.since.map(When::At),
        until: Some(When::At(reads.until)),
        bucket: Some(reads.bucket.clone()),
        public_keys: reads.public_keys.clone(),
        max_in_flight: own.max_in_flight.min(reads.max_in_flight),
        ..extent(own, &[])
    };
    let mut asked = Asked::of(&extent, planned.plan.taken_at, false)?;
    asked.depth = reads.depth;
    Ok(asked)
}

/// What all shards have verified, settled with each other.
pub(super) fn merged(
    run: &Run,
    planned: &Planned,
    reads: &Reads,
    states: &[State],
    own: &Own,
) -> Result<Inventory, Stop> {
    let work = files::temporary_folder()?;
    let path = run.organization(planned.plan.work.organization(), work.path());
    let seen = load(&Source::File(path.map_err(Stop::Usage)?)).map_err(Stop::input)?;
    let seen = seen.inventory;
    let mut ledger = seen.ledger;
    let mut finished = planned.plan.taken_at;
    let unlisted = seen.chains.into_values().map(Verified::alone);
    let mut all: Vec<Verified> = unlisted.collect();
    let mut cut: BTreeMap<String, Cut> = BTreeMap::new();
    let mut wrong = Vec::new();
    for shard in (0..states.len()).filter(|it| states.get(*it).is_some_and(|it| it.delivered)) {
        let file = work.path().join("shard.jsonl");
        let answers = work.path().join(format!("answers-{shard}"));
        let delivered = run.fetch(shard, &file, work.path()).and_then(|delivered| {
            planned.owns(&delivered.head, shard)?;
            let chains = Chains::read(&file, &answers)?;
            chains.are_of(planned.units(shard)?, &reads.bucket)?;
            Ok((delivered.seal.finished_at, chains))
        });
        match delivered {
            Ok((at, chains)) => {
                finished = finished.max(at);
                all.extend(chains.chains);
                ledger.extend(chains.calls);
                for (unit, file) in chains.windows {
                    let of = cut.entry(unit.account).or_default();
                    of.there.extend(unit.window.map(|window| (window, file)));
                }
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
        for unit in planned.units(shard)? {
            match unit.window {
                None => all.push(not_run(&reads.bucket, &unit.account, window, &words)),
                Some(window) => {
                    let of = cut.entry(unit.account.clone()).or_default();
                    let words = words.clone();
                    of.missing.push(Missing { window, words });
                }
            }
        }
    }
    let mut asked = asked(reads, own, planned)?;
    for (account, cut) in cut {
        asked.extent.accounts = vec![account.clone()];
        all.extend(cut.verified(&account, window, reads, &mut asked)?);
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

/// An account that was cut into windows.
#[derive(Default)]
struct Cut {
    /// What was answered about those that were delivered.
    there: Vec<(Window, PathBuf)>,
    missing: Vec<Missing>,
}

impl Cut {
    /// The chains of the account: each as one, over all windows that follow on each other.
    fn verified(
        mut self,
        account: &str,
        whole: Window,
        reads: &Reads,
        asked: &mut Asked,
    ) -> Result<Vec<Verified>, Stop> {
        self.there.sort();
        self.missing.sort_by_key(|it| it.window);
        let follows =
            |one: &(Window, PathBuf), other: &(Window, PathBuf)| one.0.end == other.0.start;
        let mut runs = Vec::new();
        for run in self.there.chunk_by(follows) {
            let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) else {
                continue;
            };
            (asked.since, asked.until) = (Some(first.start), last.end);
            let again = Again::open(run).with_context(|| {
                format!(
                    "what was answered about account {account} from {} on",
                    first.start
                )
            });
            let again = again.map_err(Stop::Usage)?;
            let keys = |_| again.keys.clone();
            let place = (reads.source.as_str(), reads.bucket.as_str());
            let each = |it: Opened<'_>| opened::each(&it, false, None);
            let verified = opened::again(&again, again.found(), place, &keys, asked, &each)?;
            chains_are_of(
                &verified,
                &BTreeSet::from([&account.to_owned()]),
                &reads.bucket,
            )
            .map_err(Stop::Usage)?;
            runs.push(verified);
        }
        if self.missing.is_empty() {
            return Ok(runs.into_iter().flatten().collect());
        }
        let words = self.missing.iter().map(|it| it.words.as_str());
        let words: BTreeSet<&str> = words.collect();
        let words = words.into_iter().collect::<Vec<_>>().join(", ");
        let mut all = joined(runs, whole, &self.missing);
        all.push(not_run(&reads.bucket, account, whole, &words));
        Ok(all)
    }
}
