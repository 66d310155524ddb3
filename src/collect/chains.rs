//! The chains of digests that the trails deliver, read with the role of each bucket's owner.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;
use trailaudit_checks::calls::GET_OBJECT_RETENTION;
use trailaudit_checks::digest::Limits;

use super::ask::Target;
use super::digests::Bucket;
use super::run::Run;
use crate::verify::{Depth, Halt, Progress, Request, Wanted, trails, verify};

/// Verifies what the trails delivered from then until then.
pub(crate) async fn collect(run: &Arc<Run>, since: Timestamp, until: Timestamp) {
    run.ask.progress().doing("digests and logs");
    for name in buckets(run) {
        let bucket = bucket(run, &name);
        let request = request(run, &name, since, until);
        let worker = (Arc::clone(run), request.clone());
        let work = tokio::task::spawn_blocking(move || chains(&worker.0, &bucket, worker.1));
        // Work that dies must not leave fewer chains than there should be.
        if let Err(error) = work.await {
            let told = trails::untold(&request, &format!("verifying died: {error}"));
            let mut inventory = run.inventory();
            for record in told.into_iter().map(|it| it.record) {
                inventory.chains.entry(record.id()).or_insert(record);
            }
        }
    }
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
        limits: Limits::default(),
        locks: false,
        tell_empty: false,
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
        .filter(|it| it.configuration.bucket.ok().is_some_and(|it| it == name));
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
    }
}

fn chains(run: &Run, bucket: &Bucket, request: Request) {
    let wanted = Wanted {
        accounts: run.options.accounts.clone(),
        regions: run.options.regions.clone(),
        ..Wanted::default()
    };
    let (found, unlisted) = trails::look(bucket, &wanted, &request);
    let regions: BTreeSet<String> = found.scopes.iter().map(|it| it.region.clone()).collect();
    let since = request.since.unwrap_or(request.until);
    let before = since.saturating_sub(SignedDuration::from_hours(26));
    let signed = (before.unwrap_or(since), Timestamp::now());
    let keys = |_| bucket.public_keys(&regions, signed, &members(run, &regions));
    let keep = |verified: Vec<crate::verify::Verified>| {
        let records = verified.into_iter().map(|it| (it.record.id(), it.record));
        run.inventory().chains.extend(records);
    };
    keep(unlisted);
    let progress = Progress::new(false);
    verify(bucket, &found.scopes, &keys, &request, &progress, &keep);
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
