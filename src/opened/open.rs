//! Opens what was named on the command line, a bucket or a mirror of one, and finds the accounts and regions there.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use trailaudit_checks::digest::{DigestKey, Limits};

use super::asked::{Asked, Asker};
use crate::exit::Stop;
use crate::objects::{Folder, Source, Stoppable};
use crate::verify::{Found, Keys, Request, Scope, Wanted, bucket_of, find};

/// What was named on the command line, opened: a bucket, or a mirror of one.
pub struct Opened<'a> {
    /// Where objects are read.
    pub source: &'a dyn Source,
    /// The accounts and regions there, and those that were asked for by name.
    pub found: Found,
    /// What to verify.
    pub request: Request,
    /// The public keys of the time since the first digest that matters.
    pub keys: &'a dyn Fn(Option<Timestamp>) -> Keys,
}

/// Opens a mirror, or a bucket with the caller's credentials, and does `work` there; `None` if only the plan was asked
/// for, which goes to stdout.
pub fn open<T: Send>(
    place: &str,
    asked: &Asked,
    work: &(dyn Fn(Opened<'_>) -> Result<T, Stop> + Sync),
) -> Result<Option<(T, Asker)>, Stop> {
    named_rightly(place)?;
    if !place.starts_with("s3://") {
        let done = folder(Path::new(place), asked, work)?;
        return Ok(done.map(|it| (it, Asker::default())));
    }
    #[cfg(feature = "aws")]
    {
        bucket(place, asked, work)
    }
    #[cfg(not(feature = "aws"))]
    Err(Stop::usage(
        "this build cannot ask AWS (it was made without the feature `aws`). \
         Mirror the bucket (`aws s3 sync`) and verify the folder",
    ))
}

/// Refuses what is neither a bucket nor a folder, with what was probably meant.
fn named_rightly(source: &str) -> Result<(), Stop> {
    let bucket = source.strip_prefix("s3://");
    if bucket.is_some_and(|it| !it.is_empty() && !it.starts_with('/')) {
        return Ok(());
    }
    if source.starts_with("s3:") {
        let name = source.trim_start_matches("s3:").trim_start_matches('/');
        let name = if name.is_empty() { "BUCKET" } else { name };
        return Err(Stop::usage(format!(
            "{source} does not name a bucket: use s3://{name}"
        )));
    }
    if !Path::new(source).exists() {
        return Err(Stop::usage(format!(
            "there is no folder {source}; for a bucket use s3://{source}"
        )));
    }
    Ok(())
}

fn folder<T>(
    root: &Path,
    asked: &Asked,
    work: &dyn Fn(Opened<'_>) -> Result<T, Stop>,
) -> Result<Option<T>, Stop> {
    let Some(keys) = &asked.keys else {
        return Err(Stop::usage(
            "verifying a local folder requires --public-keys FILE (JSON: region -> ListPublicKeys output, from `aws \
             cloudtrail list-public-keys --region REGION --start-time TIME`); for a bucket use s3://NAME",
        ));
    };
    let named = asked.extent.bucket.as_deref().map(bucket_name);
    let folder = Folder::open(root, named).map_err(Stop::Usage)?;
    let source = Stoppable::new(&folder, &asked.halt);
    let pinned = |_| Keys::from(keys.clone());
    mirror(&source, named, &pinned, asked, work)
}

/// The same for any copy of a bucket; `named` is the bucket's name, if it was given.
pub fn mirror<T>(
    source: &dyn Source,
    named: Option<&str>,
    keys: &dyn Fn(Option<Timestamp>) -> Keys,
    asked: &Asked,
    work: &dyn Fn(Opened<'_>) -> Result<T, Stop>,
) -> Result<Option<T>, Stop> {
    let wanted = asked.wanted("");
    let mut found = find(source, &wanted);
    let limits = Limits::default();
    let bucket = named
        .map(str::to_owned)
        .or_else(|| bucket_of(source, &found.scopes, &limits))
        .or_else(|| asked.former_bucket());
    let request = asked.request(bucket.as_deref().unwrap_or("*"), &found)?;
    if asked.extent.plan {
        crate::verify::plan::print(&crate::verify::plan::of(source, &found, &request))?;
        return Ok(None);
    }
    complete(&mut found, &wanted, &request);
    work(Opened {
        source,
        found,
        request,
        keys,
    })
    .map(Some)
}

/// The same for what another process found in `place`, and for what it noted of that: a source and a bucket.
pub fn again<T>(
    source: &dyn Source,
    mut found: Found,
    (place, bucket): (&str, &str),
    keys: &dyn Fn(Option<Timestamp>) -> Keys,
    asked: &Asked,
    work: &dyn Fn(Opened<'_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let prefix = place
        .strip_prefix("s3://")
        .and_then(|it| it.split_once('/'));
    let wanted = asked.wanted(prefix.map_or("", |(_, prefix)| prefix));
    let request = asked.request(bucket, &found)?;
    complete(&mut found, &wanted, &request);
    work(Opened {
        source,
        found,
        request,
        keys,
    })
}

#[cfg(feature = "aws")]
fn bucket<T: Send>(
    place: &str,
    asked: &Asked,
    work: &(dyn Fn(Opened<'_>) -> Result<T, Stop> + Sync),
) -> Result<Option<(T, Asker)>, Stop> {
    use crate::collect::{CollectError, with_bucket};
    let place = place.trim_start_matches("s3://");
    let (name, prefix) = place.split_once('/').unwrap_or((place, ""));
    if name.is_empty() {
        return Err(Stop::usage(
            "a bucket is named as s3://BUCKET or s3://BUCKET/PREFIX",
        ));
    }
    let read = |bucket: &crate::collect::Bucket| {
        let wanted = asked.wanted(prefix);
        let source = &Stoppable::new(bucket, &asked.halt);
        let mut found = find(source, &wanted);
        // A replica holds what was signed for the bucket that it is a copy of.
        let original = asked.extent.bucket.as_deref().map_or(name, bucket_name);
        let request = asked.request(original, &found)?;
        if asked.extent.plan {
            crate::verify::plan::print(&crate::verify::plan::of(source, &found, &request))?;
            return Ok(None);
        }
        complete(&mut found, &wanted, &request);
        let regions = found.scopes.iter().map(|it| it.region.clone());
        let regions = regions.filter(|it| it != "*").collect();
        let keys = |first| match &asked.keys {
            Some(keys) => Keys::from(keys.clone()),
            None => bucket.public_keys(&regions, asked.signed(first), &BTreeMap::new()),
        };
        work(Opened {
            source,
            found,
            request,
            keys: &keys,
        })
        .map(Some)
    };
    let extent = &asked.extent;
    let profile = extent.profile.as_deref();
    let ran = with_bucket(profile, extent.max_in_flight, name, &asked.halt, read);
    let (done, session) = ran.map_err(|error| match error {
        CollectError::EmptyScope(error) => Stop::Usage(error),
        CollectError::NoCredentials(error) | CollectError::Fatal(error) => Stop::Fatal(error),
    })?;
    let done: Result<Option<T>, Stop> = done;
    let asker = Asker {
        caller: session.caller,
        ledger: session.ledger,
        endpoints: session.endpoints,
    };
    Ok(done?.map(|done| (done, asker)))
}

/// Adds what was asked for by name and is not there: that it is missing must be told.
fn complete(found: &mut Found, wanted: &Wanted, request: &Request) {
    let missing = |scopes: &[Scope], account: &str, region: &str| {
        !scopes.iter().any(|scope| {
            (account == "*" || scope.account == account)
                && (region == "*" || scope.region == region)
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
        let here = found.scopes.iter().any(|scope| {
            (&scope.account, &scope.region, &scope.prefix) == (account, region, &key.chain.prefix)
        });
        if !here && asked(&wanted.accounts, account) && asked(&wanted.regions, region) {
            found.scopes.push(empty(account, region, &key.chain.prefix));
        }
    }
}

/// Each account with each region; `*` where none is named.
pub(super) fn places(accounts: &[String], regions: &[String]) -> Vec<(String, String)> {
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

/// The name of a bucket, which may be given as an address.
fn bucket_name(flag: &str) -> &str {
    flag.trim_start_matches("s3://").trim_end_matches('/')
}
