//! One principal as the checks see it: what it can do, and whom it can reach.

use super::actions::{TamperAction, table};
use super::ask::Answer;
use super::graph::{ActorKind, Node};
use super::report::{Access, Actor, Hop, actor};
use crate::fact::{Gap, Gaps, Reason};
use crate::ids::AccountId;

/// A principal, and the analysis that it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    access: &'a Access,
    place: usize,
    node: &'a Node,
}

/// Something that a principal can do.
#[derive(Debug, Clone, Copy)]
pub struct Right<'a> {
    /// What.
    pub action: &'static TamperAction,
    /// To what.
    pub target: &'a str,
    /// By what, and when.
    pub answer: &'a Answer,
}

impl Right<'_> {
    /// It is known that it can, at least under a condition.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.answer.rank() < 4
    }

    /// The condition is none, or one that the caller chooses.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.answer.rank() < 2
    }
}

/// The best way to do harm through others.
#[derive(Debug)]
pub struct Escape {
    /// Who is reached in the end.
    pub to: String,
    /// The steps.
    pub path: Vec<Hop>,
    /// The hardest condition of all, in words.
    pub condition: Option<String>,
    /// How many pairs of action and target are gained.
    pub gained: usize,
    /// Some of the actions that are gained, the worst first.
    pub actions: Vec<&'static str>,
    /// It is known that it can.
    pub known: bool,
    /// What is not known of it.
    pub missing: Vec<String>,
}

impl Access {
    /// Everyone who is judged: root users, whose rights cannot be taken, and service-linked roles are not.
    pub fn judged(&self) -> impl Iterator<Item = Judged<'_>> {
        let all = self.graph.nodes.iter().enumerate();
        let told = all.filter(|(_, node)| match node.kind {
            ActorKind::User
            | ActorKind::Role
            | ActorKind::Federated
            | ActorKind::External
            | ActorKind::Anyone => true,
            ActorKind::Root | ActorKind::ServiceLinkedRole | ActorKind::Step => false,
        });
        told.map(|(place, node)| Judged {
            access: self,
            place,
            node,
        })
    }

    /// The root users. Nobody takes their rights away but policies from above: they are told, and are no finding.
    pub fn roots(&self) -> impl Iterator<Item = Judged<'_>> {
        let all = self.graph.nodes.iter().enumerate();
        let roots = all.filter(|(_, node)| node.kind == ActorKind::Root);
        roots.map(|(place, node)| Judged {
            access: self,
            place,
            node,
        })
    }

    /// The gaps behind what is missing in an answer.
    #[must_use]
    pub fn gaps(&self, missing: &[String], account: &AccountId) -> Gaps {
        let of = |text: &String| {
            let known = self
                .gaps
                .iter()
                .filter(|(words, _)| text.contains(words.as_str()));
            match known.map(|(_, gap)| gap).next() {
                Some(gap) => gap.clone(),
                None => Gap {
                    source: crate::fact::Source::Call(
                        crate::calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
                    ),
                    account: account.clone(),
                    region: self.home.clone(),
                    reason: Reason::Malformed,
                    detail: text.clone(),
                    request_id: None,
                },
            }
        };
        let gaps = missing.iter().map(of).map(Gaps::from);
        let unsaid = || Gaps::from(of(&"some of its policies cannot be read".to_owned()));
        Gaps::collect(gaps).unwrap_or_else(unsaid)
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
        let wanted: Vec<usize> = actions.iter().filter_map(|it| table.place(it)).collect();
        self.all(|place, _| wanted.contains(&place))
    }

    /// All that does harm.
    #[must_use]
    pub fn tampering(&self) -> Vec<Right<'a>> {
        self.all(|_, action| !action.is_minor())
    }

    fn all(&self, wanted: impl Fn(usize, &TamperAction) -> bool) -> Vec<Right<'a>> {
        let access = self.access;
        let mut rights = Vec::new();
        for held in &self.node.holdings.held {
            let Some(target) = access.resources.get(held.resource) else {
                continue;
            };
            for place in &held.actions {
                if let Some(action) = table().get(*place).filter(|it| wanted(*place, it)) {
                    rights.push(Right {
                        action,
                        target: &target.id,
                        answer: &held.answer,
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

    /// What stood in the way of an answer.
    #[must_use]
    pub fn gaps(&self, missing: &[String]) -> Gaps {
        self.access.gaps(missing, &self.node.account)
    }

    /// Harm that it can do only through others; nothing if there is none that counts.
    #[must_use]
    pub fn escape(&self) -> Option<Escape> {
        let access = self.access;
        let mut best: Option<(usize, &super::graph::Reach, u8)> = None;
        let mut gained = 0;
        let mut actions: Vec<&'static TamperAction> = Vec::new();
        for reach in &access.reaches {
            let Some((rank, Some(_))) = reach.ways.get(&self.place) else {
                continue;
            };
            let harmful = reach
                .what
                .iter()
                .filter_map(|(action, _)| table().get(*action));
            let harmful: Vec<_> = harmful
                .filter(|it| it.severity > crate::finding::Severity::Medium)
                .collect();
            // What it can do by itself already is no gain.
            let own = |what: &(usize, usize)| {
                access
                    .graph
                    .own(self.place, *what)
                    .is_some_and(|it| it.rank() <= *rank && it.rank() < 4)
            };
            if harmful.is_empty() || reach.what.iter().all(own) {
                continue;
            }
            gained += harmful.len();
            actions.extend(harmful);
            let hops = access.graph.path(reach, self.place).len();
            let before = best.as_ref().map(|(hops, _, rank)| (*rank, *hops));
            if before.is_none_or(|before| (*rank, hops) < before) {
                best = Some((hops, reach, *rank));
            }
        }
        let (_, reach, rank) = best?;
        let edges = access.graph.path(reach, self.place);
        let last = edges.last()?;
        let steps = edges.iter().map(|edge| &edge.answer);
        let own = reach
            .what
            .first()
            .and_then(|what| access.graph.own(last.to, *what));
        let whole = steps
            .chain(own)
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
            to: access.graph.nodes.get(last.to)?.id.clone(),
            path: access.hops(&edges),
            condition: whole.condition,
            gained,
            actions: names,
            known: rank < 4,
            missing: whole.missing,
        })
    }
}
