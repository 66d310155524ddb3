//! Who can become whom, and the shortest ways to those who can do harm.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

use super::ask::Answer;
use super::held::Holdings;
use crate::ids::AccountId;

/// More steps than this are not followed.
pub const MAX_HOPS: usize = 6;
/// The ranks of the ways that are followed, and of the rights at their ends; see [`Answer::rank`]. What is not known comes
/// last, and there the ways to known rights first.
const ROUNDS: [(u8, u8); 6] = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (4, 4)];

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

/// A way from one principal to another.
#[derive(Debug, Clone)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The actions that are needed; empty where one of many is taken, which is no step.
    pub(super) by: String,
    pub(super) answer: Answer,
}

/// All principals and ways.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

/// An action and a resource, by place.
pub(super) type What = (usize, usize);

/// Who holds something, each with the rank of the answer.
type Capable = Vec<(usize, u8)>;

/// What several principals hold alike, and who can get there.
#[derive(Debug)]
pub(super) struct Reach {
    pub(super) what: Vec<What>,
    /// How each node gets there: the rank of its best way, and the next edge; nothing where it holds it itself.
    pub(super) ways: BTreeMap<usize, (u8, Option<usize>)>,
}

impl Graph {
    pub(super) fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub(super) fn link(&mut self, from: usize, to: usize, by: &str, answer: Answer) {
        if !answer.is_denied() && from != to {
            self.edges.push(Edge {
                from,
                to,
                by: by.to_owned(),
                answer,
            });
        }
    }

    /// For everything that somebody holds, who can get there.
    pub(super) fn solve(&self) -> Vec<Reach> {
        let mut holders: BTreeMap<What, Capable> = BTreeMap::new();
        for (place, node) in self.nodes.iter().enumerate() {
            for held in &node.holdings.held {
                for action in &held.actions {
                    let list = holders.entry((*action, held.resource)).or_default();
                    list.push((place, held.answer.rank()));
                }
            }
        }
        let mut alike: BTreeMap<Capable, Vec<What>> = BTreeMap::new();
        for (what, who) in holders {
            alike.entry(who).or_default().push(what);
        }
        let mut into: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (place, edge) in self.edges.iter().enumerate() {
            if let Some(list) = into.get_mut(edge.to) {
                list.push(place);
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
    fn ways(
        &self,
        capable: &[(usize, u8)],
        into: &[Vec<usize>],
    ) -> BTreeMap<usize, (u8, Option<usize>)> {
        let mut found: BTreeMap<usize, (u8, Option<usize>)> = BTreeMap::new();
        for (rank, own_rank) in ROUNDS {
            // Steps so far, in the order of their number; one of many is no step.
            let mut steps: BTreeMap<usize, usize> = BTreeMap::new();
            let mut queue = VecDeque::new();
            for (node, own) in capable {
                if *own <= own_rank {
                    found.entry(*node).or_insert((*own, None));
                    steps.insert(*node, 0);
                    queue.push_back((*node, 0));
                }
            }
            while let Some((node, so_far)) = queue.pop_front() {
                if steps.get(&node).is_some_and(|best| *best < so_far) {
                    continue;
                }
                for place in into.get(node).into_iter().flatten() {
                    let Some(edge) = self.edges.get(*place) else {
                        continue;
                    };
                    let now = so_far + usize::from(!edge.by.is_empty());
                    let shorter = steps.get(&edge.from).is_none_or(|before| now < *before);
                    if edge.answer.rank() > rank || now > MAX_HOPS || !shorter {
                        continue;
                    }
                    steps.insert(edge.from, now);
                    match found.get(&edge.from) {
                        // Found in this round, by a longer way.
                        Some((of, Some(_))) if *of == rank => {
                            found.insert(edge.from, (rank, Some(*place)));
                        }
                        Some(_) => {}
                        None => {
                            found.insert(edge.from, (rank, Some(*place)));
                        }
                    }
                    if edge.by.is_empty() {
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
    pub(super) fn path(&self, reach: &Reach, from: usize) -> Vec<&Edge> {
        let mut path = Vec::new();
        let mut at = from;
        // As many steps as ways can have: the file of a hostile account must not hold us in a ring.
        for _ in 0..4 * MAX_HOPS {
            let Some((_, Some(next))) = reach.ways.get(&at) else {
                break;
            };
            let Some(edge) = self.edges.get(*next) else {
                break;
            };
            path.push(edge);
            at = edge.to;
        }
        path
    }

    /// The answer of the node itself to holding it.
    pub(super) fn own(&self, node: usize, what: (usize, usize)) -> Option<&Answer> {
        let mut held = self.nodes.get(node)?.holdings.held.iter();
        let held = held.find(|it| it.resource == what.1 && it.actions.contains(&what.0))?;
        Some(&held.answer)
    }
}
