//! Principals that can act in other accounts of the organization: root sessions of members, and permission sets.

use super::super::actions::{ActionId, table};
use super::super::answer::{Answer, Rank};
use super::super::environment::Environment;
use super::super::evaluate::{Evaluator, Question};
use super::super::graph::{ActorKind, Graph, Means, Node, NodeId};
use super::super::identity_policies::place;
use super::super::tamper_permissions::Permissions;
use super::{ASSUME_ROOT, OVER_ALL, Travel};
use crate::ids::{AccountId, Arn};
use crate::policy::{Key, Strength, Target, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Somebody who can act in other accounts of the organization.
pub(super) struct OverAll {
    node: NodeId,
    account: AccountId,
    by: &'static str,
    answer: Answer,
    reach: Reach,
}

/// Where that ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// At a new role of any account.
    Newcomers,
    /// At a root session under this task policy, by its place in [`TASKS`], of any member.
    Roots(usize),
    /// The same, of one member.
    Root(usize, AccountId),
}

/// A policy that limits a root session: "the session policy of an AssumeRoot session is one of five AWS managed
/// policies" (AWS STS API, AssumeRoot). What the other two allow (reading root credentials, deleting them) does nothing
/// to logs.
pub(super) struct Task {
    policy: &'static str,
    /// What it allows; nothing for whatever the root user can.
    allows: &'static [&'static str],
    when: &'static str,
    strength: Strength,
}

pub(super) const TASKS: [Task; 3] = [
    Task {
        policy: "S3UnlockBucketPolicy",
        allows: &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
        when: "root sessions are enabled in the organization",
        strength: Strength::Weak,
    },
    Task {
        policy: "SQSUnlockQueuePolicy",
        allows: &[
            "sqs:SetQueueAttributes",
            "sqs:AddPermission",
            "sqs:RemovePermission",
        ],
        when: "root sessions are enabled in the organization",
        strength: Strength::Weak,
    },
    // With the password comes the whole root user.
    Task {
        policy: "IAMCreateRootUserPassword",
        allows: &[],
        when: "root sessions are enabled in the organization, and the caller can read the root user's email",
        strength: Strength::Strong,
    },
];

pub(super) const SSO: &str = "sso.amazonaws.com";

pub(super) const SIGNS_IN: &str = "Identity Center is in use, and the caller is one of its users";

impl Travel {
    /// Keeps a principal that can act in other accounts of the organization.
    pub(in crate::access) fn add_administrator<'c>(
        &mut self,
        evaluator: &Evaluator<'c>,
        node: NodeId,
        environment: &'c Environment<'_>,
    ) {
        let account = AccountId::from(evaluator.caller.account.as_str());
        for by in OVER_ALL {
            if !evaluator.touches(place(by)) || environment.organization.is_none() {
                continue;
            }
            let service = if by == ASSUME_ROOT {
                "iam.amazonaws.com"
            } else {
                SSO
            };
            let acts = environment.acts_for_all(account.as_str(), service);
            if acts == Ok(false) {
                continue;
            }
            let unsure = |answer: Answer| match &acts {
                Err(gap) => answer.unless([gap]),
                Ok(_) => answer,
            };
            let mut add = |answer: Answer, reach: Reach| {
                if !answer.is_denied() {
                    let (answer, account) = (unsure(answer), account.clone());
                    self.over_all.push(OverAll {
                        node,
                        account,
                        by,
                        answer,
                        reach,
                    });
                }
            };
            if by == ASSUME_ROOT {
                for (reach, answer) in root_sessions(evaluator, &account, environment) {
                    add(answer, reach);
                }
                continue;
            }
            let partition = &environment.ctx.inventory.header.scope.partition;
            let target = Target::Matching(format!("arn:{partition}:sso:::*"));
            let question = Question::new(by, target, &account);
            let answer = evaluator.ask(environment, question);
            add(answer.only_if(SIGNS_IN, Strength::Weak), Reach::Newcomers);
        }
    }

    /// A root session of a member, or a role of any right in any account.
    pub(super) fn look_down(&self, graph: &mut Graph, environment: &Environment<'_>) {
        let mut any: BTreeMap<&Reach, NodeId> = BTreeMap::new();
        let mut sessions: BTreeMap<(usize, AccountId), NodeId> = BTreeMap::new();
        for it in &self.over_all {
            let to = match any.get(&it.reach) {
                Some(node) => *node,
                None => {
                    let node = self.end(it, graph, environment, &mut sessions);
                    any.insert(&it.reach, node);
                    node
                }
            };
            graph.link(it.node, to, Means::one(it.by), it.answer.clone());
        }
    }

    /// The node that stands for where a way ends.
    pub(super) fn end(
        &self,
        it: &OverAll,
        graph: &mut Graph,
        environment: &Environment<'_>,
        sessions: &mut BTreeMap<(usize, AccountId), NodeId>,
    ) -> NodeId {
        let words = match &it.reach {
            Reach::Newcomers => "a role of Identity Center in any account".to_owned(),
            Reach::Roots(_) => "the root user of any member account".to_owned(),
            Reach::Root(_, account) => format!("the root user of {account}"),
        };
        let any = graph.add(Node::new(&words, &it.account, ActorKind::Step));
        let (task, of) = match &it.reach {
            Reach::Newcomers => {
                for end in &self.created_principals {
                    graph.pass(any, *end);
                }
                return any;
            }
            Reach::Roots(task) => (*task, None),
            Reach::Root(task, account) => (*task, Some(account)),
        };
        // The root user of the management account has no such session.
        let roots = graph.each().filter(|(_, node)| {
            node.kind == ActorKind::Root
                && Some(node.account.as_str()) != environment.management()
                && of.is_none_or(|of| *of == *node.account)
        });
        let roots: Vec<NodeId> = roots.map(|(node, _)| node).collect();
        for root in roots {
            if let Some(end) = root_session(task, root, graph, sessions) {
                graph.pass(any, end);
            }
        }
        any
    }
}

/// The root sessions that a principal can have: under which task policy, of which member.
pub(super) fn root_sessions<'c>(
    evaluator: &Evaluator<'c>,
    account: &AccountId,
    environment: &'c Environment<'_>,
) -> Vec<(Reach, Answer)> {
    let partition = &environment.ctx.inventory.header.scope.partition;
    let every = format!("arn:{partition}:iam::*:root");
    let mut all = Vec::new();
    for (place, task) in TASKS.iter().enumerate() {
        let policy = format!("arn:{partition}:iam::aws:policy/root-task/{}", task.policy);
        let with = [("sts:TaskPolicyArn", Key::Known(Value::One(policy)))];
        let target = Target::Matching(every.clone());
        let question = |target: Target| Question::new(ASSUME_ROOT, target, account).with(&with);
        let answer = evaluator.ask(environment, question(target.clone()));
        let under = |answer: Answer| answer.only_if(task.when, task.strength);
        match answer.rank() {
            Rank::Denied => {}
            Rank::Allowed => all.push((Reach::Roots(place), under(answer))),
            // A policy for the root user of one account says nothing of another's.
            Rank::Choosable | Rank::Weak | Rank::Strong | Rank::Unknown => {
                for runs in evaluator.parts(environment, question(target), &environment.roots) {
                    let first = runs
                        .first()
                        .and_then(|run| environment.roots.arn(run.start));
                    let Some(first) = first else { continue };
                    let answer = evaluator.ask(environment, question(Target::One(first)));
                    if answer.is_denied() {
                        continue;
                    }
                    let each = runs.into_iter().flatten();
                    let arns = each.filter_map(|at| environment.roots.arn(at));
                    for arn in arns {
                        let of = Arn::from(arn).account();
                        all.push((Reach::Root(place, of), under(answer.clone())));
                    }
                }
            }
        }
    }
    all
}

/// The root user of a member as far as a task policy goes; nothing where it can do nothing then.
pub(super) fn root_session(
    task: usize,
    root: NodeId,
    graph: &mut Graph,
    sessions: &mut BTreeMap<(usize, AccountId), NodeId>,
) -> Option<NodeId> {
    let policy = TASKS.get(task)?;
    if policy.allows.is_empty() {
        return Some(root);
    }
    let of = graph.node(root);
    let key = (task, AccountId::clone(&of.account));
    if let Some(node) = sessions.get(&key) {
        return Some(*node);
    }
    let table = table();
    let allows: Vec<ActionId> = policy
        .allows
        .iter()
        .filter_map(|it| table.find(it))
        .collect();
    let mut held = of.holdings.held.clone();
    for it in &mut held {
        it.actions.retain(|action| allows.contains(action));
    }
    held.retain(|it| !it.actions.is_empty());
    if held.is_empty() {
        return None;
    }
    let id = format!("{}, with {}", of.id, policy.policy);
    let mut node = Node::new(&id, &of.account.clone(), ActorKind::Step);
    let harmless = Vec::new();
    node.holdings = Arc::new(Permissions { held, harmless });
    let node = graph.add(node);
    sessions.insert(key, node);
    Some(node)
}
