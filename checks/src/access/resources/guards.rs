//! What stands above the record: alarms, rules, topics, the services that watch, the account and the organization.
//!
//! A control whose state could not be read is not absent: it is a target of which it is not known whether it is there, so
//! whoever could take it away gets an unknown.

use std::collections::BTreeSet;

use super::{Resource, Source, every, one, policy_of};
use crate::access::actions::Kind;
use crate::access::gaps;
use crate::calls;
use crate::context::Context;
use crate::fact::{Fact, Gap, Reason};
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
        let source = Source {
            call: calls::GET_TOPIC_ATTRIBUTES,
            account: &topic.arn.account(),
            region: &topic.arn.region(),
        };
        it.policy = policy_of(&fact, source);
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
        let what = "the policy of an SQS queue";
        let gap = Gap::not_modelled(what, &arn.account(), &arn.region());
        it.policy = Some(Err(gap));
        all.push(it);
    }
    for account in inventory.accounts.values().filter(|it| !it.excluded) {
        watchers(account, ctx, all);
    }
    organization(ctx, all);
}

fn region(view: &RegionView, ctx: &Context<'_>, all: &mut Vec<Resource>) {
    let (account, region) = (&view.account, Some(&view.region));
    let partition = &ctx.inventory.header.scope.partition;
    // All of a kind that could not be listed.
    let unlisted = |kind: Kind, service: &str, resource: &str, gap: &Gap| {
        let pattern = format!(
            "arn:{partition}:{service}:{}:{account}:{resource}",
            view.region
        );
        let mut it = every(kind, &pattern, account);
        it.region = region.cloned();
        it.open(&[], gap);
        it
    };
    let here = |group: &&LogGroup| {
        group.account == view.account
            && group.region == view.region
            && !ctx.writers(group).is_empty()
    };
    let groups: Vec<&LogGroup> = ctx.inventory.log_groups.values().filter(here).collect();
    if !groups.is_empty() {
        if let Some(gap) = unknown(&view.alarms) {
            all.push(unlisted(Kind::Alarm, "cloudwatch", "alarm:*", gap));
        }
        for alarm in view.alarms.ok().into_iter().flatten() {
            if !groups.iter().any(|group| watches(alarm, group)) {
                continue;
            }
            let mut it = one(Kind::Alarm, &alarm.arn, account, region);
            let gap = groups.iter().find_map(|group| group.metric_filters.gap());
            if let (Some(gap), Some(Some(_)) | None) = (gap, alarm.metric.ok()) {
                it.open(&[], gap);
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
    // Rules about trails lie where trails or their log groups do; elsewhere nobody asks for them.
    if let Some(gap) = unknown(&view.rules).filter(|_| gaps::is_watched(view, ctx)) {
        all.push(unlisted(Kind::EventRule, "events", "rule/*", gap));
        all.push(unlisted(Kind::EventBus, "events", "event-bus/default", gap));
    }
    if bus {
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

/// Whether a service watches in a region.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State<'v> {
    On,
    Off,
    Unknown(&'v Gap),
}

impl<'v> State<'v> {
    fn of<T>(fact: &'v Fact<T>, on: impl FnOnce(&T) -> bool) -> Self {
        match fact {
            Fact::Known(value) if on(value) => Self::On,
            Fact::Known(_) => Self::Off,
            Fact::Unknown(_) => unknown(fact).map_or(Self::Off, Self::Unknown),
        }
    }
}

/// The gap of a fact. Where a service control policy closes the service or region to us it closes it to the account's
/// other principals as well: nothing is overlooked there, as for the listings (see [`gaps::holes`]).
fn unknown<T>(fact: &Fact<T>) -> Option<&Gap> {
    fact.gap().filter(|gap| gap.reason != Reason::DeniedByScp)
}

/// How the state of a service in one region is found.
type Look = for<'v> fn(&'v RegionView) -> State<'v>;

/// The services that watch, how their ARNs name them, and where their state is.
const WATCHERS: [(Kind, &str, Look); 4] = [
    (Kind::Guardduty, "guardduty", |region| {
        State::of(&region.guardduty, |on| *on)
    }),
    (Kind::Securityhub, "securityhub", |region| {
        State::of(&region.security_hub, |on| *on)
    }),
    (Kind::Config, "config", |region| {
        State::of(&region.config_recorder, Option::is_some)
    }),
    (Kind::AccessAnalyzer, "access-analyzer", |region| {
        State::of(&region.access_analyzers, |all| !all.is_empty())
    }),
];

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
    for (kind, service, look) in WATCHERS {
        let mut it = every(kind, &format!("arn:{partition}:{service}:*:{id}:*"), id);
        let states: Vec<State<'_>> = views.iter().map(|view| look(view)).collect();
        if !states.contains(&State::On) {
            for state in &states {
                if let State::Unknown(gap) = state {
                    it.open(&[], gap);
                }
            }
            if it.open.is_empty() {
                continue;
            }
        }
        all.push(it);
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
    let source = Source {
        call: calls::DESCRIBE_ORGANIZATION_RESOURCE_POLICY,
        account: owner,
        region: &ctx.home(),
    };
    it.policy = policy_of(&organization.resource_policy, source);
    all.push(it);
}
