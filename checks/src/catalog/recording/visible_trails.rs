//! Which trails reach a region of an account, as far as it, or the management account, shows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::{is_judged, not_seen};
use crate::fact::Reason;
use crate::prelude::*;

/// The trails that reach a region of an account.
pub(in crate::catalog) struct VisibleTrails<'a> {
    /// Each trail, or why nothing but its name is known.
    pub(in crate::catalog) trails: Vec<Result<&'a Trail, Gaps>>,
    /// What may hide more of them.
    pub(in crate::catalog) hidden: Option<Gaps>,
}

impl<'a> VisibleTrails<'a> {
    pub(super) fn known(&self) -> impl Iterator<Item = &'a Trail> {
        self.trails
            .iter()
            .filter_map(|trail| trail.as_ref().ok().copied())
    }
}

/// The trails that DescribeTrails shows in a region, shadows included.
///
/// Where a service control policy closes the region: the organization's trails as the management account
/// sees them there, and the account's own multi-region trails as its other regions show them.
pub(in crate::catalog) fn trails_in<'a>(
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<VisibleTrails<'a>, Gaps> {
    let closed = match listing(account, region, ctx) {
        Ok(arns) => {
            let trails = arns
                .iter()
                .map(|arn| find(arn, account, region, ctx))
                .collect();
            return Ok(VisibleTrails {
                trails,
                hidden: None,
            });
        }
        Err(gaps) if closed_by_policy(&gaps) => gaps,
        Err(gaps) => return Err(gaps),
    };
    let (mut trails, mut hidden) = (Vec::new(), Vec::new());
    match as_management_sees(region, &closed, ctx) {
        Ok(seen) => trails.extend(seen),
        Err(gaps) => hidden.push(gaps),
    }
    let own = |trail: &Trail| {
        trail.account == account.id && trail.configuration.multi_region.ok() != Some(&false)
    };
    for switch in in_scope(account).filter(|switch| switch.name != *region) {
        match listing(account, &switch.name, ctx) {
            Ok(arns) => trails.extend(
                arns.iter()
                    .map(|arn| find(arn, account, &switch.name, ctx))
                    .filter(|trail| may_be(trail, own)),
            ),
            // Closed as well: a multi-region trail would show in every open region.
            Err(gaps) if closed_by_policy(&gaps) => {}
            Err(gaps) => hidden.push(gaps),
        }
    }
    Ok(VisibleTrails {
        trails,
        hidden: Gaps::collect(hidden),
    })
}

/// The organization's trails in a region that is closed to another account.
fn as_management_sees<'a>(
    region: &Region,
    closed: &Gaps,
    ctx: &Context<'a>,
) -> Result<Vec<Result<&'a Trail, Gaps>>, Gaps> {
    let organization = ctx.organization()?;
    let management = organization.and_then(|it| ctx.inventory.accounts.get(&it.management_account));
    let Some(management) = management else {
        return Err(closed.clone());
    };
    management.regions.known()?;
    if !in_scope(management).any(|switch| switch.name == *region) {
        return Err(closed.clone());
    }
    let trails = listing(management, region, ctx)?.iter();
    let trails = trails.map(|arn| find(arn, management, region, ctx));
    Ok(trails
        .filter(|trail| {
            may_be(trail, |trail| {
                trail.configuration.organization.ok() != Some(&false)
            })
        })
        .collect())
}

/// The regions that an account has switched on and that the run looked at; none when they are unknown.
pub(in crate::catalog) fn in_scope(account: &Account) -> impl Iterator<Item = &RegionSwitch> {
    let switches = account.regions.ok().map_or(&[][..], Vec::as_slice);
    switches.iter().filter(|it| it.enabled && !it.excluded)
}

/// The regions that the account has switched on and that were left out of the scope: what is there cannot be told.
pub(in crate::catalog) fn left_out(account: &Account, ctx: &Context<'_>) -> Option<Gaps> {
    let switches = account.regions.ok().into_iter().flatten();
    let gaps = switches
        .filter(|it| it.enabled && it.excluded)
        .map(|switch| {
            let gap = not_seen(calls::DESCRIBE_TRAILS, &account.id, &switch.name, ctx);
            Gaps::from(gap)
        });
    Gaps::collect(gaps)
}

/// What an account shows in a region.
pub(in crate::catalog) fn listing<'a>(
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<&'a [Arn], Gaps> {
    match ctx.region(&account.id, region) {
        Some(view) => Ok(view.trails.known()?),
        None => {
            account.session.known()?;
            Err(not_seen(calls::DESCRIBE_TRAILS, &account.id, region, ctx).into())
        }
    }
}

/// The trails of a listing that are told apart.
pub(in crate::catalog) struct Distinct(pub(in crate::catalog) Vec<Arn>);

/// What an account shows in a region, with no more than two of trails that record alike: one of them may be the trail
/// that the others are compared with.
pub(in crate::catalog) fn distinct(
    account: &Account,
    region: &Region,
    ctx: &Context<'_>,
) -> Result<Arc<Distinct>, Gaps> {
    let listing = listing(account, region, ctx)?;
    let place = [account.id.as_str(), region.as_str()];
    Ok(ctx.once(&place, || {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut few = Vec::new();
        for arn in listing {
            if let Some(alike) = ctx.inventory.trails.get(arn).map(alike) {
                let before = seen.entry(alike).or_default();
                *before += 1;
                if *before > 2 {
                    continue;
                }
            }
            few.push(arn.clone());
        }
        Distinct(few)
    }))
}

/// What decides which events a trail records where, and since when. What is not known of two trails is alike only if it
/// is missing for the same reason.
fn alike(trail: &Trail) -> String {
    let recorded = (&trail.selectors, &trail.insights, &trail.aggregations);
    let place = (&trail.account, &trail.home_region, &trail.regions);
    format!(
        "{recorded:?} {place:?} {:?} {:?}",
        trail.configuration, trail.status
    )
}

/// What may hide a trail, or what it is set to, anywhere in the accounts and regions in scope.
///
/// For verdicts that one more trail could turn. A region that a policy closes is told in the coverage.
pub(in crate::catalog) fn hidden_anywhere(ctx: &Context<'_>) -> Option<Gaps> {
    ctx.hiding_trails(|| hiding(ctx)).cloned()
}

fn hiding(ctx: &Context<'_>) -> Option<Gaps> {
    let inventory = ctx.inventory;
    let mut gaps = Vec::new();
    match inventory.organization.known() {
        Err(gap) => gaps.push(gap),
        // A member account is refused the list by rule: its scope is itself.
        Ok(Some(organization)) => {
            let caller = inventory.header.scope.caller_arn.account();
            let list = organization.accounts.gap().filter(|gap| {
                let by_rule = matches!(gap.reason, Reason::Denied | Reason::DeniedByScp);
                caller == organization.management_account || !by_rule
            });
            gaps.extend(list.cloned().map(Gaps::from));
        }
        Ok(None) => {}
    }
    for account in inventory.accounts.values().filter(|it| is_judged(it)) {
        gaps.extend(account.session.known().err());
        gaps.extend(account.regions.known().err());
        for switch in in_scope(account) {
            let listing = listing(account, &switch.name, ctx).err();
            gaps.extend(listing.filter(|gaps| !closed_by_policy(gaps)));
        }
    }
    let trails = inventory.trails.values();
    gaps.extend(trails.filter_map(|trail| trail.configuration.missing()));
    Gaps::collect(gaps)
}

/// A service control policy closes the region to the account.
fn closed_by_policy(gaps: &Gaps) -> bool {
    gaps.iter().all(|gap| gap.reason == Reason::DeniedByScp)
}

/// A trail that is listed; of some the run may have seen no more than that.
pub(in crate::catalog) fn find<'a>(
    arn: &Arn,
    account: &Account,
    region: &Region,
    ctx: &Context<'a>,
) -> Result<&'a Trail, Gaps> {
    let gap = || not_seen(calls::GET_TRAIL_STATUS, &account.id, region, ctx).into();
    ctx.inventory.trails.get(arn).ok_or_else(gap)
}

fn may_be(trail: &Result<&Trail, Gaps>, is: impl Fn(&Trail) -> bool) -> bool {
    match trail {
        Ok(trail) => is(trail),
        Err(_) => true,
    }
}
