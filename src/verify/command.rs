//! The command `verify`: from its flags to an inventory that holds the chains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use trailaudit_checks::digest::{DigestKey, KeyRing, Limits};
use trailaudit_checks::fact::Known;
use trailaudit_checks::ids::{AccountId, Arn, Region};
use trailaudit_checks::inventory::{
    CallRecord, Header, Inventory, SCHEMA, Scope as Looked, Trailer,
};

use super::{
    Depth, Folder, Found, Keys, NoSuchTrail, Progress, Request, Saved, Scope, Source, State,
    Stoppable, Verified, Vouched, Wanted, bucket_of, find, settle_all, state::StateKey, tell,
    verify, window,
};
use crate::cli;
use crate::exit::Stop;
use crate::run::tool;

/// What `verify` was told, checked.
#[derive(Debug)]
pub struct Asked {
    /// From when on.
    pub since: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// The clock.
    pub now: Timestamp,
    /// Pinned public keys.
    pub keys: Option<KeyRing>,
    /// Where earlier runs ended.
    pub state: Option<State>,
    /// Draw progress.
    pub progress: bool,
    /// Set by Ctrl-C.
    pub halt: super::Halt,
}

impl Asked {
    /// Checks the flags, and reads the files that they name.
    pub fn of(flags: &cli::Verify, now: Timestamp, progress: bool) -> Result<Self, Stop> {
        let (since, until) = window::window(flags.since, flags.until, now).map_err(Stop::usage)?;
        let keys = flags.public_keys.as_deref().map(read_keys).transpose()?;
        let key = flags.state_key.as_deref().map(StateKey::open).transpose();
        let key = key.map_err(Stop::Usage)?;
        let state = flags.state.as_deref();
        let state = state.map(|path| State::open(path, key)).transpose()?;
        Ok(Self {
            since,
            until,
            now,
            keys,
            state,
            progress,
            halt: super::Halt::on_ctrl_c(),
        })
    }

    /// The bucket of all chains that earlier runs verified, where it is one: of a mirror that holds nothing any more.
    fn former_bucket(&self) -> Option<String> {
        let chains = self.state.as_ref()?.chains().values();
        let buckets: BTreeSet<&String> = chains.map(|it| &it.anchor.at.bucket).collect();
        let mut buckets = buckets.into_iter();
        buckets.next().filter(|_| buckets.next().is_none()).cloned()
    }

    /// What to verify in `bucket`.
    pub fn request(
        &self,
        flags: &cli::Verify,
        bucket: &str,
        found: &Found,
    ) -> Result<Request, Stop> {
        let chains = self.state.as_ref().map(State::chains);
        let here = |saved: &&Saved| saved.anchor.at.bucket == bucket;
        let chains = chains.into_iter().flatten().filter(|(_, it)| here(it));
        let request = Request {
            bucket: bucket.to_owned(),
            trail: flags.trail.clone(),
            since: self.since,
            until: self.until,
            depth: flags.depth.into(),
            expected: Vec::new(),
            anchors: chains.map(|(id, it)| (id.clone(), it.clone())).collect(),
            vouched: self
                .state
                .as_ref()
                .map_or_else(Vouched::default, State::vouched),
            limits: Limits::default(),
            locks: false,
            tell_empty: true,
            unlisted: found.unread.iter().map(|(at, _)| at.clone()).collect(),
            named: match flags.accounts.is_empty() && flags.regions.is_empty() {
                true => Vec::new(),
                false => places(&flags.accounts, &flags.regions),
            },
        };
        self.something_to_do(flags, &request)?;
        Ok(request)
    }

    /// Where every chain of the state file ends after the window, there is nothing that this run could verify.
    fn something_to_do(&self, flags: &cli::Verify, request: &Request) -> Result<(), Stop> {
        let asked = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        let marks: Vec<Timestamp> = request
            .anchors
            .values()
            .filter_map(|it| Some((DigestKey::parse(&it.anchor.at)?.chain, it.anchor.end)))
            .filter(|(id, _)| asked(&flags.accounts, &id.account))
            .filter(|(id, _)| asked(&flags.regions, &id.region))
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

    /// The time in which digests of the window may have been signed; backfill digests are signed much later.
    #[must_use]
    pub fn signed(&self, since: Option<Timestamp>) -> (Timestamp, Timestamp) {
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

/// Which parts of the bucket are asked for.
#[must_use]
pub fn wanted(flags: &cli::Verify, prefix: &str) -> Wanted {
    Wanted {
        prefix: prefix.to_owned(),
        search: true,
        accounts: flags.accounts.clone(),
        regions: flags.regions.clone(),
    }
}

/// Adds what was asked for by name and is not there: that it is missing must be told.
pub fn complete(found: &mut Found, wanted: &Wanted, request: &Request) {
    let missing = |scopes: &[Scope], account: &str, region: &str| {
        !scopes.iter().any(|it| {
            (account == "*" || it.account == account) && (region == "*" || it.region == region)
        })
    };
    let prefix = wanted.prefix.trim_matches('/');
    for (account, region) in places(&wanted.accounts, &wanted.regions) {
        if found.unread.is_empty() && missing(&found.scopes, &account, &region) {
            found.scopes.push(empty(&account, &region, prefix));
        }
    }
    // A chain that an earlier run verified, and of which even the folder is gone.
    for key in request
        .anchors
        .values()
        .filter_map(|it| DigestKey::parse(&it.anchor.at))
    {
        // It may be in a folder that could not be listed, which is told.
        let folder = key.account_prefix();
        let unread = |at: &str| folder.starts_with(at) || at.starts_with(&folder);
        if found.unread.iter().any(|(at, _)| unread(at)) {
            continue;
        }
        let (account, region) = (&key.chain.account, &key.chain.region);
        let asked = |list: &[String], name: &String| list.is_empty() || list.contains(name);
        let here = found.scopes.iter().any(|it| {
            (&it.account, &it.region, &it.prefix) == (account, region, &key.chain.prefix)
        });
        if !here && asked(&wanted.accounts, account) && asked(&wanted.regions, region) {
            found.scopes.push(empty(account, region, &key.chain.prefix));
        }
    }
}

/// Each account with each region; `*` where none is named.
fn places(accounts: &[String], regions: &[String]) -> Vec<(String, String)> {
    let or_all = |list: &[String]| match list.is_empty() {
        true => vec!["*".to_owned()],
        false => list.to_vec(),
    };
    let regions = or_all(regions);
    let pairs = or_all(accounts).into_iter().flat_map(|account| {
        let regions = regions.iter();
        regions.map(move |region| (account.clone(), region.clone()))
    });
    pairs.collect()
}

fn empty(account: &str, region: &str, prefix: &str) -> Scope {
    Scope {
        prefix: prefix.to_owned(),
        account: account.to_owned(),
        region: region.to_owned(),
        services: BTreeMap::new(),
    }
}

/// Verifies what was found; all chains, those that could not be looked for as well.
pub fn run(
    source: &dyn Source,
    found: &Found,
    keys: &dyn Fn(Option<Timestamp>) -> Keys,
    request: &Request,
    progress: bool,
) -> Result<Vec<Verified>, Stop> {
    let all: Mutex<Vec<Verified>> = Mutex::default();
    let bar = Progress::new(progress);
    let done = verify(source, &found.scopes, keys, request, &bar, &|verified| {
        all.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(verified);
    });
    bar.done();
    done.map_err(|none| no_such_trail(request, none))?;
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.extend(
        found
            .unread
            .iter()
            .map(|(folder, unread)| tell::folder_unlisted(request, folder, unread)),
    );
    settle_all(&mut all);
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
    let saved = verified.iter().filter_map(|it| {
        let saved = it.saved.clone()?;
        Some((it.record.id(), saved))
    });
    state.save(saved.collect(), now)
}

/// The name of a bucket, which may be given as an address.
fn bucket_name(flag: &str) -> &str {
    flag.trim_start_matches("s3://").trim_end_matches('/')
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
    });
    inventory
}

/// Verifies a mirror; `None` if only the plan was asked for, which goes to stdout.
pub fn folder(
    root: &Path,
    flags: &cli::Verify,
    asked: &Asked,
) -> Result<Option<Vec<Verified>>, Stop> {
    let Some(keys) = &asked.keys else {
        return Err(Stop::usage(
            "verifying a local folder requires --public-keys FILE (JSON: region -> ListPublicKeys output, from `aws \
             cloudtrail list-public-keys --region REGION --start-time TIME`); for a bucket use s3://NAME",
        ));
    };
    let named = flags.bucket.as_deref().map(bucket_name);
    let folder = Folder::open(root, named).map_err(Stop::Usage)?;
    let source = Stoppable::new(&folder, &asked.halt);
    let wanted = wanted(flags, "");
    let mut found = find(&source, &wanted);
    let limits = Limits::default();
    let bucket = named
        .map(str::to_owned)
        .or_else(|| bucket_of(&source, &found.scopes, &limits))
        .or_else(|| asked.former_bucket());
    let request = asked.request(flags, bucket.as_deref().unwrap_or("*"), &found)?;
    if flags.plan {
        super::plan::print(&super::plan::of(&source, &found, &request))?;
        return Ok(None);
    }
    complete(&mut found, &wanted, &request);
    let pinned = |_| Keys::from(keys.clone());
    run(&source, &found, &pinned, &request, asked.progress).map(Some)
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

/// Verifies a bucket with the caller's credentials.
#[cfg(feature = "aws")]
pub fn bucket(flags: &cli::Verify, asked: &Asked) -> Result<Option<(Vec<Verified>, Asker)>, Stop> {
    use crate::collect::{CollectError, with_bucket};
    let place = flags.source.trim_start_matches("s3://");
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    if name.is_empty() {
        return Err(Stop::usage(
            "a bucket is named as s3://BUCKET or s3://BUCKET/PREFIX",
        ));
    }
    let work = |bucket: &crate::collect::Bucket| {
        let wanted = wanted(flags, prefix);
        let source = &Stoppable::new(bucket, &asked.halt);
        let mut found = find(source, &wanted);
        // A replica holds what was signed for the bucket that it is a copy of.
        let original = flags.bucket.as_deref().map_or(name, bucket_name);
        let request = asked.request(flags, original, &found)?;
        if flags.plan {
            super::plan::print(&super::plan::of(source, &found, &request))?;
            return Ok(None);
        }
        complete(&mut found, &wanted, &request);
        let keys = |first| match &asked.keys {
            Some(keys) => Keys::from(keys.clone()),
            None => {
                let regions = found.scopes.iter().map(|it| it.region.clone());
                let regions = regions.filter(|it| it != "*").collect();
                bucket.public_keys(&regions, asked.signed(first), &BTreeMap::new())
            }
        };
        run(source, &found, &keys, &request, asked.progress).map(Some)
    };
    let profile = flags.profile.as_deref();
    let ran = with_bucket(profile, flags.max_in_flight, name, &asked.halt, work);
    let (verified, session) = ran.map_err(|error| match error {
        CollectError::EmptyScope(error) => Stop::Usage(error),
        CollectError::NoCredentials(error) | CollectError::Fatal(error) => Stop::Fatal(error),
    })?;
    let verified: Result<Option<Vec<Verified>>, Stop> = verified;
    let asker = Asker {
        caller: session.caller,
        ledger: session.ledger,
        endpoints: session.endpoints,
    };
    Ok(verified?.map(|verified| (verified, asker)))
}
