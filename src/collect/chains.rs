//! The chains of digests that the trails deliver, read with the role of each bucket's owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use trailaudit_checks::calls::GET_OBJECT_RETENTION;
use trailaudit_checks::digest::{DigestKey, Limits};

use super::ask::Target;
use super::digests::Bucket;
use super::run::Run;
use crate::objects::Halt;
use crate::verify::{
    Depth, Found, Listener, Progress, Request, Tap, Verified, Vouched, Wanted, find, settle_all,
    trails, unlisted_place, verify,
};

/// Who listens while logs are verified, if anybody does.
type Listening = Option<Box<dyn Listener>>;

/// Verifies what the trails delivered from then until then.
pub(crate) async fn collect(run: &Arc<Run>, since: Timestamp, until: Timestamp) {
    run.ask.progress().doing("digests and logs");
    let names = buckets(run);
    let mut died = false;
    let all: Arc<Mutex<Vec<Verified>>> = Arc::default();
    let listen = run.options.listen;
    let watch = listen.map(|listen| listen(&run.options, &run.inventory(), since, until));
    let watch: Arc<Listening> = Arc::new(watch);
    for name in &names {
        let mut bucket = bucket(run, name);
        let others = names.iter().filter(|other| *other != name);
        bucket.others = others.map(|other| self::bucket(run, other)).collect();
        let request = request(run, name, since, until);
        let worker = (Arc::clone(run), request.clone());
        let kept = Arc::clone(&all);
        let watch = Arc::clone(&watch);
        let work = tokio::task::spawn_blocking(move || {
            chains(&worker.0, &bucket, worker.1, &watch, &kept);
        });
        // Work that dies must not leave fewer chains than there should be.
        if let Err(error) = work.await {
            died = true;
            let told = trails::untold(&request, &format!("verifying died: {error}"));
            let mut inventory = run.inventory();
            for record in told.into_iter().map(|it| it.record) {
                inventory.chains.entry(record.id()).or_insert(record);
            }
        }
    }
    follow(run, since, until, names, &watch, &all).await;
    // What a trail delivered to one bucket may go on in another.
    let mut all = std::mem::take(&mut *all.lock().unwrap_or_else(PoisonError::into_inner));
    settle_all(&mut all);
    let mut listener = Arc::into_inner(watch).flatten();
    if let Some(listener) = &mut listener {
        listener.explain(&mut all);
    }
    let mut inventory = run.inventory();
    trails::name_unvalidated(&inventory, &mut all);
    if run.options.events {
        // Where the answer could not be kept, or part of the work died, nothing is known of events.
        let listener = listener.filter(|_| !died);
        let read = listener.and_then(|listener| listener.events(&all));
        inventory.events = Some(read.unwrap_or_default());
    }
    let records = all.into_iter().map(|it| (it.record.id(), it.record));
    inventory.chains.extend(records);
}

/// Where a trail delivered to before, as its digests say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    bucket: String,
    prefix: String,
    account: String,
    region: String,
}

/// Verifies what the trails delivered to other places within the window: the prefix or bucket that they had before.
async fn follow(
    run: &Arc<Run>,
    since: Timestamp,
    until: Timestamp,
    mut known: BTreeSet<String>,
    watch: &Arc<Listening>,
    all: &Arc<Mutex<Vec<Verified>>>,
) {
    /// A trail is moved now and then, not every hour.
    const MOVES: usize = 8;
    let mut looked = BTreeSet::new();
    for _ in 0..MOVES {
        let mut places = former_places(&all.lock().unwrap_or_else(PoisonError::into_inner));
        places.retain(|place| looked.insert(place.clone()));
        if places.is_empty() {
            return;
        }
        for place in places {
            let name = place.bucket;
            let wanted = Wanted {
                prefix: place.prefix,
                search: false,
                accounts: vec![place.account],
                regions: vec![place.region],
            };
            let mut bucket = bucket(run, &name);
            known.insert(name.clone());
            let others = known.iter().filter(|other| **other != name);
            bucket.others = others.map(|other| self::bucket(run, other)).collect();
            let mut request = request(run, &name, since, until);
            request.expected = Vec::new();
            let (worker, kept) = (Arc::clone(run), Arc::clone(all));
            let watch = Arc::clone(watch);
            let work = tokio::task::spawn_blocking(move || {
                let found = find(&bucket, &wanted);
                let unread = found.unread.iter();
                let unread = unread.map(|(at, it)| unlisted_place(&request, at, it));
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(unread);
                walk(&worker, &bucket, &request, &found, &watch, &kept);
            });
            // What was not read then stays unverified, as the digest that names it says.
            drop(work.await);
        }
    }
}

/// The places that digests name as those before, of which nothing was looked at.
fn former_places(all: &[Verified]) -> Vec<Place> {
    let seen: BTreeSet<_> = all
        .iter()
        .map(|it| &it.record.chain.id)
        .map(|id| (&id.bucket, &id.prefix, &id.account, &id.region))
        .collect();
    let named = all.iter().flat_map(|chain| {
        let start = chain.record.chain.window.start;
        let arrivals = chain.ends.arrivals.iter();
        arrivals.filter(move |arrival| arrival.start > start)
    });
    let chains = named.filter_map(|arrival| Some(DigestKey::parse(&arrival.previous.at)?.chain));
    let new: BTreeSet<Place> = chains
        .filter(|id| !seen.contains(&(&id.bucket, &id.prefix, &id.account, &id.region)))
        .map(|id| Place {
            bucket: id.bucket,
            prefix: id.prefix,
            account: id.account,
            region: id.region,
        })
        .collect();
    new.into_iter().collect()
}

fn request(run: &Run, bucket: &str, since: Timestamp, until: Timestamp) -> Request {
    let mut request = Request {
        bucket: bucket.to_owned(),
        trail: None,
        since: Some(since),
        until,
        depth: Depth::Logs,
        expected: Vec::new(),
        anchors: BTreeMap::new(),
        vouched: Vouched::default(),
        limits: Limits::default(),
        ramp_up: Duration::ZERO,
        locks: false,
        tell_empty: false,
        unlisted: Vec::new(),
        named: Vec::new(),
    };
    let inventory = run.inventory();
    request.expected = trails::expected(&inventory, bucket, &request);
    // Where nothing is locked by default, nobody asks whether it is locked as the default says.
    let locks = inventory
        .bucket(bucket)
        .is_none_or(|it| it.default_retention.ok() != Some(&None));
    request.locks = locks && run.ask.needs(GET_OBJECT_RETENTION);
    drop(inventory);
    request
}

/// The buckets that digests are delivered to.
fn buckets(run: &Run) -> BTreeSet<String> {
    let inventory = run.inventory();
    let sets = inventory.trails.values().map(|it| &it.configuration);
    let validated = sets.filter(|it| it.log_file_validation.ok() == Some(&true));
    validated.filter_map(|it| it.bucket.ok().cloned()).collect()
}

/// The bucket with its owner's session; with that of a trail that delivers there, where the owner is not known.
fn bucket(run: &Run, name: &str) -> Bucket {
    let inventory = run.inventory();
    let seen = inventory.bucket(name);
    let owner = seen.and_then(|it| it.owner.ok().cloned().flatten());
    let region = seen.and_then(|it| it.region.ok().cloned());
    let mut trails = inventory
        .trails
        .values()
        .filter(|trail| trail.configuration.bucket.ok().is_some_and(|it| it == name));
    let account = owner.or_else(|| trails.next().map(|it| it.account.clone()));
    drop(trails);
    drop(inventory);
    let session = account.and_then(|it| run.session(&it));
    let mut target = session.unwrap_or_else(|| run.caller.clone());
    if let Some(region) = region {
        target = target.in_region(&region);
    }
    Bucket {
        ask: Arc::clone(&run.ask),
        target,
        name: name.to_owned(),
        runtime: Handle::current(),
        max_in_flight: run.options.max_in_flight,
        // An interrupted scan lets go of all work by itself.
        halt: Halt::default(),
        others: Vec::new(),
    }
}

fn chains(
    run: &Run,
    bucket: &Bucket,
    request: Request,
    watch: &Listening,
    all: &Mutex<Vec<Verified>>,
) {
    let wanted = Wanted {
        accounts: run.options.accounts.clone(),
        regions: run.options.regions.clone(),
        ..Wanted::default()
    };
    let (found, unlisted) = trails::look(bucket, &wanted, &request);
    keep(run, unlisted, all);
    walk(run, bucket, &request, &found, watch, all);
}

/// Holes are told before it is known whether they are covered: the scan may be interrupted.
fn keep(run: &Run, verified: Vec<Verified>, all: &Mutex<Vec<Verified>>) {
    let records = verified
        .iter()
        .map(|it| (it.record.id(), it.record.clone()));
    run.inventory().chains.extend(records);
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.extend(verified);
}

fn walk(
    run: &Run,
    bucket: &Bucket,
    request: &Request,
    found: &Found,
    watch: &Listening,
    all: &Mutex<Vec<Verified>>,
) {
    let regions: BTreeSet<String> = found.scopes.iter().map(|it| it.region.clone()).collect();
    let keys = |first: Option<Timestamp>| {
        let since = first.or(request.since).unwrap_or(request.until);
        let before = since.saturating_sub(SignedDuration::from_hours(26));
        let signed = (before.unwrap_or(since), Timestamp::now());
        bucket.public_keys(&regions, signed, &members(run, &regions))
    };
    let keep = |verified: Vec<Verified>| {
        if let Some(listener) = watch {
            listener.beside(bucket, &verified);
        }
        keep(run, verified, all);
    };
    let progress = Progress::new(false);
    // No trail is asked for by name, so that none can be missing.
    drop(verify(
        bucket,
        &found.scopes,
        &keys,
        request,
        &progress,
        watch.as_deref().map(|listener| listener as &dyn Tap),
        &keep,
    ));
}

/// Some accounts of which each region is switched on: the bucket's own may not have it.
fn members(run: &Run, regions: &BTreeSet<String>) -> BTreeMap<String, Vec<Target>> {
    const ASKED: usize = 3;
    let inventory = run.inventory();
    let enabled: Vec<_> = inventory
        .accounts
        .values()
        .filter_map(|it| Some((it.id.clone(), it.regions.ok()?.clone())))
        .collect();
    drop(inventory);
    let of = |region: &String| {
        let accounts = enabled.iter().filter(|(_, switches)| {
            switches
                .iter()
                .any(|it| it.enabled && it.name.as_str() == region)
        });
        let sessions = accounts.filter_map(|(id, _)| run.session(id));
        sessions.take(ASKED).collect()
    };
    regions
        .iter()
        .map(|region| (region.clone(), of(region)))
        .collect()
}
