//! The layers, put together as AWS documents its evaluation logic.

use super::assignments::Worlds;
use super::atoms::Atom;
use super::compile::{Applied, Build, Clauses, Reading};
use super::context::Tri;
use super::document::{Document, Effect};
use super::formula::Formula;
use super::principal::{CallerKind, Grant, Principal};
use super::request::{Layer, Level, Policy, StatementRef};
use super::{acl, rcp};

/// The formulas of a decision.
pub(super) struct Formulas {
    pub(super) allowed: Formula,
    pub(super) denied: Formula,
    /// Each layer that must allow.
    pub(super) needed: Vec<(Layer, Formula)>,
}

impl Formulas {
    pub(super) fn blocked(&self, worlds: &Worlds) -> Vec<Layer> {
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

/// What a resource policy grants, by how far it reaches.
#[derive(Default)]
struct Grants {
    account: Vec<Formula>,
    role: Vec<Formula>,
    everyone: Vec<Formula>,
    direct: Vec<Formula>,
}

/// When the policies on the caller's side allow it.
struct Own {
    identity: Formula,
    boundary: Formula,
    session: Formula,
}

impl Own {
    fn needed(self, by_resource: Formula) -> Vec<(Layer, Formula)> {
        vec![
            (Layer::Identity, self.identity),
            (Layer::Boundary, self.boundary),
            (Layer::Session, self.session),
            (Layer::Resource, by_resource),
        ]
    }
}

impl<'a, R: Clone> Build<'a, R> {
    /// Puts the layers together. Section by section as AWS documents the evaluation logic.
    pub(super) fn whole(&mut self) -> Formulas {
        let layers = self.layers;
        let root = self.request.caller.kind == CallerKind::Root;
        let has_policies = self.has_policies();
        let identity = if has_policies {
            self.union(Layer::Identity, layers.identity)
        } else {
            // The root user may do everything in its account; the others have no policies.
            Clauses {
                denies: Formula::No,
                allows: if root { Formula::Yes } else { Formula::No },
            }
        };
        let boundary = layers.boundary.filter(|_| has_policies);
        let boundary = self.limit(Layer::Boundary, boundary);
        let session = layers.session.filter(|_| has_policies || root);
        let session = self.limit(Layer::Session, session);
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
        let own = Own {
            identity: identity.allows,
            boundary: boundary.allows,
            session: session.allows,
        };
        let (granted, mut needed) = self.granted(own, grants);
        needed.push((Layer::Scp, scp.allows.clone()));
        Formulas {
            allowed: Formula::all([denied.clone().not(), scp.allows, granted]),
            denied,
            needed,
        }
    }

    fn has_policies(&self) -> bool {
        match self.request.caller.kind {
            CallerKind::Role
            | CallerKind::AssumedRole
            | CallerKind::User
            | CallerKind::ServiceLinkedRole => true,
            CallerKind::Root
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => false,
        }
    }

    /// When the caller's own policies and the resource's grant it, and each layer that must allow.
    fn granted(&mut self, own: Own, grants: Grants) -> (Formula, Vec<(Layer, Formula)>) {
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
        if !self.request.caller.has_account() {
            return (everyone.or(direct), vec![(Layer::Resource, by_resource)]);
        }
        let all = Formula::all([
            own.identity.clone(),
            own.boundary.clone(),
            own.session.clone(),
        ]);
        let grants_key = self.key_grants();
        if self.crosses_accounts() {
            let granted = all.and(by_resource.clone()).or(grants_key);
            return (granted, own.needed(by_resource));
        }
        let delegated = if self.needs_resource_policy() {
            account
        } else {
            Formula::Yes
        };
        let granted = Formula::any([
            all.and(delegated.clone()),
            direct,
            role.and(own.boundary.clone()).and(own.session.clone()),
            everyone.and(own.session.clone()),
            grants_key,
        ]);
        (granted, own.needed(delegated))
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

    /// Every level from the root to the account must allow; nothing attached blocks.
    fn service_control(&mut self) -> Clauses {
        let exempt = match self.request.caller.kind {
            CallerKind::ServiceLinkedRole
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => true,
            CallerKind::Role | CallerKind::AssumedRole | CallerKind::User | CallerKind::Root => {
                self.layers.management_account == Some(self.request.caller.account.as_str())
            }
        };
        let levels: &'a [Level<'a, R>] = match self.layers.scps {
            Some(levels) if !exempt => levels,
            Some(_) | None => {
                return Clauses {
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
        Clauses {
            denies: Formula::any(denies),
            allows: Formula::all(allows),
        }
    }

    /// Only their Denies matter: `RCPFullAWSAccess` is always there.
    fn resource_control(&mut self) -> Formula {
        let request = self.request;
        let exempt = request.caller.kind == CallerKind::ServiceLinkedRole
            || self.layers.management_account == Some(request.resource_account.as_str())
            || self.layers.aws_managed_key
            || !rcp::limits(&request.action);
        let levels: &'a [Level<'a, R>] = match self.layers.rcps {
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
        let Some(policy) = self.layers.resource else {
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
    fn is_outsider(&self, policy: &Policy<'_, R>) -> bool {
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
            let names = |who: &str| Principal::aws(who).names(&self.request.caller);
            // "The retiring principal can retire the grant": it needs no operation for that, and no policy.
            let retires = self.request.action.eq_ignore_ascii_case("kms:RetireGrant")
                && grant.retiring.as_deref().is_some_and(names);
            if !retires && (!covered || !names(&grant.grantee)) {
                continue;
            }
            let mut parts = Vec::new();
            for condition in grant.constraints.iter().filter(|_| !retires) {
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
}
