//! Who gets to what is held, backwards from those who hold it, and each by the shortest way.

use std::collections::{BTreeMap, VecDeque};

use super::answer::Rank;
use super::graph::{Capable, EdgeId, Graph, MAX_HOPS, NodeId, Reach, Way, What};

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

impl Graph {
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
        let mut search = Search::new(self);
        alike
            .into_iter()
            .map(|(who, what)| Reach {
                ways: search.ways(&who),
                what,
            })
            .collect()
    }
}

/// A graph, ready to be walked backwards, and the room for one walk after the other.
struct Search<'g> {
    graph: &'g Graph,
    /// The edges in the order of the nodes that they end at; of each node, where its own begin.
    into: Vec<EdgeId>,
    begins: Vec<usize>,
    /// The ranks that some edge has.
    ranks: Vec<Rank>,
    /// The way of each node, as far as one was found in this walk.
    found: Vec<Option<Way>>,
    /// Steps so far in this round; one of many is no step.
    steps: Vec<Option<usize>>,
    /// The nodes that have steps, and those that have a way.
    stepped: Vec<NodeId>,
    reached: Vec<NodeId>,
}

impl<'g> Search<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let nodes = graph.nodes.len();
        let mut into: Vec<EdgeId> = (0..graph.edges.len()).map(EdgeId).collect();
        // Stable: the edges into one node stay in their order, and the first of equals is taken.
        into.sort_by_key(|id| graph.edge(*id).to);
        let mut begins = Vec::with_capacity(nodes + 1);
        let mut at = 0;
        for node in 0..=nodes {
            let ends = into.iter().skip(at);
            at += ends
                .take_while(|id| graph.edge(**id).to < NodeId(node))
                .count();
            begins.push(at);
        }
        let mut ranks: Vec<Rank> = graph.edges.iter().map(|it| it.answer.rank()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        Self {
            graph,
            into,
            begins,
            ranks,
            found: vec![None; nodes],
            steps: vec![None; nodes],
            stepped: Vec::new(),
            reached: Vec::new(),
        }
    }

    /// First by ways that are open, then by those that are harder, each the shortest.
    pub(super) fn ways(&mut self, capable: &[(NodeId, Rank)]) -> Vec<(NodeId, Way)> {
        let mut before: Option<(Rank, Rank)> = None;
        for (rank, own_rank) in ROUNDS {
            // Neither edges nor rights that the last round did not have: it finds nothing.
            let newer = before.is_none_or(|(edges, own)| {
                self.ranks.iter().any(|it| *it > edges && *it <= rank)
                    || capable.iter().any(|(_, it)| *it > own && *it <= own_rank)
            });
            if newer {
                self.round(capable, rank, own_rank);
            }
            before = Some((rank, own_rank));
        }
        self.reached.sort_unstable();
        let reached = std::mem::take(&mut self.reached);
        let ways = reached.into_iter().filter_map(|node| {
            let way = self.found.get_mut(node.0)?.take()?;
            Some((node, way))
        });
        ways.collect()
    }

    fn round(&mut self, capable: &[(NodeId, Rank)], rank: Rank, own_rank: Rank) {
        let mut queue = VecDeque::new();
        for (node, own) in capable {
            if *own <= own_rank {
                if self.way(*node).is_none() {
                    self.find(
                        *node,
                        Way {
                            rank: *own,
                            next: None,
                        },
                    );
                }
                self.step(*node, 0);
                queue.push_back((*node, 0));
            }
        }
        while let Some((node, so_far)) = queue.pop_front() {
            if self.so_far(node).is_some_and(|best| best < so_far) {
                continue;
            }
            let begin = self.begins.get(node.0).copied().unwrap_or_default();
            let end = self.begins.get(node.0 + 1).copied().unwrap_or_default();
            for at in begin..end {
                let Some(id) = self.into.get(at).copied() else {
                    continue;
                };
                let edge = self.graph.edge(id);
                let now = so_far + usize::from(!edge.by.is_none());
                let shorter = self.so_far(edge.from).is_none_or(|before| now < before);
                if edge.answer.rank() > rank || now > MAX_HOPS || !shorter {
                    continue;
                }
                self.step(edge.from, now);
                let better = match self.way(edge.from) {
                    // Found in this round, by a longer way.
                    Some(Way { rank: of, next }) => of == rank && next.is_some(),
                    None => true,
                };
                if better {
                    let next = Some(id);
                    self.find(edge.from, Way { rank, next });
                }
                if edge.by.is_none() {
                    queue.push_front((edge.from, now));
                } else {
                    queue.push_back((edge.from, now));
                }
            }
        }
        for node in self.stepped.drain(..) {
            if let Some(steps) = self.steps.get_mut(node.0) {
                *steps = None;
            }
        }
    }

    fn way(&self, node: NodeId) -> Option<Way> {
        self.found.get(node.0).copied().flatten()
    }

    fn find(&mut self, node: NodeId, way: Way) {
        if let Some(own) = self.found.get_mut(node.0)
            && own.replace(way).is_none()
        {
            self.reached.push(node);
        }
    }

    fn so_far(&self, node: NodeId) -> Option<usize> {
        self.steps.get(node.0).copied().flatten()
    }

    fn step(&mut self, node: NodeId, steps: usize) {
        if let Some(own) = self.steps.get_mut(node.0)
            && own.replace(steps).is_none()
        {
            self.stepped.push(node);
        }
    }
}
