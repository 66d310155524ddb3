//! One request of one principal, answered with its reasons.

use super::actions::{Kind, table};
use super::answer::Answer;
use super::environment::Environment;
use super::evaluate::{Evaluator, Question, TRUST_POLICY};
use super::external;
use super::gaps;
use super::identity_policies::{AccountPolicies, Modification, PrincipalId, everything};
use super::names;
use super::report::Told;
use super::resources::{Resource, ResourceId};
use super::tamper_permissions::{Outcome, outcome};
use crate::calls;
use crate::context::Context;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Arn};
use crate::inventory::Iam;
use crate::policy::{
    Actions, CallerKind, Document, Effectiveness, Key, Policy, Principal, Strength, Target, Value,
    effect_of,
};

/// The one action that others may need beside themselves: see [`Effectiveness::Needs`].
const BYPASS: &str = "s3:BypassGovernanceRetention";

/// A request.
#[derive(Debug, Clone)]
pub struct Simulation<'r> {
    /// The ARN of a user, role, session or root user; an account, a service, or `*`.
    pub principal: &'r str,
    /// The action.
    pub action: &'r str,
    /// The resource's ARN, or `*`.
    pub resource: &'r str,
    /// Context keys that are known.
    pub context: Vec<(&'r str, &'r str)>,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The answer.
    pub answer: Told,
    /// What it does, where it is allowed and does nothing.
    pub harmless: Option<String>,
}

/// A request that cannot be answered, with names that may have been meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The inventory has no such principal.
    Principal(Vec<String>),
    /// The inventory has no such resource.
    Resource(Vec<String>),
}

/// Answers a request. `records` are those of the principal's account and of the resource's.
pub fn simulate(
    request: &Simulation<'_>,
    records: &[Iam],
    ctx: &Context<'_>,
) -> Result<Simulated, Refused> {
    let environment = Environment::new(ctx);
    let of = |arn: &str| {
        let account = Arn::from(arn).account();
        records.iter().find(|it| it.account == account)
    };
    if let Some(candidates) = lacks(request.resource, of(request.resource), ctx) {
        return Err(Refused::Resource(candidates));
    }
    let who = principal_of(request.principal);
    let iam = if let Principal::Account(id) = &who {
        records.iter().find(|it| it.account.as_str() == id)
    } else {
        of(request.principal)
    };
    let known = iam.and_then(|it| Some((&it.account, it.details.clone().into_known().ok()?)));
    let details = known.as_ref().map(|(account, details)| (*account, details));
    let about = |actions: &Actions| actions.matches(request.action) || actions.matches(BYPASS);
    let papers = details
        .map(|(account, details)| AccountPolicies::about(account, details, &environment, &about));
    let everything = everything();
    let mut askers = match &papers {
        Some(papers) => vec![inside(request.principal, &who, papers, &environment)?],
        None if is_principal(&who) => external::askers(&who, &environment, &everything),
        None => return Err(Refused::Principal(Vec::new())),
    };
    let known = environment
        .resources()
        .filter(|(_, it)| is_on(&it.id, it.kind, request.resource));
    let known: Vec<_> = known.collect();
    let trust = trust_of(request, of(request.resource), ctx);
    let mut best: Option<(Answer, Option<String>)> = None;
    for evaluator in &mut askers {
        for (key, value) in &request.context {
            let value = Key::Known(Value::One((*value).to_owned()));
            evaluator.context.set(key, value);
        }
        let next = match known.first() {
            Some(resource) => on_known(request, evaluator, &environment, *resource),
            None => (
                on_other(request, evaluator, &environment, trust.as_ref()),
                None,
            ),
        };
        if best
            .as_ref()
            .is_none_or(|(before, _)| next.0.rank() < before.rank())
        {
            best = Some(next);
        }
    }
    let (answer, harmless) = best.unwrap_or_else(|| (Answer::denied(), None));
    Ok(Simulated {
        harmless: harmless.filter(|_| !answer.is_denied()),
        answer: answer.told(),
    })
}

/// The principal of a request.
fn principal_of(name: &str) -> Principal {
    let services = [".amazonaws.com", ".amazonaws.com.cn"];
    match services.iter().any(|end| name.ends_with(end)) {
        true => Principal::Service(name.to_owned()),
        false => Principal::aws(name),
    }
}

/// On a resource that the analysis does not know; a role has its trust policy.
fn on_other<'c>(
    request: &Simulation<'_>,
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
    trust: Option<&Result<Document, Gap>>,
) -> Answer {
    let owner = match Arn::from(request.resource).account().as_str() {
        "" | "aws" => AccountId::from(evaluator.caller.account.as_str()),
        id => AccountId::from(id),
    };
    let policy = trust.map(|read| match read {
        Ok(document) => Policy::new(TRUST_POLICY, document),
        Err(gap) => Policy::missing(TRUST_POLICY, gap.clone()),
    });
    let target = literal(request.resource);
    let question = Question::new(request.action, target, &owner).under(policy);
    evaluator.ask(environment, question)
}

fn literal(resource: &str) -> Target {
    match resource {
        "*" => Target::One("*".to_owned()),
        it if it.contains('*') => Target::Matching(it.to_owned()),
        it => Target::One(it.to_owned()),
    }
}

/// Kinds of principals that requests come from.
fn is_principal(who: &Principal) -> bool {
    match who {
        Principal::Aws(arn) => {
            let arn = Arn::from(arn.as_str());
            let name = arn.resource();
            match arn.service() {
                "iam" => name.starts_with("user/") || name.starts_with("role/"),
                "sts" => name.starts_with("assumed-role/") || name.starts_with("federated-user/"),
                _ => false,
            }
        }
        Principal::Everyone
        | Principal::Account(_)
        | Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => true,
    }
}

/// A principal of an account whose principals are known.
fn inside<'c>(
    principal: &str,
    who: &Principal,
    papers: &'c AccountPolicies<'c>,
    environment: &'c Environment<'_>,
) -> Result<Evaluator<'c>, Refused> {
    let partition = &environment.ctx.inventory.header.scope.partition;
    if matches!(who, Principal::Account(_)) {
        return Ok(papers.root(environment, partition));
    }
    let arn = Arn::from(principal);
    let find = |is: &dyn Fn(&Arn) -> bool| -> Option<PrincipalId> {
        let mut all = papers.everybody();
        all.find(|it| is(papers.person(*it).arn))
    };
    let session = arn.resource().strip_prefix("assumed-role/");
    let session = session.and_then(|it| it.split_once('/'));
    let found = match session {
        // A session says the name of its role, and not its path.
        Some((role, name)) if !name.is_empty() => find(&|it| {
            it.resource().starts_with("role/")
                && it.resource().rsplit('/').next() == Some(role)
                && it.partition() == arn.partition()
        }),
        Some(_) => None,
        None => find(&|it| it.as_str() == principal),
    };
    if arn.service() == "sts" && arn.resource().starts_with("federated-user/") {
        let mut evaluator = papers.federated_user(environment, principal);
        let what = "the policies of a federated user's session";
        let gap = Gap::not_modelled(what, papers.account, &environment.ctx.home());
        evaluator.holds("policies of its session", Err(gap));
        return Ok(evaluator);
    }
    let evaluator = found.map(|it| papers.evaluator(it, &Modification::default(), environment));
    let Some(evaluator) = evaluator else {
        let all = papers.everybody().map(|it| papers.person(it));
        return Err(Refused::Principal(
            all.map(|it| it.arn.to_string()).collect(),
        ));
    };
    Ok(match session {
        Some(_) => evaluator.into_session(principal),
        None => evaluator,
    })
}

/// On a resource that the analysis knows: as the listing of `access` answers.
fn on_known<'c>(
    request: &Simulation<'_>,
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
    (place, resource): (ResourceId, &'c Resource),
) -> (Answer, Option<String>) {
    let caller = AccountId::from(evaluator.caller.account.as_str());
    let owner = if resource.kind == Kind::Trail {
        caller.clone()
    } else {
        resource.account.clone()
    };
    // A log group's ARN has two forms; what stands for others is asked about as what it stands for.
    let named = request.resource == resource.id
        || resource.kind == Kind::LogGroup
            && request.resource.strip_prefix(&resource.id) == Some(":*");
    let targets = match named && resource.kind != Kind::Objects {
        true => resource.asked.clone(),
        false => vec![literal(request.resource)],
    };
    let mut answer: Option<Answer> = None;
    for target in &targets {
        let next = evaluator.on(
            environment,
            request.action,
            target,
            (resource, &owner),
            None,
        );
        answer = Some(match answer {
            Some(before) => before.or(next),
            None => next,
        });
    }
    let answer = answer.unwrap_or_else(Answer::denied);
    let of_table = table().find(request.action).filter(|id| {
        table()
            .tampers(*id)
            .is_some_and(|it| it.on.contains(&resource.kind))
    });
    if let Some(action) = of_table.filter(|_| named && resource.kind != Kind::Objects) {
        return match outcome(evaluator, environment, (place, resource), action) {
            Outcome::Holds(answer) => (answer, None),
            Outcome::Idle(why) => (answer, Some(why.to_owned())),
            // It is denied, or nothing comes of it.
            Outcome::Not => (answer, Some("it has no effect here".to_owned())),
        };
    }
    after(request, evaluator, environment, (resource, &owner), answer)
}

/// What comes after authorization.
fn after<'c>(
    request: &Simulation<'_>,
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
    (resource, owner): (&'c Resource, &AccountId),
    mut answer: Answer,
) -> (Answer, Option<String>) {
    let caller = &evaluator.caller.account;
    let facts = environment.circumstances(resource);
    let what = effect_of(request.action, caller, request.resource, &facts);
    let mut harmless = None;
    match what {
        Effectiveness::Full => {}
        Effectiveness::None(why) => harmless = Some(why.to_owned()),
        Effectiveness::Needs(other) => {
            let target = literal(request.resource);
            let both = evaluator.on(environment, other, &target, (resource, owner), None);
            match both.is_denied() {
                true => harmless = Some(format!("it also requires {other}")),
                false if answer.is_denied() => {}
                false => answer = answer.and(&both),
            }
        }
        Effectiveness::RootWithMfa if evaluator.caller.kind == CallerKind::Root => {
            answer = answer.only_if("with MFA", Strength::Strong);
        }
        Effectiveness::RootWithMfa => {
            harmless = Some("only the root user can, with MFA".to_owned());
        }
    }
    (answer, harmless)
}

fn is_on(id: &str, kind: Kind, resource: &str) -> bool {
    match (kind, id.strip_suffix('*')) {
        (Kind::Objects, Some(prefix)) => {
            resource.len() >= prefix.len() && resource.starts_with(prefix)
        }
        (_, Some(_)) => false,
        (Kind::LogGroup, None) => {
            resource == id
                || resource
                    .strip_prefix(id)
                    .is_some_and(|rest| rest.starts_with(':'))
        }
        (_, None) => resource == id,
    }
}

/// The resources of its kind, where the inventory has all of that kind and not this one.
fn lacks(resource: &str, iam: Option<&Iam>, ctx: &Context<'_>) -> Option<Vec<String>> {
    let inventory = ctx.inventory;
    let arn = Arn::from(resource);
    let strings = |all: &mut dyn Iterator<Item = &Arn>| -> Vec<String> {
        all.map(ToString::to_string).collect()
    };
    let name = arn.resource();
    // No service, or no kind of resource, that AWS has.
    let of_type = name.split([':', '/']).next().unwrap_or_default();
    let known = match arn.service() {
        "cloudtrail" => ["trail", "eventdatastore", "channel", "dashboard"].contains(&of_type),
        "kms" => ["key", "alias"].contains(&of_type),
        service => names::is_service(service) || service.contains(['*', '?']),
    };
    if resource != "*" && !known && !of_type.contains(['*', '?']) {
        return Some(collected(ctx));
    }
    let (wanted, all): (String, Vec<String>) = match (arn.service(), name.split('/').next()) {
        ("cloudtrail", Some("trail")) => {
            (resource.to_owned(), strings(&mut inventory.trails.keys()))
        }
        ("cloudtrail", Some("eventdatastore")) => (
            resource.to_owned(),
            strings(&mut inventory.event_data_stores.keys()),
        ),
        ("s3", Some(bucket)) if arn.account().as_str().is_empty() => {
            let all = inventory.buckets.values().map(|it| &it.arn);
            (
                format!("arn:{}:s3:::{bucket}", arn.partition()),
                strings(&mut all.into_iter()),
            )
        }
        ("kms", Some("key" | "alias")) => {
            let mut all = strings(&mut inventory.keys.keys());
            let real = inventory.keys.values().filter_map(|key| {
                let metadata = key.metadata.ok()?.as_ref()?;
                metadata.arn.ok().map(ToString::to_string)
            });
            all.extend(real);
            (resource.to_owned(), all)
        }
        ("logs", Some(_)) if name.starts_with("log-group:") => {
            let fields: Vec<&str> = resource.splitn(8, ':').take(7).collect();
            let mut all = inventory.log_groups.values().map(|it| &it.arn);
            (fields.join(":"), strings(&mut all))
        }
        ("sns", Some(_)) => (resource.to_owned(), strings(&mut inventory.topics.keys())),
        ("iam", Some("user" | "role")) => {
            let details = &iam?.details;
            let (users, roles) = (details.users.ok()?, details.roles.ok()?);
            let mut all = users
                .iter()
                .map(|it| &it.arn)
                .chain(roles.iter().map(|it| &it.arn));
            (resource.to_owned(), strings(&mut all))
        }
        _ => return None,
    };
    let open = wanted.contains(['*', '?']);
    (!open && !all.contains(&wanted)).then_some(all)
}

/// The ARNs of the resources that an inventory holds.
#[must_use]
pub fn collected(ctx: &Context<'_>) -> Vec<String> {
    let inventory = ctx.inventory;
    let all = inventory
        .trails
        .keys()
        .chain(inventory.event_data_stores.keys());
    let all = all.chain(inventory.buckets.values().map(|it| &it.arn));
    let all = all
        .chain(inventory.keys.keys())
        .chain(inventory.topics.keys());
    let all = all.chain(inventory.log_groups.values().map(|it| &it.arn));
    all.map(ToString::to_string).collect()
}

/// Of a role in the same record; of any other it is not at hand.
fn trust_of(
    request: &Simulation<'_>,
    iam: Option<&Iam>,
    ctx: &Context<'_>,
) -> Option<Result<Document, Gap>> {
    let assumes = request
        .action
        .to_ascii_lowercase()
        .starts_with("sts:assumerole");
    let role = Arn::from(request.resource);
    if !assumes || !role.resource().starts_with("role/") {
        return None;
    }
    let gap = |reason: Reason, words: &str| {
        let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
        gaps::of(call, &role.account(), &ctx.home(), reason, words)
    };
    let unread = "the account's roles are not in the inventory";
    let roles = match iam.map(|it| &it.details.roles) {
        Some(Fact::Known(roles)) => roles,
        Some(Fact::Unknown(gap)) => return Some(Err(gap.clone())),
        None => return Some(Err(gap(Reason::NotAsked, unread))),
    };
    let found = roles.iter().find(|it| it.arn == role);
    Some(match found {
        Some(found) => Document::parse(&found.trust)
            .map_err(|error| gap(Reason::Malformed, &error.to_string())),
        None => Err(gap(Reason::Malformed, "it has no such role")),
    })
}
