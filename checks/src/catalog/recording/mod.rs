//! What is really recorded of an account in a region: by which running trails and stores.

mod stores;
mod visible_trails;

use std::collections::BTreeSet;

pub(super) use visible_trails::{
    distinct, find, hidden_anywhere, in_scope, left_out, listing, trails_in,
};

use stores::{collecting, hidden_stores};
use visible_trails::VisibleTrails;

use crate::calls::ApiCall;
use crate::fact::{Fact, Reason};
use crate::prelude::*;
use crate::selectors::{self, Answer, Events, Hole};

/// Whether the management events of a region are recorded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// All of them, by these trails and stores.
    By {
        /// Their names.
        names: BTreeSet<String>,
        /// What they leave out by source, where AWS offers that: AWS KMS, the RDS Data API.
        left_out: Option<String>,
    },
    /// Not all of them, and why: `not logged: no trail covers the region`.
    Not(String),
}

/// Whether read and write management events of a region are recorded, but what AWS lets one exclude by source.
///
/// Such an exclusion is one fact with one severity: `trail-management-events-no-exclusions` fails for it.
pub(super) fn management_events(
    account: &Account,
    region: &Region,
    ctx: &Context<'_>,
) -> Result<Recorded, Gaps> {
    let asked = Events::management();
    let sight = trails_in(account, region, ctx)?;
    let (mut by, mut events) = (BTreeSet::new(), Vec::new());
    for trail in &sight.trails {
        match trail {
            Err(gap) => events.push(Events::default().in_doubt(gap.clone())),
            Ok(trail) => {
                let of_trail = reaching(trail, region, ctx);
                if certainly(&of_trail) {
                    by.insert(trail.arn.to_string());
                }
                events.extend(of_trail);
            }
        }
    }
    let judge = |events: &[Events]| {
        let whole = selectors::judge(&asked, events);
        let Answer::Lacks(hole) = &whole else {
            return (whole, None);
        };
        let events: Vec<Events> = events
            .iter()
            .map(|it| it.clone().with_sources_put_back(&EXCLUDABLE))
            .collect();
        match selectors::judge(&asked, &events) {
            Answer::Covers => (Answer::Covers, Some(hole.to_string())),
            Answer::Lacks(_) | Answer::CannotTell(_) => (whole, None),
        }
    };
    if let (Answer::Covers, left_out) = judge(&events) {
        return Ok(Recorded::By {
            names: by,
            left_out,
        });
    }
    for store in ctx.inventory.event_data_stores.values() {
        let of_store = collecting(store, account, region, ctx);
        if certainly(&of_store) {
            by.insert(format!("event data store {}", store.arn));
        }
        events.extend(of_store);
    }
    let hidden = sight.hidden.clone().into_iter();
    let unseen = Gaps::collect(hidden.chain(hidden_stores(account, ctx)));
    match (judge(&events), unseen) {
        ((Answer::Covers, left_out), _) => Ok(Recorded::By {
            names: by,
            left_out,
        }),
        ((Answer::CannotTell(gaps), _), unseen) => {
            Err(unseen.map_or(gaps.clone(), |unseen| gaps.and(unseen)))
        }
        ((Answer::Lacks(_), _), Some(unseen)) => Err(unseen),
        ((Answer::Lacks(hole), _), None) => Ok(Recorded::Not(reason(&hole, &sight, ctx))),
    }
}

/// The sources whose management events AWS lets a trail exclude ("Logging management events", section "Excluding
/// events", AWS CloudTrail User Guide).
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// The calls that tell of CloudTrail Lake stores.
pub(super) const STORES: [ApiCall; 2] =
    [calls::LIST_EVENT_DATA_STORES, calls::GET_EVENT_DATA_STORE];
/// The checks that read stores for nothing but what no trail records.
pub(super) const STORES_IN_HOLES: [&str; 2] =
    ["organization-all-accounts-covered", "trail-regions-covered"];

/// The accounts in which trails leave management events of a region unrecorded, or seem to.
pub(super) fn accounts_with_holes(ctx: &Context<'_>) -> BTreeSet<AccountId> {
    let asked = Events::management();
    let regions = ctx.inventory.regions.values();
    let holes = regions.filter(|view| {
        let account = ctx.inventory.accounts.get(&view.account);
        account.is_none_or(|account| unrecorded(&asked, account, &view.region, ctx) != Ok(None))
    });
    holes.map(|view| view.account.clone()).collect()
}

/// Which of the asked events no running trail records in a region; none when all are recorded.
pub(super) fn unrecorded(
    asked: &Events,
    account: &Account,
    region: &Region,
    ctx: &Context<'_>,
) -> Result<Option<Hole>, Gaps> {
    let sight = trails_in(account, region, ctx)?;
    let events = sight.trails.into_iter().flat_map(|trail| match trail {
        Ok(trail) => reaching(trail, region, ctx),
        Err(gap) => vec![Events::default().in_doubt(gap)],
    });
    match selectors::judge(asked, &events.collect::<Vec<_>>()) {
        Answer::Covers => Ok(None),
        Answer::Lacks(hole) => sight.hidden.map_or(Ok(Some(hole)), Err),
        Answer::CannotTell(gaps) => {
            Err(Gaps::collect(sight.hidden.into_iter().chain([gaps.clone()])).unwrap_or(gaps))
        }
    }
}

/// Some management events are recorded, without doubt.
fn certainly(events: &[Events]) -> bool {
    let mut sets = events.iter();
    sets.any(|it| it.has_management() && it.doubt.is_none())
}

fn reason(hole: &Hole, sight: &VisibleTrails<'_>, ctx: &Context<'_>) -> String {
    let running = |trail: &Result<&Trail, Gaps>| {
        let trail = trail.as_ref().ok();
        trail.is_none_or(|it| it.status.logging.ok() != Some(&false))
    };
    if sight.trails.is_empty() {
        "not logged: no trail covers the region".to_owned()
    } else if !sight.trails.iter().any(running) {
        let names: BTreeSet<&str> = sight.known().map(|trail| trail.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        format!(
            "not logged: all trails that cover the region are stopped: {}",
            names.join(", ")
        )
    } else if let Some(trail) = sight
        .known()
        .find(|trail| hole.is_everything() && bucket_is_gone(trail, ctx) == Ok(true))
    {
        format!(
            "not logged: the bucket of trail {} does not exist",
            trail.name
        )
    } else if hole.is_everything() {
        "not logged: no trail that covers the region logs them".to_owned()
    } else {
        format!("not all logged: {hole}")
    }
}

/// What a trail records now: nothing when it is stopped, in doubt when that cannot be told.
pub(super) fn recorded_now(trail: &Trail) -> Vec<Events> {
    let doubt = match &trail.status.logging {
        Fact::Known(false) => return Vec::new(),
        Fact::Known(true) => None,
        Fact::Unknown(gap) => Some(Gaps::from(gap.clone())),
    };
    let events = selectors::recorded(trail);
    let events = events.unwrap_or_else(|gaps| vec![Events::default().in_doubt(gaps)]);
    match doubt {
        None => events,
        Some(gaps) => in_doubt(events, &gaps),
    }
}

/// What a trail records now in a region where it is listed.
pub(super) fn reaching(trail: &Trail, region: &Region, ctx: &Context<'_>) -> Vec<Events> {
    if trail.home_region == *region {
        return delivered_now(trail, ctx);
    }
    match &trail.configuration.multi_region {
        Fact::Known(true) => delivered_now(trail, ctx),
        Fact::Known(false) => Vec::new(),
        Fact::Unknown(gap) => in_doubt(delivered_now(trail, ctx), &Gaps::from(gap.clone())),
    }
}

/// What a trail records now and can deliver: nothing where its bucket is gone.
pub(super) fn delivered_now(trail: &Trail, ctx: &Context<'_>) -> Vec<Events> {
    match bucket_is_gone(trail, ctx) {
        Ok(true) => Vec::new(),
        Ok(false) => recorded_now(trail),
        Err(gaps) => in_doubt(recorded_now(trail), &gaps),
    }
}

/// Whether the bucket that a trail delivers to does not exist: the trail goes on running, and nothing is kept.
///
/// A bucket that this run was not asked about is left to the checks that are.
pub(super) fn bucket_is_gone(trail: &Trail, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let Some(bucket) = trail.configuration.bucket.ok() else {
        return Ok(false);
    };
    match ctx.bucket(bucket).map(|it| &it.exists) {
        Some(Fact::Known(exists)) => Ok(!exists),
        Some(Fact::Unknown(gap)) if gap.reason != Reason::NotAsked => Err(gap.clone().into()),
        Some(Fact::Unknown(_)) | None => Ok(false),
    }
}

fn in_doubt(events: Vec<Events>, gaps: &Gaps) -> Vec<Events> {
    events
        .into_iter()
        .map(|it| it.in_doubt(gaps.clone()))
        .collect()
}
