//! One principal as the checks see it: what it can do, and whom it can reach.

use std::borrow::Cow;

use super::actions::{ActionId, TamperAction, table};
use super::answer::{Answer, Rank, When, gaps};
use super::graph::{ActorKind, Node, NodeId, Reach, What};
use super::report::{Access, Actor, Hop, actor};
use crate::fact::Gaps;

/// A principal, and the analysis that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    access: &'a Access,
    id: NodeId,
    node: &'a Node,
}

/// Something that a principal can do.
#[derive(Debug, Clone)]
pub struct Right<'a> {
    /// What.
    pub action: &'static TamperAction,
    /// To what.
    pub target: &'a str,
    /// By what, and when.
    pub answer: Cow<'a, Answer>,
}

impl Right<'_> {
    /// It is known that it can, at least under a condition.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.answer.rank() < Rank::Unknown
    }

    /// The condition is none, or one that the caller chooses.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.answer.rank() < Rank::Weak
    }
}

/// The best way to do harm through others.
#[derive(Debug)]
pub struct Escape {
    /// Who is reached in the end.
    pub to: String,
    /// The steps.
    pub path: Vec<Hop>,
    /// The conditions of all steps.
    pub condition: Option<When>,
    /// They are none, or bind nobody.
    pub free: bool,
    /// How many pairs of action and target are gained.
    pub gained: usize,
    /// Some of the actions that are gained, the worst first.
    pub actions: Vec<&'static str>,
    /// What is not known of it; nothing where it is known that it can.
    pub missing: Option<Gaps>,
}

impl Access {
    /// Everyone who is judged: root users, whose rights cannot be taken, and service-linked roles are not.
    pub fn judged(&self) -> impl Iterator<Item = Judged<'_>> {
        let told = self.graph.each().filter(|(_, node)| match node.kind {
            ActorKind::User
            | ActorKind::Role
            | ActorKind::Federated
            | ActorKind::External
            | ActorKind::Anyone => true,
            ActorKind::Root | ActorKind::ServiceLinkedRole | ActorKind::Step => false,
        });
        told.map(|(id, node)| Judged {
            access: self,
            id,
            node,
        })
    }

    /// The root users. Nobody takes their rights away but policies from above: they are told, and are no finding.
    pub fn roots(&self) -> impl Iterator<Item = Judged<'_>> {
        let roots = self.graph.each();
        let roots = roots.filter(|(_, node)| node.kind == ActorKind::Root);
        roots.map(|(id, node)| Judged {
            access: self,
            id,
            node,
        })
    }
}

impl<'a> Judged<'a> {
    /// Who.
    #[must_use]
    pub fn actor(&self) -> Actor {
        actor(self.node)
    }

    /// What it can do of these actions by its own rights.
    pub fn rights(&self, actions: &[&str]) -> Vec<Right<'a>> {
        let table = table();
        let wanted: Vec<ActionId> = actions.iter().map(|it| table.named(it)).collect();
        self.all(|id, _| wanted.contains(&id))
    }

    /// All that does harm.
    #[must_use]
    pub fn tampering(&self) -> Vec<Right<'a>> {
        self.all(|_, action| !action.is_minor())
    }

    fn all(&self, wanted: impl Fn(ActionId, &TamperAction) -> bool) -> Vec<Right<'a>> {
        let access = self.access;
        let mut rights = Vec::new();
        for held in &self.node.holdings.held {
            let target = access.resource(held.resource);
            for id in &held.actions {
                let action = table().get(*id);
                if wanted(*id, action) {
                    rights.push(Right {
                        action,
                        target: &target.id,
                        answer: self.node.renamed(&held.answer),
                    });
                }
            }
        }
        rights.sort_by(|a, b| (&a.action.action, a.target).cmp(&(&b.action.action, b.target)));
        rights
    }

    /// It holds one of AWS's policies for auditors.
    #[must_use]
    pub fn is_auditor(&self) -> bool {
        self.node.auditor
    }

    /// Statements of its trust policy that let in people from elsewhere without asking who.
    #[must_use]
    pub fn open_trust(&self) -> &'a [String] {
        &self.node.open_trust
    }

    /// Harm that it can do only through others; nothing if there is none that counts.
    #[must_use]
    pub fn escape(&self) -> Option<Escape> {
        let access = self.access;
        let mut best: Option<(usize, &Reach, Rank)> = None;
        let mut gained = 0;
        let mut actions: Vec<&'static TamperAction> = Vec::new();
        let reached = access.by_node.get(self.id.0).into_iter().flatten();
        for reach in reached.filter_map(|place| access.reaches.get(*place)) {
            let Some(rank) = reach.way(self.id).map(|way| way.rank) else {
                continue;
            };
            let harmful = reach.what.iter().map(|it| table().get(it.action));
            let harmful: Vec<_> = harmful
                .filter(|it| it.severity > crate::finding::Severity::Medium)
                .collect();
            // What it can do by itself already is no gain.
            let own = |what: &What| {
                let own = access.graph.own_rank(self.id, *what);
                own.is_some_and(|own| own <= rank && own < Rank::Unknown)
            };
            if harmful.is_empty() || reach.what.iter().all(own) {
                continue;
            }
            gained += harmful.len();
            actions.extend(harmful);
            let hops = access.graph.path(reach, self.id).len();
            let before = best.as_ref().map(|(hops, _, rank)| (*rank, *hops));
            if before.is_none_or(|before| (rank, hops) < before) {
                best = Some((hops, reach, rank));
            }
        }
        let (_, reach, _) = best?;
        let edges = access.graph.path(reach, self.id);
        let last = edges.last()?;
        let steps = edges.iter().map(|edge| edge.answer.as_ref());
        let own = reach
            .what
            .first()
            .and_then(|what| access.graph.own(last.to, *what));
        let whole = steps
            .chain(own.as_deref())
            .fold(Answer::allowed(), |all, step| all.and(step));
        actions.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| a.action.cmp(&b.action))
        });
        let mut names: Vec<&str> = actions.iter().map(|it| it.action.as_str()).collect();
        names.dedup();
        names.truncate(5);
        Some(Escape {
            to: access.graph.node(last.to).id.to_string(),
            path: access.hops(&edges),
            free: whole.rank() == Rank::Allowed,
            condition: whole.condition,
            gained,
            actions: names,
            missing: gaps(&whole.missing),
        })
    }
}
