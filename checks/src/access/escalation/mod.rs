//! How the principals of one account can become, change or use each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

mod alike;
mod assume;
mod change;
mod make;
mod pool;
mod services;

use super::actions::{Escalation, FEDERATION_TOKEN, table};
use super::answer::{Answer, Names, Rank};
use super::cross_account::Travel;
use super::environment::Environment;
use super::evaluate::{Evaluator, Question};
use super::graph::{ActorKind, Graph, Means, Node, NodeId, shared};
use super::identity_policies::{
    AccountPolicies, Modification, PrincipalId, is_linked, is_reserved, place,
};
use super::listed::listed;
use super::modification::{self, Joins};
use super::tamper_permissions::holdings;
use crate::ids::Arn;
use crate::policy::{CallerKind, Key, Principal, Target};
use alike::{Known, Likeness, Scene};
use assume::Open;
use change::MAX_NOTED;
use pool::Pool;
use services::Trusting;

/// Whom somebody can become, one by one: how, and by which action.
type Becomes = BTreeMap<PrincipalId, (Answer, Means)>;

/// What an action reaches among the users or roles of the account.
enum Spread {
    All(Answer),
    Each(Reached),
}

/// Those of a pool that are reached.
#[derive(Default)]
struct Reached {
    /// Parts that are answered alike, as runs of places in the pool.
    parts: Vec<(Vec<Range<usize>>, Answer)>,
    /// Those whose ARNs do not begin as they should.
    odd: Vec<(usize, NodeId, Answer)>,
}

/// The ways within one account.
pub(super) struct Steps<'c, 'g> {
    pub(super) environment: &'c Environment<'g>,
    pub(super) papers: &'c AccountPolicies<'c>,
    pub(super) graph: &'c mut Graph,
    pub(super) cross_account: &'c mut Travel,
    pub(super) partition: &'c str,
    /// Nodes of users and roles, in the order of the listing.
    pub(super) users: Vec<NodeId>,
    pub(super) roles: Vec<NodeId>,
    any_user: NodeId,
    any_role: NodeId,
    created_principal: NodeId,
    /// Per service of the table, the roles that trust it.
    by_service: BTreeMap<usize, Trusting>,
    service_pools: BTreeMap<usize, Pool>,
    /// The users and roles that can be changed.
    user_pool: Pool,
    role_pool: Pool,
    /// Roles that let in principals of the account if their own policies allow it, whoever they are.
    open: Open,
    /// Roles by whom their trust policies name; those that name an account or everyone.
    named: BTreeMap<String, Vec<usize>>,
    /// Roles by the role whose sessions their trust policies name.
    sessions: BTreeMap<String, Vec<usize>>,
    wide: Vec<usize>,
    changed: BTreeMap<(PrincipalId, Modification), NodeId>,
    /// What was found of groups, by the node of those who were asked.
    joins: BTreeMap<NodeId, Joins>,
    /// Those of them that nobody has asked yet.
    to_look_at: Vec<(PrincipalId, Modification, NodeId)>,
    /// Identity providers that roles trust, each with the node that stands for those roles.
    vouched: Vec<(String, NodeId)>,
    /// Federated users whom policies of resources name.
    federated: Vec<(String, NodeId)>,
    scene: Scene<'c>,
    /// Those whose documents nobody else has: no node stands for them and others.
    lone: BTreeSet<PrincipalId>,
    known: BTreeMap<Likeness, Rc<Known>>,
}

impl<'c, 'g> Steps<'c, 'g> {
    pub(super) fn new(
        environment: &'c Environment<'g>,
        papers: &'c AccountPolicies<'c>,
        graph: &'c mut Graph,
        cross_account: &'c mut Travel,
        partition: &'c str,
        (users, roles): (Vec<NodeId>, Vec<NodeId>),
        federated: Vec<(String, NodeId)>,
    ) -> Self {
        let account = papers.account;
        let mut step = |name: &str| {
            let id = format!("arn:{partition}:iam::{account}:{name}");
            graph.add(Node::new(&id, account, ActorKind::Step))
        };
        let (any_user, any_role) = (step("user/*"), step("role/*"));
        let created_principal = step("role/a-new-one");
        let mut steps = Self {
            environment,
            papers,
            graph,
            cross_account,
            partition,
            users,
            roles,
            any_user,
            any_role,
            created_principal,
            by_service: BTreeMap::new(),
            service_pools: BTreeMap::new(),
            user_pool: Pool::default(),
            role_pool: Pool::default(),
            open: Open::default(),
            named: BTreeMap::new(),
            sessions: BTreeMap::new(),
            wide: Vec::new(),
            changed: BTreeMap::new(),
            joins: BTreeMap::new(),
            to_look_at: Vec::new(),
            vouched: Vec::new(),
            federated,
            scene: Scene::of(papers, environment),
            lone: alike::lone(papers),
            known: BTreeMap::new(),
        };
        steps.lay_out();
        steps.providers();
        steps.pools();
        steps
    }

    fn pools(&mut self) {
        let start = format!("arn:{}:iam::{}:", self.partition, self.papers.account);
        let details = self.papers.details;
        let free = |arn: &Arn| !is_linked(arn) && !is_reserved(arn);
        let users = details.users.iter().zip(&self.users).enumerate();
        let users = users.filter(|(_, (it, _))| free(&it.arn));
        let users = users.map(|(at, (it, node))| (it.arn.as_str(), at, *node));
        self.user_pool = Pool::new(&format!("{start}user/"), users.collect());
        let roles = details.roles.iter().zip(&self.roles).enumerate();
        let roles = roles.filter(|(_, (it, _))| free(&it.arn));
        let roles = roles.map(|(at, (it, node))| (it.arn.as_str(), at, *node));
        self.role_pool = Pool::new(&format!("{start}role/"), roles.collect());
        self.open_roles();
    }

    /// One of many is no step: whoever reaches all reaches each.
    fn lay_out(&mut self) {
        for to in self.users.clone() {
            self.graph.pass(self.any_user, to);
        }
        for (at, role) in self.papers.details.roles.iter().enumerate() {
            let node = *listed(&self.roles, at);
            if is_linked(&role.arn) {
                continue;
            }
            if !is_reserved(&role.arn) {
                self.graph.pass(self.any_role, node);
            }
            let Some(Ok(trust)) = self.papers.trust(at) else {
                // It may trust anyone.
                self.wide.push(at);
                continue;
            };
            let mut wide = false;
            for members in trust.allows().filter_map(|it| it.principals.as_ref()) {
                wide |= members.negated;
                for member in &members.members {
                    match member {
                        Principal::Aws(arn) => {
                            self.named.entry(arn.clone()).or_default().push(at);
                            if let Some(role) = session_role(arn) {
                                self.sessions.entry(role.to_owned()).or_default().push(at);
                            }
                        }
                        Principal::Everyone | Principal::Account(_) => wide = true,
                        Principal::Service(name) => self.trusts_service(name, (at, node), trust),
                        Principal::Federated(_) | Principal::CanonicalUser(_) => {}
                    }
                }
            }
            if wide {
                self.wide.push(at);
            }
        }
    }

    /// All ways from every principal of the account.
    pub(super) fn all(mut self) {
        for who in self.papers.everybody() {
            let node = match who {
                PrincipalId::User(at) => *listed(&self.users, at),
                PrincipalId::Role(at) => *listed(&self.roles, at),
            };
            let evaluator = self
                .papers
                .evaluator(who, &Modification::default(), self.environment);
            if is_linked(self.papers.person(who).arn) {
                self.graph.node_mut(node).holdings = shared(holdings(&evaluator, self.environment));
                continue;
            }
            self.look_at(&evaluator, who, node, true);
            self.change_oneself(&evaluator, (who, &Modification::default()), node);
        }
        // Those whom somebody can change: what they can do then.
        while let Some((who, freed, node)) = self.to_look_at.pop() {
            let evaluator = self.papers.evaluator(who, &freed, self.environment);
            self.look_at(&evaluator, who, node, false);
            self.change_oneself(&evaluator, (who, &freed), node);
        }
        // In an organization somebody of another account may make one here.
        let reached = self
            .graph
            .edges
            .iter()
            .any(|edge| edge.to == self.created_principal);
        if reached || self.environment.organization.is_some() {
            let evaluator = self
                .papers
                .created_principal(self.environment, self.partition);
            let holdings = holdings(&evaluator, self.environment);
            self.graph.node_mut(self.created_principal).holdings = shared(holdings);
            self.cross_account
                .add_assumer(&evaluator, self.created_principal);
            self.become_others(&evaluator, (self.created_principal, false));
        }
        self.cross_account
            .created_principals
            .push(self.created_principal);
    }

    /// What a principal holds, and whom it can become or, if `changes`, change. One of those that are alike is asked, and
    /// a node stands for all of them: what they share begins there. `changes` also says that it is as it was read.
    fn look_at(
        &mut self,
        evaluator: &Evaluator<'c>,
        who: PrincipalId,
        node: NodeId,
        changes: bool,
    ) {
        self.cross_account.add_assumer(evaluator, node);
        let lone = changes && self.lone.contains(&who);
        let changes = changes && modification::touches(evaluator);
        let likeness = || self.likeness(evaluator, (who, changes));
        let Some(likeness) = (!lone).then(likeness).flatten() else {
            let holdings = holdings(evaluator, self.environment);
            self.graph.node_mut(node).holdings = shared(holdings);
            let first = self.graph.edges.len();
            let becomes = self.become_others(evaluator, (node, changes));
            if changes {
                self.change(evaluator, Some(who), (node, first), &becomes);
            }
            return;
        };
        let names = evaluator.identity.iter().map(|it| it.name.clone());
        let names: Vec<String> = names.collect();
        let known = match self.known.get(&likeness) {
            Some(known) => known.clone(),
            None => {
                let id = format!("whoever is like {}", self.papers.person(who).arn);
                let hub = Node::new(&id, self.papers.account, ActorKind::Step);
                let hub = self.graph.add(hub);
                let holdings = shared(holdings(evaluator, self.environment));
                let first = self.graph.edges.len();
                let becomes = self.become_others(evaluator, (hub, changes));
                if changes {
                    self.change(evaluator, None, (hub, first), &becomes);
                }
                let known = Rc::new(Known {
                    hub,
                    names: names.clone(),
                    holdings,
                });
                self.known.insert(likeness, known.clone());
                known
            }
        };
        let own = self.graph.node_mut(node);
        own.holdings = known.holdings.clone();
        own.alike = Some(known.hub);
        own.names = Names::between(&known.names, &names);
        self.graph.pass(node, known.hub);
    }

    /// Assume, take over, or run code as others. Gives those that can be had one by one, if the caller can change
    /// somebody.
    fn become_others(
        &mut self,
        evaluator: &Evaluator<'c>,
        (node, changes): (NodeId, bool),
    ) -> Becomes {
        let mut becomes = BTreeMap::new();
        self.assume(evaluator, (node, changes), &mut becomes);
        self.cross_account
            .add_administrator(evaluator, node, self.environment);
        let touched = |escalation: Escalation| {
            let mut all = table()
                .each()
                .filter(|(_, it)| it.escalation == Some(escalation));
            all.any(|(id, _)| evaluator.touches(id))
        };
        let (credential, rewrite) = (
            touched(Escalation::Credential),
            touched(Escalation::TrustRewrite),
        );
        let (make, vouch) = (
            touched(Escalation::NewPrincipal),
            touched(Escalation::Federation),
        );
        if credential {
            for action in [
                "iam:CreateAccessKey",
                "iam:CreateLoginProfile",
                "iam:UpdateLoginProfile",
            ] {
                let spread = self.spread(evaluator, action, "user");
                self.take(
                    spread,
                    (node, changes),
                    action,
                    &mut becomes,
                    PrincipalId::User,
                );
            }
        }
        if rewrite {
            let action = "iam:UpdateAssumeRolePolicy";
            let spread = self.spread(evaluator, action, "role");
            self.take(
                spread,
                (node, changes),
                action,
                &mut becomes,
                PrincipalId::Role,
            );
        }
        if evaluator.touches_any(&table().run_code) {
            self.run_code(evaluator, (node, changes), &mut becomes);
        }
        self.federate(evaluator, node);
        if make && node != self.created_principal {
            self.make(evaluator, node);
        }
        if vouch {
            self.vouch(evaluator, node);
        }
        becomes
    }

    /// Only users may call it: "the call must use the long-term security credentials of an IAM user" (AWS STS API).
    fn federate(&mut self, evaluator: &Evaluator<'c>, node: NodeId) {
        if evaluator.caller.kind != CallerKind::User || !evaluator.touches(place(FEDERATION_TOKEN))
        {
            return;
        }
        for (arn, to) in self.federated.clone() {
            let answer = self.ask(evaluator, FEDERATION_TOKEN, &arn, &[]);
            if answer.is_denied() {
                continue;
            }
            self.graph.node_mut(to).reached(&answer);
            self.graph
                .link(node, to, Means::one(FEDERATION_TOKEN), answer);
        }
    }

    fn ask(
        &self,
        evaluator: &Evaluator<'c>,
        action: &str,
        target: &str,
        with: &[(&str, Key)],
    ) -> Answer {
        let target = match target.contains('*') && target != "*" {
            true => Target::Matching(target.to_owned()),
            false => Target::One(target.to_owned()),
        };
        let question = Question::new(action, target, self.papers.account).with(with);
        evaluator.ask(self.environment, question)
    }

    fn spread(&self, evaluator: &Evaluator<'c>, action: &str, kind: &str) -> Spread {
        if !evaluator.touches(place(action)) {
            return Spread::Each(Reached::default());
        }
        let pattern = format!(
            "arn:{}:iam::{}:{kind}/*",
            self.partition, self.papers.account
        );
        let all = self.ask(evaluator, action, &pattern, &[]);
        match all.rank() {
            Rank::Allowed => return Spread::All(all),
            Rank::Denied => return Spread::Each(Reached::default()),
            Rank::Choosable | Rank::Weak | Rank::Strong | Rank::Unknown => {}
        }
        let pool = match kind {
            "user" => &self.user_pool,
            _ => &self.role_pool,
        };
        Spread::Each(self.reached(evaluator, (action, &pattern), &[], pool))
    }

    /// Those of a pool on whom the action is not denied.
    fn reached(
        &self,
        evaluator: &Evaluator<'c>,
        (action, pattern): (&str, &str),
        with: &[(&str, Key)],
        pool: &Pool,
    ) -> Reached {
        let account = self.papers.account;
        let every = Target::Matching(pattern.to_owned());
        let question = Question::new(action, every, account).with(with);
        let parts = evaluator.parts(self.environment, question, &pool.members);
        let mut reached = Reached::default();
        for runs in parts {
            let first = runs.first().and_then(|run| pool.members.arn(run.start));
            let Some(first) = first else { continue };
            let answer = self.ask(evaluator, action, &first, with);
            if !answer.is_denied() {
                reached.parts.push((runs, answer));
            }
        }
        for (arn, at, node) in &pool.odd {
            let answer = self.ask(evaluator, action, arn, with);
            if !answer.is_denied() {
                reached.odd.push((*at, *node, answer));
            }
        }
        reached
    }

    fn take(
        &mut self,
        spread: Spread,
        (node, changes): (NodeId, bool),
        action: &'static str,
        becomes: &mut Becomes,
        who: fn(usize) -> PrincipalId,
    ) {
        match spread {
            Spread::All(answer) => {
                let to = match who(0) {
                    PrincipalId::User(_) => self.any_user,
                    PrincipalId::Role(_) => self.any_role,
                };
                self.graph.link(node, to, Means::one(action), answer);
            }
            Spread::Each(reached) => {
                let pool = match who(0) {
                    PrincipalId::User(_) => &mut self.user_pool,
                    PrincipalId::Role(_) => &mut self.role_pool,
                };
                let by = Means::one(action);
                for (runs, answer) in reached.parts {
                    let account = self.papers.account;
                    pool.link(self.graph, account, node, &runs, (&by, &answer));
                    if changes {
                        for at in pool.first(&runs, MAX_NOTED) {
                            note(becomes, who(at), answer.clone(), &by);
                        }
                    }
                }
                for (at, to, answer) in reached.odd {
                    self.graph.link(node, to, by.clone(), answer.clone());
                    note(becomes, who(at), answer, &by);
                }
            }
        }
    }
}

/// The name of the role whose session this is.
fn session_role(arn: &str) -> Option<&str> {
    let (_, session) = arn.split_once(":assumed-role/")?;
    session.split_once('/').map(|(role, _)| role)
}

fn note(becomes: &mut Becomes, who: PrincipalId, answer: Answer, by: &Means) {
    let better = |before: &(Answer, Means)| answer.rank() < before.0.rank();
    if !answer.is_denied() && becomes.get(&who).is_none_or(better) {
        becomes.insert(who, (answer, by.clone()));
    }
}
