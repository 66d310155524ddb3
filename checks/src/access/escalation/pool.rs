//! Principals of one kind in one account, so that a step to many of them is a few edges and not one for each.
//!
//! They are kept in the order of their ARNs. What the policies over a question tell apart are runs of that order, as a
//! prefix is; a run is reached over nodes that halve it, each of which stands for one of many.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::access::answer::Answer;
use crate::access::graph::{ActorKind, Graph, Means, Node, NodeId};
use crate::ids::AccountId;
use crate::policy::Members;

/// See above.
#[derive(Default)]
pub(super) struct Pool {
    pub(super) members: Members,
    /// Of each member, its place in the listing of the account, and the node that is reached.
    ends: Vec<(usize, NodeId)>,
    /// Those whose ARNs do not begin like the others': each is asked about by itself.
    pub(super) odd: Vec<(String, usize, NodeId)>,
    runs: BTreeMap<(usize, usize), NodeId>,
}

impl Pool {
    /// Principals by ARN, place in the listing and node; `start` is how their ARNs begin.
    pub(super) fn new(start: &str, all: Vec<(&str, usize, NodeId)>) -> Self {
        let (mut own, odd): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(arn, ..)| arn.starts_with(start));
        own.sort();
        Self {
            members: Members::new(start, own.iter().map(|(arn, ..)| *arn)),
            ends: own.into_iter().map(|(_, at, node)| (at, node)).collect(),
            odd: odd
                .into_iter()
                .map(|(arn, at, node)| (arn.to_owned(), at, node))
                .collect(),
            runs: BTreeMap::new(),
        }
    }

    /// The members of runs, by their places in the listing and nodes.
    pub(super) fn each(&self, runs: &[Range<usize>]) -> impl Iterator<Item = (usize, NodeId)> {
        let ends = runs.iter().flat_map(|run| self.ends.get(run.clone()));
        ends.flatten().copied()
    }

    /// The first so many members of runs, by their places in the listing.
    pub(super) fn first(&self, runs: &[Range<usize>], most: usize) -> Vec<usize> {
        let mut all: Vec<usize> = self.each(runs).map(|(at, _)| at).collect();
        if all.len() > most {
            all.select_nth_unstable(most);
            all.truncate(most);
        }
        all.sort_unstable();
        all
    }

    /// A way to each of them.
    pub(super) fn link(
        &mut self,
        graph: &mut Graph,
        account: &AccountId,
        from: NodeId,
        runs: &[Range<usize>],
        (by, answer): (&Means, &Answer),
    ) {
        let answer = Arc::new(answer.clone());
        for run in runs {
            self.cover(
                graph,
                account,
                run.clone(),
                0..self.ends.len(),
                &mut |graph, to| {
                    graph.link(from, to, by.clone(), answer.clone());
                },
            );
        }
    }

    /// The fewest nodes that stand for a run.
    fn cover(
        &mut self,
        graph: &mut Graph,
        account: &AccountId,
        run: Range<usize>,
        within: Range<usize>,
        found: &mut dyn FnMut(&mut Graph, NodeId),
    ) {
        let (start, end) = (run.start.max(within.start), run.end.min(within.end));
        if start >= end {
            return;
        }
        if (start, end) == (within.start, within.end) {
            if let Some(node) = self.node(graph, account, within) {
                found(graph, node);
            }
            return;
        }
        let half = usize::midpoint(within.start, within.end);
        self.cover(graph, account, run.clone(), within.start..half, found);
        self.cover(graph, account, run, half..within.end, found);
    }

    /// The node of a half, a quarter and so on; of one member, the member's own.
    fn node(
        &mut self,
        graph: &mut Graph,
        account: &AccountId,
        within: Range<usize>,
    ) -> Option<NodeId> {
        if within.len() <= 1 {
            return self.ends.get(within.start).map(|(_, node)| *node);
        }
        if let Some(node) = self.runs.get(&(within.start, within.end)) {
            return Some(*node);
        }
        let id = format!(
            "{} to {}",
            self.members.arn(within.start).unwrap_or_default(),
            self.members.arn(within.end - 1).unwrap_or_default()
        );
        let node = graph.add(Node::new(&id, account, ActorKind::Step));
        self.runs.insert((within.start, within.end), node);
        let half = usize::midpoint(within.start, within.end);
        for part in [within.start..half, half..within.end] {
            if let Some(to) = self.node(graph, account, part) {
                graph.pass(node, to);
            }
        }
        Some(node)
    }
}
