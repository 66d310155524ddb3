//! Ways between accounts: who could set out to assume a role elsewhere, and which roles let somebody from elsewhere in.
//!
//! Accounts are read one by one. What is kept of each is the part that bears on `sts:AssumeRole`.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::actions::{ActionId, table};
use super::answer::{Answer, Missing, Rank};
use super::environment::Environment;
use super::escalation::sessions;
use super::evaluate::{Evaluator, Own, Question, TRUST_POLICY};
use super::external;
use super::graph::{ActorKind, Graph, Means, Node, NodeId};
use super::identity_policies::{AccountPolicies, is_linked, place, session_of};
use super::indexed_document::Indexed;
use super::tamper_permissions::Permissions;
use crate::fact::SharedGap;
use crate::ids::{AccountId, Arn};
use crate::policy::{
    Caller, CallerKind, Document, Key, Policy, Principal, Strength, Target, Value,
};

/// Somebody who may assume roles elsewhere. They are kept until all accounts are read, and there are many: only what
/// cannot be found again is held.
struct Assumer {
    node: NodeId,
    kind: CallerKind,
    /// Its ARN; of a role that nobody has made yet, that of its session.
    arn: Box<str>,
    made: bool,
    own: Own,
    identity: Box<[Named]>,
    boundary: Option<Box<Named>>,
}

/// A policy by its name.
type Named = (Box<str>, Kept);

/// A document, or why it cannot be read.
type Kept = Result<Arc<Indexed>, SharedGap>;

/// A document that is held once, however many principals of however many accounts have it.
struct Part(Arc<Indexed>);

impl Borrow<Document> for Part {
    fn borrow(&self) -> &Document {
        &self.0.document
    }
}

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.0.document == other.0.document
    }
}

impl Eq for Part {}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.document.cmp(&other.0.document)
    }
}

/// A role that lets somebody from elsewhere in.
struct TrustingRole {
    node: NodeId,
    role: Arn,
    account: AccountId,
    trust: Kept,
}

/// Somebody who can act in other accounts of the organization.
struct OverAll {
    node: NodeId,
    account: AccountId,
    by: &'static str,
    answer: Answer,
    reach: Reach,
}

/// Where that ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
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
struct Task {
    policy: &'static str,
    /// What it allows; nothing for whatever the root user can.
    allows: &'static [&'static str],
    when: &'static str,
    strength: Strength,
}

const TASKS: [Task; 3] = [
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

/// Makes a session of a member's root user.
const ASSUME_ROOT: &str = "sts:AssumeRoot";

/// Actions that lead to other accounts: root sessions, and permissions through IAM Identity Center.
pub(super) const OVER_ALL: [&str; 5] = [
    ASSUME_ROOT,
    "sso:PutInlinePolicyToPermissionSet",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
    "sso:CreateAccountAssignment",
];
const SSO: &str = "sso.amazonaws.com";
const SIGNS_IN: &str = "Identity Center is in use, and the caller is one of its users";

/// All of them.
#[derive(Default)]
pub(super) struct Travel {
    travellers: BTreeMap<AccountId, Vec<Assumer>>,
    doors: Vec<TrustingRole>,
    /// Those who can act in other accounts of the organization.
    over_all: Vec<OverAll>,
    /// Per account, somebody new with every right that the guards above leave.
    pub(super) created_principals: Vec<NodeId>,
    /// Accounts whose principals are known.
    pub(super) known: BTreeSet<AccountId>,
    /// Of the documents of the account that is read, by where they are held, the parts that bear on this.
    parts: BTreeMap<usize, Option<Arc<Indexed>>>,
    /// Those of all accounts, and trust policies.
    kept: BTreeSet<Part>,
}

/// The document as it is held.
fn held(kept: &mut BTreeSet<Part>, document: Document) -> Arc<Indexed> {
    if let Some(Part(held)) = kept.get(&document) {
        return held.clone();
    }
    let held = Arc::new(Indexed::new(document));
    kept.insert(Part(held.clone()));
    held
}

const ASSUME: &str = "sts:AssumeRole";
const FEDERATED: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];

impl Travel {
    /// Keeps a principal that may assume roles at all.
    pub(super) fn add_assumer(&mut self, evaluator: &Evaluator<'_>, node: NodeId) {
        if !evaluator.touches(place(ASSUME)) {
            return;
        }
        let (parts, kept) = (&mut self.parts, &mut self.kept);
        let mut keep = |policy: &Policy<'_, SharedGap>| -> Option<Named> {
            let document = match policy.document {
                Ok(document) => {
                    let of = || Some(held(kept, part(document)?));
                    let at = std::ptr::from_ref(document).addr();
                    parts.entry(at).or_insert_with(of).clone().map(Ok)
                }
                Err(ref gap) => Some(Err(gap.clone())),
            };
            document.map(|it| (policy.name.as_str().into(), it))
        };
        let account = AccountId::from(evaluator.caller.account.as_str());
        let boundary = match &evaluator.boundary {
            None => None,
            Some(policy) => match keep(policy) {
                Some(kept) => Some(Box::new(kept)),
                // A boundary without a word on it forbids it.
                None => return,
            },
        };
        let arn = evaluator
            .caller
            .role_arn
            .as_ref()
            .unwrap_or(&evaluator.caller.id);
        self.travellers.entry(account).or_default().push(Assumer {
            node,
            kind: evaluator.caller.kind,
            arn: arn.as_str().into(),
            made: evaluator.caller.role_arn.is_some()
                || evaluator.caller.kind != CallerKind::AssumedRole,
            own: evaluator.own.clone(),
            identity: evaluator.identity.iter().filter_map(keep).collect(),
            boundary,
        });
    }

    /// Keeps a principal that can act in other accounts of the organization.
    pub(super) fn add_administrator<'c>(
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

    /// Keeps the roles of an account that name somebody from elsewhere, or may.
    pub(super) fn opens(&mut self, papers: &AccountPolicies<'_>, roles: &[NodeId]) {
        self.known.insert(papers.account.clone());
        // The documents of the account before are gone, and others may be held in their places.
        self.parts.clear();
        let mut trusts: BTreeMap<usize, Kept> = BTreeMap::new();
        let kept = &mut self.kept;
        let all = papers.details.roles.iter().zip(papers.trusts()).zip(roles);
        for ((role, trust), node) in all {
            if is_linked(&role.arn) {
                continue;
            }
            let elsewhere = |member: &Principal| match member {
                Principal::Everyone | Principal::Federated(_) => true,
                Principal::Account(_) | Principal::Aws(_) => {
                    !member.is_deleted()
                        && member
                            .account()
                            .is_none_or(|it| it != papers.account.as_str())
                }
                Principal::Service(_) | Principal::CanonicalUser(_) => false,
            };
            // One that cannot be read may name anybody.
            let open = trust.as_ref().is_ok_and(|trust| {
                let mut named = trust.allows().filter_map(|it| it.principals.as_ref());
                named.any(|it| it.negated || it.members.iter().any(elsewhere))
            }) || trust.is_err();
            if open {
                let at = std::ptr::from_ref(trust).addr();
                let read = || trust.clone().map(|it| held(kept, it));
                self.doors.push(TrustingRole {
                    node: *node,
                    role: role.arn.clone(),
                    account: papers.account.clone(),
                    trust: trusts.entry(at).or_insert_with(read).clone(),
                });
            }
        }
    }

    /// Joins both sides.
    pub(super) fn join(
        self,
        graph: &mut Graph,
        environment: &Environment<'_>,
        inside: &BTreeSet<AccountId>,
    ) {
        self.look_down(graph, environment);
        self.unreadable(graph);
        let mut strangers: BTreeMap<String, NodeId> = BTreeMap::new();
        for door in &self.doors {
            let Ok(trust) = &door.trust else {
                continue;
            };
            let trusted = self.trusted(door, &trust.document, inside);
            for account in trusted.inside {
                for traveller in self.travellers.get(account).into_iter().flatten() {
                    let answer = traveller.ask(account, (door, &trust.document), environment);
                    graph.link(traveller.node, door.node, Means::one(ASSUME), answer);
                }
            }
            for who in trusted.outside {
                let Some((id, account, kind)) = external::name(&who, environment) else {
                    continue;
                };
                let answer = by_outsider(&who, door, trust, environment);
                if answer.is_denied() {
                    continue;
                }
                let node = *strangers.entry(id.clone()).or_insert_with(|| {
                    graph
                        .find(kind, &id)
                        .unwrap_or_else(|| graph.add(Node::new(&id, &account, kind)))
                });
                let by = if kind == ActorKind::Federated {
                    Means::one_of(FEDERATED)
                } else {
                    Means::one(ASSUME)
                };
                graph.link(node, door.node, by, answer);
            }
        }
    }

    /// Whom a trust policy names, but for the role's own account.
    fn trusted<'s>(
        &'s self,
        door: &TrustingRole,
        trust: &Document,
        inside: &'s BTreeSet<AccountId>,
    ) -> Trusted<'s> {
        let mut trusted = Trusted::default();
        let sets = trust.allows().filter_map(|it| it.principals.as_ref());
        for set in sets {
            if set.negated || set.is_everyone() {
                trusted.inside.extend(self.travellers.keys());
                trusted.outside.insert(Principal::Everyone);
                continue;
            }
            for member in set.members.iter().filter(|it| !it.is_deleted()) {
                let account = member.account().map(AccountId::from);
                let known = account.and_then(|it| inside.get(&it));
                match member {
                    Principal::Account(_) | Principal::Aws(_) if known.is_some() => {
                        trusted.inside.extend(known);
                    }
                    Principal::Account(_) | Principal::Aws(_) | Principal::Federated(_) => {
                        trusted.outside.insert(member.clone());
                    }
                    Principal::Everyone | Principal::Service(_) | Principal::CanonicalUser(_) => {}
                }
            }
        }
        trusted.inside.remove(&door.account);
        trusted
    }
}

/// Whom a trust policy names.
#[derive(Default)]
struct Trusted<'s> {
    /// Accounts whose principals were read.
    inside: BTreeSet<&'s AccountId>,
    outside: BTreeSet<Principal>,
}

impl Travel {
    /// A root session of a member, or a role of any right in any account.
    fn look_down(&self, graph: &mut Graph, environment: &Environment<'_>) {
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
    fn end(
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

    /// Roles whose trust policies cannot be read may let anybody in.
    fn unreadable(&self, graph: &mut Graph) {
        let doors = self.doors.iter();
        let doors: Vec<(&TrustingRole, &SharedGap)> = doors
            .filter_map(|it| Some((it, it.trust.as_ref().err()?)))
            .collect();
        let Some((first, _)) = doors.first() else {
            return;
        };
        let words = "a role whose trust policy cannot be parsed";
        let any = graph.add(Node::new(words, &first.account, ActorKind::Step));
        for (door, gap) in &doors {
            let mut answer = Answer::allowed().unless([*gap]);
            let policy = Some(format!("trust policy of {}", door.role));
            let gap = (*gap).clone();
            answer.missing = vec![Missing { policy, gap }];
            graph.link(any, door.node, Means::none(), answer);
        }
        let everyone = graph
            .find(ActorKind::Anyone, "*")
            .unwrap_or_else(|| graph.add(Node::new("*", &AccountId::from(""), ActorKind::Anyone)));
        let from = self.travellers.values().flatten().map(|it| it.node);
        for node in from.chain([everyone]) {
            graph.link(node, any, Means::one(ASSUME), Answer::allowed());
        }
    }
}

/// The root sessions that a principal can have: under which task policy, of which member.
fn root_sessions<'c>(
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
fn root_session(
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

fn by_outsider(
    who: &Principal,
    door: &TrustingRole,
    trust: &Indexed,
    environment: &Environment<'_>,
) -> Answer {
    let mut best = Answer::denied();
    let everything = super::identity_policies::everything();
    for evaluator in external::askers(who, environment, &everything) {
        let federated = matches!(who, Principal::Federated(_));
        let actions: &[&str] = if federated { FEDERATED } else { &[ASSUME] };
        for action in actions {
            let question = door.question(action, &trust.document);
            let mut answer = evaluator.ask(environment, question);
            if federated {
                answer = answer.only_if(
                    "the identity provider authenticates the caller",
                    Strength::Weak,
                );
            }
            best = best.or(answer);
        }
    }
    best
}

impl TrustingRole {
    /// Whether it can be assumed by this action, under its trust policy.
    fn question<'q>(&'q self, action: &'q str, trust: &'q Document) -> Question<'q> {
        let target = Target::One(self.role.to_string());
        let policy = Policy::new(TRUST_POLICY, trust);
        Question::new(action, target, &self.account).under(Some(policy))
    }
}

impl Assumer {
    fn caller(&self, account: &AccountId) -> Caller {
        if self.made && self.kind == CallerKind::AssumedRole {
            session_of(&Arn::from(&*self.arn), account)
        } else {
            Caller::new(self.kind, &self.arn, account.as_str())
        }
    }

    fn ask(
        &self,
        account: &AccountId,
        (door, trust): (&TrustingRole, &Document),
        environment: &Environment<'_>,
    ) -> Answer {
        let own = self.caller(account);
        let mut callers = vec![own.clone()];
        for session in sessions(trust, &own) {
            let mut caller = own.clone();
            caller.id = session;
            callers.push(caller);
        }
        let named = |caller: &Caller| {
            let mut named = trust.allows().filter_map(|it| it.principals.as_ref());
            named.any(|it| it.grant(caller).is_some())
        };
        callers.retain(named);
        let mut best = Answer::denied();
        if callers.is_empty() {
            return best;
        }
        let mut evaluator = Evaluator::new(own, environment);
        evaluator.has(self.own.clone());
        for (name, read) in &self.identity {
            evaluator.holds(name, read.as_deref().map_err(Clone::clone));
        }
        let boundary = self.boundary.as_deref();
        evaluator.boundary = boundary.map(|(name, read)| match read {
            Ok(indexed) => Policy::new(name, &indexed.document),
            Err(gap) => Policy::missing(name, gap.clone()),
        });
        for caller in callers {
            let question = door.question(ASSUME, trust).from(caller);
            best = best.or(evaluator.ask(environment, question));
        }
        best
    }
}

/// The statements that bear on assuming roles. Each keeps its place as its name.
fn part(document: &Document) -> Option<Document> {
    let mut statements = Vec::new();
    for (index, statement) in document.statements.iter().enumerate() {
        if statement.actions.matches(ASSUME) {
            let mut statement = statement.clone();
            if statement.sid.as_deref().is_none_or(str::is_empty) && index > 0 {
                statement.sid = Some(format!("the document's statement {}", index + 1));
            }
            statements.push(statement);
        }
    }
    (!statements.is_empty()).then_some(Document {
        version: document.version,
        id: None,
        statements,
    })
}
