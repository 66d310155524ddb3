//! Where somebody, or something that could be tampered with, may be overlooked.

use std::collections::BTreeSet;

use super::resources;
use crate::context::Context;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Region};
use crate::inventory::facts::Facts;
use crate::inventory::{Bucket, Key, RegionView};

/// Where somebody, or something that could be tampered with, may be overlooked: what the table of facts marks as
/// naming them, in the records that bear on the logs.
pub(crate) fn holes(ctx: &Context<'_>) -> Vec<(AccountId, Region, Gap)> {
    let inventory = ctx.inventory;
    let mut all = BTreeSet::new();
    let mut add = |account: &AccountId, region: &Region, record: &dyn Facts| {
        record.each(&mut |field, fact| {
            let gap = fact
                .gap()
                .filter(|gap| field.names && gap.reason != Reason::DeniedByScp);
            all.extend(gap.map(|gap| (account.clone(), region.clone(), gap.clone())));
        });
    };
    let is_there = |it: &&Bucket| it.exists.ok() != Some(&false);
    for it in inventory.buckets.values().filter(is_there) {
        if let Some(trail) = ctx.deliverers(it).first() {
            add(&trail.account, &trail.home_region, it);
        }
    }
    let is_used = |it: &&Key| ctx.key_is_used(it) && !matches!(it.metadata, Fact::Known(None));
    for it in inventory.keys.values().filter(is_used) {
        add(&it.account, &it.region, it);
    }
    for it in inventory.event_data_stores.values() {
        add(&it.account, &it.region, it);
    }
    for it in inventory.topics.values() {
        add(&it.arn.account(), &it.arn.region(), it);
    }
    let watched = watched(ctx);
    for it in inventory.regions.values() {
        if watched.contains(&(&it.account, &it.region)) {
            add(&it.account, &it.region, it);
        } else {
            // Nobody asks for alarms and rules there.
            let listed = RegionView {
                alarms: Fact::Known(Vec::new()),
                rules: Fact::Known(Vec::new()),
                log_resource_policies: Fact::Known(Vec::new()),
                ..it.clone()
            };
            add(&it.account, &it.region, &listed);
        }
    }
    if let Fact::Known(Some(it)) = &inventory.organization {
        add(&it.management_account, &ctx.home(), it);
    }
    let caller = inventory.header.scope.caller_arn.account();
    let hidden = inventory.organization.gap().cloned();
    all.extend(hidden.map(|gap| (caller, ctx.home(), gap)));
    // A policy that is there and cannot be used may let in somebody of whom nothing else tells.
    for resource in resources::all(ctx) {
        if let Some(Err(gap)) = &resource.policy
            && matches!(gap.reason, Reason::Malformed | Reason::TooComplex)
        {
            all.insert((gap.account.clone(), gap.region.clone(), Gap::clone(gap)));
        }
    }
    all.into_iter().collect()
}

/// Alarms and rules about trails lie where the log groups and the trails do; elsewhere nobody asks for them.
fn watched<'a>(ctx: &'a Context<'_>) -> BTreeSet<(&'a AccountId, &'a Region)> {
    let groups = ctx.inventory.log_groups.values();
    let groups = groups.map(|it| (&it.account, &it.region));
    let trails = ctx.inventory.trails.values();
    let trails = trails.map(|it| (&it.account, &it.home_region));
    groups.chain(trails).collect()
}
