//! Who can become whom, and the shortest ways to those who can do harm.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::Serialize;

use super::actions::ActionId;
use super::answer::{Answer, Names, Rank};
use super::listed::{listed, listed_mut};
use super::resources::ResourceId;
use super::tamper_permissions::Permissions;
use crate::ids::AccountId;

/// More steps than this are not followed.
pub const MAX_HOPS: usize = 6;
/// What kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// An IAM user.
    User,
    /// A role.
    Role,
    /// An account's root user.
    Root,
    /// A role that only its service can use: told apart, no finding.
    ServiceLinkedRole,
    /// Whoever an identity provider vouches for.
    Federated,
    /// A principal or account outside, or inside and not looked at.
    External,
    /// Everyone.
    Anyone,
    /// A step on the way: a principal after somebody has changed it, or one of many.
    Step,
}

impl ActorKind {
    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ActorKind::User => "user",
            ActorKind::Role => "role",
            ActorKind::Root => "root",
            ActorKind::ServiceLinkedRole => "service_linked_role",
            ActorKind::Federated => "federated",
            ActorKind::External => "external",
            ActorKind::Anyone => "anyone",
            ActorKind::Step => "step",
        }
    }
}

/// A principal.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its ARN; `*` for everyone.
    pub(super) id: Box<str>,
    /// Shared by the nodes of one account.
    pub(super) account: Arc<AccountId>,
    pub(super) kind: ActorKind,
    pub(super) holdings: Arc<Permissions>,
    /// The node that stands for it and all that are like it.
    pub(super) alike: Option<NodeId>,
    /// Names of policies in what it shares with those, and what its own are called.
    pub(super) names: Names,
    /// It holds one of AWS's policies for those who only look.
    pub(super) auditor: bool,
    /// Statements of its trust policy that let in people from elsewhere without asking who.
    pub(super) open_trust: Vec<String>,
}

impl Node {
    pub(super) fn new(id: &str, account: &AccountId, kind: ActorKind) -> Self {
        Self {
            id: id.into(),
            account: Arc::new(account.clone()),
            kind,
            holdings: NOTHING.clone(),
            alike: None,
            names: Names::default(),
            auditor: false,
            open_trust: Vec::new(),
        }
    }
}

impl Node {
    /// An answer that it shares with others, under the names of its own policies.
    pub(super) fn renamed<'a>(&self, answer: &'a Answer) -> Cow<'a, Answer> {
        match self.names.is_empty() {
            true => Cow::Borrowed(answer),
            false => Cow::Owned(answer.renamed(&self.names)),
        }
    }

    /// A federated user whom somebody can become is told; where that is not known, so is what it can do.
    pub(super) fn reached(&mut self, answer: &Answer) {
        let known = answer.rank() < Rank::Unknown;
        if known {
            self.kind = ActorKind::Federated;
        }
    }
}

/// A step of a path, as the principal makes it.
#[derive(Debug)]
pub(super) struct Leg<'g> {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    pub(super) by: &'g Means,
    pub(super) answer: Cow<'g, Answer>,
}

/// A node of the graph, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub(super) usize);

/// An edge of the graph, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EdgeId(pub(super) usize);

/// The actions that a step needs, all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Means(Vec<Need>);

/// One need of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// This action.
    One(&'static str),
    /// One of these.
    OneOf(&'static [&'static str]),
}

impl Means {
    /// One of many is taken, which is no step.
    pub(super) fn none() -> Self {
        Self::default()
    }

    pub(super) fn one(action: &'static str) -> Self {
        Self(vec![Need::One(action)])
    }

    pub(super) fn one_of(actions: &'static [&'static str]) -> Self {
        Self(vec![Need::OneOf(actions)])
    }

    /// Both, each action once.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut all = self.0.clone();
        for it in &other.0 {
            if !all.contains(it) {
                all.push(*it);
            }
        }
        Self(all)
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, it) in self.0.iter().enumerate() {
            let and = if index > 0 { " and " } else { "" };
            match it {
                Need::One(action) => write!(f, "{and}{action}")?,
                Need::OneOf(actions) => write!(f, "{and}{}", actions.join(" or "))?,
            }
        }
        Ok(())
    }
}

/// A way from one principal to another.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) from: NodeId,
    pub(super) to: NodeId,
    /// None where one of many is taken.
    pub(super) by: Means,
    /// Shared by the edges that one question is behind, and by all that are open.
    pub(super) answer: Arc<Answer>,
}

/// What most steps hold, and what most ways of one to many need: one for all of them.
static NOTHING: LazyLock<Arc<Permissions>> = LazyLock::new(Arc::default);
static OPEN: LazyLock<Arc<Answer>> = LazyLock::new(|| Arc::new(Answer::allowed()));

/// Holdings as nodes have them.
pub(super) fn shared(holdings: Permissions) -> Arc<Permissions> {
    if holdings == *NOTHING.as_ref() {
        NOTHING.clone()
    } else {
        Arc::new(holdings)
    }
}

/// All principals and ways.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// A right: an action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct What {
    pub(super) action: ActionId,
    pub(super) resource: ResourceId,
}

/// Who holds something, each with the rank of the answer.
pub(super) type Capable = Vec<(NodeId, Rank)>;

/// How a node gets somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Of its best way.
    pub(super) rank: Rank,
    /// The next edge; nothing where it holds the right itself.
    pub(super) next: Option<EdgeId>,
}

/// What several principals hold alike, and who can get there.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) what: Vec<What>,
    /// How each node gets there, in the order of the nodes.
    pub(super) ways: Vec<(NodeId, Way)>,
}

impl Reach {
    /// How this node gets there, if it does.
    pub(super) fn way(&self, node: NodeId) -> Option<&Way> {
        let at = self.ways.binary_search_by_key(&node, |(it, _)| *it).ok()?;
        self.ways.get(at).map(|(_, way)| way)
    }
}

impl Graph {
    pub(super) fn add(&mut self, mut node: Node) -> NodeId {
        // The accounts come one by one: it is that of the node before.
        if let Some(before) = self.nodes.last().filter(|it| it.account == node.account) {
            node.account = before.account.clone();
        }
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        listed(&self.nodes, id.0)
    }

    pub(super) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        listed_mut(&mut self.nodes, id.0)
    }

    /// The node of this name.
    pub(super) fn find(&self, kind: ActorKind, id: &str) -> Option<NodeId> {
        let mut all = self.each();
        let found = all.find(|(_, it)| it.kind == kind && *it.id == *id);
        found.map(|(node, _)| node)
    }

    /// Every node with its id.
    pub(super) fn each(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let all = self.nodes.iter().enumerate();
        all.map(|(place, node)| (NodeId(place), node))
    }

    pub(super) fn edge(&self, id: EdgeId) -> &Edge {
        listed(&self.edges, id.0)
    }

    pub(super) fn link(
        &mut self,
        from: NodeId,
        to: NodeId,
        by: Means,
        answer: impl Into<Arc<Answer>>,
    ) {
        let answer = answer.into();
        if !answer.is_denied() && from != to {
            self.edges.push(Edge {
                from,
                to,
                by,
                answer,
            });
        }
    }

    /// One of many is taken: no step, and nothing stops it.
    pub(super) fn pass(&mut self, from: NodeId, to: NodeId) {
        self.link(from, to, Means::none(), OPEN.clone());
    }

    /// The edges from a node to what it can get, in order. Who is like others makes their steps as its own.
    pub(super) fn path(&self, reach: &Reach, from: NodeId) -> Vec<Leg<'_>> {
        let mut path = Vec::new();
        let mut member = None;
        let mut at = from;
        // As many steps as ways can have: the file of a hostile account must not hold us in a ring.
        for _ in 0..40 * MAX_HOPS {
            let next = reach.way(at).and_then(|way| way.next);
            let Some(next) = next else { break };
            let edge = self.edge(next);
            at = edge.to;
            let from = self.node(edge.from);
            if from.alike == Some(edge.to) {
                member = Some(edge.from);
                continue;
            }
            let (from, answer) = match member.take() {
                Some(member) => (member, self.node(member).renamed(&edge.answer)),
                None => (edge.from, Cow::Borrowed(edge.answer.as_ref())),
            };
            path.push(Leg {
                from,
                to: edge.to,
                by: &edge.by,
                answer,
            });
        }
        path
    }

    /// How easily the node itself can do it, if it can.
    pub(super) fn own_rank(&self, node: NodeId, what: What) -> Option<Rank> {
        let mut held = self.node(node).holdings.held.iter();
        let held =
            held.find(|it| it.resource == what.resource && it.actions.contains(&what.action))?;
        Some(held.answer.rank())
    }

    /// The answer of the node itself to holding it.
    pub(super) fn own(&self, node: NodeId, what: What) -> Option<Cow<'_, Answer>> {
        let node = self.node(node);
        let mut held = node.holdings.held.iter();
        let held =
            held.find(|it| it.resource == what.resource && it.actions.contains(&what.action))?;
        Some(node.renamed(&held.answer))
    }
}
