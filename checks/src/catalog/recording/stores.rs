//! Which CloudTrail Lake stores collect from a region of an account.

use std::collections::BTreeSet;

use super::in_doubt;
use crate::fact::Reason;
use crate::prelude::*;
use crate::selectors::{self, Events};

/// What a CloudTrail Lake store collects of an account in a region.
pub(super) fn collecting(
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
    let set = &store.configuration;
    let collects = [
        if owner {
            Ok(true)
        } else {
            set.organization.known().copied()
        },
        if store.region == *region {
            Ok(true)
        } else {
            set.multi_region.known().copied()
        },
        set.status.known().map(|status| status == "ENABLED"),
    ];
    if collects.contains(&Ok(false)) {
        return Vec::new();
    }
    match Gaps::collect(collects.into_iter().filter_map(Result::err)) {
        None => events,
        Some(gaps) => in_doubt(events, &gaps),
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
pub(super) fn hidden_stores(account: &Account, ctx: &Context<'_>) -> Option<Gaps> {
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
