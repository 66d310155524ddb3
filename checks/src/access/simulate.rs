//! One request of one principal, answered with its reasons.

use super::actions::Kind;
use super::answer::Answer;
use super::gaps;
use super::ground::Ground;
use super::outside;
use super::people::{Freed, Papers, everything};
use super::report::Told;
use crate::calls;
use crate::context::Context;
use crate::fact::{Fact, Reason, SharedGap};
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
    /// The ARN of a user, role or root user; an account outside, or `*`.
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

/// Answers a request. `records` are those of the principal's account and of the resource's; nothing if the principal is
/// not in the one that should hold it.
#[must_use]
pub fn simulate(request: &Simulation<'_>, records: &[Iam], ctx: &Context<'_>) -> Option<Simulated> {
    let ground = Ground::new(ctx);
    let of = |arn: &str| {
        let account = Arn::from(arn).account();
        records.iter().find(|it| it.account == account)
    };
    let iam = of(request.principal);
    let known = iam.and_then(|it| Some((&it.account, it.details.clone().into_known().ok()?)));
    let details = known.as_ref().map(|(account, details)| (*account, details));
    let about = |actions: &Actions| actions.matches(request.action) || actions.matches(BYPASS);
    let papers = details.map(|(account, details)| Papers::about(account, details, &ground, &about));
    let who = Principal::aws(request.principal);
    let partition = &ctx.inventory.header.scope.partition;
    let everything = everything();
    let mut askers = match &papers {
        Some(papers) if matches!(who, Principal::Account(_)) => {
            vec![papers.root(&ground, partition)]
        }
        Some(papers) => {
            let mut all = papers.everybody();
            let found = all.find(|it| papers.person(*it).arn.as_str() == request.principal)?;
            vec![papers.asker(found, &Freed::default(), &ground)]
        }
        None => outside::askers(&who, &ground, &everything),
    };
    let arn = Arn::from(request.resource);
    let known = ground
        .resources()
        .map(|(_, it)| it)
        .filter(|it| is_on(&it.id, it.kind, request.resource));
    let known: Vec<_> = known.collect();
    let trust = trust_of(request, of(request.resource), ctx);
    let mut best = Answer::denied();
    let mut first = true;
    let mut harmless = None;
    for asker in &mut askers {
        for (key, value) in &request.context {
            let value = Key::Known(Value::One((*value).to_owned()));
            asker.context.set(key, value);
        }
        let target = match request.resource {
            "*" => Target::One("*".to_owned()),
            it if it.contains('*') => Target::Matching(it.to_owned()),
            it => Target::One(it.to_owned()),
        };
        let caller = AccountId::from(asker.caller.account.as_str());
        let answer = match known.first() {
            Some(resource) => {
                let owner = if resource.kind == Kind::Trail {
                    caller.clone()
                } else {
                    resource.account.clone()
                };
                let facts = ground.circumstances(resource);
                let what = effect_of(request.action, caller.as_str(), request.resource, &facts);
                let mut answer = asker.on(&ground, request.action, &target, resource, &owner);
                harmless = None;
                match what {
                    Effectiveness::Full => {}
                    Effectiveness::None(why) => harmless = Some(why.to_owned()),
                    Effectiveness::Needs(other) => {
                        let both = asker.on(&ground, other, &target, resource, &owner);
                        match both.is_denied() {
                            true => harmless = Some(format!("it needs {other} as well")),
                            false if answer.is_denied() => {}
                            false => answer = answer.and(&both),
                        }
                    }
                    Effectiveness::RootWithMfa if asker.caller.kind == CallerKind::Root => {
                        let factor = "aws:MultiFactorAuthPresent is true";
                        answer = answer.only_if(factor, Strength::Strong);
                    }
                    Effectiveness::RootWithMfa => {
                        let why = "only the root user can, with a second factor";
                        harmless = Some(why.to_owned());
                    }
                }
                answer
            }
            None => {
                let owner = match arn.account().as_str() {
                    "" | "aws" => caller.clone(),
                    id => AccountId::from(id),
                };
                asker.layers.resource = trust.as_ref().map(|it| match it {
                    Ok(document) => Policy::new("trust policy", document),
                    Err(gap) => Policy::missing("trust policy", gap.clone()),
                });
                asker.plain(&ground, request.action, target, &owner, &[])
            }
        };
        if first || answer.rank() < best.rank() {
            best = answer;
        }
        first = false;
    }
    if best.is_denied() {
        harmless = None;
    }
    Some(Simulated {
        answer: best.told(),
        harmless,
    })
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

/// Of a role in the same record; of any other it is not at hand.
fn trust_of(
    request: &Simulation<'_>,
    iam: Option<&Iam>,
    ctx: &Context<'_>,
) -> Option<Result<Document, SharedGap>> {
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
        Some(Fact::Unknown(gap)) => return Some(Err(SharedGap::new(gap.clone()))),
        None => return Some(Err(gap(Reason::NotAsked, unread))),
    };
    let found = roles.iter().find(|it| it.arn == role);
    Some(match found {
        Some(found) => Document::parse(&found.trust)
            .map_err(|error| gap(Reason::Malformed, &error.to_string())),
        None => Err(gap(Reason::Malformed, "it has no such role")),
    })
}
