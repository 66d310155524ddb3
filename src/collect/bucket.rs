//! One bucket with the caller's own credentials: for `verify s3://BUCKET`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use trailaudit_checks::calls::{
    GET_BUCKET_LOCATION, GET_CALLER_IDENTITY, GET_OBJECT, LIST_OBJECT_VERSIONS, LIST_OBJECTS,
    LIST_PUBLIC_KEYS, LOOKUP_EVENTS,
};
use trailaudit_checks::fact::{Known, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::CallRecord;

use super::ask::Ask;
use super::digests::Bucket;
use super::progress::Progress;
use super::{CollectError, clients, endpoints, s3, scope};
use crate::objects::Halt;

/// Who asked, and what.
#[derive(Debug)]
pub struct Session {
    /// The caller.
    pub caller: Arn,
    /// Every call.
    pub ledger: Vec<CallRecord>,
    /// Endpoints in the place of AWS's own.
    pub endpoints: Vec<String>,
}

/// Opens the bucket, and hands it to `work`.
pub fn with_bucket<T>(
    profile: Option<&str>,
    max_in_flight: usize,
    name: &str,
    halt: &Halt,
    work: impl FnOnce(&Bucket) -> T,
) -> Result<(T, Session), CollectError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no threads to run on")
        .map_err(CollectError::Fatal)?;
    let open = async {
        let config = clients::load(profile).await;
        let credentials = scope::credentials(&config, profile).await?;
        let needed = BTreeSet::from([
            GET_CALLER_IDENTITY,
            GET_BUCKET_LOCATION,
            LIST_OBJECTS,
            LIST_OBJECT_VERSIONS,
            GET_OBJECT,
            LIST_PUBLIC_KEYS,
            LOOKUP_EVENTS,
        ]);
        let clients = clients::Clients::new(&config);
        let ask = Ask::new(clients, needed, max_in_flight, Progress::new(false));
        let caller = scope::caller(&ask, &config, credentials).await?;
        let endpoints = endpoints::custom(&config);
        Ok::<_, CollectError>((Arc::new(ask), caller, endpoints))
    };
    let (ask, caller, endpoints) = runtime.block_on(open)?;
    let region = runtime.block_on(s3::region(&ask, &caller.target, name));
    let target = match &region {
        Known(region) => caller.target.in_region(region),
        // Whether it can be read all the same is told by the first listing.
        Unknown(_) => caller.target.clone(),
    };
    let bucket = Bucket {
        ask: Arc::clone(&ask),
        target,
        name: name.to_owned(),
        runtime: runtime.handle().clone(),
        max_in_flight,
        halt: halt.clone(),
        others: Vec::new(),
    };
    let done = work(&bucket);
    runtime.shutdown_background();
    let ledger = ask.ledger();
    let caller = caller.arn;
    let session = Session {
        caller,
        ledger,
        endpoints,
    };
    Ok((done, session))
}
