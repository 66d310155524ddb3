//! Whether someone is told of every required event: by a metric filter and an alarm, or by an EventBridge rule.
//!
//! Each chain is a condition on the event: recorded by the trail, matched by the filter, and true, false or
//! unknown for each link behind it. Chains are joined by or. So filters may share the work, and a fact that is
//! missing matters only where no other chain does the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::events::{Kind, Required};
use super::links::{self, LINKS, Link};
use super::rules;
use super::scene::{Chain, Scene, seen, without_filters};
use crate::catalog::gap::{gap, not_evaluated};
use crate::catalog::recording::in_scope;
use crate::catalog::trail::judging;
use crate::context::not_seen;
use crate::fact::Reason;
use crate::finding::Status;
use crate::patterns::{Comparison, Expr, Is, Texts, Witness, covers};
use crate::prelude::*;

/// Every call that the chain rests on.
pub(super) const READS: &[calls::ApiCall] = &[
    calls::LIST_REGIONS,
    calls::DESCRIBE_TRAILS,
    calls::GET_TRAIL_STATUS,
    calls::GET_EVENT_SELECTORS,
    calls::DESCRIBE_LOG_GROUPS,
    calls::DESCRIBE_METRIC_FILTERS,
    calls::DESCRIBE_ALARMS,
    calls::GET_TOPIC_ATTRIBUTES,
    calls::LIST_SUBSCRIPTIONS,
    calls::GET_SUBSCRIPTION_ATTRIBUTES,
    calls::DESCRIBE_KEY,
    calls::GET_KEY_POLICY,
    // The RCPs over a topic's key.
    calls::DESCRIBE_ORGANIZATION,
    calls::LIST_ACCOUNTS,
    calls::LIST_ROOTS,
    calls::LIST_POLICIES,
    calls::LIST_RULES,
    calls::LIST_TARGETS_BY_RULE,
];

/// Whether someone is told of all these events of the account.
pub(super) fn alarmed(account: &Account, required: &Required, ctx: &Context<'_>) -> Outcome {
    let scene = match Scene::of(account, ctx) {
        Ok(scene) => scene,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let events = scene.within(required, account, ctx);
    let mut gaps = scene.gaps.clone();
    let chains = scene.chains(required, ctx, &mut gaps);
    let complete = upto(&chains, LINKS, &scene);
    let first = covers(&events, &complete);
    // One that is missed is one that can be.
    if !matches!(first, Comparison::Misses(_)) && nothing_is(&events) {
        return Err(out_of_scope(account, ctx));
    }
    if first == Comparison::Covers {
        let names = chains.iter().filter(|it| it.at(LINKS) == Some(true));
        let names: Vec<&str> = names.map(|it| it.name.as_str()).collect();
        let verdict = Verdict::pass("an alarm notifies a subscriber of every such event");
        let verdict = verdict.saw("MetricFilters", names);
        return Ok(unread_beside(verdict, unread_by_alarms(&scene, ctx)));
    }
    let places = rules::places(account, scene.organization, required.kind, ctx, &mut gaps);
    let second = rules::together(&places, &events, &complete, first, ctx, &mut gaps);
    let missed = match second {
        Comparison::Covers => {
            let verdict =
                Verdict::pass("EventBridge rules notify a subscriber of every such event")
                    .saw("Rules", rules::names(&places));
            return Ok(unread_beside(verdict, rules::unread_policies(&places)));
        }
        unclear @ (Comparison::CannotTell(_) | Comparison::TooComplex(_)) => {
            return Err(open(gaps, unclear, account, ctx));
        }
        Comparison::Misses(missed) => missed,
    };
    Ok(broken(&scene, &chains, &events, &missed))
}

/// Names the receivers whose own policy is not read: that they let the message in is not proved.
fn unread_beside(verdict: Verdict, receivers: BTreeSet<&str>) -> Verdict {
    if receivers.is_empty() {
        return verdict;
    }
    verdict.saw("ReceiversWhosePolicyIsNotRead", receivers)
}

/// What the alarms of the account's log groups send to whose policy is not read.
fn unread_by_alarms<'a>(scene: &Scene<'a>, ctx: &Context<'a>) -> BTreeSet<&'a str> {
    let groups = scene.groups.iter();
    let views = groups.filter_map(|it| ctx.region(&it.account, &it.region));
    let alarms = views.filter_map(|it| it.alarms.ok()).flatten();
    let actions = alarms.filter_map(|it| it.alarm_actions.ok()).flatten();
    let unread = actions.filter(|it| links::unread_policy(it));
    unread.map(Arn::as_str).collect()
}

/// No event meets the condition: whatever is compared with it would match all of them.
pub(super) fn nothing_is(events: &Expr) -> bool {
    covers(events, &Expr::NEVER) == Comparison::Covers
}

/// None of the required events can occur in what was looked at, so no answer about them is possible.
fn out_of_scope(account: &Account, ctx: &Context<'_>) -> Gaps {
    let home = ctx.home();
    let seen = not_seen(calls::DESCRIBE_TRAILS, &account.id, &home, ctx);
    if in_scope(account).any(|it| it.name == home) || seen.reason == Reason::NotAsked {
        return seen.into();
    }
    let detail =
        format!("region {home}, where such events are logged, is not enabled in the account");
    gap(
        calls::LIST_REGIONS,
        &account.id,
        &home,
        Reason::NotAsked,
        detail,
    )
}

/// Whether EventBridge rules see all these events where they are made on the account's own trails.
pub(super) fn ruled(account: &Account, required: &Required, ctx: &Context<'_>) -> Outcome {
    let mut hidden: Vec<Gaps> = [account.session.gap(), account.regions.gap()]
        .into_iter()
        .flatten()
        .map(|it| it.clone().into())
        .collect();
    seen(account, ctx, &mut hidden);
    // One that was left over when the organization got a trail of its own is not worth tampering with.
    let (mut homes, mut sure, mut doubts) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for trail in ctx.trails_of(&account.id) {
        match judging::replaced_by(trail, ctx) {
            Ok(Some(_)) => continue,
            Ok(None) => drop(sure.insert(&trail.home_region)),
            Err(gaps) => doubts.push(gaps),
        }
        homes.insert(&trail.home_region);
    }
    if let (true, Some(gaps)) = (homes.is_empty(), Gaps::collect(hidden.clone())) {
        return Err(gaps);
    }
    if homes.is_empty() {
        return Ok(Verdict::not_applicable(match ctx.trails_of(&account.id) {
            [] => "the account owns no trail",
            [..] => "the account's trails are stopped, and an organization trail logs these events",
        }));
    }
    let failed = |found: &Outcome| matches!(found, Ok(it) if it.status == Status::Fail);
    let in_all = ruled_in(homes, &hidden, account, required, ctx);
    match Gaps::collect(doubts) {
        Some(doubts) if failed(&in_all) => {
            // Where a trail is surely not replaced, a rule is surely missing.
            let in_sure =
                (!sure.is_empty()).then(|| ruled_in(sure, &hidden, account, required, ctx));
            in_sure.filter(failed).unwrap_or(Err(doubts))
        }
        Some(_) | None => in_all,
    }
}

/// The same, in these home regions of trails.
fn ruled_in(
    homes: BTreeSet<&Region>,
    hidden: &[Gaps],
    account: &Account,
    required: &Required,
    ctx: &Context<'_>,
) -> Outcome {
    let mut gaps = hidden.to_vec();
    let places = Some(rules::homes(account, homes, required.kind, ctx));
    let events = required.expr();
    let without = covers(&events, &Expr::NEVER);
    let found = rules::together(&places, &events, &Expr::NEVER, without, ctx, &mut gaps);
    if let (Comparison::Covers, true) = (&found, hidden.is_empty()) {
        let verdict = Verdict::pass("an EventBridge rule matches every such call");
        let mut verdict = verdict.saw("Rules", rules::names(&places));
        let lost = rules::without_dead_letters(&places);
        if !lost.is_empty() {
            verdict = verdict.saw("TargetsWithoutDeadLetterQueue", lost);
        }
        return Ok(unread_beside(verdict, rules::unread_policies(&places)));
    }
    let missed = match found {
        Comparison::Misses(missed) => missed,
        unclear @ (Comparison::CannotTell(_) | Comparison::TooComplex(_) | Comparison::Covers) => {
            return Err(open(gaps, unclear, account, ctx));
        }
    };
    if let Ok(scene) = Scene::of(account, ctx) {
        let events = scene.within(required, account, ctx);
        let chains = scene.chains(required, ctx, &mut gaps);
        if nothing_is(&events) {
            return Err(out_of_scope(account, ctx));
        }
        match covers(&events, &upto(&chains, LINKS, &scene)) {
            Comparison::Covers => {
                let told = "an alarm on the log group notifies of every such call";
                return Ok(Verdict::not_applicable(told));
            }
            unclear @ (Comparison::CannotTell(_) | Comparison::TooComplex(_)) => {
                return Err(open(gaps, unclear, account, ctx));
            }
            Comparison::Misses(_) => {}
        }
    }
    let verdict = Verdict::fail(format!(
        "no EventBridge rule with a working target matches {missed}"
    ));
    Ok(verdict
        .saw("Missed", missed.to_string())
        .saw("Rules", rules::names(&places)))
}

/// What stands in the way; where no fact would tell, a gap that says why it is not told.
fn open(mut gaps: Vec<Gaps>, unclear: Comparison, account: &Account, ctx: &Context<'_>) -> Gaps {
    let own = |reason, why: String| {
        let what = "the comparison of filters and rules with the required events";
        not_evaluated(what, &account.id, &ctx.home(), reason, why)
    };
    let why = match unclear {
        Comparison::TooComplex(why) => {
            gaps.push(own(Reason::TooComplex, why));
            String::new()
        }
        Comparison::CannotTell(why) => why,
        Comparison::Covers | Comparison::Misses(_) => String::new(),
    };
    Gaps::collect(gaps).unwrap_or_else(|| own(Reason::NotModelled, why))
}

fn upto(chains: &[Arc<Chain>], links: usize, scene: &Scene<'_>) -> Expr {
    let chains = chains.iter().map(|it| it.upto(links));
    let hidden = scene.hidden.iter().map(|it| Expr::Unknown(it.to_string()));
    Expr::Any(chains.chain(hidden).collect())
}

/// The first link that does not hold for every event.
fn broken(scene: &Scene<'_>, chains: &[Arc<Chain>], events: &Expr, missed: &Witness) -> Verdict {
    let verdict = |told: String, missed: &Witness| {
        let groups: Vec<&str> = scene.groups.iter().map(|it| it.arn.as_str()).collect();
        Verdict::fail(told)
            .saw("Missed", missed.to_string())
            .saw("LogGroups", groups)
    };
    if scene.groups.is_empty() {
        return verdict(
            "no trail of the account delivers to a log group".to_owned(),
            missed,
        );
    }
    let gone = scene
        .groups
        .iter()
        .find(|it| matches!(it.configuration, Known(None)));
    let recorded = chains.iter().map(|it| it.recorded.as_ref().clone());
    let recorded = Expr::Any(recorded.collect());
    if let Comparison::Misses(missed) = covers(events, &recorded) {
        let told = format!(
            "the trails that deliver to the log group are stopped or do not log every such event; not logged: \
             {missed}"
        );
        return verdict(told, &missed);
    }
    if let Some(gone) = gone {
        return verdict(format!("log group {} does not exist", gone.name), missed);
    }
    let mut classes = scene
        .groups
        .iter()
        .filter_map(|it| Some((it, without_filters(it)?)));
    if let Some((group, class)) = classes.next() {
        let told = format!(
            "log group {} is of class {class}, which does not support metric filters",
            group.name
        );
        return verdict(told, missed);
    }
    let mut before = upto(chains, 0, scene);
    if let Comparison::Misses(missed) = covers(events, &before) {
        return verdict(
            format!("no metric filter matches every such event; not matched: {missed}"),
            &missed,
        );
    }
    for links in 1..=LINKS {
        let these = upto(chains, links, scene);
        // A link that holds everywhere takes nothing away: what was covered before it still is.
        if these == before {
            continue;
        }
        let Comparison::Misses(missed) = covers(events, &these) else {
            before = these;
            continue;
        };
        let matching = |chain: &&Arc<Chain>| {
            let matches = chain.matches.as_ref();
            matches.is_some_and(|it| missed.may_match(&it.expr()))
        };
        let ways = chains.iter().filter(matching).flat_map(|it| &it.ways);
        let why: BTreeSet<&str> = ways
            .filter_map(|way| match way.links.get(links - 1) {
                Some(Link::Broken(why)) => Some(why.as_str()),
                Some(Link::Holds | Link::Unknown(_)) | None => None,
            })
            .collect();
        let why: Vec<&str> = why.into_iter().take(3).collect();
        return verdict(why.join("; "), &missed);
    }
    verdict(format!("no subscriber is notified of {missed}"), missed)
}

/// The fields of an event that say in which region of which account it happened.
pub(super) fn in_place(account: &str, region: &str) -> [(&'static str, String); 4] {
    [
        ("account", account.to_owned()),
        ("detail.recipientAccountId", account.to_owned()),
        ("region", region.to_owned()),
        ("detail.awsRegion", region.to_owned()),
    ]
}

/// A call that only reads does not reach most rules.
pub(super) fn handed_on(kind: Kind) -> Expr {
    match kind {
        Kind::Call | Kind::GlobalCall | Kind::SignIn => Expr::ALWAYS,
        Kind::Any => {
            let not =
                |start| Expr::test("detail.eventName", Is::Unlike(Texts::starting_with(start)));
            Expr::All(["Get", "List", "Describe"].map(not).into())
        }
    }
}
