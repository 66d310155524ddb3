//! The log groups that hold an account's events, and what goes from each through its filters to people.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::events::{Kind, Required};
use super::links::{self, LINKS, Link, Way};
use super::recorded::{self, unknown};
use crate::catalog::gap::not_evaluated;
use crate::catalog::recording::{in_scope, listing};
use crate::context::{log_group_arn, not_seen};
use crate::fact::Reason;
use crate::inventory::monitoring::MetricFilter;
use crate::patterns::{Expr, Path, PatternError, parse_filter};
use crate::prelude::*;

/// The log groups of an account, and what may hide more of them.
pub(super) struct Scene<'a> {
    pub(super) groups: Vec<&'a LogGroup>,
    /// They hold the events of the whole organization.
    pub(super) organization: bool,
    pub(super) hidden: Option<Gaps>,
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
            let told = format!("its events go to account {holder}, and are evaluated there");
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
    pub(super) fn within(&self, required: &Required, account: &Account, ctx: &Context<'_>) -> Expr {
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

    /// What goes from the log groups through their filters, as far as it may concern these events.
    pub(super) fn chains(
        &self,
        required: &Required,
        ctx: &Context<'a>,
        gaps: &mut Vec<Gaps>,
    ) -> Vec<Arc<Chain>> {
        let mut chains = Vec::new();
        for group in &self.groups {
            let of_group = ctx.once(&[group.arn.as_str()], || Chains::of(group, ctx));
            gaps.extend(of_group.recorded.iter().cloned());
            for chain in &of_group.chains {
                if chain.concerns(required) {
                    gaps.extend(chain.gaps.iter().cloned());
                    chains.push(Arc::clone(chain));
                }
            }
        }
        chains
    }
}

/// What goes from one log group through its filters: worked out once, since every alarm check asks.
struct Chains {
    chains: Vec<Arc<Chain>>,
    /// Why it is not known which events the group holds.
    recorded: Vec<Gaps>,
}

impl Chains {
    fn of(group: &LogGroup, ctx: &Context<'_>) -> Self {
        let mut gaps = Vec::new();
        let trails = ctx.writers(group).iter();
        let trails = trails.map(|it| recorded::by_trail(it, &mut gaps)).collect();
        let recorded = Arc::new(Expr::Any(trails).under("detail"));
        let whole = Chain {
            name: String::new(),
            recorded: Arc::clone(&recorded),
            matches: None,
            ways: vec![Way { links: Vec::new() }],
            gaps: Vec::new(),
        };
        let mut chains = vec![whole];
        let gone = matches!(group.configuration, Known(None));
        if !gone && without_filters(group).is_none() {
            match group.metric_filters.known() {
                Ok(filters) => {
                    let all = filters.iter();
                    chains.extend(all.map(|it| Chain::through(it, group, &recorded, ctx)));
                }
                Err(missing) => chains.push(Chain::unread(missing, &recorded)),
            }
        }
        Self {
            chains: chains.into_iter().map(Arc::new).collect(),
            recorded: gaps,
        }
    }
}

/// What goes from a log group through one filter.
pub(super) struct Chain {
    /// The filter's name; empty for the log group by itself.
    pub(super) name: String,
    pub(super) recorded: Arc<Expr>,
    /// None: the log group by itself.
    pub(super) matches: Option<Matches>,
    pub(super) ways: Vec<Way>,
    /// What is not known of it.
    gaps: Vec<Gaps>,
}

/// What a filter matches.
pub(super) struct Matches {
    pattern: Arc<Pattern>,
    /// Whether it looks at every event is not known.
    doubt: Option<Expr>,
}

/// A filter pattern, read once for all accounts that have it.
struct Pattern {
    expr: Result<Expr, PatternError>,
    /// The names one of which an event must have to be matched; none: any.
    names: Option<BTreeSet<String>>,
}

const EVENT_NAME: &str = "detail.eventName";

impl Pattern {
    fn of(text: &str, ctx: &Context<'_>) -> Arc<Self> {
        ctx.once(&[text], || {
            let expr = parse_filter(text).map(|it| it.under("detail"));
            let names = expr.as_ref().ok();
            let names = names.and_then(|it| it.texts_of(&Path::of(EVENT_NAME)));
            let names = names.map(|all| all.into_iter().map(str::to_owned).collect());
            Self { expr, names }
        })
    }
}

impl Matches {
    pub(super) fn expr(&self) -> Expr {
        let mut all: Vec<Expr> = self.pattern.expr.iter().cloned().collect();
        all.extend(self.doubt.clone());
        Expr::All(all)
    }
}

impl Chain {
    fn through(
        filter: &MetricFilter,
        group: &LogGroup,
        recorded: &Arc<Expr>,
        ctx: &Context<'_>,
    ) -> Self {
        let pattern = Pattern::of(&filter.pattern, ctx);
        let unread = pattern.expr.as_ref().err().map(|error| {
            let what = format!("the pattern of filter {}", filter.name);
            unread(what, &group.account, &group.region, error)
        });
        let mut gaps = Vec::new();
        let doubt = Gaps::collect(unread.into_iter().chain(narrowed(filter, group)));
        let doubt = doubt.map(|it| unknown(it, &mut gaps));
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
        gaps.extend(links.filter_map(|link| match link {
            Link::Unknown(missing) => Some(missing.clone()),
            Link::Holds | Link::Broken(_) => None,
        }));
        Self {
            name: filter.name.clone(),
            recorded: Arc::clone(recorded),
            matches: Some(Matches { pattern, doubt }),
            ways,
            gaps,
        }
    }

    /// The group's filters are not known: one of them may do anything.
    fn unread(missing: Gaps, recorded: &Arc<Expr>) -> Self {
        let mut gaps = Vec::new();
        let pattern = Pattern {
            expr: Ok(Expr::ALWAYS),
            names: None,
        };
        Self {
            name: String::new(),
            recorded: Arc::clone(recorded),
            matches: Some(Matches {
                pattern: Arc::new(pattern),
                doubt: Some(unknown(missing, &mut gaps)),
            }),
            ways: vec![Way {
                links: vec![Link::Holds; LINKS],
            }],
            gaps,
        }
    }

    /// Whether its filter may match one of these events. A filter on other names matches none, whatever else it asks.
    fn concerns(&self, required: &Required) -> bool {
        let names = self
            .matches
            .as_ref()
            .and_then(|it| it.pattern.names.as_ref());
        let Some(names) = names.filter(|_| !required.names.is_empty()) else {
            return true;
        };
        required.names.iter().any(|it| names.contains(*it))
    }

    /// Whether some way holds for so many links; none where that is not known.
    pub(super) fn at(&self, links: usize) -> Option<bool> {
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

    /// The events that get so many links far.
    pub(super) fn upto(&self, links: usize) -> Expr {
        let Some(matches) = &self.matches else {
            return Expr::NEVER;
        };
        let way = match self.at(links) {
            Some(true) => Expr::ALWAYS,
            Some(false) => return Expr::NEVER,
            None => Expr::Unknown(format!("the receivers of filter {}", self.name)),
        };
        Expr::All(vec![self.recorded.as_ref().clone(), matches.expr(), way])
    }
}

/// The class of a log group in which CloudWatch Logs evaluates no metric filters.
///
/// Source: "Log classes", Amazon CloudWatch Logs User Guide.
pub(super) fn without_filters(group: &LogGroup) -> Option<&str> {
    let configuration = group.configuration.ok()?.as_ref()?;
    let class = configuration.class.ok()?.as_deref()?;
    matches!(class, "INFREQUENT_ACCESS" | "DELIVERY").then_some(class)
}

/// What may keep a filter from events that its pattern matches.
///
/// Source: MetricFilter, API reference of CloudWatch Logs.
fn narrowed(filter: &MetricFilter, group: &LogGroup) -> Option<Gaps> {
    let open = |why: &str| {
        let what = format!("which log events filter {} evaluates", filter.name);
        let (account, region) = (&group.account, &group.region);
        not_evaluated(what, account, region, Reason::NotModelled, why)
    };
    let class = group.configuration.ok().and_then(Option::as_ref);
    let class = class.and_then(|it| it.class.known().err());
    let selection = match filter.field_selection.known() {
        Ok(Some(criteria)) if !criteria.trim().is_empty() => {
            Some(open("its fieldSelectionCriteria exclude some events"))
        }
        Ok(_) => None,
        Err(gaps) => Some(gaps),
    };
    let transformed = match filter.transformed.known() {
        Ok(true) => Some(open(
            "it evaluates events after a transformer has changed them",
        )),
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
        PatternError::NotJson
        | PatternError::Unquoted { .. }
        | PatternError::Syntax { .. }
        | PatternError::Event(_) => Reason::NotModelled,
        PatternError::Json(_) => Reason::Malformed,
    };
    not_evaluated(what, account, region, reason, error.to_string())
}

/// The trails that the account shows; a region that a service control policy closes shows none of its own.
pub(super) fn seen<'a>(
    account: &Account,
    ctx: &Context<'a>,
    hidden: &mut Vec<Gaps>,
) -> BTreeSet<&'a Arn> {
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
