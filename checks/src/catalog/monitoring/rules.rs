//! EventBridge rules: each sees the events of its own account and region.

use std::collections::{BTreeSet, HashSet};

use super::events::Kind;
use super::judge::{handed_on, in_place, nothing_is};
use super::links::{Link, listener, unread_policy};
use super::recorded::{self, unknown};
use super::scene::unread;
use crate::catalog::receivers::{EVENTBRIDGE, Sender};
use crate::catalog::recording::in_scope;
use crate::context::{is_judged, not_seen};
use crate::inventory::monitoring::EventRule;
use crate::patterns::{self, Comparison, Expr, Tri, covers, parse_event_pattern};
use crate::prelude::*;

/// A rule in this state sees calls that only read as well.
const WITH_READS: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

/// A region of an account in which required events can happen.
pub(super) struct Place<'a> {
    account: &'a AccountId,
    region: Region,
    view: Option<&'a RegionView>,
    kind: Kind,
}

/// Where the events happen: in every region of the account, or of all accounts of the organization.
pub(super) fn places<'a>(
    account: &'a Account,
    organization: bool,
    kind: Kind,
    ctx: &Context<'a>,
    gaps: &mut Vec<Gaps>,
) -> Option<Vec<Place<'a>>> {
    let mut accounts = vec![account];
    if organization {
        let listed = ctx.organization().and_then(|it| match it {
            Some(organization) => organization.accounts.known().map(|_| ()),
            None => Ok(()),
        });
        if let Err(missing) = listed {
            gaps.push(missing);
            return None;
        }
        let others = ctx.inventory.accounts.values();
        accounts.extend(others.filter(|it| is_judged(it) && it.id != account.id));
    }
    let mut places = Vec::new();
    for account in accounts {
        let missing = account.session.gap().or_else(|| account.regions.gap());
        if let Some(missing) = missing {
            gaps.push(missing.clone().into());
            return None;
        }
        let everywhere = kind != Kind::GlobalCall;
        let regions = in_scope(account).filter(|it| everywhere || it.name == ctx.home());
        places.extend(regions.map(|region| Place {
            account: &account.id,
            region: region.name.clone(),
            view: ctx.region(&account.id, &region.name),
            kind,
        }));
    }
    Some(places)
}

/// The regions in which calls on the account's own trails are made.
pub(super) fn homes<'a>(
    account: &'a Account,
    regions: impl IntoIterator<Item = &'a Region>,
    kind: Kind,
    ctx: &Context<'a>,
) -> Vec<Place<'a>> {
    let place = |region: &Region| Place {
        account: &account.id,
        region: region.clone(),
        view: ctx.region(&account.id, region),
        kind,
    };
    regions.into_iter().map(place).collect()
}

/// Whether the rules of each place, with what holds everywhere, match its events. The first that do not is told.
/// `without` is the answer where there is no rule.
pub(super) fn together(
    places: &Option<Vec<Place<'_>>>,
    events: &Expr,
    everywhere: &Expr,
    without: Comparison,
    ctx: &Context<'_>,
    gaps: &mut Vec<Gaps>,
) -> Comparison {
    let mut open = match places {
        Some(_) => None,
        None => Some(Comparison::CannotTell(
            "the regions where such events can occur are not known".to_owned(),
        )),
    };
    let rules: Vec<(&Place<'_>, Expr)> = places
        .iter()
        .flatten()
        .map(|it| (it, it.rules(ctx, gaps)))
        .collect();
    if open.is_none() && rules.iter().all(|(_, rules)| *rules == Expr::NEVER) {
        return without;
    }
    // Places whose rules are equal, and which no test tells apart, are compared once.
    let mut known: HashSet<(usize, Vec<Tri>)> = HashSet::new();
    let mut distinct: Vec<&Expr> = Vec::new();
    let mut required = Vec::new();
    for (place, rules) in &rules {
        let here = in_place(place.account.as_str(), place.region.as_str());
        let fields = here.each_ref().map(|(path, value)| {
            let value = patterns::Value::Text(value.clone());
            (patterns::Path::of(path), value)
        });
        let mut answers = events.answers(&fields);
        answers.extend(everywhere.answers(&fields));
        answers.extend(rules.answers(&fields));
        let at = distinct.iter().position(|it| it == &rules);
        let at = at.unwrap_or_else(|| {
            distinct.push(rules);
            distinct.len() - 1
        });
        if !known.insert((at, answers)) {
            continue;
        }
        let here = here.map(|(path, value)| Expr::one_of(path, [value.as_str()]));
        let here = Expr::All(here.into());
        let events = Expr::All(vec![events.clone(), here]);
        match covers(&events, &Expr::Any(vec![everywhere.clone(), rules.clone()])) {
            Comparison::Covers => required.push(events),
            Comparison::Misses(missed) => return Comparison::Misses(missed),
            unclear @ (Comparison::CannotTell(_) | Comparison::TooComplex(_)) => {
                open.get_or_insert(unclear);
            }
        }
    }
    match open {
        Some(unclear) => unclear,
        // No place has such events: that every rule matches all of them says nothing.
        None if required.iter().all(nothing_is) => without,
        None => Comparison::Covers,
    }
}

/// The rules that are switched on, by name.
pub(super) fn names<'p>(places: &'p Option<Vec<Place<'_>>>) -> Vec<&'p str> {
    let mut names: Vec<&str> = on(places).map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The rule as one who sends to a topic.
fn sender<'a>(rule: &'a EventRule, to: &Arn) -> Sender<'a> {
    let deliveries = rule.deliveries.ok().into_iter().flatten();
    let mut roles = deliveries
        .filter(|it| it.target == *to)
        .filter_map(|it| it.role.as_ref());
    Sender {
        name: format!("rule {}", rule.name),
        service: EVENTBRIDGE,
        source: &rule.arn,
        account: rule.arn.account(),
        role: roles.next(),
    }
}

/// To another account a rule may send by a role: where that is not known, a refusal of EventBridge itself is not the end.
fn by_role(rule: &EventRule, to: &Arn, links: [Link; 3]) -> [Link; 3] {
    let Err(gaps) = rule.deliveries.known() else {
        return links;
    };
    if to.account() == rule.arn.account() {
        return links;
    }
    let [exists, admitted, heard] = links;
    let admitted = match admitted {
        Link::Broken(_) => Link::Unknown(gaps),
        link @ (Link::Holds | Link::Unknown(_)) => link,
    };
    [exists, admitted, heard]
}

/// Targets of the rules that are on, to which an event that cannot be delivered is lost.
pub(super) fn without_dead_letters<'p>(places: &'p Option<Vec<Place<'_>>>) -> BTreeSet<&'p str> {
    let deliveries = on(places).filter_map(|it| it.deliveries.ok()).flatten();
    let lost = deliveries.filter(|it| it.dead_letters.is_none());
    lost.map(|it| it.target.as_str()).collect()
}

/// Targets of the rules that are on, whose own policy is not read.
pub(super) fn unread_policies<'p>(places: &'p Option<Vec<Place<'_>>>) -> BTreeSet<&'p str> {
    let targets = on(places).filter_map(|it| it.targets.ok()).flatten();
    targets
        .filter(|it| unread_policy(it))
        .map(Arn::as_str)
        .collect()
}

fn on<'p>(places: &'p Option<Vec<Place<'_>>>) -> impl Iterator<Item = &'p EventRule> {
    let views = places.iter().flatten().filter_map(|it| it.view);
    let rules = views.filter_map(|it| it.rules.ok()).flatten();
    rules.filter(|it| it.state != "DISABLED" && it.pattern.is_some())
}

impl Place<'_> {
    fn rules(&self, ctx: &Context<'_>, gaps: &mut Vec<Gaps>) -> Expr {
        let Some(view) = self.view else {
            let missing = not_seen(calls::LIST_RULES, self.account, &self.region, ctx);
            return unknown(missing.into(), gaps);
        };
        let rules = match view.rules.known() {
            Ok(rules) => rules,
            Err(missing) => return unknown(missing, gaps),
        };
        let rules: Vec<Expr> = rules
            .iter()
            .filter_map(|it| self.rule(it, ctx, gaps))
            .collect();
        if rules.is_empty() {
            return Expr::NEVER;
        }
        let recorded = recorded::in_region(view, ctx, gaps).under("detail");
        Expr::All(vec![recorded, Expr::Any(rules)])
    }

    /// None for a rule that is off, or waits for a time, or tells nobody.
    fn rule(&self, rule: &EventRule, ctx: &Context<'_>, gaps: &mut Vec<Gaps>) -> Option<Expr> {
        let pattern = rule.pattern.as_ref().filter(|_| rule.state != "DISABLED")?;
        let mut all = vec![match parse_event_pattern(pattern) {
            Ok(pattern) => pattern,
            Err(error) => {
                let what = format!("the pattern of rule {}", rule.name);
                unknown(unread(what, self.account, &self.region, &error), gaps)
            }
        }];
        if rule.state != WITH_READS {
            all.push(handed_on(self.kind));
        }
        let targets = match rule.targets.known() {
            Ok(targets) => targets,
            Err(missing) => {
                all.push(unknown(missing, gaps));
                return Some(Expr::All(all));
            }
        };
        let ways: Vec<[Link; 3]> = targets
            .iter()
            .map(|it| by_role(rule, it, listener(it, &sender(rule, it), ctx)))
            .collect();
        if ways
            .iter()
            .any(|way| way.iter().all(|link| *link == Link::Holds))
        {
            return Some(Expr::All(all));
        }
        let dead = |way: &&[Link; 3]| way.iter().any(|it| matches!(it, Link::Broken(_)));
        let missing = ways
            .iter()
            .filter(|it| !dead(it))
            .flatten()
            .find_map(|way| match way {
                Link::Unknown(missing) => Some(missing.clone()),
                Link::Holds | Link::Broken(_) => None,
            })?;
        all.push(unknown(missing, gaps));
        Some(Expr::All(all))
    }
}
