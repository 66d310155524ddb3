//! What stands above the record: alarms, rules, topics, the services that watch, the account and the organization.

use std::collections::BTreeSet;

use super::actions::Kind;
use super::resources::{Resource, every, one, policy};
use crate::evaluate::Context;
use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::monitoring::Alarm;
use crate::inventory::{Account, LogGroup, RegionView};
use crate::policy::Target;

pub(super) fn add(ctx: &Context<'_>, all: &mut Vec<Resource>) {
    let inventory = ctx.inventory;
    for view in inventory.regions.values() {
        region(view, ctx, all);
    }
    for topic in inventory.topics.values() {
        let fact = match &topic.configuration {
            Fact::Known(None) => continue,
            Fact::Known(Some(set)) => set.policy.clone(),
            Fact::Unknown(gap) => Fact::Unknown(gap.clone()),
        };
        let mut it = one(
            Kind::Topic,
            &topic.arn,
            &topic.arn.account(),
            Some(&topic.arn.region()),
        );
        it.policy = policy(&fact);
        all.push(it);
    }
    let mut queues = BTreeSet::new();
    for bucket in inventory.buckets.values() {
        let targets = bucket.notifications.ok().map(|it| it.targets.as_slice());
        let targets = targets.unwrap_or_default().iter();
        queues.extend(targets.filter(|arn| arn.service() == "sqs"));
    }
    for arn in queues {
        let mut it = one(Kind::Queue, arn, &arn.account(), Some(&arn.region()));
        it.policy = Some(Err("policies of queues are not collected".to_owned()));
        all.push(it);
    }
    for account in inventory.accounts.values().filter(|it| !it.excluded) {
        watchers(account, ctx, all);
    }
    organization(ctx, all);
}

fn region(view: &RegionView, ctx: &Context<'_>, all: &mut Vec<Resource>) {
    let (account, region) = (&view.account, Some(&view.region));
    let here = |group: &&LogGroup| {
        group.account == view.account
            && group.region == view.region
            && !ctx.writers(group).is_empty()
    };
    let groups: Vec<&LogGroup> = ctx.inventory.log_groups.values().filter(here).collect();
    if !groups.is_empty() {
        for alarm in view.alarms.ok().into_iter().flatten() {
            if !groups.iter().any(|group| watches(alarm, group)) {
                continue;
            }
            let mut it = one(Kind::Alarm, &alarm.arn, account, region);
            let gap = groups.iter().find_map(|group| group.metric_filters.gap());
            if let (Some(gap), Some(Some(_)) | None) = (gap, alarm.metric.ok()) {
                it.open.push((Vec::new(), gap.to_string()));
            }
            all.push(it);
        }
    }
    let about = |text: &str| text.to_ascii_lowercase().contains("cloudtrail");
    let mut bus = false;
    for rule in view.rules.ok().into_iter().flatten() {
        if rule.state != "DISABLED" && rule.pattern.as_deref().is_some_and(about) {
            all.push(one(Kind::EventRule, &rule.arn, account, region));
            bus = true;
        }
    }
    if bus {
        let partition = &ctx.inventory.header.scope.partition;
        let arn = format!(
            "arn:{partition}:events:{}:{account}:event-bus/default",
            view.region
        );
        all.push(one(Kind::EventBus, &Arn::from(arn), account, region));
    }
}

/// It looks at what a filter of the group counts, or may.
fn watches(alarm: &Alarm, group: &LogGroup) -> bool {
    let (Some(Some(namespace)), Some(Some(metric))) = (alarm.namespace.ok(), alarm.metric.ok())
    else {
        return true;
    };
    let Some(filters) = group.metric_filters.ok() else {
        return true;
    };
    let mut counted = filters.iter().flat_map(|it| &it.transformations);
    counted.any(|it| it.namespace == *namespace && it.name == *metric)
}

/// The services that watch in some region of the account, and the account's own settings.
fn watchers(account: &Account, ctx: &Context<'_>, all: &mut Vec<Resource>) {
    let inventory = ctx.inventory;
    let partition = &inventory.header.scope.partition;
    let id = &account.id;
    let first = (id.clone(), Region::from(""));
    let views: Vec<&RegionView> = inventory
        .regions
        .range(first..)
        .take_while(|((of, _), _)| of == id)
        .map(|(_, view)| view)
        .collect();
    let any = |on: fn(&RegionView) -> bool| views.iter().any(|view| on(view));
    let services = [
        (
            Kind::Guardduty,
            "guardduty",
            any(|it| it.guardduty.ok() == Some(&true)),
        ),
        (
            Kind::Securityhub,
            "securityhub",
            any(|it| it.security_hub.ok() == Some(&true)),
        ),
        (
            Kind::Config,
            "config",
            any(|it| matches!(it.config_recorder, Fact::Known(Some(_)))),
        ),
        (
            Kind::AccessAnalyzer,
            "access-analyzer",
            any(|it| it.access_analyzers.ok().is_some_and(|all| !all.is_empty())),
        ),
    ];
    for (kind, service, on) in services {
        if on {
            all.push(every(
                kind,
                &format!("arn:{partition}:{service}:*:{id}:*"),
                id,
            ));
        }
    }
    let arn = Arn::from(format!("arn:{partition}:account::{id}:account"));
    all.push(one(Kind::Account, &arn, id, None));
    let Some(organization) = inventory.organization.ok().and_then(Option::as_ref) else {
        return;
    };
    if !account.management {
        let (owner, o) = (&organization.management_account, &organization.id);
        let arn = format!("arn:{partition}:organizations::{owner}:account/{o}/{id}");
        let mut member = one(Kind::Member, &Arn::from(arn), id, None);
        member.asked = vec![Target::One("*".to_owned())];
        all.push(member);
    }
}

fn organization(ctx: &Context<'_>, all: &mut Vec<Resource>) {
    let Some(organization) = ctx.inventory.organization.ok().and_then(Option::as_ref) else {
        return;
    };
    let owner: &AccountId = &organization.management_account;
    let mut it = one(Kind::Organization, &organization.arn, owner, None);
    let partition = &ctx.inventory.header.scope.partition;
    it.asked = vec![Target::Matching(format!(
        "arn:{partition}:organizations::{owner}:*"
    ))];
    it.policy = policy(&organization.resource_policy);
    all.push(it);
}
