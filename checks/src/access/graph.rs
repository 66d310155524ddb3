//! Who can become whom, and the shortest ways to those who can do harm.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use serde::Serialize;

use super::actions::ActionId;
use super::answer::{Answer, Rank};
use super::held::Holdings;
use super::listed::{listed, listed_mut};
use super::resources::ResourceId;
use crate::ids::AccountId;

/// More steps than this are not followed.
pub const MAX_HOPS: usize = 6;
/// The ranks of the ways that are followed, and of the rights at their ends. What is not known comes last, and there the
/// ways to known rights first.
const ROUNDS: [(Rank, Rank); 6] = [
    (Rank::Allowed, Rank::Allowed),
    (Rank::Choosable, Rank::Choosable),
    (Rank::Weak, Rank::Weak),
    (Rank::Strong, Rank::Strong),
    (Rank::Unknown, Rank::Strong),
    (Rank::Unknown, Rank::Unknown),
];

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
    pub(super) id: String,
    pub(super) account: AccountId,
    pub(super) kind: ActorKind,
    pub(super) holdings: Holdings,
    /// It holds one of AWS's policies for those who only look.
    pub(super) auditor: bool,
    /// Statements of its trust policy that let in people from elsewhere without asking who.
    pub(super) open_trust: Vec<String>,
}

impl Node {
    pub(super) fn new(id: &str, account: &AccountId, kind: ActorKind) -> Self {
        Self {
            id: id.to_owned(),
            account: account.clone(),
            kind,
            holdings: Holdings::default(),
            auditor: false,
            open_trust: Vec::new(),
        }
    }
}

impl Node {
    /// A federated user whom somebody can become is told; where that is not known, so is what it can do.
    pub(super) fn reached(&mut self, answer: &Answer) {
        let known = answer.rank() < Rank::Unknown;
        if known {
            self.kind = ActorKind::Federated;
        }
    }
}

/// A node of the graph, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(usize);

/// An edge of the graph, by its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EdgeId(usize);

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
    pub(super) answer: Answer,
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
type Capable = Vec<(NodeId, Rank)>;

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
    /// How each node gets there.
    pub(super) ways: BTreeMap<NodeId, Way>,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> NodeId {
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
        let found = all.find(|(_, it)| it.kind == kind && it.id == id);
        found.map(|(node, _)| node)
    }

    /// Every node with its id.
    pub(super) fn each(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        let all = self.nodes.iter().enumerate();
        all.map(|(place, node)| (NodeId(place), node))
    }

    fn edge(&self, id: EdgeId) -> &Edge {
        listed(&self.edges, id.0)
    }

    pub(super) fn link(&mut self, from: NodeId, to: NodeId, by: Means, answer: Answer) {
        if !answer.is_denied() && from != to {
            self.edges.push(Edge {
                from,
                to,
                by,
                answer,
            });
        }
    }

    /// For everything that somebody holds, who can get there.
    pub(super) fn solve(&self) -> Vec<Reach> {
        let mut holders: BTreeMap<What, Capable> = BTreeMap::new();
        for (id, node) in self.each() {
            for held in &node.holdings.held {
                for action in &held.actions {
                    let what = What {
                        action: *action,
                        resource: held.resource,
                    };
                    let list = holders.entry(what).or_default();
                    list.push((id, held.answer.rank()));
                }
            }
        }
        let mut alike: BTreeMap<Capable, Vec<What>> = BTreeMap::new();
        for (what, who) in holders {
            alike.entry(who).or_default().push(what);
        }
        let mut into: Vec<Vec<EdgeId>> = vec![Vec::new(); self.nodes.len()];
        for (place, edge) in self.edges.iter().enumerate() {
            if let Some(list) = into.get_mut(edge.to.0) {
                list.push(EdgeId(place));
            }
        }
        alike
            .into_iter()
            .map(|(who, what)| Reach {
                ways: self.ways(&who, &into),
                what,
            })
            .collect()
    }

    /// Backwards from the capable: first by ways that are open, then by those that are harder, each the shortest.
    fn ways(&self, capable: &[(NodeId, Rank)], into: &[Vec<EdgeId>]) -> BTreeMap<NodeId, Way> {
        let mut found: BTreeMap<NodeId, Way> = BTreeMap::new();
        for (rank, own_rank) in ROUNDS {
            // Steps so far, in the order of their number; one of many is no step.
            let mut steps: BTreeMap<NodeId, usize> = BTreeMap::new();
            let mut queue = VecDeque::new();
            for (node, own) in capable {
                if *own <= own_rank {
                    found.entry(*node).or_insert(Way {
                        rank: *own,
                        next: None,
                    });
                    steps.insert(*node, 0);
                    queue.push_back((*node, 0));
                }
            }
            while let Some((node, so_far)) = queue.pop_front() {
                if steps.get(&node).is_some_and(|best| *best < so_far) {
                    continue;
                }
                for id in into.get(node.0).into_iter().flatten() {
                    let edge = self.edge(*id);
                    let now = so_far + usize::from(!edge.by.is_none());
                    let shorter = steps.get(&edge.from).is_none_or(|before| now < *before);
                    if edge.answer.rank() > rank || now > MAX_HOPS || !shorter {
                        continue;
                    }
                    steps.insert(edge.from, now);
                    match found.get(&edge.from) {
                        // Found in this round, by a longer way.
                        Some(Way {
                            rank: of,
                            next: Some(_),
                        }) if *of == rank => {
                            let next = Some(*id);
                            found.insert(edge.from, Way { rank, next });
                        }
                        Some(_) => {}
                        None => {
                            let next = Some(*id);
                            found.insert(edge.from, Way { rank, next });
                        }
                    }
                    if edge.by.is_none() {
                        queue.push_front((edge.from, now));
                    } else {
                        queue.push_back((edge.from, now));
                    }
                }
            }
        }
        found
    }

    /// The edges from a node to what it can get, in order.
    pub(super) fn path(&self, reach: &Reach, from: NodeId) -> Vec<&Edge> {
        let mut path = Vec::new();
        let mut at = from;
        // As many steps as ways can have: the file of a hostile account must not hold us in a ring.
        for _ in 0..40 * MAX_HOPS {
            let next = reach.ways.get(&at).and_then(|way| way.next);
            let Some(next) = next else { break };
            let edge = self.edge(next);
            path.push(edge);
            at = edge.to;
        }
        path
    }

    /// The answer of the node itself to holding it.
    pub(super) fn own(&self, node: NodeId, what: What) -> Option<&Answer> {
        let mut held = self.node(node).holdings.held.iter();
        let held =
            held.find(|it| it.resource == what.resource && it.actions.contains(&what.action))?;
        Some(&held.answer)
    }
}
