//! Assuming a role of the same account.

use std::collections::BTreeMap;

use super::change::MAX_NOTED;
use super::pool::Pool;
use super::{Becomes, Steps, note};
use crate::access::answer::{Answer, Rank};
use crate::access::evaluate::{Evaluator, Question, TRUST_POLICY, sessions};
use crate::access::graph::{ActorKind, Means, Node, NodeId};
use crate::access::identity_policies::{PrincipalId, place};
use crate::fact::Gap;
use crate::ids::Arn;
use crate::policy::{Document, Grant, Key, Policy, Principal, Target};

impl<'c> Steps<'c, '_> {
    pub(super) fn assume(
        &mut self,
        evaluator: &Evaluator<'c>,
        (node, changes): (NodeId, bool),
        becomes: &mut Becomes,
    ) {
        let own = [
            Some(evaluator.caller.id.clone()),
            evaluator.caller.role_arn.clone(),
        ];
        let named = own
            .iter()
            .flatten()
            .filter_map(|id| self.named.get(id))
            .flatten();
        let mut candidates: Vec<usize> = named.copied().collect();
        // A trust policy may name one session of it.
        if let Some(role) = &evaluator.caller.role_arn {
            let name = role.rsplit('/').next().unwrap_or_default();
            candidates.extend(self.sessions.get(name).into_iter().flatten());
        }
        candidates.extend(&self.wide);
        candidates.extend(self.assume_open(evaluator, (node, changes), becomes));
        candidates.sort_unstable();
        candidates.dedup();
        for at in candidates {
            let Some((role, trust)) = self.papers.details.roles.get(at).zip(self.papers.trust(at))
            else {
                continue;
            };
            let policy = match trust {
                Ok(trust) => {
                    let grants = trust
                        .allows()
                        .filter_map(|it| it.principals.as_ref()?.grant(&evaluator.caller));
                    match grants.max() {
                        None if !trust_names_session(trust, evaluator) => continue,
                        Some(Grant::Account) if !evaluator.touches(place("sts:AssumeRole")) => {
                            continue;
                        }
                        None | Some(_) => {}
                    }
                    Policy::new(TRUST_POLICY, trust)
                }
                Err(gap) => Policy::missing(TRUST_POLICY, gap.clone()),
            };
            let mut answer = evaluator.ask(self.environment, self.assumes(&role.arn, policy));
            if let Ok(trust) = trust
                && answer.is_denied()
            {
                answer = self.as_session(evaluator, trust, &role.arn);
            }
            if let Some(&to) = self.roles.get(at) {
                let by = Means::one("sts:AssumeRole");
                self.graph.link(node, to, by.clone(), answer.clone());
                note(becomes, PrincipalId::Role(at), answer, &by);
            }
        }
    }

    /// Asks again with the session name that a trust policy names: whoever assumes a role chooses it.
    fn as_session(&self, evaluator: &Evaluator<'c>, trust: &Document, role: &Arn) -> Answer {
        let mut best = Answer::denied();
        for session in sessions(trust, &evaluator.caller) {
            let mut caller = evaluator.caller.clone();
            caller.id = session;
            let question = self.assumes(role, Policy::new(TRUST_POLICY, trust));
            best = best.or(evaluator.ask(self.environment, question.from(caller)));
        }
        best
    }

    /// Whether a role can be assumed, under its trust policy.
    fn assumes<'q>(&self, role: &Arn, trust: Policy<'q, Gap>) -> Question<'q>
    where
        'c: 'q,
    {
        let target = Target::One(role.to_string());
        Question::new("sts:AssumeRole", target, self.papers.account).under(Some(trust))
    }
}

/// Roles that let in every principal of the account whose own policies allow it, under conditions that are the same for
/// all of them: two questions, each asked once, instead of one for each pair.
#[derive(Default)]
pub(super) struct Open {
    /// Each ends at a node before the role; the way from there is what the trust policy says.
    pool: Pool,
    /// What the trust policy of each role says, by its place in the listing.
    trust: BTreeMap<usize, Answer>,
    /// The keys that they look at, and what is known of them.
    keys: BTreeMap<String, Key>,
}

impl<'c> Steps<'c, '_> {
    /// Picks the roles for [`Open`] out of the wide ones.
    pub(super) fn open_roles(&mut self) {
        let account = self.papers.account;
        let somebody = self
            .papers
            .created_principal(self.environment, self.partition);
        let evaluator = somebody.without_control_policies();
        let mut answers: BTreeMap<&str, Answer> = BTreeMap::new();
        let mut ends = Vec::new();
        let (mut wide, all) = (Vec::new(), std::mem::take(&mut self.wide));
        for at in all {
            let role = self.papers.details.roles.get(at);
            let trust = self.papers.trust(at).and_then(|it| it.as_ref().ok());
            let open = trust.filter(|it| is_alike(it, account.as_str()));
            let (Some(role), Some(trust), Some(&to)) = (role, open, self.roles.get(at)) else {
                wide.push(at);
                continue;
            };
            let answer = match answers.get(role.trust.as_str()) {
                Some(answer) => answer.clone(),
                None => {
                    let policy = Policy::new(TRUST_POLICY, trust);
                    let answer = evaluator.ask(self.environment, self.assumes(&role.arn, policy));
                    answers.insert(&role.trust, answer.clone());
                    answer
                }
            };
            for key in keys(trust) {
                let known = evaluator.context.key(key).clone();
                self.open.keys.insert(key.to_owned(), known);
            }
            let before = Node::new(
                &format!("{} by its trust", role.arn),
                account,
                ActorKind::Step,
            );
            let before = self.graph.add(before);
            self.graph.link(before, to, Means::none(), answer.clone());
            self.open.trust.insert(at, answer);
            ends.push((role.arn.as_str(), at, before));
        }
        self.wide = wide;
        let start = format!("arn:{}:iam::{account}:role/", self.partition);
        self.open.pool = Pool::new(&start, ends);
    }

    /// The open roles. Gives those that must be asked about one by one.
    fn assume_open(
        &mut self,
        evaluator: &Evaluator<'c>,
        (node, changes): (NodeId, bool),
        becomes: &mut Becomes,
    ) -> Vec<usize> {
        let mut open = std::mem::take(&mut self.open);
        let mut one_by_one: Vec<usize> = open.pool.odd.iter().map(|(_, at, _)| *at).collect();
        let action = "sts:AssumeRole";
        if !evaluator.touches(place(action)) {
            self.open = open;
            return Vec::new();
        }
        let door = &self.papers.door;
        let as_known = open
            .keys
            .iter()
            .all(|(key, known)| evaluator.context.key(key) == known);
        let every = format!("arn:{}:iam::{}:role/*", self.partition, self.papers.account);
        let account = self.papers.account;
        let question = Question::new(action, Target::Matching(every), account);
        let parts = evaluator.parts(self.environment, question, &open.pool.members);
        for runs in parts {
            let first = runs
                .first()
                .and_then(|run| open.pool.members.arn(run.start));
            let Some(first) = first else { continue };
            // Whom the whole account's door does not let in is let in by no narrower one.
            let policy = Policy::new(TRUST_POLICY, door);
            let question = self.assumes(&Arn::from(first), policy);
            let answer = evaluator.ask(self.environment, question);
            if answer.is_denied() {
                continue;
            }
            if answer.rank() > Rank::Allowed || !as_known {
                one_by_one.extend(open.pool.each(&runs).map(|(at, _)| at));
                continue;
            }
            let by = Means::one(action);
            open.pool
                .link(self.graph, account, node, &runs, (&by, &answer));
            if changes {
                for at in open.pool.first(&runs, MAX_NOTED) {
                    if let Some(trust) = open.trust.get(&at) {
                        note(
                            becomes,
                            PrincipalId::Role(at),
                            answer.clone().and(trust),
                            &by,
                        );
                    }
                }
            }
        }
        self.open = open;
        one_by_one
    }
}

/// The trust policy speaks of the account as a whole, and of nobody in it.
fn is_alike(trust: &Document, account: &str) -> bool {
    trust.statements.iter().all(|statement| {
        statement.principals.as_ref().is_some_and(|principal| {
            let outside = |member: &Principal| match member {
                Principal::Account(_) | Principal::Service(_) | Principal::Federated(_) => true,
                Principal::Aws(_) => member.account().is_some_and(|id| id != account),
                Principal::Everyone | Principal::CanonicalUser(_) => false,
            };
            !principal.negated && principal.members.iter().all(outside)
        }) && statement.resources.is_none()
    })
}

/// The context keys that a document looks at.
fn keys(document: &Document) -> impl Iterator<Item = &str> {
    let conditions = document.statements.iter().flat_map(|it| &it.conditions);
    conditions.flat_map(|it| it.keys())
}

fn trust_names_session(trust: &Document, evaluator: &Evaluator<'_>) -> bool {
    !sessions(trust, &evaluator.caller).is_empty()
}
