//! Whether someone is told of every required event: by a metric filter and an alarm, or by an EventBridge rule.
//!
//! Each chain is a condition on the event: recorded by the trail, matched by the filter, and true, false or
//! unknown for each link behind it. Chains are joined by or. So filters may share the work, and a fact that is
//! missing matters only where no other chain does the same.

use std::collections::BTreeSet;

use super::events::{Kind, Required};
use super::links::{self, LINKS, Link, Way};
use super::recorded::{self, unknown};
use super::rules;
use crate::catalog::gap::{gap, not_evaluated};
use crate::catalog::recording::{in_scope, listing};
use crate::context::{log_group_arn, not_seen};
use crate::fact::Reason;
use crate::inventory::monitoring::MetricFilter;
use crate::patterns::{Comparison, Expr, Is, PatternError, Texts, Witness, covers, parse_filter};
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
    if nothing_is(&events) {
        return Err(out_of_scope(account, ctx));
    }
    let mut gaps = scene.gaps.clone();
    let chains = scene.chains(ctx, &mut gaps);
    let complete = upto(&chains, LINKS, &scene);
    let first = covers(&events, &complete);
    if first == Comparison::Covers {
        let names = chains.iter().filter(|it| it.at(LINKS) == Some(true));
        let names: Vec<&str> = names.map(|it| it.filter.name.as_str()).collect();
        let verdict = Verdict::pass("an alarm tells someone of every such event");
        let verdict = verdict.saw("MetricFilters", names);
        return Ok(unread_beside(verdict, unread_by_alarms(&scene, ctx)));
    }
    let places = rules::places(account, scene.organization, required.kind, ctx, &mut gaps);
    let second = rules::together(&places, &events, &complete, first, ctx, &mut gaps);
    let missed = match second {
        Comparison::Covers => {
            let verdict = Verdict::pass("EventBridge rules tell someone of every such event")
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
    let detail = format!("region {home}, where such events are recorded, is none of the account's");
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
    let own = ctx.trails_of(&account.id).iter();
    let homes: BTreeSet<&Region> = own.map(|it| &it.home_region).collect();
    if let (true, Some(gaps)) = (homes.is_empty(), Gaps::collect(hidden.clone())) {
        return Err(gaps);
    }
    if homes.is_empty() {
        return Ok(Verdict::not_applicable("the account owns no trail"));
    }
    let mut gaps = hidden.clone();
    let places = Some(rules::homes(account, homes, required.kind, ctx));
    let events = required.expr();
    let without = covers(&events, &Expr::NEVER);
    let found = rules::together(&places, &events, &Expr::NEVER, without, ctx, &mut gaps);
    if let (Comparison::Covers, true) = (&found, hidden.is_empty()) {
        let verdict = Verdict::pass("a rule sees every such call");
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
        let chains = scene.chains(ctx, &mut gaps);
        if nothing_is(&events) {
            return Err(out_of_scope(account, ctx));
        }
        match covers(&events, &upto(&chains, LINKS, &scene)) {
            Comparison::Covers => {
                let told = "an alarm on the log group tells of every such call";
                return Ok(Verdict::not_applicable(told));
            }
            unclear @ (Comparison::CannotTell(_) | Comparison::TooComplex(_)) => {
                return Err(open(gaps, unclear, account, ctx));
            }
            Comparison::Misses(_) => {}
        }
    }
    let verdict = Verdict::fail(format!("no rule with a live target sees {missed}"));
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

/// The log groups of an account, and what may hide more of them.
pub(super) struct Scene<'a> {
    pub(super) groups: Vec<&'a LogGroup>,
    /// They hold the events of the whole organization.
    organization: bool,
    hidden: Option<Gaps>,
    pub(super) gaps: Vec<Gaps>,
}

impl<'a> Scene<'a> {
    /// The verdict in its place where the account's events go to another account.
    pub(super) fn of(account: &Account, ctx: &Context<'a>) -> Result<Self, Verdict> {
        let groups = ctx.log_groups_of(&account.id).iter().copied();
        let groups: Vec<&LogGroup> = groups.filter(|it| !ctx.writers(it).is_empty()).collect();
        let writers = || groups.iter().flat_map(|it| ctx.writers(it));
        let organization = writers().any(|it| it.configuration.organization.ok() == Some(&true));
        let mut hidden: Vec<Gaps> = [account.session.gap(), account.regions.gap()]
            .into_iter()
            .flatten()
            .map(|it| it.clone().into())
            .collect();
        let mut holders = BTreeSet::new();
        for arn in seen(account, ctx, &mut hidden) {
            let Some(trail) = ctx.inventory.trails.get(arn) else {
                let call = calls::GET_TRAIL_STATUS;
                hidden.push(not_seen(call, &account.id, &arn.region(), ctx).into());
                continue;
            };
            let set = &trail.configuration;
            let (group, organization) = match (set.log_group.known(), set.organization.known()) {
                (Ok(group), Ok(organization)) => (group, *organization),
                (group, organization) => {
                    hidden.extend(group.err().into_iter().chain(organization.err()));
                    continue;
                }
            };
            let group = group.as_ref().map(log_group_arn);
            if let Some(group) = &group
                && group.account() == account.id
                && !ctx.inventory.log_groups.contains_key(group)
            {
                let call = calls::DESCRIBE_LOG_GROUPS;
                hidden.push(not_seen(call, &account.id, &group.region(), ctx).into());
            }
            if organization {
                holders.insert(group.map_or(trail.account.clone(), |it| it.account()));
            }
        }
        let hidden = Gaps::collect(hidden);
        let holder = holders.iter().find(|_| !holders.contains(&account.id));
        if let (Some(holder), true, None) = (holder, groups.is_empty(), &hidden) {
            let told = format!("its events go to account {holder}, and are judged there");
            return Err(Verdict::not_applicable(told).saw("Account", holder));
        }
        let gaps = hidden.iter().cloned().collect();
        Ok(Self {
            groups,
            organization,
            hidden,
            gaps,
        })
    }

    /// The required events that the groups can hold: of the account, unless they hold the organization's.
    fn within(&self, required: &Required, account: &Account, ctx: &Context<'_>) -> Expr {
        let mut all = vec![required.expr()];
        if required.kind == Kind::GlobalCall {
            all.push(Expr::one_of("detail.awsRegion", [ctx.home().as_str()]));
        }
        if !self.organization {
            let id = account.id.as_str();
            all.push(Expr::one_of("account", [id]));
            all.push(Expr::one_of("detail.recipientAccountId", [id]));
            if account.regions.ok().is_some() {
                let regions = in_scope(account).map(|it| it.name.as_str());
                all.push(Expr::one_of("detail.awsRegion", regions));
            }
        }
        Expr::All(all)
    }

    fn chains(&self, ctx: &Context<'a>, gaps: &mut Vec<Gaps>) -> Vec<Chain<'a>> {
        let mut chains = Vec::new();
        for group in &self.groups {
            let trails = ctx.writers(group).iter();
            let trails = trails.map(|it| recorded::by_trail(it, gaps)).collect();
            let recorded = Expr::Any(trails).under("detail");
            let gone = matches!(group.configuration, Known(None));
            let none = Way { links: Vec::new() };
            chains.push(Chain {
                filter: &EVERYTHING,
                recorded: recorded.clone(),
                matches: None,
                ways: vec![none],
            });
            if gone || without_filters(group).is_some() {
                continue;
            }
            let filters = match group.metric_filters.known() {
                Ok(filters) => filters,
                Err(missing) => {
                    let matches = Some(unknown(missing, gaps));
                    let ways = vec![Way {
                        links: vec![Link::Holds; LINKS],
                    }];
                    chains.push(Chain {
                        filter: &EVERYTHING,
                        recorded,
                        matches,
                        ways,
                    });
                    continue;
                }
            };
            for filter in filters {
                let matches = match parse_filter(&filter.pattern) {
                    Ok(expr) => expr.under("detail"),
                    Err(error) => {
                        let what = format!("the pattern of the filter {}", filter.name);
                        let (owner, region) = (&group.account, &group.region);
                        unknown(unread(what, owner, region, &error), gaps)
                    }
                };
                let matches = match narrowed(filter, group) {
                    Some(missing) => Expr::All(vec![matches, unknown(missing, gaps)]),
                    None => matches,
                };
                let ways = match ctx.region(&group.account, &group.region) {
                    Some(view) => links::ways(filter, view, ctx),
                    None => {
                        let call = calls::DESCRIBE_ALARMS;
                        let gap = not_seen(call, &group.account, &group.region, ctx);
                        vec![Way {
                            links: vec![Link::Unknown(gap.into()); LINKS],
                        }]
                    }
                };
                let links = ways.iter().flat_map(|it| &it.links);
                gaps.extend(links.filter_map(|it| match it {
                    Link::Unknown(missing) => Some(missing.clone()),
                    Link::Holds | Link::Broken(_) => None,
                }));
                let (recorded, matches) = (recorded.clone(), Some(matches));
                chains.push(Chain {
                    filter,
                    recorded,
                    matches,
                    ways,
                });
            }
        }
        chains
    }
}

/// The class of a log group in which CloudWatch Logs evaluates no metric filters.
///
/// Source: "Log classes", Amazon CloudWatch Logs User Guide.
fn without_filters(group: &LogGroup) -> Option<&str> {
    let configuration = group.configuration.ok()?.as_ref()?;
    let class = configuration.class.ok()?.as_deref()?;
    matches!(class, "INFREQUENT_ACCESS" | "DELIVERY").then_some(class)
}

/// What may keep a filter from events that its pattern matches.
///
/// Source: MetricFilter, API reference of CloudWatch Logs.
fn narrowed(filter: &MetricFilter, group: &LogGroup) -> Option<Gaps> {
    let open = |why: &str| {
        let what = format!("which log events the filter {} looks at", filter.name);
        let (account, region) = (&group.account, &group.region);
        not_evaluated(what, account, region, Reason::NotModelled, why)
    };
    let class = group.configuration.ok().and_then(Option::as_ref);
    let class = class.and_then(|it| it.class.known().err());
    let selection = match filter.field_selection.known() {
        Ok(Some(criteria)) if !criteria.trim().is_empty() => {
            Some(open("its fieldSelectionCriteria leave some out"))
        }
        Ok(_) => None,
        Err(gaps) => Some(gaps),
    };
    let transformed = match filter.transformed.known() {
        Ok(true) => Some(open("it looks at events as a transformer has changed them")),
        Ok(false) => None,
        Err(gaps) => Some(gaps),
    };
    Gaps::collect([class, selection, transformed].into_iter().flatten())
}

/// A gap for a pattern that AWS took and that could not be read.
pub(super) fn unread(
    what: String,
    account: &AccountId,
    region: &Region,
    error: &PatternError,
) -> Gaps {
    let reason = match error {
        PatternError::TooLarge(_)
        | PatternError::TooDeep
        | PatternError::TooMany
        | PatternError::TooComplex => Reason::TooComplex,
        PatternError::NotJson | PatternError::Syntax { .. } | PatternError::Event(_) => {
            Reason::NotModelled
        }
        PatternError::Json(_) => Reason::Malformed,
    };
    not_evaluated(what, account, region, reason, error.to_string())
}

/// Stands for a log group by itself.
static EVERYTHING: MetricFilter = MetricFilter {
    name: String::new(),
    pattern: String::new(),
    transformations: Vec::new(),
    field_selection: Known(None),
    system_dimensions: Known(Vec::new()),
    transformed: Known(false),
};

/// The trails that the account shows; a region that a service control policy closes shows none of its own.
fn seen<'a>(account: &Account, ctx: &Context<'a>, hidden: &mut Vec<Gaps>) -> BTreeSet<&'a Arn> {
    let mut arns = BTreeSet::new();
    for switch in in_scope(account) {
        match listing(account, &switch.name, ctx) {
            Ok(list) => arns.extend(list),
            Err(gaps) if gaps.iter().all(|it| it.reason == Reason::DeniedByScp) => {}
            Err(gaps) => hidden.push(gaps),
        }
    }
    arns
}

/// What goes from a log group through one filter.
struct Chain<'a> {
    filter: &'a MetricFilter,
    recorded: Expr,
    /// None: the log group by itself.
    matches: Option<Expr>,
    ways: Vec<Way>,
}

impl Chain<'_> {
    /// Whether some way holds for so many links; none where that is not known.
    fn at(&self, links: usize) -> Option<bool> {
        let whole = |way: &&Way| way.links.iter().take(links).count() == links;
        let holds = |way: &Way| way.links.iter().take(links).all(|it| *it == Link::Holds);
        let broken = |it: &Link| matches!(it, Link::Broken(_));
        let whole: Vec<&Way> = self.ways.iter().filter(whole).collect();
        if whole.iter().any(|way| holds(way)) {
            return Some(true);
        }
        let dead = whole
            .iter()
            .all(|way| way.links.iter().take(links).any(broken));
        dead.then_some(false)
    }

    fn upto(&self, links: usize) -> Expr {
        let Some(matches) = &self.matches else {
            return Expr::NEVER;
        };
        let way = match self.at(links) {
            Some(true) => Expr::ALWAYS,
            Some(false) => return Expr::NEVER,
            None => Expr::Unknown(format!("who is told by the filter {}", self.filter.name)),
        };
        Expr::All(vec![self.recorded.clone(), matches.clone(), way])
    }
}

fn upto(chains: &[Chain<'_>], links: usize, scene: &Scene<'_>) -> Expr {
    let chains = chains.iter().map(|it| it.upto(links));
    let hidden = scene.hidden.iter().map(|it| Expr::Unknown(it.to_string()));
    Expr::Any(chains.chain(hidden).collect())
}

/// The first link that does not hold for every event.
fn broken(scene: &Scene<'_>, chains: &[Chain<'_>], events: &Expr, missed: &Witness) -> Verdict {
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
    let recorded = Expr::Any(chains.iter().map(|it| it.recorded.clone()).collect());
    if let Comparison::Misses(missed) = covers(events, &recorded) {
        let told = format!(
            "the trails that deliver to the log group do not record every such event, or are stopped; missed: {missed}"
        );
        return verdict(told, &missed);
    }
    if let Some(gone) = gone {
        return verdict(format!("the log group {} is gone", gone.name), missed);
    }
    let mut classes = scene
        .groups
        .iter()
        .filter_map(|it| Some((it, without_filters(it)?)));
    if let Some((group, class)) = classes.next() {
        let told = format!(
            "the log group {} is of class {class}, in which metric filters are not evaluated",
            group.name
        );
        return verdict(told, missed);
    }
    let mut before = upto(chains, 0, scene);
    if let Comparison::Misses(missed) = covers(events, &before) {
        return verdict(
            format!("no metric filter matches every such event; missed: {missed}"),
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
        let matching = |it: &&Chain<'_>| it.matches.as_ref().is_some_and(|it| missed.may_match(it));
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
    verdict(format!("nobody is told of {missed}"), missed)
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
