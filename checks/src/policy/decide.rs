//! The decision: all layers of policies, combined as AWS combines them.
//!
//! Everything becomes one formula over what is not known (see [`super::formula`]). If that decides itself, done. Else
//! the worlds that the open keys and resources leave are tried one by one (see [`super::worlds`]).

use super::atoms::{Atom, ResourceAtom};
use super::context::{Tri, View};
use super::document::{Document, Effect, Resources, Statement};
use super::formula::Formula;
use super::principal::{CallerKind, Grant, Principal};
use super::request::{Layer, Layers, Level, Policy, Request, StatementRef};
use super::residual::{Residual, Strength};
use super::template::Incomplete;
use super::worlds::{self, Worlds};
use super::{acl, rcp, residual};

/// Whether a caller can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// In every world.
    Allowed,
    /// In some.
    Conditional,
    /// A document that could not be read may turn it either way.
    Unknown,
    /// In none.
    Denied,
}

/// What AWS answers to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Granted, and nothing forbids it.
    Allowed,
    /// Nothing grants it.
    ImplicitDeny,
    /// A statement forbids it.
    ExplicitDeny,
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// AWS's answer, where it is the same in every world.
    pub outcome: Option<Outcome>,
    /// The statements that decide: Denies that fire, Allows that grant; in some world, if the verdict is conditional.
    pub statements: Vec<StatementRef>,
    /// Layers that would have to allow, and do not in any world: why it is denied although nothing forbids it.
    pub blocked_by: Vec<Layer>,
    /// When it is allowed, if that depends.
    pub residual: Option<Residual>,
    /// How hard the residual condition is to meet.
    pub strength: Option<Strength>,
    /// Documents that could not be read, and why. Only those that matter to the verdict `unknown`.
    pub missing: Vec<String>,
    /// Statements that hold something IAM would not store. What we cannot read there was taken as never true.
    pub malformed: Vec<StatementRef>,
    /// `conditional` was not narrowed down: too many worlds to try them all.
    pub approximate: bool,
}

/// Decides a request.
#[must_use]
pub fn decide(request: &Request, layers: &Layers<'_>) -> Decision {
    let mut build = Build::new(request, layers);
    let whole = build.whole();
    let tried = match whole.allowed.kleene() {
        Tri::Undecided => worlds::enumerate(&build.atoms, &whole.allowed, request),
        Tri::Yes | Tri::No => Worlds::one(),
    };
    let verdict = verdict(&whole, &tried);
    let depends = verdict == Verdict::Conditional || verdict == Verdict::Unknown;
    let residual = depends
        .then(|| residual::of(&whole.allowed, &tried, &build))
        .flatten();
    let strength = residual.as_ref().and_then(Residual::strength);
    let outcome = outcome(&whole, &tried);
    Decision {
        verdict,
        outcome,
        statements: build.deciding(verdict, outcome, &tried),
        blocked_by: match verdict {
            Verdict::Denied => whole.blocked(&tried),
            Verdict::Allowed | Verdict::Conditional | Verdict::Unknown => Vec::new(),
        },
        residual,
        strength,
        missing: match verdict {
            Verdict::Unknown => build.missing,
            Verdict::Allowed | Verdict::Conditional | Verdict::Denied => Vec::new(),
        },
        malformed: build.malformed,
        approximate: verdict == Verdict::Conditional && !tried.exact,
    }
}

/// The formulas of a decision.
pub(super) struct Whole {
    pub(super) allowed: Formula,
    pub(super) denied: Formula,
    /// Each layer that must allow.
    needed: Vec<(Layer, Formula)>,
}

impl Whole {
    fn blocked(&self, worlds: &Worlds) -> Vec<Layer> {
        let closed = |formula: &Formula| worlds.values(formula).all(|value| value == Tri::No);
        let mut layers: Vec<Layer> = self
            .needed
            .iter()
            .filter(|(_, formula)| closed(formula))
            .map(|(layer, _)| *layer)
            .collect();
        layers.dedup();
        layers
    }
}

fn verdict(whole: &Whole, worlds: &Worlds) -> Verdict {
    let (mut some, mut open, mut none) = (false, false, false);
    for value in worlds.values(&whole.allowed) {
        match value {
            Tri::Yes => some = true,
            Tri::No => none = true,
            Tri::Undecided => open = true,
        }
    }
    match (some, none, open) {
        (true, true, _) => Verdict::Conditional,
        // Worlds were not tried: the formula itself is open, because of a document or because of the request.
        (_, _, true) if worlds.untried && whole.allowed.without_missing() == whole.allowed => {
            Verdict::Conditional
        }
        (_, _, true) => Verdict::Unknown,
        (true, false, false) => Verdict::Allowed,
        (false, _, false) => Verdict::Denied,
    }
}

fn outcome(whole: &Whole, worlds: &Worlds) -> Option<Outcome> {
    let mut outcomes = worlds
        .values(&whole.denied)
        .zip(worlds.values(&whole.allowed))
        .map(|pair| match pair {
            (Tri::Yes, _) => Some(Outcome::ExplicitDeny),
            (Tri::No, Tri::Yes) => Some(Outcome::Allowed),
            (Tri::No, Tri::No) => Some(Outcome::ImplicitDeny),
            (Tri::Undecided, _) | (Tri::No, Tri::Undecided) => None,
        });
    let first = outcomes.next()?;
    if outcomes.all(|other| other == first) {
        first
    } else {
        None
    }
}

/// One statement that can apply, and when.
pub(super) struct Applied {
    pub(super) at: StatementRef,
    pub(super) when: Formula,
}

/// Turns policies into formulas.
pub(super) struct Build<'a> {
    request: &'a Request,
    layers: &'a Layers<'a>,
    /// The action, case folded once for all patterns.
    action: Vec<char>,
    pub(super) atoms: Vec<Atom<'a>>,
    pub(super) applied: Vec<Applied>,
    missing: Vec<String>,
    malformed: Vec<StatementRef>,
}

/// How the statements of a layer are read.
#[derive(Clone, Copy)]
struct Reading {
    layer: Layer,
    incomplete: Incomplete,
    /// The layer's statements name principals.
    principals: bool,
}

impl Reading {
    fn of(layer: Layer) -> Self {
        match layer {
            Layer::Identity | Layer::Boundary | Layer::Session | Layer::Scp => Self {
                layer,
                incomplete: Incomplete::Fill,
                principals: false,
            },
            Layer::Rcp => Self {
                layer,
                incomplete: Incomplete::Reject,
                principals: true,
            },
            Layer::Resource | Layer::KeyGrant | Layer::Acl => Self {
                layer,
                incomplete: Incomplete::FillIfWildcard,
                principals: true,
            },
        }
    }
}

/// What one layer says.
struct Said {
    denies: Formula,
    allows: Formula,
}

/// What a resource policy grants, by how far it reaches.
#[derive(Default)]
struct Grants {
    account: Vec<Formula>,
    role: Vec<Formula>,
    everyone: Vec<Formula>,
    direct: Vec<Formula>,
}

impl<'a> Build<'a> {
    fn new(request: &'a Request, layers: &'a Layers<'a>) -> Self {
        Self {
            request,
            layers,
            action: super::glob::lower(&request.action),
            atoms: Vec::new(),
            applied: Vec::new(),
            missing: Vec::new(),
            malformed: Vec::new(),
        }
    }

    /// Puts the layers together. Section by section as AWS documents the evaluation logic.
    fn whole(&mut self) -> Whole {
        let layers = self.layers;
        let caller = &self.request.caller;
        let has_policies = match caller.kind {
            CallerKind::Role
            | CallerKind::AssumedRole
            | CallerKind::User
            | CallerKind::ServiceLinkedRole => true,
            CallerKind::Root
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => false,
        };
        let root = caller.kind == CallerKind::Root;

        let identity = if has_policies {
            self.union(Layer::Identity, &layers.identity)
        } else {
            // The root user may do everything in its account; the others have no policies.
            Said {
                denies: Formula::No,
                allows: if root { Formula::Yes } else { Formula::No },
            }
        };
        let boundary = self.limit(
            Layer::Boundary,
            layers.boundary.as_ref().filter(|_| has_policies),
        );
        let session = self.limit(
            Layer::Session,
            layers.session.as_ref().filter(|_| has_policies || root),
        );
        let scp = self.service_control();
        let rcp = self.resource_control();
        let (resource_denies, grants) = self.resource_policy();

        let denied = Formula::any([
            identity.denies,
            boundary.denies,
            session.denies,
            scp.denies,
            rcp,
            resource_denies,
        ]);
        let account = Formula::any(grants.account);
        let role = Formula::any(grants.role);
        let everyone = Formula::any(grants.everyone);
        let direct = Formula::any(grants.direct);
        let by_resource = Formula::any([
            account.clone(),
            role.clone(),
            everyone.clone(),
            direct.clone(),
        ]);

        let own = Formula::all([
            identity.allows.clone(),
            boundary.allows.clone(),
            session.allows.clone(),
        ]);
        let (granted, mut needed) = if !caller.has_account() {
            (everyone.or(direct), vec![(Layer::Resource, by_resource)])
        } else if self.crosses_accounts() {
            let grants_key = self.key_grants();
            (
                own.and(by_resource.clone()).or(grants_key),
                vec![
                    (Layer::Identity, identity.allows),
                    (Layer::Boundary, boundary.allows),
                    (Layer::Session, session.allows),
                    (Layer::Resource, by_resource),
                ],
            )
        } else {
            let delegated = if self.needs_resource_policy() {
                account
            } else {
                Formula::Yes
            };
            let grants_key = self.key_grants();
            let granted = Formula::any([
                own.and(delegated.clone()),
                direct,
                role.and(boundary.allows.clone())
                    .and(session.allows.clone()),
                everyone.and(session.allows.clone()),
                grants_key,
            ]);
            (
                granted,
                vec![
                    (Layer::Identity, identity.allows),
                    (Layer::Boundary, boundary.allows),
                    (Layer::Session, session.allows),
                    (Layer::Resource, delegated),
                ],
            )
        };
        needed.push((Layer::Scp, scp.allows.clone()));
        Whole {
            allowed: Formula::all([denied.clone().not(), scp.allows, granted]),
            denied,
            needed,
        }
    }

    /// Principals of one account against a resource of another: both sides must allow.
    fn crosses_accounts(&self) -> bool {
        let owner = &self.request.resource_account;
        !owner.is_empty() && *owner != self.request.caller.account
    }

    /// Keys and roles can be used only as far as their own policy lets; it may delegate to the account.
    fn needs_resource_policy(&self) -> bool {
        let fields: Vec<&str> = self.request.target.sample().splitn(6, ':').collect();
        let action = self.request.action.to_ascii_lowercase();
        match fields.as_slice() {
            [_, _, "kms", _, _, resource] => resource.starts_with("key/"),
            [_, _, "iam", _, _, resource] => {
                resource.starts_with("role/") && action.starts_with("sts:")
            }
            _ => false,
        }
    }

    fn union(&mut self, layer: Layer, policies: &'a [Policy<'a>]) -> Said {
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for policy in policies {
            let said = self.policy(Reading::of(layer), policy, |_, formula| formula);
            denies.push(said.denies);
            allows.push(said.allows);
        }
        Said {
            denies: Formula::any(denies),
            allows: Formula::any(allows),
        }
    }

    /// A layer that limits: without it, everything passes.
    fn limit(&mut self, layer: Layer, policy: Option<&'a Policy<'a>>) -> Said {
        match policy {
            None => Said {
                denies: Formula::No,
                allows: Formula::Yes,
            },
            Some(policy) => self.policy(Reading::of(layer), policy, |_, formula| formula),
        }
    }

    /// Every level from the root to the account must allow; nothing attached blocks.
    fn service_control(&mut self) -> Said {
        let exempt = match self.request.caller.kind {
            CallerKind::ServiceLinkedRole
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => true,
            CallerKind::Role | CallerKind::AssumedRole | CallerKind::User | CallerKind::Root => {
                self.layers.management_account.as_ref() == Some(&self.request.caller.account)
            }
        };
        let levels: &'a [Level<'a>] = match &self.layers.scps {
            Some(levels) if !exempt => levels,
            Some(_) | None => {
                return Said {
                    denies: Formula::No,
                    allows: Formula::Yes,
                };
            }
        };
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for level in levels {
            let said = self.union(Layer::Scp, &level.policies);
            denies.push(said.denies);
            allows.push(said.allows);
        }
        Said {
            denies: Formula::any(denies),
            allows: Formula::all(allows),
        }
    }

    /// Only their Denies matter: `RCPFullAWSAccess` is always there.
    fn resource_control(&mut self) -> Formula {
        let request = self.request;
        let exempt = request.caller.kind == CallerKind::ServiceLinkedRole
            || self.layers.management_account.as_ref() == Some(&request.resource_account)
            || self.layers.aws_managed_key
            || !rcp::limits(&request.action);
        let levels: &'a [Level<'a>] = match &self.layers.rcps {
            Some(levels) if !exempt => levels,
            Some(_) | None => return Formula::No,
        };
        let mut denies = Vec::new();
        for policy in levels.iter().flat_map(|level| &level.policies) {
            denies.push(
                self.policy(Reading::of(Layer::Rcp), policy, |_, formula| formula)
                    .denies,
            );
        }
        Formula::any(denies)
    }

    fn resource_policy(&mut self) -> (Formula, Grants) {
        let mut grants = Grants::default();
        let request = self.request;
        let caller = &request.caller;
        self.acl(&mut grants);
        let Some(policy) = &self.layers.resource else {
            return (Formula::No, grants);
        };
        let closed = self.layers.restrict_public_buckets && self.is_outsider(policy);
        let mut by_grant = Grants::default();
        let said = self.policy(
            Reading::of(Layer::Resource),
            policy,
            |statement, formula| {
                let grant = statement.and_then(|s| s.principals.as_ref()?.grant(caller));
                match grant {
                    Some(Grant::Account) => by_grant.account.push(formula.clone()),
                    Some(Grant::Role) => by_grant.role.push(formula.clone()),
                    Some(Grant::Everyone) => by_grant.everyone.push(formula.clone()),
                    Some(Grant::Direct) => by_grant.direct.push(formula.clone()),
                    // A document that could not be read may name the caller in any way.
                    None => by_grant.direct.push(formula.clone()),
                }
                formula
            },
        );
        if !closed {
            grants.account.extend(by_grant.account);
            grants.role.extend(by_grant.role);
            grants.everyone.extend(by_grant.everyone);
            grants.direct.extend(by_grant.direct);
        }
        let denies = if self.owner_can_repair_policy() {
            Formula::No
        } else {
            said.denies
        };
        (denies, grants)
    }

    /// The bucket owner's root user can always read, replace and delete the bucket's policy, so that nobody locks
    /// themselves out for good.
    fn owner_can_repair_policy(&self) -> bool {
        let action = self.request.action.to_ascii_lowercase();
        self.request.caller.kind == CallerKind::Root
            && !self.crosses_accounts()
            && matches!(
                action.as_str(),
                "s3:getbucketpolicy" | "s3:putbucketpolicy" | "s3:deletebucketpolicy"
            )
    }

    /// A public policy of a bucket that restricts those lets in only the owner's principals and AWS services.
    fn is_outsider(&self, policy: &Policy<'_>) -> bool {
        let outside = match self.request.caller.kind {
            CallerKind::Service => false,
            CallerKind::Anonymous | CallerKind::Federated => true,
            CallerKind::Role
            | CallerKind::AssumedRole
            | CallerKind::User
            | CallerKind::Root
            | CallerKind::ServiceLinkedRole => self.crosses_accounts(),
        };
        let public = |document: &Document| !super::posture::public_grants(document).is_empty();
        outside
            && policy
                .document
                .as_ref()
                .is_ok_and(|document| public(document))
    }

    fn acl(&mut self, grants: &mut Grants) {
        for (index, entry) in self.layers.acl.iter().enumerate() {
            let Some(grant) = acl::grant(entry, self.request) else {
                continue;
            };
            self.applied.push(Applied {
                at: StatementRef {
                    layer: Layer::Acl,
                    policy: "acl".to_owned(),
                    index,
                    sid: None,
                    effect: Effect::Allow,
                },
                when: Formula::Yes,
            });
            match grant {
                Grant::Account => grants.account.push(Formula::Yes),
                Grant::Role | Grant::Everyone | Grant::Direct => grants.everyone.push(Formula::Yes),
            }
        }
    }

    /// Grants of a key reach their grantee past identity policies, also across accounts.
    fn key_grants(&mut self) -> Formula {
        let mut granted = Vec::new();
        let layers = self.layers;
        for (index, grant) in layers.grants.iter().enumerate() {
            let operation = self.request.action.split_once(':');
            let covered = operation.is_some_and(|(service, operation)| {
                service.eq_ignore_ascii_case("kms")
                    && grant
                        .operations
                        .iter()
                        .any(|own| own.eq_ignore_ascii_case(operation))
            });
            if !covered || !Principal::aws(&grant.grantee).names(&self.request.caller) {
                continue;
            }
            let mut parts = Vec::new();
            for condition in &grant.constraints {
                parts.push(self.atom(Atom::Condition {
                    condition,
                    effect: Effect::Allow,
                }));
            }
            let when = Formula::all(parts);
            self.applied.push(Applied {
                at: StatementRef {
                    layer: Layer::KeyGrant,
                    policy: grant.id.clone(),
                    index,
                    sid: None,
                    effect: Effect::Allow,
                },
                when: when.clone(),
            });
            granted.push(when);
        }
        Formula::any(granted)
    }

    /// One document. `each` sees every Allow that can apply, and nothing for a document that could not be read.
    fn policy(
        &mut self,
        reading: Reading,
        policy: &'a Policy<'a>,
        mut each: impl FnMut(Option<&Statement>, Formula) -> Formula,
    ) -> Said {
        let document = match &policy.document {
            Ok(document) => *document,
            Err(reason) => {
                self.missing.push(format!("{}: {reason}", policy.name));
                return Said {
                    denies: Formula::Missing,
                    allows: each(None, Formula::Missing),
                };
            }
        };
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for (index, statement) in document.statements.iter().enumerate() {
            if !statement.actions.matches_lower(&self.action) {
                continue;
            }
            let at = || StatementRef {
                layer: reading.layer,
                policy: policy.name.clone(),
                index,
                sid: statement.sid.clone(),
                effect: statement.effect,
            };
            if statement.is_malformed() {
                self.malformed.push(at());
            }
            let when = self.applies(reading, statement);
            if when == Formula::No {
                continue;
            }
            self.applied.push(Applied {
                at: at(),
                when: when.clone(),
            });
            match statement.effect {
                Effect::Deny => denies.push(when),
                Effect::Allow => allows.push(each(Some(statement), when)),
            }
        }
        Said {
            denies: Formula::any(denies),
            allows: Formula::any(allows),
        }
    }

    /// When a statement whose action matches applies.
    fn applies(&mut self, reading: Reading, statement: &'a Statement) -> Formula {
        if reading.principals && !self.names_caller(statement) {
            return Formula::No;
        }
        let resources = match &statement.resources {
            Some(resources) => self.resources(reading, statement.effect, resources),
            // A trust policy speaks of the role that it hangs on. Elsewhere IAM demands the element.
            None if reading.layer == Layer::Resource => Formula::Yes,
            None => Formula::No,
        };
        if resources == Formula::No {
            return resources;
        }
        let mut parts = vec![resources];
        for condition in &statement.conditions {
            let effect = statement.effect;
            let part = self.atom(Atom::Condition { condition, effect });
            if part == Formula::No {
                return part;
            }
            parts.push(part);
        }
        Formula::all(parts)
    }

    fn names_caller(&self, statement: &Statement) -> bool {
        let Some(principals) = &statement.principals else {
            return false;
        };
        // With a permissions boundary on the caller, Deny with NotPrincipal fires whomever it lists.
        let always = statement.effect == Effect::Deny
            && principals.negated
            && self.layers.boundary.is_some();
        always || principals.grant(&self.request.caller).is_some()
    }

    fn resources(&mut self, reading: Reading, effect: Effect, resources: &'a Resources) -> Formula {
        let mut parts = Vec::with_capacity(resources.patterns.len());
        for pattern in &resources.patterns {
            let atom = Atom::Resource(ResourceAtom {
                pattern,
                incomplete: reading.incomplete,
                wild_type_matches: (effect == Effect::Allow) != resources.negated,
            });
            let part = self.atom(atom);
            if part == Formula::Yes {
                parts = vec![part];
                break;
            }
            parts.push(part);
        }
        let any = Formula::any(parts);
        if resources.negated { any.not() } else { any }
    }

    /// An atom, or its value where that is known.
    fn atom(&mut self, atom: Atom<'a>) -> Formula {
        let view = View::of(&self.request.context);
        let value = match &atom {
            Atom::Condition { .. } => atom.value(&view, None),
            Atom::Resource(resource) => resource.matches_target(&self.request.target, &view),
        };
        match value {
            Tri::Yes => Formula::Yes,
            Tri::No => Formula::No,
            Tri::Undecided => {
                let known = self.atoms.iter().position(|own| own.same(&atom));
                Formula::Atom(known.unwrap_or_else(|| {
                    self.atoms.push(atom);
                    self.atoms.len() - 1
                }))
            }
        }
    }

    /// The statements that a reader needs in order to follow the verdict.
    fn deciding(
        &self,
        verdict: Verdict,
        outcome: Option<Outcome>,
        worlds: &Worlds,
    ) -> Vec<StatementRef> {
        let wanted = |effect| match (verdict, outcome) {
            (Verdict::Allowed, _) => effect == Effect::Allow,
            (Verdict::Denied, Some(Outcome::ImplicitDeny)) => false,
            (Verdict::Denied, _) => effect == Effect::Deny,
            (Verdict::Conditional | Verdict::Unknown, _) => true,
        };
        let mut refs: Vec<StatementRef> = self
            .applied
            .iter()
            .filter(|applied| wanted(applied.at.effect))
            .filter(|applied| worlds.values(&applied.when).any(|value| value != Tri::No))
            .map(|applied| applied.at.clone())
            .collect();
        refs.sort();
        refs.dedup();
        refs
    }
}
