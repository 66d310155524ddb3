//! Who can tamper, as it is told: one row per principal, action and target.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::actions::{ActionId, Harm, Kind, TamperAction, table};
use super::answer::{Answer, Rank};
use super::graph::{ActorKind, Graph, Leg, Node, NodeId, Reach};
use super::resources::{self, ResourceId};
use crate::fact::Gaps;
use crate::finding::Severity;
use crate::ids::AccountId;
use crate::policy::{Layer, StatementRef, Strength, Verdict};

/// A principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Actor {
    /// Its ARN; `*` for everyone.
    pub id: String,
    /// Its account; empty where it has none.
    pub account: AccountId,
    /// What it is.
    pub kind: ActorKind,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Who makes it.
    pub from: String,
    /// By which actions.
    pub by: String,
    /// Whom it reaches.
    pub to: String,
    /// Under which condition.
    pub condition: Option<String>,
    /// The statements that allow it.
    pub statements: Vec<String>,
}

/// One principal, one action, one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Who.
    pub principal: Actor,
    /// Can do what.
    pub action: &'static str,
    /// With which harm to the record, the first of `harms`.
    pub harm: Harm,
    /// All harms.
    pub harms: Vec<Harm>,
    /// How bad the action is.
    pub severity: Severity,
    /// To what.
    pub target: String,
    /// What that is.
    pub target_kind: Kind,
    /// Allowed, conditional or unknown; along a path, that of the weakest step.
    #[serde(serialize_with = "verdict")]
    pub verdict: Verdict,
    /// By its own rights.
    pub direct: bool,
    /// When, if that depends.
    pub condition: Option<String>,
    /// How hard that is to meet.
    #[serde(serialize_with = "strength")]
    pub strength: Option<Strength>,
    /// The way there; empty when direct.
    pub path: Vec<Hop>,
    /// The statements that decide.
    pub statements: Vec<String>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// How easily it can be done.
    #[serde(skip)]
    pub rank: Rank,
}

/// A right that does nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Harmless {
    /// Who.
    pub principal: Actor,
    /// May do what.
    pub action: &'static str,
    /// To what.
    pub target: String,
    /// Why nothing comes of it.
    pub reason: &'static str,
}

fn verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word(*verdict))
}

/// A principal's ARN as people read it: its account and its name. What is no such ARN stays as it is.
#[must_use]
pub fn short(id: &str) -> String {
    let fields: Vec<&str> = id.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", _, "iam" | "sts", _, account, name] => format!("{account} {name}"),
        _ if id == "*" => "anyone".to_owned(),
        _ => id.to_owned(),
    }
}

/// As it stands in JSON.
#[must_use]
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Conditional => "conditional",
        Verdict::Unknown => "unknown",
        Verdict::Denied => "denied",
    }
}

fn strength<S: Serializer>(it: &Option<Strength>, serializer: S) -> Result<S::Ok, S::Error> {
    match it {
        Some(it) => serializer.serialize_some(strength_word(*it)),
        None => serializer.serialize_none(),
    }
}

/// As it stands in JSON.
#[must_use]
pub fn strength_word(strength: Strength) -> &'static str {
    match strength {
        Strength::Unbound => "without_boundary",
        Strength::Choosable => "choosable",
        Strength::Weak => "weak",
        Strength::Strong => "strong",
    }
}

/// The name of a resource, and what it is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) kind: Kind,
}

/// The whole analysis.
#[derive(Debug)]
pub struct Access {
    pub(super) graph: Graph,
    pub(super) reaches: Vec<Reach>,
    /// Per node, the places of those that it gets to through others.
    pub(super) by_node: Vec<Vec<usize>>,
    /// By [`ResourceId`].
    pub(super) resources: Vec<Named>,
    /// Accounts whose principals could not be read, and why.
    pub unread: BTreeMap<AccountId, Gaps>,
}

/// An answer in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The verdict.
    pub verdict: Verdict,
    /// How hard the condition is to meet.
    pub strength: Option<Strength>,
    /// The condition.
    pub condition: Option<String>,
    /// The statements that decide.
    pub statements: Vec<String>,
    /// What could not be read, and why.
    pub missing: Vec<String>,
    /// Which layers would have to allow it and do not, where no statement forbids it.
    pub blocked: Vec<&'static str>,
}

impl Answer {
    /// In words, for those who write reports.
    #[must_use]
    pub fn told(&self) -> Told {
        Told {
            verdict: self.verdict,
            strength: self.strength,
            condition: self.condition.as_ref().map(ToString::to_string),
            statements: self.statements.iter().map(words).collect(),
            missing: self.missing.iter().map(ToString::to_string).collect(),
            blocked: self.blocked.iter().map(|layer| lacking(*layer)).collect(),
        }
    }
}

/// What a layer that does not allow is called.
fn lacking(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "no identity policy allows it",
        Layer::Boundary => "its permissions boundary does not allow it",
        Layer::Session => "the session policy does not allow it",
        Layer::Scp => "the SCPs at one or more levels of the organization do not allow it",
        Layer::Rcp => "the RCPs of the organization do not allow it",
        Layer::Resource => "the resource policy does not allow it",
        Layer::KeyGrant => "no key grant allows it",
        Layer::Acl => "no ACL allows it",
    }
}

/// A statement, as people find it.
fn words(at: &StatementRef) -> String {
    let layer = match at.layer {
        Layer::Identity => "identity policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
        Layer::Scp => "SCP",
        Layer::Rcp => "RCP",
        Layer::Resource => "resource policy",
        Layer::KeyGrant => "key grant",
        Layer::Acl => "ACL",
    };
    let sid = match &at.sid {
        Some(sid) if !sid.is_empty() => format!(" (Sid {sid})"),
        Some(_) | None => String::new(),
    };
    format!("{layer} {}, statement {}{sid}", at.policy, at.index + 1)
}

/// Per node, the places of what it gets to through others.
pub(super) fn by_node(reaches: &[Reach], nodes: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (place, reach) in reaches.iter().enumerate() {
        let through = reach.ways.iter().filter(|(_, way)| way.next.is_some());
        for (node, _) in through {
            if let Some(own) = all.get_mut(node.0) {
                own.push(place);
            }
        }
    }
    all
}

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Reading too.
    pub minor: bool,
    /// Also by ways over others.
    pub indirect: bool,
}

impl Access {
    /// Every row, in no order; those with the verdict `unknown` too.
    pub fn each(&self, wanted: Wanted, mut row: impl FnMut(Holder)) {
        for (_, node) in self.graph.each().filter(|(_, it)| is_told(it)) {
            self.direct(node, wanted, &mut row);
        }
        if !wanted.indirect {
            return;
        }
        for reach in &self.reaches {
            for (node, way) in reach.ways.iter().filter(|(_, way)| way.next.is_some()) {
                self.indirect(reach, *node, way.rank, wanted, &mut row);
            }
        }
    }

    pub(super) fn resource(&self, id: ResourceId) -> &Named {
        resources::get(&self.resources, id)
    }

    fn direct(&self, node: &Node, wanted: Wanted, row: &mut impl FnMut(Holder)) {
        for held in &node.holdings.held {
            for action in actions(&held.actions, wanted) {
                let target = self.resource(held.resource);
                let answer = node.renamed(&held.answer);
                row(holder(node, action, target, &answer, Vec::new()));
            }
        }
    }

    fn indirect(
        &self,
        reach: &Reach,
        place: NodeId,
        rank: Rank,
        wanted: Wanted,
        row: &mut impl FnMut(Holder),
    ) {
        let node = self.graph.node(place);
        if !is_told(node) {
            return;
        }
        let edges = self.graph.path(reach, place);
        let Some(last) = edges.last() else { return };
        let path = self.hops(&edges);
        let steps = edges.iter().map(|edge| edge.answer.as_ref());
        let way = steps.fold(Answer::allowed(), |all, step| all.and(step));
        for what in &reach.what {
            let Some(action) = actions(&[what.action], wanted).next() else {
                continue;
            };
            let Some(own) = self.graph.own(last.to, *what) else {
                continue;
            };
            let target = self.resource(what.resource);
            let mut holder = holder(node, action, target, &way.clone().and(&own), path.clone());
            holder.rank = holder.rank.max(rank);
            row(holder);
        }
    }

    /// The way, without what is no step.
    pub(super) fn hops(&self, edges: &[Leg<'_>]) -> Vec<Hop> {
        let id = |node: NodeId| &*self.graph.node(node).id;
        let mut hops: Vec<Hop> = Vec::new();
        for edge in edges {
            match hops.last_mut() {
                Some(last) if edge.by.is_none() => {
                    id(edge.to).clone_into(&mut last.to);
                    let condition = edge.answer.condition.as_ref().map(ToString::to_string);
                    last.condition = match (last.condition.take(), condition) {
                        (Some(one), Some(two)) => Some(format!("({one}) and ({two})")),
                        (one, two) => one.or(two),
                    };
                    last.statements
                        .extend(edge.answer.statements.iter().map(words));
                }
                _ => hops.push(Hop {
                    from: id(edge.from).to_owned(),
                    by: edge.by.to_string(),
                    to: id(edge.to).to_owned(),
                    condition: edge.answer.condition.as_ref().map(ToString::to_string),
                    statements: edge.answer.statements.iter().map(words).collect(),
                }),
            }
        }
        hops
    }

    /// Rights that do nothing.
    #[must_use]
    pub fn harmless(&self) -> Vec<Harmless> {
        let mut all = Vec::new();
        for node in self.graph.nodes.iter().filter(|it| is_told(it)) {
            for idle in &node.holdings.harmless {
                let target = self.resource(idle.resource);
                all.push(Harmless {
                    principal: actor(node),
                    action: &table().get(idle.action).action,
                    target: target.id.clone(),
                    reason: idle.why,
                });
            }
        }
        all.sort();
        all
    }
}

/// Steps are told on the way to others only.
fn is_told(node: &Node) -> bool {
    match node.kind {
        ActorKind::Step => false,
        ActorKind::User
        | ActorKind::Role
        | ActorKind::Root
        | ActorKind::ServiceLinkedRole
        | ActorKind::Federated
        | ActorKind::External
        | ActorKind::Anyone => true,
    }
}

fn actions(ids: &[ActionId], wanted: Wanted) -> impl Iterator<Item = &'static TamperAction> {
    let all = ids.iter().map(|id| table().get(*id));
    all.filter(move |it| wanted.minor || !it.is_minor())
}

pub(super) fn actor(node: &Node) -> Actor {
    Actor {
        id: node.id.to_string(),
        account: AccountId::clone(&node.account),
        kind: node.kind,
    }
}

fn holder(
    node: &Node,
    action: &'static TamperAction,
    target: &Named,
    answer: &Answer,
    path: Vec<Hop>,
) -> Holder {
    let told = answer.told();
    Holder {
        principal: actor(node),
        action: &action.action,
        harm: action.harm(),
        harms: action.harm.clone(),
        severity: action.severity,
        target: target.id.clone(),
        target_kind: target.kind,
        verdict: answer.verdict,
        direct: path.is_empty(),
        condition: told.condition,
        strength: told.strength,
        path,
        statements: told.statements,
        missing: told.missing,
        rank: answer.rank(),
    }
}

/// Worst first: by severity, then by how easy it is, then by how near.
pub fn sort(holders: &mut [Holder]) {
    holders.sort_by(|a, b| {
        let key = |holder: &Holder| {
            (
                std::cmp::Reverse(holder.severity),
                holder.rank,
                holder.path.len(),
                holder.harm,
            )
        };
        key(a).cmp(&key(b)).then_with(|| {
            let names = |it: &Holder| (it.principal.clone(), it.action, it.target.clone());
            names(a).cmp(&names(b))
        })
    });
}
