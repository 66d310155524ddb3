//! What a principal can do to the record by its own rights.

use std::collections::BTreeMap;

use super::actions::{ActionId, Kind, table};
use super::answer::{Answer, Rank};
use super::environment::{Classes, Environment, classes};
use super::evaluate::Evaluator;
use super::resources::{Resource, ResourceId};
use crate::ids::AccountId;
use crate::policy::{
    Caller, CallerKind, Circumstances, Effectiveness, Grant, Strength, Target, effect_of,
};

/// Actions on one resource that are answered alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) actions: Vec<ActionId>,
    pub(super) resource: ResourceId,
    pub(super) answer: Answer,
}

/// All of one principal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Permissions {
    pub(super) held: Vec<Permission>,
    pub(super) harmless: Vec<Idle>,
}

/// A right that is held, and does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Idle {
    pub(super) action: ActionId,
    pub(super) resource: ResourceId,
    pub(super) why: &'static str,
}

/// What decides how an action is answered on one resource: actions of one class are answered alike.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Class<'t> {
    /// By the control policies' statements.
    control: usize,
    /// By the principal's own.
    own: usize,
    /// By the statements of the resource's policy: those that name it.
    resource: Vec<bool>,
    /// Some layers go by the service.
    service: &'t str,
    /// It is asked about `*`.
    wildcard_only: bool,
    /// Where the evaluator goes by the action's name, each stands for itself.
    name: Option<ActionId>,
}

/// Asks about every resource that the principal may reach.
pub(super) fn holdings<'c>(
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
) -> Permissions {
    let account = AccountId::from(evaluator.caller.account.as_str());
    let own = environment.by_account.get(&account).into_iter().flatten();
    let foreign = environment.resources();
    let foreign = foreign.filter(|(_, it)| it.account != account && it.organization_trail);
    let shared = environment
        .shared
        .iter()
        .filter(|place| environment.resource(**place).account != account);
    let mut places: Vec<ResourceId> = own.chain(shared).copied().collect();
    places.extend(foreign.map(|(place, _)| place));
    places.sort_unstable();
    places.dedup();
    let own_class = classes(
        table().each().map(|(id, _)| id),
        evaluator
            .documents
            .iter()
            .map(|it| it.by_statement.as_slice()),
    );
    let mut all = Permissions::default();
    for place in places {
        let resource = environment.resource(place);
        on_resource(
            evaluator,
            environment,
            place,
            resource,
            &own_class,
            &mut all,
        );
    }
    all
}

fn on_resource<'c>(
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
    place: ResourceId,
    resource: &'c Resource,
    own_class: &Classes,
    all: &mut Permissions,
) {
    let Some(actions) = environment.by_kind.get(&resource.kind) else {
        return;
    };
    let named = named(evaluator, resource);
    let account = AccountId::from(evaluator.caller.account.as_str());
    let is_own = resource.account == account || resource.account.as_str().is_empty();
    // A trail has no policy that lets others in: members reach the organization's as their own, or not at all.
    let open = is_own || named || resource.policy.as_ref().is_some_and(Result::is_err);
    let owner = if resource.kind == Kind::Trail {
        &account
    } else if open {
        &resource.account
    } else {
        return;
    };
    let ask: Vec<ActionId> = actions
        .iter()
        .copied()
        .filter(|action| named || evaluator.touches(*action))
        .filter(|action| {
            !resource.idle.contains(action) && matters(*action, evaluator, environment, resource)
        })
        .collect();
    let mut groups: BTreeMap<Class<'_>, Vec<ActionId>> = BTreeMap::new();
    for action in ask {
        if let Some(class) = class(action, evaluator, environment, resource, own_class) {
            groups.entry(class).or_default().push(action);
        }
    }
    let sessions: Vec<String> = sessions(evaluator, resource);
    let mut answers: Vec<(Vec<ActionId>, Answer)> = Vec::new();
    for actions in groups.into_values() {
        let Some(action) = actions.first().map(|it| table().get(*it)) else {
            continue;
        };
        let everything = [Target::One("*".to_owned())];
        let targets = match action.wildcard_only {
            true => everything.as_slice(),
            false => resource.asked.as_slice(),
        };
        let at = (resource, owner);
        let ask = |target: &Target, session: Option<&str>| {
            evaluator.on(environment, &action.action, target, at, session)
        };
        let mut best = Answer::denied();
        for target in targets {
            best = best.or(ask(target, None));
        }
        if best.rank() > Rank::Allowed {
            for session in &sessions {
                for target in targets {
                    best = best.or(ask(target, Some(session)));
                }
            }
        }
        if !best.is_denied() {
            answers.push((actions, best));
        }
    }
    effects(evaluator, environment, place, resource, &answers, all);
}

/// Sessions of the principal's role that the resource's policy or grants name: whoever assumes a role chooses the name.
fn sessions(evaluator: &Evaluator<'_>, resource: &Resource) -> Vec<String> {
    let by_policy = resource.policy.iter().flatten().flat_map(|it| &it.sessions);
    let grants = resource.grants.iter();
    let by_grant = grants.flat_map(|it| [Some(&it.grantee), it.retiring.as_ref()]);
    let named = by_policy.chain(by_grant.flatten());
    let own = evaluator.own_sessions(named);
    own.into_iter().map(str::to_owned).collect()
}

/// What comes of one action on one resource.
pub(super) enum Outcome {
    /// It can, under what the answer says.
    Holds(Answer),
    /// It may, and that does nothing.
    Idle(&'static str),
    /// It cannot, or it does nothing here.
    Not,
}

/// The same answer as in [`holdings`].
pub(super) fn outcome<'c>(
    evaluator: &Evaluator<'c>,
    environment: &'c Environment<'_>,
    (place, resource): (ResourceId, &'c Resource),
    action: ActionId,
) -> Outcome {
    let own_class = classes(
        table().each().map(|(id, _)| id),
        evaluator
            .documents
            .iter()
            .map(|it| it.by_statement.as_slice()),
    );
    let mut all = Permissions::default();
    on_resource(
        evaluator,
        environment,
        place,
        resource,
        &own_class,
        &mut all,
    );
    let mut held = all.held.into_iter();
    if let Some(held) = held.find(|it| it.actions.contains(&action)) {
        return Outcome::Holds(held.answer);
    }
    let mut idle = all.harmless.iter();
    match idle.find(|it| it.action == action) {
        Some(idle) => Outcome::Idle(idle.why),
        None => Outcome::Not,
    }
}

/// Some policy of the resource names the principal past its own policies.
fn named(evaluator: &Evaluator<'_>, resource: &Resource) -> bool {
    let caller = &evaluator.caller;
    let account = caller.account == resource.account.as_str();
    let by_policy = match &resource.policy {
        Some(Ok(indexed)) => indexed.document.allows().any(|statement| {
            let grant = statement
                .principals
                .as_ref()
                .and_then(|it| it.grant(caller));
            match grant {
                Some(Grant::Account) => !account,
                Some(Grant::Role | Grant::Everyone | Grant::Direct) => true,
                None => false,
            }
        }),
        Some(Err(_)) | None => false,
    };
    let own = [Some(caller.id.as_str()), caller.role_arn.as_deref()];
    let by_grant = resource.grants.iter().any(|grant| {
        own.contains(&Some(grant.grantee.as_str()))
            || grant.retiring.is_some() && own.contains(&grant.retiring.as_deref())
            || grant.grantee.contains(":assumed-role/")
            || grant.grantee.contains(&caller.account) && grant.grantee.ends_with(":root")
    });
    by_policy
        || by_grant
        || !sessions(evaluator, resource).is_empty()
        || (!account && !resource.acl.is_empty())
}

/// Some actions do harm only together with others, or where tags are looked at.
fn matters(
    action: ActionId,
    evaluator: &Evaluator<'_>,
    environment: &Environment<'_>,
    resource: &Resource,
) -> bool {
    match table().get(action).action.as_str() {
        "cloudtrail:AddTags"
        | "cloudtrail:RemoveTags"
        | "s3:PutBucketTagging"
        | "s3:PutBucketAbac" => {
            environment.tags_matter || evaluator.documents.iter().any(|it| it.looks_at_tags())
        }
        "s3:PutReplicationConfiguration" if resource.replicates => true,
        "cloudtrail:EnableFederation" | "s3:PutReplicationConfiguration" => {
            evaluator.touches(table().named("iam:PassRole"))
        }
        _ => true,
    }
}

fn class(
    place: ActionId,
    evaluator: &Evaluator<'_>,
    environment: &Environment<'_>,
    resource: &Resource,
    own_class: &Classes,
) -> Option<Class<'static>> {
    let action = table().get(place);
    let by_resource = match &resource.policy {
        Some(Ok(indexed)) => {
            let sets = indexed.by_statement.iter();
            sets.map(|set| set.contains(place.index())).collect()
        }
        Some(Err(_)) | None => Vec::new(),
    };
    let by_name = !resource.grants.is_empty()
        || !resource.acl.is_empty()
        || evaluator.caller.kind == CallerKind::Root && action.action.ends_with("BucketPolicy")
        || action.action == "kms:RetireGrant";
    let service = action.action.split(':').next().unwrap_or_default();
    Some(Class {
        control: environment.control_class.of(place)?,
        own: own_class.of(place)?,
        resource: by_resource,
        service,
        wildcard_only: action.wildcard_only,
        name: by_name.then_some(place),
    })
}

/// What comes after authorization.
fn effects(
    evaluator: &Evaluator<'_>,
    environment: &Environment<'_>,
    place: ResourceId,
    resource: &Resource,
    answers: &[(Vec<ActionId>, Answer)],
    all: &mut Permissions,
) {
    let after = After {
        caller: &evaluator.caller,
        environment,
        resource,
        facts: environment.circumstances(resource),
        answers,
    };
    let mut kept: Vec<Permission> = Vec::new();
    for (actions, answer) in answers {
        for action in actions {
            let answer = match after.effect(*action, answer.clone()) {
                Ok(answer) => answer,
                Err(why) => {
                    all.harmless.push(Idle {
                        action: *action,
                        resource: place,
                        why,
                    });
                    continue;
                }
            };
            match kept.iter_mut().find(|held| held.answer == answer) {
                Some(held) => held.actions.push(*action),
                None => kept.push(Permission {
                    actions: vec![*action],
                    resource: place,
                    answer,
                }),
            }
        }
    }
    all.held.extend(kept);
}

/// What an action that is authorized does to one resource.
struct After<'r> {
    caller: &'r Caller,
    environment: &'r Environment<'r>,
    resource: &'r Resource,
    facts: Circumstances<'r>,
    /// What else is authorized there.
    answers: &'r [(Vec<ActionId>, Answer)],
}

impl After<'_> {
    fn answer_of(&self, action: ActionId) -> Option<&Answer> {
        let mut found = self.answers.iter();
        let found = found.find(|(actions, _)| actions.contains(&action));
        found.map(|(_, answer)| answer)
    }

    /// When the action does harm, or why it does none.
    fn effect(&self, action: ActionId, answer: Answer) -> Result<Answer, &'static str> {
        let resource = self.resource;
        let mut answer = self.effective(action, answer)?;
        if let Some(need) = resource.needs.iter().find(|need| need.action == action) {
            match self.answer_of(need.other) {
                Some(other) => answer = answer.and(other),
                None => return Err("an active protection cannot be removed"),
            }
        }
        answer = answer.unless(resource.why_open(action));
        if self.caller.account != resource.account.as_str() {
            answer = answer.unless(&resource.open_outside);
        }
        Ok(answer)
    }

    fn effective(&self, action: ActionId, answer: Answer) -> Result<Answer, &'static str> {
        let name = table().get(action).action.as_str();
        let caller = self.caller;
        match effect_of(name, &caller.account, &self.resource.id, &self.facts) {
            Effectiveness::Full => Ok(answer),
            Effectiveness::None(why) => match &self.environment.trail_administrators {
                Err(gap) if self.resource.organization_trail => Ok(answer.unless([gap])),
                Ok(_) | Err(_) => Err(why),
            },
            Effectiveness::Needs(other) => match self.answer_of(table().named(other)) {
                Some(other) => Ok(answer.and(other)),
                None => Err("the retention cannot be bypassed"),
            },
            Effectiveness::RootWithMfa if caller.kind == CallerKind::Root => {
                Ok(answer.only_if("with MFA", Strength::Strong))
            }
            Effectiveness::RootWithMfa => Err("only the root user can, with MFA"),
        }
    }
}
