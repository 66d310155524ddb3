//! How the principals of one account can become, change or use each other.

use std::collections::BTreeMap;

use super::actions::{Escalation, table};
use super::ask::{Answer, Asker};
use super::freedom::{self, Freedom};
use super::graph::{ActorKind, Graph, Node};
use super::ground::Ground;
use super::held::holdings;
use super::people::{Freed, Papers, Who, is_linked, is_reserved, place};
use super::travel::Travel;
use crate::policy::{Document, Grant, Key, Policy, Principal, Strength, Target, Value};

/// More principals than this are not looked at one by one as steps for another.
const MAX_CHANGED: usize = 64;

/// Services that run code under a role, and the actions that make them: of one's own, or where it runs already.
const SERVICES: [(&str, &[&str], &[&str]); 14] = [
    (
        "lambda.amazonaws.com",
        &["lambda:CreateFunction"],
        &[
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ],
    ),
    (
        "ec2.amazonaws.com",
        &[
            "ec2:RunInstances",
            "autoscaling:CreateAutoScalingGroup",
            "ec2:AssociateIamInstanceProfile",
            "ec2:ReplaceIamInstanceProfileAssociation",
        ],
        &[
            "ssm:SendCommand",
            "ssm:StartSession",
            "ec2-instance-connect:SendSSHPublicKey",
            "ec2:ModifyInstanceAttribute",
        ],
    ),
    (
        "ecs-tasks.amazonaws.com",
        &[
            "ecs:RunTask",
            "ecs:RegisterTaskDefinition",
            "batch:RegisterJobDefinition",
        ],
        &["ecs:ExecuteCommand"],
    ),
    (
        "glue.amazonaws.com",
        &["glue:CreateDevEndpoint", "glue:CreateJob"],
        &["glue:UpdateJob"],
    ),
    (
        "cloudformation.amazonaws.com",
        &["cloudformation:CreateStack", "cloudformation:UpdateStack"],
        &["cloudformation:ExecuteChangeSet"],
    ),
    (
        "datapipeline.amazonaws.com",
        &["datapipeline:CreatePipeline"],
        &[],
    ),
    (
        "sagemaker.amazonaws.com",
        &[
            "sagemaker:CreateNotebookInstance",
            "sagemaker:CreateTrainingJob",
        ],
        &["sagemaker:CreatePresignedNotebookInstanceUrl"],
    ),
    (
        "codebuild.amazonaws.com",
        &["codebuild:CreateProject"],
        &["codebuild:StartBuild", "codebuild:UpdateProject"],
    ),
    (
        "states.amazonaws.com",
        &["states:CreateStateMachine"],
        &["states:UpdateStateMachine"],
    ),
    ("ssm.amazonaws.com", &["ssm:StartAutomationExecution"], &[]),
    (
        "tasks.apprunner.amazonaws.com",
        &["apprunner:CreateService"],
        &[],
    ),
    ("batch.amazonaws.com", &["batch:RegisterJobDefinition"], &[]),
    (
        "scheduler.amazonaws.com",
        &["scheduler:CreateSchedule"],
        &[],
    ),
    (
        "bedrock-agentcore.amazonaws.com",
        &["bedrock-agentcore:CreateCodeInterpreter"],
        &[],
    ),
];

/// What an action reaches among the users or roles of the account.
enum Spread {
    All(Answer),
    Each(Vec<(usize, Answer)>),
}

/// The ways within one account.
pub(super) struct Steps<'c, 'g> {
    pub(super) ground: &'c Ground<'g>,
    pub(super) papers: &'c Papers<'c>,
    pub(super) graph: &'c mut Graph,
    pub(super) travel: &'c mut Travel,
    pub(super) partition: &'c str,
    /// Nodes of users and roles, in the order of the listing.
    pub(super) users: Vec<usize>,
    pub(super) roles: Vec<usize>,
    any_user: usize,
    any_role: usize,
    newcomer: usize,
    /// Per service, the node of all roles that trust it, and these roles.
    by_service: BTreeMap<&'static str, (usize, Vec<usize>)>,
    /// Roles by whom their trust policies name; those that name an account or everyone.
    named: BTreeMap<String, Vec<usize>>,
    wide: Vec<usize>,
    changed: BTreeMap<(Who, Freed), usize>,
}

impl<'c, 'g> Steps<'c, 'g> {
    pub(super) fn new(
        ground: &'c Ground<'g>,
        papers: &'c Papers<'c>,
        graph: &'c mut Graph,
        travel: &'c mut Travel,
        partition: &'c str,
        (users, roles): (Vec<usize>, Vec<usize>),
    ) -> Self {
        let account = papers.account;
        let mut step = |name: &str| {
            let id = format!("arn:{partition}:iam::{account}:{name}");
            graph.add(Node::new(&id, account, ActorKind::Step))
        };
        let (any_user, any_role) = (step("user/*"), step("role/*"));
        let newcomer = step("role/a-new-one");
        let mut steps = Self {
            ground,
            papers,
            graph,
            travel,
            partition,
            users,
            roles,
            any_user,
            any_role,
            newcomer,
            by_service: BTreeMap::new(),
            named: BTreeMap::new(),
            wide: Vec::new(),
            changed: BTreeMap::new(),
        };
        steps.lay_out();
        steps
    }

    /// One of many is no step: whoever reaches all reaches each.
    fn lay_out(&mut self) {
        for to in self.users.clone() {
            self.graph.link(self.any_user, to, "", Answer::allowed());
        }
        for (at, role) in self.papers.details.roles.iter().enumerate() {
            let Some(&node) = self.roles.get(at) else {
                continue;
            };
            if is_linked(&role.arn) {
                continue;
            }
            if !is_reserved(&role.arn) {
                self.graph.link(self.any_role, node, "", Answer::allowed());
            }
            let Some(Ok(trust)) = self.papers.trust.get(at) else {
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

    fn trusts_service(&mut self, name: &str, (at, role): (usize, usize), trust: &Document) {
        let known = SERVICES.iter().find(|(service, ..)| *service == name);
        let assumes = trust
            .allows()
            .any(|it| it.actions.matches("sts:AssumeRole"));
        let Some((service, ..)) = known.filter(|_| assumes) else {
            return;
        };
        let account = self.papers.account;
        let graph = &mut *self.graph;
        let (node, roles) = self.by_service.entry(service).or_insert_with(|| {
            let id = format!("a role of {account} under which {service} runs");
            (
                graph.add(Node::new(&id, account, ActorKind::Step)),
                Vec::new(),
            )
        });
        roles.push(at);
        graph.link(*node, role, "", Answer::allowed());
    }

    /// All ways from every principal of the account.
    pub(super) fn all(mut self) {
        for who in self.papers.everybody() {
            let node = match who {
                Who::User(at) => self.users.get(at),
                Who::Role(at) => self.roles.get(at),
            };
            let linked = self.papers.person(who).is_none_or(|it| is_linked(it.arn));
            let (Some(&node), false) = (node, linked) else {
                continue;
            };
            let Some(mut asker) = self.papers.asker(who, Freed::default(), self.ground) else {
                continue;
            };
            let becomes = self.become_others(&mut asker, node);
            self.change(&mut asker, who, node, &becomes);
        }
        // Those whom somebody can change: what they can do then.
        for ((who, freed), node) in std::mem::take(&mut self.changed) {
            if let Some(mut asker) = self.papers.asker(who, freed, self.ground) {
                let holdings = holdings(&mut asker, self.ground);
                if let Some(it) = self.graph.nodes.get_mut(node) {
                    it.holdings = holdings;
                }
                self.become_others(&mut asker, node);
            }
        }
        let reached = self.graph.edges.iter().any(|edge| edge.to == self.newcomer);
        if reached {
            let mut asker = self.papers.newcomer(self.ground, self.partition);
            let holdings = holdings(&mut asker, self.ground);
            if let Some(it) = self.graph.nodes.get_mut(self.newcomer) {
                it.holdings = holdings;
            }
            self.become_others(&mut asker, self.newcomer);
        }
    }

    /// Assume, take over, or run code as others. Gives those that can be had one by one.
    fn become_others(
        &mut self,
        asker: &mut Asker<'c>,
        node: usize,
    ) -> BTreeMap<Who, (Answer, String)> {
        let mut becomes = BTreeMap::new();
        self.assume(asker, node, &mut becomes);
        self.travel.sets_out(asker, node);
        let touched = |escalation: Escalation| {
            let all = table().actions.iter().enumerate();
            let mut all = all.filter(|(_, it)| it.escalation == Some(escalation));
            all.any(|(place, _)| asker.touches(place))
        };
        let (credential, rewrite) = (
            touched(Escalation::Credential),
            touched(Escalation::TrustRewrite),
        );
        let (pass, run) = (
            touched(Escalation::PassRole),
            touched(Escalation::UseExistingCompute),
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
                let spread = self.spread(asker, action, "user");
                self.take(spread, node, action, &mut becomes, Who::User);
            }
        }
        if rewrite {
            let action = "iam:UpdateAssumeRolePolicy";
            let spread = self.spread(asker, action, "role");
            self.take(spread, node, action, &mut becomes, Who::Role);
        }
        if pass || run {
            self.run_code(asker, node, &mut becomes);
        }
        if make && node != self.newcomer {
            self.make(asker, node);
        }
        if vouch {
            self.vouch(asker, node);
        }
        becomes
    }

    fn assume(
        &mut self,
        asker: &mut Asker<'c>,
        node: usize,
        becomes: &mut BTreeMap<Who, (Answer, String)>,
    ) {
        let own = [Some(asker.caller.id.clone()), asker.caller.role_arn.clone()];
        let named = own
            .iter()
            .flatten()
            .filter_map(|id| self.named.get(id))
            .flatten();
        let mut candidates: Vec<usize> = named.copied().collect();
        // A trust policy may name one session of it.
        if let Some(role) = &asker.caller.role_arn {
            let name = format!(
                ":assumed-role/{}/",
                role.rsplit('/').next().unwrap_or_default()
            );
            let sessions = self.named.iter().filter(|(id, _)| id.contains(&name));
            candidates.extend(sessions.flat_map(|(_, roles)| roles));
        }
        candidates.extend(&self.wide);
        candidates.sort_unstable();
        candidates.dedup();
        for at in candidates {
            let Some((role, trust)) = self
                .papers
                .details
                .roles
                .get(at)
                .zip(self.papers.trust.get(at))
            else {
                continue;
            };
            let policy = match trust {
                Ok(trust) => {
                    let grants = trust
                        .allows()
                        .filter_map(|it| it.principals.as_ref()?.grant(&asker.caller));
                    match grants.max() {
                        None if !trust_names_session(trust, asker) => continue,
                        Some(Grant::Account) if !asker.touches(place("sts:AssumeRole")) => continue,
                        None | Some(_) => {}
                    }
                    Policy::new("trust policy", trust)
                }
                Err(reason) => Policy::missing("trust policy", reason),
            };
            asker.layers.resource = Some(policy);
            let mut answer = self.ask(asker, "sts:AssumeRole", role.arn.as_str(), &[]);
            if let Ok(trust) = trust
                && answer.is_denied()
            {
                answer = self.as_session(asker, trust, role.arn.as_str());
            }
            asker.layers.resource = None;
            if let Some(&to) = self.roles.get(at) {
                self.graph.link(node, to, "sts:AssumeRole", answer.clone());
                note(becomes, Who::Role(at), answer, "sts:AssumeRole");
            }
        }
    }

    /// Asks again with the session name that a trust policy names: whoever assumes a role chooses it.
    fn as_session(&self, asker: &mut Asker<'c>, trust: &Document, target: &str) -> Answer {
        let mut best = Answer::denied();
        let before = asker.caller.id.clone();
        for session in sessions(trust, asker) {
            asker.caller.id = session;
            best = best.or(self.ask(asker, "sts:AssumeRole", target, &[]));
        }
        asker.caller.id = before;
        best
    }

    fn ask(
        &self,
        asker: &mut Asker<'c>,
        action: &str,
        target: &str,
        with: &[(&str, Key)],
    ) -> Answer {
        let target = match target.contains('*') && target != "*" {
            true => Target::Matching(target.to_owned()),
            false => Target::One(target.to_owned()),
        };
        asker.plain(self.ground, action, target, self.papers.account, with)
    }

    fn spread(&self, asker: &mut Asker<'c>, action: &str, kind: &str) -> Spread {
        if !asker.touches(place(action)) {
            return Spread::Each(Vec::new());
        }
        let pattern = format!(
            "arn:{}:iam::{}:{kind}/*",
            self.partition, self.papers.account
        );
        let all = self.ask(asker, action, &pattern, &[]);
        match all.rank() {
            0 => return Spread::All(all),
            5 => return Spread::Each(Vec::new()),
            _ => {}
        }
        let details = self.papers.details;
        let arns: Vec<&crate::ids::Arn> = match kind {
            "user" => details.users.iter().map(|it| &it.arn).collect(),
            _ => details.roles.iter().map(|it| &it.arn).collect(),
        };
        let mut each = Vec::new();
        for (at, arn) in arns.into_iter().enumerate() {
            if is_linked(arn) || is_reserved(arn) {
                continue;
            }
            let answer = self.ask(asker, action, arn.as_str(), &[]);
            if !answer.is_denied() {
                each.push((at, answer));
            }
        }
        Spread::Each(each)
    }

    fn take(
        &mut self,
        spread: Spread,
        node: usize,
        action: &str,
        becomes: &mut BTreeMap<Who, (Answer, String)>,
        who: fn(usize) -> Who,
    ) {
        match spread {
            Spread::All(answer) => {
                let to = match who(0) {
                    Who::User(_) => self.any_user,
                    Who::Role(_) => self.any_role,
                };
                self.graph.link(node, to, action, answer);
            }
            Spread::Each(each) => {
                for (at, answer) in each {
                    let to = match who(at) {
                        Who::User(at) => self.users.get(at),
                        Who::Role(at) => self.roles.get(at),
                    };
                    if let Some(&to) = to {
                        self.graph.link(node, to, action, answer.clone());
                    }
                    note(becomes, who(at), answer, action);
                }
            }
        }
    }

    /// By a service that runs code: with a role that is handed over, or where one runs already.
    fn run_code(
        &mut self,
        asker: &mut Asker<'c>,
        node: usize,
        becomes: &mut BTreeMap<Who, (Answer, String)>,
    ) {
        for (service, launches, uses) in SERVICES {
            let Some((under, trusting)) = self.by_service.get(service).cloned() else {
                continue;
            };
            let best = |steps: &Self, asker: &mut Asker<'c>, actions: &[&'static str]| {
                let mut best: Option<(Answer, &str)> = None;
                for action in actions {
                    let place = place(action);
                    let Some(it) = table().get(place).filter(|_| asker.touches(place)) else {
                        continue;
                    };
                    let prefix = action.split(':').next().unwrap_or_default();
                    let all = format!("arn:{}:{prefix}:*:*:*", steps.partition);
                    let target = if it.wildcard_only { "*" } else { &all };
                    let answer = steps.ask(asker, action, target, &[]);
                    if best
                        .as_ref()
                        .is_none_or(|(before, _)| answer.rank() < before.rank())
                    {
                        best = Some((answer, action));
                    }
                }
                best.filter(|(answer, _)| !answer.is_denied())
            };
            if let Some((answer, action)) = best(self, asker, uses) {
                let words = format!("something of {service} runs under the role");
                let answer = answer.only_if(&words, Strength::Weak);
                self.graph.link(node, under, action, answer);
            }
            let Some((launch, action)) = best(self, asker, launches) else {
                continue;
            };
            let by = format!("iam:PassRole and {action}");
            let to_service = Key::Known(Value::One(service.to_owned()));
            let with = [("iam:PassedToService", to_service)];
            let every = format!("arn:{}:iam::{}:role/*", self.partition, self.papers.account);
            let all = self.ask(asker, "iam:PassRole", &every, &with);
            if all.is_denied() {
                continue;
            }
            if all.rank() == 0 {
                self.graph.link(node, under, &by, all.and(&launch));
                continue;
            }
            for at in trusting {
                let role = self.papers.details.roles.get(at).zip(self.roles.get(at));
                let Some((role, &to)) = role else { continue };
                let pass = self.ask(asker, "iam:PassRole", role.arn.as_str(), &with);
                let answer = pass.and(&launch);
                self.graph.link(node, to, &by, answer.clone());
                note(becomes, Who::Role(at), answer, &by);
            }
        }
    }

    /// A new user or role, with any right that the guards above it leave.
    fn make(&mut self, asker: &mut Asker<'c>, node: usize) {
        let iam = format!("arn:{}:iam::{}", self.partition, self.papers.account);
        let (role, user) = (format!("{iam}:role/*"), format!("{iam}:user/*"));
        let unbound = [("iam:PermissionsBoundary", Key::Absent)];
        let admin = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
        let admin = ("iam:PolicyARN", Key::Known(Value::One(admin)));
        let with = [("iam:PermissionsBoundary", Key::Absent), admin];
        for (target, first, gives, last) in [
            (
                &role,
                "iam:CreateRole",
                ["iam:PutRolePolicy", "iam:AttachRolePolicy"],
                None,
            ),
            (
                &user,
                "iam:CreateUser",
                ["iam:PutUserPolicy", "iam:AttachUserPolicy"],
                Some(["iam:CreateAccessKey", "iam:CreateLoginProfile"]),
            ),
        ] {
            if !asker.touches(place(first)) {
                continue;
            }
            let mut answer = self.ask(asker, first, target, &unbound);
            let mut given = Answer::denied();
            for action in gives {
                given = given.or(self.ask(asker, action, target, &with));
            }
            answer = answer.and(&given);
            if let Some(keys) = last {
                let mut key = Answer::denied();
                for action in keys {
                    key = key.or(self.ask(asker, action, target, &[]));
                }
                answer = answer.and(&key);
            }
            let by = format!("{first} and {}", gives.join(" or "));
            self.graph.link(node, self.newcomer, &by, answer);
        }
    }

    /// Whoever rewrites a provider vouches for whom he likes.
    fn vouch(&mut self, asker: &mut Asker<'c>, node: usize) {
        for (at, trust) in self.papers.trust.iter().enumerate() {
            let (Ok(trust), Some(&to)) = (trust, self.roles.get(at)) else {
                continue;
            };
            let members = trust.allows().filter_map(|it| it.principals.as_ref());
            for member in members.flat_map(|it| &it.members) {
                let Principal::Federated(provider) = member else {
                    continue;
                };
                if provider.contains(":saml-provider/") {
                    let action = "iam:UpdateSAMLProvider";
                    let answer = self.ask(asker, action, provider, &[]);
                    self.graph.link(node, to, action, answer);
                }
            }
        }
    }

    /// Change oneself, or somebody whom one can become, and then act.
    fn change(
        &mut self,
        asker: &mut Asker<'c>,
        who: Who,
        node: usize,
        becomes: &BTreeMap<Who, (Answer, String)>,
    ) {
        if !freedom::touches(asker) {
            return;
        }
        let own = (Answer::allowed(), String::new());
        let others = becomes
            .iter()
            .filter(|(it, _)| **it != who)
            .take(MAX_CHANGED);
        let all: Vec<(Who, (Answer, String))> = std::iter::once((who, own))
            .chain(others.map(|(who, way)| (*who, way.clone())))
            .collect();
        for (changed, (way, by)) in all {
            let ground = self.ground;
            for Freedom {
                freed,
                answer,
                by: how,
            } in freedom::of(asker, self.papers, changed, ground)
            {
                let answer = answer.and(&way);
                if answer.is_denied() {
                    continue;
                }
                let by = match by.is_empty() {
                    true => how.clone(),
                    false => format!("{how} and {by}"),
                };
                let to = self.changed_node(changed, freed);
                self.graph.link(node, to, &by, answer);
            }
        }
        // Whoever gives rights to every role and becomes any has a new one's rights at least.
        let edges = self.graph.edges.iter().filter(|it| it.from == node);
        let any = edges.filter(|it| it.to == self.any_role || it.to == self.any_user);
        let any: Vec<(usize, Answer, String)> = any
            .map(|it| (it.to, it.answer.clone(), it.by.clone()))
            .collect();
        for (to, way, by) in any {
            let (kind, gives) = match to == self.any_role {
                true => ("role", ["iam:PutRolePolicy", "iam:AttachRolePolicy"]),
                false => ("user", ["iam:PutUserPolicy", "iam:AttachUserPolicy"]),
            };
            for action in gives {
                if let Spread::All(answer) = self.spread(asker, action, kind) {
                    let answer = answer.and(&way);
                    self.graph
                        .link(node, self.newcomer, &format!("{action} and {by}"), answer);
                    break;
                }
            }
        }
    }

    fn changed_node(&mut self, who: Who, freed: Freed) -> usize {
        if let Some(node) = self.changed.get(&(who, freed)) {
            return *node;
        }
        let arn = self.papers.person(who).map_or("", |it| it.arn.as_str());
        let mut words = Vec::new();
        for (on, word) in [
            (freed.granted, "given more rights"),
            (freed.undenied, "without its Denies"),
            (freed.unbound, "without its boundary"),
            (freed.joined.is_some(), "in one more group"),
        ] {
            if on {
                words.push(word);
            }
        }
        let id = format!("{arn}, {}", words.join(", "));
        let node = self
            .graph
            .add(Node::new(&id, self.papers.account, ActorKind::Step));
        self.changed.insert((who, freed), node);
        node
    }
}

fn note(becomes: &mut BTreeMap<Who, (Answer, String)>, who: Who, answer: Answer, by: &str) {
    let better = |before: &(Answer, String)| answer.rank() < before.0.rank();
    if !answer.is_denied() && becomes.get(&who).is_none_or(better) {
        becomes.insert(who, (answer, by.to_owned()));
    }
}

/// Sessions of the asker's role that a policy names.
pub(super) fn sessions(trust: &Document, asker: &Asker<'_>) -> Vec<String> {
    let Some((prefix, _)) = asker.caller.id.rsplit_once('/') else {
        return Vec::new();
    };
    let prefix = format!("{prefix}/");
    let members = trust
        .statements
        .iter()
        .filter_map(|it| it.principals.as_ref());
    let named = members
        .flat_map(|it| &it.members)
        .filter_map(|it| match it {
            Principal::Aws(arn)
                if prefix.contains(":assumed-role/") && arn.starts_with(&prefix) =>
            {
                Some(arn.clone())
            }
            _ => None,
        });
    named.collect()
}

fn trust_names_session(trust: &Document, asker: &Asker<'_>) -> bool {
    !sessions(trust, asker).is_empty()
}
