//! A run in its store: which shards have delivered, and which attempts have failed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trailaudit_checks::finding::short;
use trailaudit_checks::inventory::{Shard, ShardDelivery};
use trailaudit_reports::sanitize;

use super::{Delivered, Delivery, INVENTORY, ORGANIZATION, PLAN, Plan, Planned, SCHEMA};
use crate::exit::Stop;
use crate::files::{Access, write_whole};
use crate::hashing::sha256_of;
use crate::store::{Kept, Options, Place, Put, SHARDS, Store, open};

/// How often it is looked whether others have written.
pub const LOOK: Duration = Duration::from_secs(5);

/// When waiting ends.
#[must_use]
pub fn deadline(wait: Option<SignedDuration>) -> Option<Instant> {
    wait.and_then(|it| Instant::now().checked_add(it.unsigned_abs()))
}

/// An attempt that delivered nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The version of this file.
    pub schema: u64,
    /// SHA-256 of the plan.
    pub plan: String,
    /// Which shard.
    pub shard: usize,
    /// Which attempt, from 1 on.
    pub attempt: usize,
    /// Where it was run.
    pub host: String,
    /// When it ended.
    pub failed_at: Timestamp,
    /// Its exit code.
    pub exit_code: u8,
    /// What happened.
    pub error: String,
}

/// How far a shard is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// It has delivered.
    pub delivered: bool,
    /// The attempts that failed.
    pub failed: Vec<usize>,
    /// So many parts of its work are kept, for an attempt that goes on.
    pub parts: usize,
}

/// The store of a run.
pub struct Run {
    store: Box<dyn Store>,
    /// What was fetched of shards.
    fetched: RefCell<BTreeMap<usize, Delivered>>,
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Run")
    }
}

fn delivery(shard: usize) -> String {
    format!("{SHARDS}{shard:04}.jsonl.zst")
}

fn part_of(shard: usize, part: usize) -> String {
    format!("{SHARDS}{shard:04}/{part:04}.jsonl.zst")
}

fn failure(shard: usize, attempt: usize) -> String {
    format!("{SHARDS}{shard:04}.failed-{attempt}.json")
}

impl Run {
    /// Opens it; a folder is made when something is written.
    pub fn open(place: &Place, profile: Option<&str>, role: Option<&str>) -> anyhow::Result<Self> {
        let options = Options {
            profile: profile.map(str::to_owned),
            role: role.map(str::to_owned),
            lock_days: None,
            kept: Kept::Shards,
        };
        Ok(Self {
            store: open(place, &options)?,
            fetched: RefCell::default(),
        })
    }

    /// There is a plan already.
    pub fn is_planned(&self) -> anyhow::Result<bool> {
        Ok(self.store.read(PLAN)?.is_some())
    }

    /// What a planning saw that did not come to its end, copied into a folder.
    pub fn begun(&self, work: &Path) -> anyhow::Result<Option<PathBuf>> {
        let to = work.join(ORGANIZATION);
        Ok(self.store.fetch(ORGANIZATION, &to)?.then_some(to))
    }

    /// Keeps what the planning saw: before the plan, so that nobody finds a plan without it.
    pub fn keep_organization(&self, file: &Path) -> anyhow::Result<Put> {
        self.store.put(ORGANIZATION, file)
    }

    /// Writes the plan.
    pub fn begin(&self, plan: &Plan, work: &Path) -> anyhow::Result<Put> {
        self.put(PLAN, plan, work)
    }

    /// Keeps what the merge wrote.
    pub fn keep_inventory(&self, file: &Path) -> anyhow::Result<Put> {
        self.store.put(INVENTORY, file)
    }

    /// Copies what a merge has kept into a file, if one has.
    pub fn inventory(&self, to: &Path) -> anyhow::Result<bool> {
        self.store.fetch(INVENTORY, to)
    }

    /// Reads the plan, once it is there, and waits for it so long.
    pub fn plan(&self, wait: Option<SignedDuration>) -> Result<Planned, Stop> {
        let until = deadline(wait);
        while !self.is_planned()? && until.is_some_and(|it| Instant::now() < it) {
            std::thread::sleep(LOOK);
        }
        let bytes = self.store.read(PLAN)?.ok_or_else(|| {
            Stop::usage(format!(
                "the run has no {PLAN}: `trailaudit shard plan --run RUN` writes it"
            ))
        })?;
        Planned::parse(&bytes).map_err(Stop::Usage)
    }

    /// Copies what the planning saw into a folder: what the plan says it is, or an error.
    pub fn organization(&self, sha256: &str, work: &Path) -> anyhow::Result<PathBuf> {
        let to = work.join(ORGANIZATION);
        if !self.store.fetch(ORGANIZATION, &to)? {
            anyhow::bail!("{ORGANIZATION} of the run is gone");
        }
        let (found, _) = sha256_of(std::fs::File::open(&to)?)?;
        if found != sha256 {
            anyhow::bail!(
                "{ORGANIZATION} of the run is not what {PLAN} says: its SHA-256 is {found}"
            );
        }
        Ok(to)
    }

    /// How far each shard of the plan is. What does not belong to a shard of the plan is named.
    pub fn states(&self, shards: usize) -> anyhow::Result<(Vec<State>, Vec<String>)> {
        let mut states = vec![State::default(); shards];
        let mut foreign = Vec::new();
        for name in self.store.names()? {
            let own = name.strip_prefix(SHARDS).and_then(|it| {
                if let Some((shard, part)) = it.split_once('/') {
                    let (part, _) = part.split_once('.')?;
                    let (shard, part): (usize, usize) = (shard.parse().ok()?, part.parse().ok()?);
                    let state = states.get_mut(shard)?;
                    state.parts += 1;
                    return (name == part_of(shard, part)).then_some(());
                }
                let (number, rest) = it.split_once('.')?;
                let shard: usize = number.parse().ok()?;
                let state = states.get_mut(shard)?;
                if name == delivery(shard) {
                    state.delivered = true;
                    return Some(());
                }
                let attempt = rest.strip_prefix("failed-")?.strip_suffix(".json")?;
                let attempt = attempt
                    .parse()
                    .ok()
                    .filter(|it| name == failure(shard, *it))?;
                state.failed.push(attempt);
                Some(())
            });
            if own.is_none() {
                foreign.push(name);
            }
        }
        states.iter_mut().for_each(|it| it.failed.sort_unstable());
        Ok((states, foreign))
    }

    /// Delivers what a shard wrote, unless it was delivered meanwhile.
    pub fn deliver(&self, shard: usize, file: &Path) -> anyhow::Result<Put> {
        self.store.put(&delivery(shard), file)
    }

    /// Fetches what a shard delivered, and unpacks it.
    pub fn fetch(&self, shard: usize, to: &Path, work: &Path) -> anyhow::Result<Delivered> {
        let name = delivery(shard);
        let delivered = self.unpacked(&name, to, work).with_context(|| {
            format!("{name} of the run cannot be used (delete it, and run shard {shard} again)")
        })?;
        let delivered = delivered.with_context(|| format!("{name} of the run is gone"))?;
        let mut fetched = self.fetched.borrow_mut();
        fetched.insert(shard, delivered.clone());
        Ok(delivered)
    }

    /// Keeps a part of a shard's work, unless it was kept meanwhile.
    pub fn keep_part(&self, shard: usize, part: usize, file: &Path) -> anyhow::Result<Put> {
        self.store.put(&part_of(shard, part), file)
    }

    /// Fetches a part that was kept, if there is one, and unpacks it.
    pub fn fetch_part(
        &self,
        shard: usize,
        part: usize,
        to: &Path,
        work: &Path,
    ) -> anyhow::Result<Option<Delivered>> {
        self.unpacked(&part_of(shard, part), to, work)
    }

    fn unpacked(&self, name: &str, to: &Path, work: &Path) -> anyhow::Result<Option<Delivered>> {
        let packed = work.join("packed.jsonl.zst");
        if !self.store.fetch(name, &packed)? {
            return Ok(None);
        }
        let delivered = Delivery::unpack(&packed, to)?;
        std::fs::remove_file(&packed)?;
        Ok(Some(delivered))
    }

    /// The shards, as an inventory tells of them: what was fetched, and how often each was tried.
    #[must_use]
    pub fn told(&self, states: &[State]) -> Vec<Shard> {
        let fetched = self.fetched.borrow();
        let told = states.iter().enumerate().map(|(shard, state)| {
            let delivered = fetched.get(&shard);
            let attempts = state.failed.len() + usize::from(delivered.is_some());
            Shard {
                shard: shard as u64,
                attempts: attempts as u64,
                delivered: delivered.map(|it| ShardDelivery {
                    sha256: it.sha256.clone(),
                    host: short(&it.head.host, 255),
                    started_at: it.head.started_at,
                    finished_at: it.seal.finished_at,
                }),
            }
        });
        told.collect()
    }

    /// SHA-256 of what a shard delivered; none where it did not, or not any more.
    pub fn sha256(&self, shard: u64, work: &Path) -> anyhow::Result<Option<String>> {
        let packed = work.join("packed.jsonl.zst");
        let shard = usize::try_from(shard)?;
        if !self.store.fetch(&delivery(shard), &packed)? {
            return Ok(None);
        }
        Ok(Some(sha256_of(std::fs::File::open(&packed)?)?.0))
    }

    /// Tells that an attempt failed. Two of them at once tell it one after the other.
    pub fn failed(&self, mut failed: Failure, work: &Path) -> anyhow::Result<()> {
        for _ in 0..9 {
            let name = failure(failed.shard, failed.attempt);
            match self.put(&name, &failed, work)? {
                Put::Written => return Ok(()),
                Put::Exists => failed.attempt += 1,
            }
        }
        anyhow::bail!("others write about this shard all the time")
    }

    /// What is told of failed attempts, by shard.
    pub fn failures(&self, states: &[State]) -> anyhow::Result<BTreeMap<usize, Vec<Failure>>> {
        let mut told: BTreeMap<usize, Vec<Failure>> = BTreeMap::new();
        for (shard, state) in states.iter().enumerate() {
            for attempt in &state.failed {
                let name = failure(shard, *attempt);
                if let Some(bytes) = self.store.read(&name)? {
                    let what = || format!("{name} of the run cannot be read");
                    let failure = serde_json::from_slice(&bytes).with_context(what)?;
                    told.entry(shard).or_default().push(failure);
                }
            }
        }
        Ok(told)
    }

    fn put(&self, name: &str, value: &impl Serialize, work: &Path) -> anyhow::Result<Put> {
        let path = work.join("record.json");
        write_whole(&path, Access::Owner, |out| Ok(sanitize::json(value, out)?))?;
        self.store.put(name, &path)
    }
}

impl Failure {
    /// An attempt that ended now.
    #[must_use]
    pub fn now(
        planned: &Planned,
        (shard, attempt): (usize, usize),
        exit_code: u8,
        error: String,
    ) -> Self {
        Self {
            schema: SCHEMA,
            plan: planned.sha256.clone(),
            shard,
            attempt,
            host: super::host(),
            failed_at: Timestamp::now(),
            exit_code,
            error,
        }
    }
}
