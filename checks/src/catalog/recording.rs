//! What is really recorded of an account in a region: by which running trails and stores.

use std::collections::BTreeSet;

use crate::calls;
use crate::evaluate::not_reached;
use crate::fact::{Fact, Gap, Reason};
use crate::inventory::TrailConfiguration;
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
                if of_trail
                    .iter()
                    .any(|it| it.has_management() && it.doubt.is_none())
                {
                    by.insert(trail.arn.to_string());
                }
                events.extend(of_trail);
            }
        }
    }
    if selectors::judge(&asked, &events) == Answer::Covers {
        return Ok(Recorded::By(by));
    }
    for store in &ctx.inventory.event_data_stores {
        let of_store = collecting(store.1, account, region, ctx);
        if of_store
            .iter()
            .any(|it| it.has_management() && it.doubt.is_none())
        {
            by.insert(format!("the CloudTrail Lake store {}", store.0));
        }
        events.extend(of_store);
    }
    let unseen = Gaps::collect(
        sight
            .hidden
            .clone()
            .into_iter()
            .chain(hidden_stores(account, ctx)),
    );
    match (selectors::judge(&asked, &events), unseen) {
        (Answer::Covers, _) => Ok(Recorded::By(by)),
        (Answer::CannotTell(gaps), unseen) => {
            Err(unseen.map_or(gaps.clone(), |unseen| gaps.and(unseen)))
        }
        (Answer::Lacks(_), Some(unseen)) => Err(unseen),
        (Answer::Lacks(hole), None) => Ok(Recorded::Not(reason(&hole, &sight))),
    }
}

fn reason(hole: &Hole, sight: &Sight<'_>) -> String {
    let running = |trail: &Result<&Trail, Gaps>| {
        let status = trail.as_ref().ok().and_then(|it| it.status.ok());
        status.is_none_or(|status| status.logging)
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
    let doubt = match &trail.status {
        Fact::Known(status) if !status.logging => return Vec::new(),
        Fact::Known(_) => None,
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
fn reaching(trail: &Trail, region: &Region) -> Vec<Events> {
    match &trail.configuration {
        Fact::Known(set) if reaches(trail, set, region) => recorded_now(trail),
        Fact::Known(_) => Vec::new(),
        Fact::Unknown(gap) => in_doubt(recorded_now(trail), &Gaps::from(gap.clone())),
    }
}

fn reaches(trail: &Trail, set: &TrailConfiguration, region: &Region) -> bool {
    set.multi_region || trail.home_region == *region
}

fn in_doubt(events: Vec<Events>, gaps: &Gaps) -> Vec<Events> {
    events
        .into_iter()
        .map(|it| it.in_doubt(gaps.clone()))
        .collect()
}

/// The trails that reach a region of an account.
pub(super) struct Sight<'a> {
    /// Each trail, or why nothing but its name is known.
    pub(super) trails: Vec<Result<&'a Trail, Gaps>>,
    /// What may hide more of them.
    pub(super) hidden: Option<Gaps>,
}

impl<'a> Sight<'a> {
    fn known(&self) -> impl Iterator<Item = &'a Trail> {
        self.trails
            .iter()
            .filter_map(|trail| trail.as_ref().ok().copied())
    }
}

/// The trails that DescribeTrails shows in a region, shadows included.
///
/// Where a service control policy closes the region: the organization's trails as the management account
/// sees them there, and the account's own multi-region trails as its other regions show them.
pub(super) fn trails_in<'a>(
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<Sight<'a>, Gaps> {
    let closed = match listing(account, region, ctx) {
        Ok(arns) => {
            let trails = arns
                .iter()
                .map(|arn| find(arn, account, region, ctx))
                .collect();
            return Ok(Sight {
                trails,
                hidden: None,
            });
        }
        Err(gap) if gap.reason == Reason::DeniedByScp => gap,
        Err(gap) => return Err(gap.into()),
    };
    let (mut trails, mut hidden) = (Vec::new(), Vec::new());
    match as_management_sees(region, &closed, ctx) {
        Ok(seen) => trails.extend(seen),
        Err(gaps) => hidden.push(gaps),
    }
    let own = |trail: &Trail, set: &TrailConfiguration| {
        trail.account == account.id && set.multi_region && !set.organization
    };
    for switch in in_scope(account).filter(|switch| switch.name != *region) {
        match listing(account, &switch.name, ctx) {
            Ok(arns) => trails.extend(
                arns.iter()
                    .map(|arn| find(arn, account, &switch.name, ctx))
                    .filter(|trail| may_be(trail, own)),
            ),
            // Closed as well: a multi-region trail would show in every open region.
            Err(gap) if gap.reason == Reason::DeniedByScp => {}
            Err(gap) => hidden.push(Gaps::from(gap)),
        }
    }
    Ok(Sight {
        trails,
        hidden: Gaps::collect(hidden),
    })
}

/// The organization's trails in a region that is closed to another account.
fn as_management_sees<'a>(
    region: &Region,
    closed: &Gap,
    ctx: &Context<'a>,
) -> Result<Vec<Result<&'a Trail, Gaps>>, Gaps> {
    let organization = ctx.organization()?;
    let management = organization.and_then(|it| ctx.inventory.accounts.get(&it.management_account));
    let Some(management) = management else {
        return Err(closed.clone().into());
    };
    management.regions.known()?;
    if !in_scope(management).any(|switch| switch.name == *region) {
        return Err(closed.clone().into());
    }
    let trails = listing(management, region, ctx)?.iter();
    let trails = trails.map(|arn| find(arn, management, region, ctx));
    Ok(trails
        .filter(|trail| may_be(trail, |_, set| set.organization))
        .collect())
}

/// The regions that an account has switched on and that the run looked at; none when they are unknown.
pub(super) fn in_scope(account: &Account) -> impl Iterator<Item = &RegionSwitch> {
    let switches = account.regions.ok().map_or(&[][..], Vec::as_slice);
    switches.iter().filter(|it| it.enabled && !it.excluded)
}

/// What an account shows in a region.
pub(super) fn listing<'a>(
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<&'a [Arn], Gap> {
    match ctx.region(&account.id, region).map(|view| &view.trails) {
        Some(Fact::Known(arns)) => Ok(arns),
        Some(Fact::Unknown(gap)) => Err(gap.clone()),
        None => Err(match account.session.gap() {
            Some(gap) => gap.clone(),
            None => not_reached(calls::DESCRIBE_TRAILS, &account.id, region),
        }),
    }
}

/// A trail that is listed; of some the run may have seen no more than that.
pub(super) fn find<'a>(
    arn: &Arn,
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<&'a Trail, Gaps> {
    let gap = || not_reached(calls::GET_TRAIL_STATUS, &account.id, region).into();
    ctx.inventory.trails.get(arn).ok_or_else(gap)
}

fn may_be(trail: &Result<&Trail, Gaps>, is: impl Fn(&Trail, &TrailConfiguration) -> bool) -> bool {
    match trail {
        Ok(trail) => trail.configuration.ok().is_none_or(|set| is(trail, set)),
        Err(_) => true,
    }
}

/// What a CloudTrail Lake store collects of an account in a region.
fn collecting(
    store: &EventDataStore,
    account: &Account,
    region: &Region,
    ctx: &Context<'_>,
) -> Vec<Events> {
    let owner = store.account == account.id;
    let for_all = if owner {
        Ok(true)
    } else {
        may_collect_for_all(&store.account, ctx)
    };
    if for_all == Ok(false) {
        return Vec::new();
    }
    let events = selectors::collected(store);
    let mut events = events.unwrap_or_else(|gaps| vec![Events::default().in_doubt(gaps)]);
    if let Err(gaps) = for_all {
        events = in_doubt(events, &gaps);
    }
    match &store.configuration {
        Fact::Known(set) => {
            let account = set.organization || owner;
            let region = set.multi_region || store.region == *region;
            if account && region && set.status == "ENABLED" {
                events
            } else {
                Vec::new()
            }
        }
        Fact::Unknown(gap) => in_doubt(events, &Gaps::from(gap.clone())),
    }
}

/// Only the management account and delegated administrators own stores of the organization.
fn may_collect_for_all(owner: &AccountId, ctx: &Context<'_>) -> Result<bool, Gaps> {
    let Some(organization) = ctx.organization()? else {
        return Ok(false);
    };
    if *owner == organization.management_account {
        return Ok(true);
    }
    let delegated = organization.delegated_administrators.known()?;
    Ok(delegated.iter().any(|it| it.account == *owner))
}

/// Refused listings of stores, which may hide one that collects what no trail records.
///
/// CloudTrail Lake is not offered everywhere: a listing that failed otherwise hides nothing.
fn hidden_stores(account: &Account, ctx: &Context<'_>) -> Option<Gaps> {
    let organization = ctx.organization().ok().flatten();
    let delegated = organization.and_then(|it| it.delegated_administrators.ok());
    let delegated = delegated.into_iter().flatten().map(|it| &it.account);
    let owners = organization.map(|it| &it.management_account).into_iter();
    let owners: BTreeSet<&AccountId> = owners.chain(delegated).chain([&account.id]).collect();
    let views = owners.into_iter().flat_map(|owner| {
        let from = (owner.clone(), Region::from(""));
        let rest = ctx.inventory.regions.range(from..);
        rest.map(|(_, view)| view)
            .take_while(move |view| view.account == *owner)
    });
    let gaps = views.filter_map(|view| view.event_data_stores.gap());
    let refused = [Reason::Denied, Reason::Throttled, Reason::Interrupted];
    let gaps = gaps.filter(|gap| refused.contains(&gap.reason));
    Gaps::collect(gaps.cloned().map(Gaps::from))
}
