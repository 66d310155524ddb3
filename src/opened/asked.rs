//! What a run that reads a bucket was told, and what comes of it: an inventory that holds the chains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use trailaudit_checks::digest::{DigestKey, KeyRing, Limits};
use trailaudit_checks::fact::Known;
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::{
    CallRecord, Header, Inventory, SCHEMA, Scope as Looked, Trailer,
};

use super::open::{Opened, places};
use crate::cli;
use crate::exit::Stop;
use crate::program::tool;
use crate::verify::{
    Depth, Found, NoSuchTrail, Progress, Request, Saved, State, Tap, Verified, Vouched, Wanted,
    settle_all, state::StateKey, unlisted_place, verify, window,
};

/// What a run that reads a bucket was told, checked.
#[derive(Debug)]
pub struct Asked {
    /// From when on.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// The clock.
    pub now: Timestamp,
    /// Which part of the bucket, as the flags say.
    pub extent: cli::Extent,
    /// How deep.
    pub depth: Depth,
    /// Pinned public keys.
    pub keys: Option<KeyRing>,
    /// Where earlier runs ended.
    pub state: Option<State>,
    /// Over how long the readers begin.
    pub ramp_up: Duration,
    /// Draw progress.
    pub progress: bool,
    /// Set by Ctrl-C.
    pub halt: crate::objects::Halt,
}

impl Asked {
    /// Checks the flags, and reads the files that they name.
    pub fn of(extent: &cli::Extent, now: Timestamp, progress: bool) -> Result<Self, Stop> {
        let (since, until) =
            window::window(extent.since, extent.until, now).map_err(Stop::usage)?;
        let keys = extent.public_keys.as_deref().map(read_keys).transpose()?;
        Ok(Self {
            since,
            until,
            now,
            extent: extent.clone(),
            depth: Depth::Logs,
            keys,
            state: None,
            ramp_up: Duration::ZERO,
            progress,
            halt: crate::objects::Halt::on_ctrl_c(),
        })
    }

    /// Goes on where earlier runs ended, if a file says where.
    pub fn resumed(mut self, flags: &cli::Verify) -> Result<Self, Stop> {
        let key = flags.state_key.as_deref().map(StateKey::open).transpose();
        let key = key.map_err(Stop::Usage)?;
        let state = flags.state.as_deref();
        self.state = state.map(|path| State::open(path, key)).transpose()?;
        self.depth = flags.depth.into();
        Ok(self)
    }

    /// The bucket of all chains that earlier runs verified, where it is one: of a mirror that holds nothing any more.
    pub(super) fn former_bucket(&self) -> Option<String> {
        let chains = self.state.as_ref()?.chains().values();
        let buckets: BTreeSet<&String> = chains.map(|it| &it.anchor.at.bucket).collect();
        let mut buckets = buckets.into_iter();
        buckets.next().filter(|_| buckets.next().is_none()).cloned()
    }

    /// What to verify in `bucket`.
    pub(super) fn request(&self, bucket: &str, found: &Found) -> Result<Request, Stop> {
        let chains = self.state.as_ref().map(State::chains);
        let here = |saved: &&Saved| saved.anchor.at.bucket == bucket;
        let chains = chains.into_iter().flatten().filter(|(_, it)| here(it));
        let extent = &self.extent;
        let request = Request {
            bucket: bucket.to_owned(),
            trail: extent.trail.clone(),
            since: self.since,
            until: self.until,
            depth: self.depth,
            expected: Vec::new(),
            anchors: chains.map(|(id, it)| (id.clone(), it.clone())).collect(),
            vouched: self
                .state
                .as_ref()
                .map_or_else(Vouched::default, State::vouched),
            limits: Limits::default(),
            ramp_up: self.ramp_up,
            locks: false,
            tell_empty: true,
            unlisted: found.unread.iter().map(|(at, _)| at.clone()).collect(),
            named: match extent.accounts.is_empty() && extent.regions.is_empty() {
                true => Vec::new(),
                false => places(&extent.accounts, &extent.regions),
            },
        };
        self.something_to_do(&request)?;
        Ok(request)
    }

    /// Where every chain of the state file ends after the window, there is nothing that this run could verify.
    fn something_to_do(&self, request: &Request) -> Result<(), Stop> {
        let asked = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        let marks: Vec<Timestamp> = request
            .anchors
            .values()
            .filter_map(|it| Some((DigestKey::parse(&it.anchor.at)?.chain, it.anchor.end)))
            .filter(|(id, _)| asked(&self.extent.accounts, &id.account))
            .filter(|(id, _)| asked(&self.extent.regions, &id.region))
            .filter(|(id, _)| request.wants(id))
            .map(|(_, end)| end)
            .collect();
        let Some(first) = marks.into_iter().min() else {
            return Ok(());
        };
        if self.since.is_some() || first < self.until {
            return Ok(());
        }
        Err(Stop::usage(format!(
            "the window is empty: by the state file an earlier run went as far as {first}, and --until is {}. Give a \
             later --until, or --since to read those hours again",
            self.until
        )))
    }

    /// Which parts of the bucket are asked for.
    pub(super) fn wanted(&self, prefix: &str) -> Wanted {
        Wanted {
            prefix: prefix.to_owned(),
            search: true,
            accounts: self.extent.accounts.clone(),
            regions: self.extent.regions.clone(),
        }
    }

    /// The time in which digests of the window may have been signed; backfill digests are signed much later.
    #[cfg(feature = "aws")]
    pub(super) fn signed(&self, since: Option<Timestamp>) -> (Timestamp, Timestamp) {
        let start = since.unwrap_or(self.until);
        let before = start.saturating_sub(jiff::SignedDuration::from_hours(26));
        (before.unwrap_or(start), self.now)
    }
}

fn read_keys(path: &Path) -> Result<KeyRing, Stop> {
    let read = || {
        let bytes = crate::files::read(path, crate::files::SMALL)?;
        anyhow::Ok(KeyRing::from_json(&bytes)?)
    };
    read()
        .with_context(|| format!("{} holds no public keys that can be used", path.display()))
        .map_err(Stop::Usage)
}

/// Verifies what was found; all chains, those that could not be looked for as well.
pub fn run(
    opened: &Opened<'_>,
    progress: bool,
    tap: Option<&dyn Tap>,
) -> Result<Vec<Verified>, Stop> {
    let mut all = each(opened, progress, tap)?;
    settle_all(&mut all);
    Ok(all)
}

/// The same, each chain by itself: what takes all chains of a bucket is not settled.
pub fn each(
    opened: &Opened<'_>,
    progress: bool,
    tap: Option<&dyn Tap>,
) -> Result<Vec<Verified>, Stop> {
    let Opened {
        source,
        found,
        request,
        keys,
    } = opened;
    let all: Mutex<Vec<Verified>> = Mutex::default();
    let bar = Progress::new(progress);
    let keep = |verified: Vec<Verified>| {
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(verified);
    };
    let done = verify(*source, &found.scopes, *keys, request, &bar, tap, &keep);
    bar.done();
    done.map_err(|none| no_such_trail(request, none))?;
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.extend(
        found
            .unread
            .iter()
            .map(|(folder, unread)| unlisted_place(request, folder, unread)),
    );
    // Whichever was done first.
    all.sort_by(|one, other| one.record.chain.id.cmp(&other.record.chain.id));
    Ok(all)
}

fn no_such_trail(request: &Request, NoSuchTrail(known): NoSuchTrail) -> Stop {
    let name = request.trail.as_deref().unwrap_or_default();
    let known = known.into_iter().collect::<Vec<_>>().join(", ");
    let hint = match name.starts_with("arn:") {
        true => " (--trail takes the trail's name, not its ARN)",
        false => "",
    };
    Stop::usage(format!(
        "no digests of a trail named {name} are in the window, or in the days before it that were listed{hint}; there \
         are digests of: {known}"
    ))
}

/// Keeps where each chain ended. What is to be said about that, if anything.
pub fn save(
    state: Option<State>,
    verified: &[Verified],
    now: Timestamp,
) -> anyhow::Result<Option<String>> {
    let Some(state) = state else { return Ok(None) };
    let saved = verified.iter().filter_map(|chain| {
        let saved = chain.saved.clone()?;
        Some((chain.record.id(), saved))
    });
    state.save(saved.collect(), now)
}

/// Who asked AWS, and what; nobody and nothing for a folder.
#[derive(Debug)]
pub struct Asker {
    /// The caller.
    pub caller: Arn,
    /// Every call.
    pub ledger: Vec<CallRecord>,
    /// Endpoints in the place of AWS's own.
    pub endpoints: Vec<String>,
}

impl Default for Asker {
    fn default() -> Self {
        Self {
            caller: Arn::from(""),
            ledger: Vec::new(),
            endpoints: Vec::new(),
        }
    }
}

/// The chains as an inventory that holds nothing else.
#[must_use]
pub fn inventory(
    verified: Vec<Verified>,
    asker: Asker,
    now: Timestamp,
    finished: Timestamp,
    interrupted: bool,
) -> Inventory {
    let names = |pick: fn(&Verified) -> &String| -> BTreeSet<String> {
        let named = verified.iter().map(pick).filter(|it| *it != "*");
        named.cloned().collect()
    };
    let accounts = names(|it| &it.record.chain.id.account);
    let regions = names(|it| &it.record.chain.id.region);
    let header = Header {
        schema: SCHEMA,
        tool: tool(),
        taken_at: now,
        scope: Looked {
            organization: None,
            management_account: None,
            partition: match asker.caller.partition() {
                "" => "aws".to_owned(),
                partition => partition.to_owned(),
            },
            caller_arn: asker.caller,
            accounts: accounts.into_iter().map(AccountId::from).collect(),
            endpoints: asker.endpoints,
            regions: regions.into_iter().map(Region::from).collect(),
        },
    };
    let mut inventory = Inventory::new(header, Known(None));
    let records = verified.into_iter().map(|it| it.record);
    inventory.ledger = asker.ledger;
    inventory.chains = records.map(|it| (it.id(), it)).collect();
    inventory.trailer = Some(Trailer {
        finished_at: finished,
        interrupted,
        coverage: Default::default(),
        counts: BTreeMap::new(),
        shards: Vec::new(),
    });
    inventory
}

impl From<cli::Depth> for Depth {
    fn from(depth: cli::Depth) -> Self {
        match depth {
            cli::Depth::Listing => Self::Listing,
            cli::Depth::Digests => Self::Digests,
            cli::Depth::Logs => Self::Logs,
        }
    }
}
