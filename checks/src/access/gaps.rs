//! Facts that are missing and bear on who can tamper: to name the calls behind an answer, and to tell where somebody
//! may be overlooked.

use std::collections::BTreeSet;

use crate::calls::ApiCall;
use crate::evaluate::Context;
use crate::fact::{Fact, Gap, Reason, SharedGap};
use crate::ids::{AccountId, Region};
use crate::inventory::{Bucket, Key, LogGroup, RegionView};

/// A gap, and the account and region that it is about.
struct Missing<'a> {
    account: AccountId,
    region: Region,
    gap: &'a Gap,
    /// Somebody from outside, or a target, may be overlooked because of it.
    hides: bool,
}

fn all<'a>(ctx: &'a Context<'_>) -> Vec<Missing<'a>> {
    let inventory = ctx.inventory;
    let mut all = Vec::new();
    let mut add = |account: &AccountId, region: &Region, gap: Option<&'a Gap>, hides: bool| {
        all.extend(gap.map(|gap| Missing {
            account: account.clone(),
            region: region.clone(),
            gap,
            hides,
        }));
    };
    let used = |it: &&Bucket| !ctx.deliverers(it).is_empty();
    for it in inventory.buckets.values().filter(used) {
        let deliverers = ctx.deliverers(it);
        let Some(trail) = deliverers.first() else {
            continue;
        };
        let (account, region) = (&trail.account, &trail.home_region);
        for gap in [
            it.policy.gap(),
            it.acl.gap(),
            it.ownership.gap(),
            it.owner.gap(),
            it.public_access_block.gap(),
        ] {
            add(account, region, gap, it.exists.ok() != Some(&false));
        }
        for gap in [
            it.versioning.gap(),
            it.object_lock.gap(),
            it.default_retention.gap(),
        ] {
            add(account, region, gap, false);
        }
    }
    for it in inventory
        .keys
        .values()
        .filter(|it: &&Key| ctx.key_is_used(it))
    {
        let hides = !matches!(it.metadata, Fact::Known(None));
        for gap in [it.policy.gap(), it.grants.gap(), it.metadata.gap()] {
            add(&it.account, &it.region, gap, hides);
        }
    }
    for it in inventory
        .log_groups
        .values()
        .filter(|it: &&LogGroup| !ctx.writers(it).is_empty())
    {
        add(&it.account, &it.region, it.configuration.gap(), false);
        add(&it.account, &it.region, it.metric_filters.gap(), false);
    }
    for it in inventory.event_data_stores.values() {
        add(&it.account, &it.region, it.policy.gap(), true);
        add(&it.account, &it.region, it.configuration.gap(), false);
    }
    for it in inventory.topics.values() {
        add(
            &it.arn.account(),
            &it.arn.region(),
            it.configuration.gap(),
            true,
        );
    }
    let watched = watched(ctx);
    for it in inventory.regions.values() {
        add(&it.account, &it.region, it.channels.gap(), true);
        // A principal that could switch one off is unknown by itself: see `guards`.
        for gap in [
            it.config_recorder.gap(),
            it.guardduty.gap(),
            it.security_hub.gap(),
            it.access_analyzers.gap(),
        ] {
            add(&it.account, &it.region, gap, false);
        }
        if watched.contains(&(&it.account, &it.region)) {
            for gap in [
                it.alarms.gap(),
                it.rules.gap(),
                it.log_resource_policies.gap(),
            ] {
                add(&it.account, &it.region, gap, true);
            }
        }
        for channel in it.channels.ok().into_iter().flatten() {
            add(&it.account, &it.region, channel.policy.gap(), true);
        }
    }
    let home = ctx.home();
    for it in inventory.accounts.values() {
        add(&it.id, &home, it.parent.gap(), false);
        add(&it.id, &home, it.public_access_block.gap(), false);
    }
    let caller = inventory.header.scope.caller_arn.account();
    add(&caller, &home, inventory.organization.gap(), true);
    if let Fact::Known(Some(it)) = &inventory.organization {
        let account = &it.management_account;
        add(account, &home, it.units.gap(), false);
        add(account, &home, it.policies.gap(), false);
        add(account, &home, it.delegated_administrators.gap(), false);
        add(account, &home, it.resource_policy.gap(), true);
        for policy in it.policies.ok().into_iter().flatten() {
            add(account, &home, policy.document.gap(), false);
            add(account, &home, policy.targets.gap(), false);
        }
        for administrator in it.delegated_administrators.ok().into_iter().flatten() {
            add(account, &home, administrator.services.gap(), false);
        }
    }
    all
}

/// Alarms and rules about trails lie where the log groups and the trails do; elsewhere nobody asks for them.
fn watched<'a>(ctx: &'a Context<'_>) -> BTreeSet<(&'a AccountId, &'a Region)> {
    let groups = ctx.inventory.log_groups.values();
    let groups = groups.map(|it| (&it.account, &it.region));
    let trails = ctx.inventory.trails.values();
    let trails = trails.map(|it| (&it.account, &it.home_region));
    groups.chain(trails).collect()
}

/// Whether alarms and rules about trails are looked for in this region.
pub(super) fn is_watched(view: &RegionView, ctx: &Context<'_>) -> bool {
    let groups = ctx.inventory.log_groups.values();
    let mut groups = groups.map(|it| (&it.account, &it.region));
    let trails = ctx.inventory.trails.values();
    let mut trails = trails.map(|it| (&it.account, &it.home_region));
    let here = (&view.account, &view.region);
    groups.any(|it| it == here) || trails.any(|it| it == here)
}

/// A gap that is no answer's: about something that was read and does not say what is needed.
pub(super) fn of(
    call: ApiCall,
    account: &AccountId,
    region: &Region,
    reason: Reason,
    detail: &str,
) -> SharedGap {
    SharedGap::new(Gap::of_call(call, account, region, reason, detail))
}

/// Where somebody, or something that could be tampered with, may be overlooked.
pub(crate) fn holes(ctx: &Context<'_>) -> Vec<(AccountId, Region, Gap)> {
    let all = all(ctx).into_iter().filter(|it| it.hides);
    let all = all.filter(|it| it.gap.reason != Reason::DeniedByScp);
    let all: BTreeSet<(AccountId, Region, Gap)> = all
        .map(|it| (it.account, it.region, it.gap.clone()))
        .collect();
    all.into_iter().collect()
}
