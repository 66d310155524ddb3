//! The chains that the trails of an inventory must have delivered to one bucket.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trailaudit_checks::calls::GET_OBJECT;
use trailaudit_checks::digest::{ChainId, Ends, Kind, Logging, Severity};
use trailaudit_checks::fact::{Known, Reason, Unknown};
use trailaudit_checks::inventory::{Account, Inventory, Trail, TrailConfiguration};

use super::scope::{Found, Scope, Wanted, find};
use super::{Expected, Request, Verified, problems};
use crate::objects::{Source, Unread};

/// What the trails that write digests into a bucket must deliver there.
#[must_use]
pub fn expected(inventory: &Inventory, bucket: &str, request: &Request) -> Vec<Expected> {
    let mut expected = Vec::new();
    for trail in inventory.trails.values() {
        let set = &trail.configuration;
        let here = set.bucket.ok().is_some_and(|it| it == bucket);
        if !here || set.log_file_validation.ok() != Some(&true) {
            continue;
        }
        let logging = logging(trail, request);
        for (account, region) in recorded(inventory, trail, set) {
            let chain = ChainId {
                account,
                region,
                home_region: trail.home_region.to_string(),
                trail: trail.name.clone(),
                bucket: bucket.to_owned(),
                prefix: prefix(set),
            };
            expected.push(Expected { chain, logging });
        }
    }
    expected
}

/// What a trail's objects lie below, without the slash at its end.
#[must_use]
pub fn prefix(set: &TrailConfiguration) -> String {
    let prefix = set.prefix.ok().and_then(Option::as_deref);
    prefix.unwrap_or_default().trim_matches('/').to_owned()
}

/// Whether the trail logs, as far as its status says.
fn logging(trail: &Trail, request: &Request) -> Logging {
    let status = &trail.status;
    let due = |started: jiff::Timestamp| {
        let first = started.saturating_add(SignedDuration::from_hours(1));
        first.is_ok_and(|first| first <= request.until)
    };
    match (&status.logging, &status.started, &status.stopped) {
        (Known(false), _, Known(Some(stopped))) => Logging::StoppedAt(*stopped),
        // A restart sets the time anew: what was before it is a hole all the same.
        (Known(true), Known(Some(at)), Known(stopped)) if !due(*at) => Logging::Started {
            at: *at,
            stopped: stopped.filter(|stopped| stopped < at),
        },
        (Known(true), Known(_), Known(_)) => Logging::Running,
        (Known(_) | Unknown(_), _, _) => Logging::Unknown,
    }
}

/// The accounts and regions whose events the trail records.
fn recorded(
    inventory: &Inventory,
    trail: &Trail,
    set: &TrailConfiguration,
) -> Vec<(String, String)> {
    let accounts = inventory.accounts.values().filter(|account| {
        !account.excluded && (set.organization.ok() != Some(&false) || account.id == trail.account)
    });
    let regions = |account: &Account| -> Vec<String> {
        let switches = account.regions.ok().map_or(&[][..], Vec::as_slice);
        let used = switches.iter().filter(|it| it.enabled && !it.excluded);
        let used =
            used.filter(|it| set.multi_region.ok() != Some(&false) || it.name == trail.home_region);
        used.map(|it| it.name.to_string()).collect()
    };
    let places = accounts.flat_map(|account| {
        let regions = regions(account).into_iter();
        regions.map(|region| (account.id.to_string(), region))
    });
    places.collect()
}

/// The chains that should be there, none of which could be verified.
pub fn untold(request: &Request, why: &str) -> Vec<Verified> {
    let unread = Unread {
        call: GET_OBJECT,
        reason: Reason::Failed,
        detail: why.to_owned(),
        request_id: None,
    };
    let of = |chain: &ChainId| Verified {
        record: problems::unlisted(
            chain.clone(),
            request.window(),
            unread.gap(&chain.account, &chain.region),
        ),
        saved: None,
        ends: Ends::default(),
        resumed: false,
        expected: false,
    };
    request.expected.iter().map(|it| of(&it.chain)).collect()
}

/// Looks below the prefixes of the expected chains. Chains that are not found are looked for all the same; where the
/// listing failed, they are told as not listed.
pub fn look(source: &dyn Source, wanted: &Wanted, request: &Request) -> (Found, Vec<Verified>) {
    let mut found = Found::default();
    let mut failed = BTreeMap::new();
    let mut prefixes: Vec<&str> = request
        .expected
        .iter()
        .map(|it| it.chain.prefix.as_str())
        .collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    for prefix in prefixes {
        let wanted = Wanted {
            prefix: prefix.to_owned(),
            search: false,
            ..wanted.clone()
        };
        let below = find(source, &wanted);
        found.scopes.extend(below.scopes);
        if let Some((_, unread)) = below.unread.into_iter().next() {
            failed.insert(prefix, unread);
        }
    }
    let mut unlisted = Vec::new();
    for chain in request.expected.iter().map(|it| &it.chain) {
        let scopes = &found.scopes;
        let here = |scope: &Scope| {
            (&scope.account, &scope.region, &scope.prefix)
                == (&chain.account, &chain.region, &chain.prefix)
        };
        if scopes.iter().any(here) {
            continue;
        }
        match failed.get(chain.prefix.as_str()) {
            Some(unread) => {
                let gap = unread.gap(&chain.account, &chain.region);
                let window = request.window();
                unlisted.push(Verified {
                    record: problems::unlisted(chain.clone(), window, gap),
                    saved: None,
                    ends: Ends::default(),
                    resumed: false,
                    expected: false,
                });
            }
            None => found.scopes.push(Scope {
                prefix: chain.prefix.clone(),
                account: chain.account.clone(),
                region: chain.region.clone(),
                services: BTreeMap::new(),
            }),
        }
    }
    (found, unlisted)
}

/// Names, for logs that no digest lists, the trail without log file validation that delivers to the same place.
pub fn name_unvalidated(inventory: &Inventory, all: &mut [Verified]) {
    for trail in inventory.trails.values() {
        let set = &trail.configuration;
        let (Known(bucket), Known(false)) = (&set.bucket, &set.log_file_validation) else {
            continue;
        };
        let records = recorded(inventory, trail, set);
        let below = prefix(set);
        for it in all.iter_mut() {
            let id = &it.record.chain.id;
            let place = (id.account.clone(), id.region.clone());
            if *bucket != id.bucket || below != id.prefix || !records.contains(&place) {
                continue;
            }
            for problem in &mut it.record.problems {
                if problem.kind == Kind::LogUnlisted {
                    problem.severity = Severity::Low;
                    problem.detail = format!(
                        "trail {} delivers here without log file validation, so that no digest lists its logs; {}",
                        trail.arn, problem.detail
                    );
                }
            }
            it.record.problems.sort();
        }
    }
}
