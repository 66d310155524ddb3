//! Facts that are missing and bear on who can tamper: to name the calls behind an answer, and to tell where somebody
//! may be overlooked.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Context;
use crate::fact::{Fact, Gap};
use crate::ids::{AccountId, Region};
use crate::inventory::{Bucket, Key, LogGroup};

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
            it.versioning.mfa_delete.gap(),
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
        add(
            &it.account,
            &it.region,
            it.configuration.termination_protection.gap(),
            false,
        );
    }
    for it in inventory.topics.values() {
        add(
            &it.arn.account(),
            &it.arn.region(),
            it.configuration.gap(),
            true,
        );
    }
    // Alarms and rules about trails lie where the log groups and the trails do; elsewhere nobody asks for them.
    let groups = inventory
        .log_groups
        .values()
        .map(|it| (&it.account, &it.region));
    let trails = inventory
        .trails
        .values()
        .map(|it| (&it.account, &it.home_region));
    let watched: BTreeSet<(&AccountId, &Region)> = groups.chain(trails).collect();
    for it in inventory.regions.values() {
        add(&it.account, &it.region, it.channels.gap(), true);
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

/// By the words in which a gap stands in an answer.
pub(super) fn by_words(ctx: &Context<'_>) -> BTreeMap<String, Gap> {
    let all = all(ctx).into_iter();
    all.map(|it| (it.gap.to_string(), it.gap.clone())).collect()
}

/// Where somebody, or something that could be tampered with, may be overlooked.
pub(crate) fn holes(ctx: &Context<'_>) -> Vec<(AccountId, Region, Gap)> {
    let all = all(ctx).into_iter().filter(|it| it.hides);
    let all = all.filter(|it| it.gap.reason != crate::fact::Reason::DeniedByScp);
    let all: BTreeSet<(AccountId, Region, Gap)> = all
        .map(|it| (it.account, it.region, it.gap.clone()))
        .collect();
    all.into_iter().collect()
}
