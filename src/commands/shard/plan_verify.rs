//! `shard plan-verify`: finds the accounts in a bucket of logs, and writes down which shard verifies which.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, anyhow};
use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::digest::Window;

use super::plan::planned_already;
use super::{open, verify};
use crate::cli::{Extent, ShardPlanVerify};
use crate::exit::{Exit, Stop};
use crate::files;
use crate::hashing::sha256_of;
use crate::invocation::Invocation;
use crate::opened::{self, Asked, Asker, Opened};
use crate::output;
use crate::program::{clock, tool};
use crate::shard::{ORGANIZATION, Plan, Reads, Run, SCHEMA, Unit, Work, assign, plan_id};
use crate::snapshot::{Snapshot, Spool};
use crate::store::Put;
use crate::terminal::Terminal;
use crate::verify::plan::objects;
use crate::verify::{Request, Verified, unlisted_place};

/// So many accounts, and so many digests, one shard may have, unless the number of shards is given.
const ACCOUNTS: usize = 200;
const DIGESTS: usize = 500_000;
/// And no more shards than engines start.
const MOST: usize = 10_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Seconds that S3 takes to answer.
const ANSWER: f64 = 0.03;
/// MiB of a shard, whatever it has to read: 20 to 30 were seen.
const MEMORY: u64 = 64;
/// US dollars for a thousand GETs, by S3's list price in us-east-1 (2026).
const GETS: f64 = 0.0004;

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
            ..verify::extent(&flags.own, &flags.accounts)
        };
        let asked = Asked::of(&extent, now, false)?;
        let (since, until) = (asked.since, asked.until);
        let (seen, asker) = look(&flags.source, &asked)?;
        let window = since.map(|start| Window { start, end: until });
        if let Some(gap) = seen.unlisted.iter().flat_map(|it| &it.record.unread).next() {
            terminal.warn(&format!(
                "{} folders could not be listed; the merged inventory reports them as unverified: {gap}: {}",
                seen.unlisted.len(),
                gap.detail
            ));
        } else if seen.accounts.is_empty() {
            return Err(Stop::usage(format!(
                "{} holds no AWSLogs/ of any account: there is nothing to plan",
                flags.source
            )));
        }
        let units = seen.units(window, flags.max_unit);
        let windows = units.iter().filter(|it| it.window.is_some()).count();
        let digests = seen.places * hours(since, until);
        let shards = match flags.shards {
            Some(shards) => usize::try_from(shards).unwrap_or(usize::MAX),
            None => [
                seen.accounts.len().div_ceil(ACCOUNTS),
                digests.div_ceil(DIGESTS),
                windows,
            ]
            .into_iter()
            .fold(1, usize::max)
            .min(MOST),
        };
        let weight = |unit: &Unit| seen.weight(unit, window);
        let assigned = assign(&units, weight, shards);
        let reads = Reads {
            source: flags.source.clone(),
            bucket: seen.bucket.clone(),
            since,
            until,
            depth: flags.depth.into(),
            public_keys: flags.public_keys.clone(),
            max_in_flight: in_flight(flags.rate, shards),
        };
        let unlisted = opened::inventory(seen.unlisted.clone(), asker, now, clock()?, false);
        let plan = Plan {
            schema: SCHEMA,
            id: plan_id()?,
            tool: tool(),
            taken_at: now,
            shards: assigned,
            work: Work::Verify {
                organization: String::new(),
                reads,
            },
        };
        let kept = keep(&run, plan, Snapshot::live(unlisted, Spool::new()?))?;
        let plan = kept.ok_or_else(|| planned_already(&flags.at))?;
        terminal.note(&estimate(
            &plan,
            &seen,
            window,
            digests,
            in_flight(flags.rate, shards),
        ));
        // For the script that starts as many jobs.
        output::to_stdout(|out| writeln!(out, "{}", plan.shards.len()))?;
        Ok(Exit::Clean)
    }
}

/// What a bucket holds, before any of it is read.
struct Seen {
    accounts: BTreeSet<String>,
    /// Accounts and regions, under all prefixes.
    places: usize,
    bucket: String,
    /// The objects of the last day, by account; none where the window has no beginning.
    daily: BTreeMap<String, u64>,
    /// What could not be listed.
    unlisted: Vec<Verified>,
}

impl Seen {
    /// Each account as a whole, or in windows of so many whole days that none has more objects than `most`.
    fn units(&self, window: Option<Window>, most: u64) -> Vec<Unit> {
        let units = self.accounts.iter().flat_map(|account| {
            let whole = || vec![Unit::account(account)];
            let (Some(window), Some(daily)) = (window, self.daily.get(account)) else {
                return whole();
            };
            let days = i64::try_from(most / (*daily).max(1)).unwrap_or(i64::MAX);
            let units = Unit::in_days(account, window, days);
            match units.len() {
                0 | 1 => whole(),
                _ => units,
            }
        });
        units.collect()
    }

    /// How many objects it may have.
    fn weight(&self, unit: &Unit, window: Option<Window>) -> u64 {
        let hours = unit.window.or(window);
        let hours = hours.map_or(24, |it| it.end.duration_since(it.start).as_hours());
        let daily = self.daily.get(&unit.account).copied().unwrap_or(1);
        let hours = u64::try_from(hours).unwrap_or_default();
        daily.saturating_mul(hours).div_ceil(24).max(1)
    }
}

fn look(source: &str, asked: &Asked) -> Result<(Seen, Asker), Stop> {
    let look = |it: Opened<'_>| {
        // Where there is nothing at all, one that stands for all says so.
        let scopes = it.found.scopes.iter().map(|scope| scope.account.clone());
        let accounts: BTreeSet<String> = scopes.filter(|it| it != "*").collect();
        let unread = it.found.unread.iter();
        let unlisted = unread.map(|(at, unread)| unlisted_place(&it.request, at, unread));
        // A shard tells by itself what it cannot list of its accounts.
        let unlisted = unlisted.filter(|it| !accounts.contains(&it.record.chain.id.account));
        // Where there is nothing to cut, nothing is counted.
        let daily = match asked.since {
            Some(since) if asked.until.duration_since(since) > DAY => {
                let since = asked.until.saturating_sub(DAY).unwrap_or(since);
                let day = Request {
                    since: Some(since),
                    ..it.request.clone()
                };
                objects(it.source, &it.found, &day)
            }
            Some(_) | None => BTreeMap::new(),
        };
        Ok(Seen {
            daily,
            unlisted: unlisted.collect(),
            places: it.found.scopes.len(),
            bucket: it.request.bucket,
            accounts,
        })
    };
    let seen = opened::open(source, asked, &look)?;
    if asked.halt.is_set() {
        return Err(Stop::Again(anyhow!("it was interrupted")));
    }
    seen.ok_or_else(|| Stop::Fatal(anyhow!("nothing was looked at")))
}

/// Keeps what was seen, and then the plan that names it; none where the run has them already.
fn keep(run: &Run, mut plan: Plan, seen: Snapshot) -> Result<Option<Plan>, Stop> {
    let work = files::temporary_folder()?;
    let path = work.path().join(ORGANIZATION);
    seen.save(&path)?;
    if run.keep_organization(&path)? == Put::Exists {
        return Ok(None);
    }
    let (sha256, _) = sha256_of(files::open(&path)?).context("the plan cannot be read back")?;
    if let Work::Verify { organization, .. } = &mut plan.work {
        *organization = sha256;
    }
    let written = run.begin(&plan, work.path())?;
    Ok((written == Put::Written).then_some(plan))
}

/// Hours of the window, a digest in each; 0 where it begins with the first object.
fn hours(since: Option<Timestamp>, until: Timestamp) -> usize {
    let hours = since.map_or(0, |it| until.duration_since(it).as_hours());
    usize::try_from(hours).unwrap_or_default()
}

/// So many requests under way keep below the rate, if each is answered as fast as S3 does.
fn in_flight(rate: u32, shards: usize) -> usize {
    let all = (f64::from(rate) * ANSWER) as usize;
    (all / shards.max(1)).clamp(1, 4096)
}

/// What the plan will take, in a sentence.
fn estimate(
    plan: &Plan,
    seen: &Seen,
    window: Option<Window>,
    digests: usize,
    in_flight: usize,
) -> String {
    let shards = plan.shards.len();
    let units: usize = plan.shards.iter().map(Vec::len).sum();
    let most = plan.shards.iter().map(Vec::len).max().unwrap_or_default();
    let windows = plan
        .shards
        .iter()
        .flatten()
        .filter(|it| it.window.is_some());
    let cut: BTreeSet<&String> = windows.clone().map(|it| &it.account).collect();
    let windows = windows.count();
    let whole = units - windows;
    let planned = match windows {
        0 => format!("planned {units} accounts in {shards} shards, at most {most} in each"),
        _ => format!(
            "planned {} accounts in {shards} shards: {whole} whole, and {} cut into {windows} windows of days; at most \
             {most} of these in each shard",
            whole + cut.len(),
            cut.len(),
        ),
    };
    let (what, objects) = match (digests, seen.daily.is_empty()) {
        (0, true) => {
            return format!("{planned}; `trailaudit verify --plan` reports objects and bytes");
        }
        (_, true) => (
            format!("some {digests} digests, beside their logs"),
            digests as u64,
        ),
        (_, false) => {
            let units = plan.shards.iter().flatten();
            let objects: u64 = units.map(|it| seen.weight(it, window)).sum();
            (format!("some {objects} digests and logs"), objects)
        }
    };
    // A listing for every 1,000 objects comes on top.
    let requests = objects as f64 * 1.001;
    let share = requests * most as f64 / units.max(1) as f64;
    format!(
        "{planned}: {what}, {requests:.0} requests, {:.2} USD of GETs; with {in_flight} requests under way {:.0} min and \
         {MEMORY} MiB for a shard (`trailaudit verify --plan` reports objects and bytes)",
        objects as f64 / 1_000.0 * GETS,
        (share * ANSWER / in_flight as f64 / 60.0).ceil(),
    )
}
