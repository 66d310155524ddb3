//! What is really recorded of an account in a region: by which running trails and stores.

mod sight;
mod stores;

use std::collections::BTreeSet;

pub(super) use sight::{find, hidden_anywhere, in_scope, listing, trails_in};

use sight::Sight;
use stores::{collecting, hidden_stores};

use crate::calls::ApiCall;
use crate::fact::Fact;
use crate::prelude::*;
use crate::selectors::{self, Answer, Events, Hole};

/// Whether the management events of a region are recorded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// All of them, by these trails and stores.
    By(BTreeSet<String>),
    /// Not all of them, and why.
    Not(String),
}

/// Whether read and write management events of a region are recorded without exclusion.
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
                let of_trail = reaching(trail, region);
                if certainly(&of_trail) {
                    by.insert(trail.arn.to_string());
                }
                events.extend(of_trail);
            }
        }
    }
    if selectors::judge(&asked, &events) == Answer::Covers {
        return Ok(Recorded::By(by));
    }
    for store in ctx.inventory.event_data_stores.values() {
        let of_store = collecting(store, account, region, ctx);
        if certainly(&of_store) {
            by.insert(format!("the CloudTrail Lake store {}", store.arn));
        }
        events.extend(of_store);
    }
    let hidden = sight.hidden.clone().into_iter();
    let unseen = Gaps::collect(hidden.chain(hidden_stores(account, ctx)));
    match (selectors::judge(&asked, &events), unseen) {
        (Answer::Covers, _) => Ok(Recorded::By(by)),
        (Answer::CannotTell(gaps), unseen) => {
            Err(unseen.map_or(gaps.clone(), |unseen| gaps.and(unseen)))
        }
        (Answer::Lacks(_), Some(unseen)) => Err(unseen),
        (Answer::Lacks(hole), None) => Ok(Recorded::Not(reason(&hole, &sight))),
    }
}

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
        Ok(trail) => reaching(trail, region),
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

fn reason(hole: &Hole, sight: &Sight<'_>) -> String {
    let running = |trail: &Result<&Trail, Gaps>| {
        let trail = trail.as_ref().ok();
        trail.is_none_or(|it| it.status.logging.ok() != Some(&false))
    };
    if sight.trails.is_empty() {
        "no trail is seen there".to_owned()
    } else if !sight.trails.iter().any(running) {
        let names: BTreeSet<&str> = sight.known().map(|trail| trail.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        format!("only stopped trails are there: {}", names.join(", "))
    } else if hole.is_everything() {
        "no trail there records management events".to_owned()
    } else {
        hole.to_string()
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
pub(super) fn reaching(trail: &Trail, region: &Region) -> Vec<Events> {
    if trail.home_region == *region {
        return recorded_now(trail);
    }
    match &trail.configuration.multi_region {
        Fact::Known(true) => recorded_now(trail),
        Fact::Known(false) => Vec::new(),
        Fact::Unknown(gap) => in_doubt(recorded_now(trail), &Gaps::from(gap.clone())),
    }
}

fn in_doubt(events: Vec<Events>, gaps: &Gaps) -> Vec<Events> {
    events
        .into_iter()
        .map(|it| it.in_doubt(gaps.clone()))
        .collect()
}
