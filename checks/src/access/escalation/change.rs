//! Changing oneself, or somebody whom one can become, before one acts.

use std::collections::BTreeSet;

use super::{Becomes, Spread, Steps, note};
use crate::access::answer::Answer;
use crate::access::evaluate::Evaluator;
use crate::access::graph::{ActorKind, Means, Node, NodeId};
use crate::access::identity_policies::{Modification, PrincipalId, place};
use crate::access::modification::{self, Freedom};

/// More principals than this are not looked at one by one as steps for another.
const MAX_CHANGED: usize = 64;
/// So many of those that a run of principals reaches are noted, beginning with the first: enough to find those that are
/// looked at, and that there are more.
pub(super) const MAX_NOTED: usize = MAX_CHANGED + 2;

impl<'c> Steps<'c, '_> {
    /// Change somebody whom one can become, and then act. The edges from `first` on are the principal's own; `but` is the
    /// principal itself, where `node` stands for nobody else.
    pub(super) fn change(
        &mut self,
        evaluator: &Evaluator<'c>,
        but: Option<PrincipalId>,
        (node, first): (NodeId, usize),
        becomes: &Becomes,
    ) {
        let mut becomes = becomes.clone();
        self.change_any(evaluator, (node, first), &mut becomes);
        let others = || becomes.iter().filter(|(it, _)| Some(**it) != but);
        if others().count() > MAX_CHANGED {
            let why = format!(
                "more than {MAX_CHANGED} principals can be changed, and were not looked at one by one"
            );
            let created_principal = self.created_principal;
            let answer = Answer::allowed().unless([&self.papers.unreadable(&why)]);
            let by = Means::one("changing one of many");
            self.graph.link(node, created_principal, by, answer);
        }
        let mut joins = self.joins.remove(&node).unwrap_or_default();
        for (changed, (way, by)) in others().take(MAX_CHANGED) {
            let changed = *changed;
            for Freedom {
                freed,
                answer,
                by: how,
            } in modification::of(
                evaluator,
                self.papers,
                changed,
                self.environment,
                &mut joins,
            ) {
                let answer = answer.and(way);
                if answer.is_denied() {
                    continue;
                }
                let to = self.changed_node(changed, &freed);
                self.graph.link(node, to, how.and(by), answer);
            }
        }
        self.joins.insert(node, joins);
    }

    /// Whoever gives rights to every role and becomes any has a new one's rights at least. Where only some can be
    /// changed, those are looked at one by one.
    fn change_any(
        &mut self,
        evaluator: &Evaluator<'c>,
        (node, first): (NodeId, usize),
        becomes: &mut Becomes,
    ) {
        let edges = self.graph.edges.iter().skip(first);
        let edges = edges.filter(|it| it.from == node);
        let any = edges.filter(|it| it.to == self.any_role || it.to == self.any_user);
        let any: Vec<(NodeId, Answer, Means)> = any
            .map(|it| (it.to, Answer::clone(&it.answer), it.by.clone()))
            .collect();
        for (to, way, by) in any {
            let (kind, gives) = match to == self.any_role {
                true => ("role", ["iam:PutRolePolicy", "iam:AttachRolePolicy"]),
                false => ("user", ["iam:PutUserPolicy", "iam:AttachUserPolicy"]),
            };
            let mut all = false;
            for action in gives {
                if let Spread::All(answer) = self.spread(evaluator, action, kind) {
                    let answer = answer.and(&way);
                    let by = Means::one(action).and(&by);
                    self.graph.link(node, self.created_principal, by, answer);
                    all = true;
                    break;
                }
            }
            if !all {
                for changed in self.changeable(evaluator, kind) {
                    note(becomes, changed, way.clone(), &by);
                }
            }
        }
    }

    /// Those of the users or roles that the asker may be able to change, as many as are looked at and some more.
    fn changeable(&self, evaluator: &Evaluator<'c>, kind: &'static str) -> BTreeSet<PrincipalId> {
        let (pool, who): (_, fn(usize) -> PrincipalId) = match kind {
            "role" => (&self.role_pool, PrincipalId::Role),
            _ => (&self.user_pool, PrincipalId::User),
        };
        let (own, other) = match kind {
            "role" => ("Role", "User"),
            _ => ("User", "Role"),
        };
        let mut found = BTreeSet::new();
        for action in modification::CHANGES {
            if action.contains(other) && !action.ends_with("Group")
                || !evaluator.touches(place(action))
            {
                continue;
            }
            // By a group or a policy whoever has it is changed: which, is looked at one by one.
            let spread = match action.contains(own) && !action.ends_with("Group") {
                true => Some(self.spread(evaluator, action, kind)),
                false => None,
            };
            match spread {
                Some(Spread::Each(reached)) => {
                    for (runs, _) in &reached.parts {
                        found.extend(pool.first(runs, MAX_NOTED).into_iter().map(who));
                    }
                    found.extend(reached.odd.iter().map(|(at, ..)| who(*at)));
                }
                Some(Spread::All(_)) | None => {
                    let whole = std::iter::once(0..pool.members.len());
                    let whole: Vec<_> = whole.collect();
                    found.extend(pool.first(&whole, MAX_NOTED).into_iter().map(who));
                    found.extend(pool.odd.iter().map(|(_, at, _)| who(*at)));
                }
            }
        }
        found
    }

    /// Whoever can change itself, and then itself further.
    pub(super) fn change_oneself(
        &mut self,
        evaluator: &Evaluator<'c>,
        (who, before): (PrincipalId, &Modification),
        node: NodeId,
    ) {
        if !modification::touches(evaluator) {
            return;
        }
        let environment = self.environment;
        let whose = self.graph.node(node).alike.unwrap_or(node);
        let mut joins = self.joins.remove(&whose).unwrap_or_default();
        let ways = modification::of(evaluator, self.papers, who, environment, &mut joins);
        self.joins.insert(whose, joins);
        for Freedom { freed, answer, by } in ways {
            let after = before.and(&freed);
            if after != *before {
                let to = self.changed_node(who, &after);
                self.graph.link(node, to, by, answer);
            }
        }
    }

    fn changed_node(&mut self, who: PrincipalId, freed: &Modification) -> NodeId {
        if let Some(node) = self.changed.get(&(who, freed.clone())) {
            return *node;
        }
        let arn = self.papers.person(who).arn.as_str();
        let mut words = Vec::new();
        for (on, word) in [
            (freed.granted, "given more rights"),
            (freed.without_denies, "without its Denies"),
            (freed.without_boundary, "without its boundary"),
            (freed.joined.len() == 1, "in one more group"),
            (freed.joined.len() > 1, "in more groups"),
            (freed.tagged, "with other tags"),
        ] {
            if on {
                words.push(word);
            }
        }
        let id = format!("{arn}, {}", words.join(", "));
        let node = self
            .graph
            .add(Node::new(&id, self.papers.account, ActorKind::Step));
        self.changed.insert((who, freed.clone()), node);
        self.to_look_at.push((who, freed.clone(), node));
        node
    }
}
