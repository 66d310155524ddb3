//! By a service that runs code: with a role that is handed over, or where one runs already.

use std::collections::{BTreeMap, BTreeSet};

use super::change::MAX_NOTED;
use super::pool::Pool;
use super::{Becomes, Steps, note};
use crate::access::actions::{ActionId, table};
use crate::access::answer::{Answer, Rank};
use crate::access::evaluate::Evaluator;
use crate::access::graph::{ActorKind, Means, Node, NodeId};
use crate::access::identity_policies::{PrincipalId, place};
use crate::access::services::{self, Way, services};
use crate::policy::{Document, Key, Strength, Value, limited_by_rcps};

/// The roles of the account that trust one service.
pub(super) struct Trusting {
    /// Stands for one of them.
    node: NodeId,
    roles: Vec<usize>,
    /// The service principals by which they do.
    names: BTreeSet<String>,
}

/// What one principal is answered on calls of services: actions that the same statements name are answered alike.
#[derive(Default)]
struct Calls(BTreeMap<Class, Answer>);

/// The statements that name an action: of the principal's own documents, of control policies.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    own: Vec<bool>,
    control: usize,
    by_rcps: bool,
    wildcard_only: bool,
}

impl<'c> Steps<'c, '_> {
    pub(super) fn trusts_service(
        &mut self,
        name: &str,
        (at, role): (usize, NodeId),
        trust: &Document,
    ) {
        let assumes = trust
            .allows()
            .any(|it| it.actions.matches("sts:AssumeRole"));
        if !assumes {
            return;
        }
        let account = self.papers.account;
        for place in services::trusted_by(name) {
            let Some(service) = services().get(place) else {
                continue;
            };
            let graph = &mut *self.graph;
            let trusting = self.by_service.entry(place).or_insert_with(|| {
                let id = format!("a role of {account} that {} uses", service.name);
                Trusting {
                    node: graph.add(Node::new(&id, account, ActorKind::Step)),
                    roles: Vec::new(),
                    names: BTreeSet::new(),
                }
            });
            trusting.names.insert(name.to_owned());
            // A role may name one service by several principals.
            if trusting.roles.last() != Some(&at) {
                trusting.roles.push(at);
                graph.pass(trusting.node, role);
            }
        }
    }

    /// The roles that trust a service; the caller gives them back.
    fn service_pool(&mut self, service: usize, trusting: &[usize]) -> Pool {
        self.service_pools.remove(&service).unwrap_or_else(|| {
            let start = format!("arn:{}:iam::{}:role/", self.partition, self.papers.account);
            let roles = trusting.iter().filter_map(|at| {
                let role = self.papers.details.roles.get(*at)?;
                Some((role.arn.as_str(), *at, *self.roles.get(*at)?))
            });
            Pool::new(&start, roles.collect())
        })
    }

    /// By a service that runs code: with a role that is handed over, or where one runs already.
    pub(super) fn run_code(
        &mut self,
        evaluator: &Evaluator<'c>,
        (node, changes): (NodeId, bool),
        becomes: &mut Becomes,
    ) {
        let mut calls = Calls::default();
        let passes = evaluator.touches(place("iam:PassRole"));
        for (at, service) in services().iter().enumerate() {
            let Some(trusting) = self.by_service.get(&at) else {
                continue;
            };
            let (under, names) = (trusting.node, trusting.names.clone());
            let limits = |answer: Answer| match service.limited {
                true => answer.only_if(
                    &format!("{} makes the calls that it takes", service.name),
                    Strength::Weak,
                ),
                false => answer,
            };
            if let Some((answer, by)) = self.best_way(evaluator, &service.existing, &mut calls) {
                let words = format!("something of {} runs under the role", service.name);
                let answer = limits(answer.only_if(&words, Strength::Weak));
                self.graph.link(node, under, by, answer);
            }
            if !passes {
                continue;
            }
            let Some((launch, by)) = self.best_way(evaluator, &service.with_role, &mut calls)
            else {
                continue;
            };
            let launch = limits(launch);
            let by = Means::one("iam:PassRole").and(&by);
            let with = [("iam:PassedToService", passed_to(names))];
            let every = format!("arn:{}:iam::{}:role/*", self.partition, self.papers.account);
            let all = self.ask(evaluator, "iam:PassRole", &every, &with);
            if all.is_denied() {
                continue;
            }
            if all.rank() == Rank::Allowed {
                self.graph.link(node, under, by, all.and(&launch));
                continue;
            }
            let question = ("iam:PassRole", every.as_str());
            let roles = self.by_service.get(&at).map(|it| it.roles.clone());
            let mut pool = self.service_pool(at, &roles.unwrap_or_default());
            let reached = self.reached(evaluator, question, &with, &pool);
            for (runs, pass) in reached.parts {
                let answer = pass.and(&launch);
                let account = self.papers.account;
                pool.link(self.graph, account, node, &runs, (&by, &answer));
                if changes {
                    for at in pool.first(&runs, MAX_NOTED) {
                        note(becomes, PrincipalId::Role(at), answer.clone(), &by);
                    }
                }
            }
            for (at, to, pass) in reached.odd {
                let answer = pass.and(&launch);
                self.graph.link(node, to, by.clone(), answer.clone());
                note(becomes, PrincipalId::Role(at), answer, &by);
            }
            self.service_pools.insert(at, pool);
        }
    }

    /// The easiest of several ways, without the role that is handed over.
    fn best_way(
        &self,
        evaluator: &Evaluator<'c>,
        ways: &'static [Way],
        calls: &mut Calls,
    ) -> Option<(Answer, Means)> {
        let mut best: Option<(Answer, Means)> = None;
        for way in ways {
            let Some((answer, by)) = self.way(evaluator, way, calls) else {
                continue;
            };
            let easier = |before: &(Answer, Means)| answer.rank() < before.0.rank();
            if best.as_ref().is_none_or(easier) {
                best = Some((answer, by));
            }
        }
        best
    }

    fn way(
        &self,
        evaluator: &Evaluator<'c>,
        way: &'static Way,
        calls: &mut Calls,
    ) -> Option<(Answer, Means)> {
        let mut whole: Option<(Answer, Means)> = None;
        for group in &way.calls {
            let (answer, action) = self.best_call(evaluator, group, calls)?;
            let by = Means::one(action);
            whole = Some(match whole {
                None => (answer, by),
                Some((before, means)) => (before.and(&answer), means.and(&by)),
            });
        }
        let (answer, by) = whole?;
        if way.starts.is_empty() {
            return Some((answer, by));
        }
        let alone = answer
            .clone()
            .only_if("somebody or something else starts it", Strength::Weak);
        let started = self.best_call(evaluator, &way.starts, calls);
        let started = started.map(|(start, action)| {
            // One call may do both.
            (answer.and(&start), by.and(&Means::one(action)))
        });
        Some(match started {
            Some(it) if it.0.rank() <= alone.rank() => it,
            Some(_) | None => (alone, by),
        })
    }

    /// The easiest of several calls; nothing if each is denied.
    fn best_call(
        &self,
        evaluator: &Evaluator<'c>,
        actions: &'static [String],
        calls: &mut Calls,
    ) -> Option<(Answer, &'static str)> {
        let mut best: Option<(Answer, &'static str)> = None;
        for action in actions {
            let place = place(action);
            if !evaluator.touches(place) {
                continue;
            }
            let answer = self.call(evaluator, (place, action), calls);
            if answer.is_denied() {
                continue;
            }
            if best
                .as_ref()
                .is_none_or(|(before, _)| answer.rank() < before.rank())
            {
                best = Some((answer, action));
            }
        }
        best
    }

    /// On any resource of any service: calls act on those of others as well, as `ssm:SendCommand` does on instances.
    fn call(
        &self,
        evaluator: &Evaluator<'c>,
        (place, action): (ActionId, &str),
        calls: &mut Calls,
    ) -> Answer {
        let sets = evaluator.documents.iter().flat_map(|it| &it.by_statement);
        let wildcard_only = table().tampers(place).is_some_and(|it| it.wildcard_only);
        let class = Class {
            own: sets.map(|set| set.contains(place.index())).collect(),
            control: self.environment.control_class.of(place).unwrap_or_default(),
            by_rcps: limited_by_rcps(action),
            wildcard_only,
        };
        if let Some(answer) = calls.0.get(&class) {
            return answer.clone();
        }
        let all = format!("arn:{}:*:*:*:*", self.partition);
        let target = if wildcard_only { "*" } else { &all };
        let answer = self.ask(evaluator, action, target, &[]);
        calls.0.insert(class, answer.clone());
        answer
    }
}

/// A role is handed to the principal that it trusts; where the roles trust several of one service, it is one of them.
fn passed_to(names: BTreeSet<String>) -> Key {
    let mut all: Vec<Option<Value>> = names.into_iter().map(|it| Some(Value::One(it))).collect();
    match (all.pop(), all.is_empty()) {
        (Some(Some(only)), true) => Key::Known(only),
        (last, _) => {
            all.extend(last);
            Key::OneOf(all)
        }
    }
}
