//! Those who are in no account that was looked at: other accounts, providers, everyone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::environment::Environment;
use super::evaluate::Evaluator;
use super::graph::{ActorKind, Graph, Node};
use super::identity_policies::everything;
use super::indexed_document::Indexed;
use super::tamper_permissions::{Permission, Permissions, holdings};
use crate::fact::Gap;
use crate::ids::AccountId;
use crate::policy::{AclGrantee, Caller, CallerKind, Key, Principal, Value};

/// Any account of whose principals nothing is known.
const SOME_ACCOUNT: &str = "000000000000";

/// How an outsider is told.
pub(super) fn name(
    who: &Principal,
    environment: &Environment<'_>,
) -> Option<(String, AccountId, ActorKind)> {
    let partition = &environment.ctx.inventory.header.scope.partition;
    let account = AccountId::from(who.account().unwrap_or_default());
    match who {
        Principal::Everyone => Some(("*".to_owned(), account, ActorKind::Anyone)),
        Principal::Account(id) => {
            let arn = format!("arn:{partition}:iam::{id}:root");
            Some((arn, account, ActorKind::External))
        }
        Principal::Aws(arn) => Some((arn.clone(), account, ActorKind::External)),
        Principal::CanonicalUser(id) => Some((id.clone(), account, ActorKind::External)),
        Principal::Federated(id) => Some((id.clone(), account, ActorKind::Federated)),
        Principal::Service(_) => None,
    }
}

/// As whom an outsider may come. What its own account allows it is taken as everything; in an account of the
/// organization that was not read, it is unknown.
pub(super) fn askers<'c>(
    who: &Principal,
    environment: &'c Environment<'_>,
    everything: &'c Indexed,
) -> Vec<Evaluator<'c>> {
    let outside = Outside {
        environment,
        everything,
    };
    match who {
        Principal::Everyone => {
            let anonymous = Evaluator::new(Caller::anonymous(), environment);
            let mut somebody = outside.any_role_of(SOME_ACCOUNT);
            let account = Key::Known(Value::One(SOME_ACCOUNT.to_owned()));
            somebody.context.set("aws:PrincipalAccount", account);
            vec![anonymous, somebody]
        }
        Principal::Account(id) => vec![outside.any_role_of(id)],
        Principal::CanonicalUser(id) => {
            let mut evaluator = outside.any_role_of(SOME_ACCOUNT);
            evaluator.caller.canonical_user = Some(id.clone());
            vec![evaluator]
        }
        Principal::Aws(arn) => {
            let account = who.account().unwrap_or(SOME_ACCOUNT);
            vec![outside.named(arn, account)]
        }
        Principal::Federated(id) => {
            let caller = Caller::new(CallerKind::Federated, id, "");
            vec![Evaluator::new(caller, environment)]
        }
        Principal::Service(name) => vec![Evaluator::new(Caller::service(name), environment)],
    }
}

/// Makes principals of accounts whose own policies are not at hand.
struct Outside<'c, 'e> {
    environment: &'c Environment<'e>,
    everything: &'c Indexed,
}

impl<'c> Outside<'c, '_> {
    fn of_account(&self, kind: CallerKind, id: &str, account: &str) -> Evaluator<'c> {
        const POLICIES: &str = "policies of its own account";
        let mut evaluator = Evaluator::new(Caller::new(kind, id, account), self.environment);
        let account = AccountId::from(account);
        let ours = self
            .environment
            .ctx
            .inventory
            .accounts
            .contains_key(&account);
        let read = match ours {
            false => Ok(self.everything),
            true => Err(self.environment.unread(&account)),
        };
        evaluator.holds(POLICIES, read);
        evaluator.documents.clear();
        evaluator.touched = None;
        evaluator
    }

    /// Any role of that account, whatever its name.
    fn any_role_of(&self, account: &str) -> Evaluator<'c> {
        let id = format!("arn:aws:sts::{account}:assumed-role/any/any");
        let mut evaluator = self.of_account(CallerKind::AssumedRole, &id, account);
        let any = |may_be_absent| Key::Any { may_be_absent };
        evaluator.context.set("aws:PrincipalArn", any(false));
        for key in ["aws:PrincipalType", "aws:username"] {
            evaluator.context.set(key, any(true));
        }
        evaluator
    }

    /// A user, role or session that a policy names.
    fn named(&self, arn: &str, account: &str) -> Evaluator<'c> {
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        if resource.starts_with("user/") || resource.starts_with("federated-user/") {
            return self.of_account(CallerKind::User, arn, account);
        }
        if !resource.starts_with("role/") {
            let caller = arn.replacen(":iam:", ":sts:", 1);
            return self.of_account(CallerKind::AssumedRole, &caller, account);
        }
        let role = resource.rsplit('/').next().unwrap_or_default();
        let partition = arn.split(':').nth(1).unwrap_or("aws");
        let caller = format!("arn:{partition}:sts::{account}:assumed-role/{role}/any");
        let mut evaluator = self.of_account(CallerKind::AssumedRole, &caller, account);
        evaluator.caller.role_arn = Some(arn.to_owned());
        evaluator.context = std::mem::take(&mut evaluator.context).with("aws:PrincipalArn", arn);
        evaluator
    }
}

/// Outsiders whom the policies of resources let in, and what each holds.
pub(super) fn add(graph: &mut Graph, environment: &Environment<'_>, known: &BTreeSet<AccountId>) {
    let mut named: BTreeSet<Principal> = BTreeSet::new();
    for (_, resource) in environment.resources() {
        if let Some(Ok(policy)) = &resource.policy {
            for set in policy
                .document
                .allows()
                .filter_map(|it| it.principals.as_ref())
            {
                match set.negated {
                    true => drop(named.insert(Principal::Everyone)),
                    false => named.extend(set.members.iter().cloned()),
                }
            }
        }
        let retiring = resource.grants.iter().filter_map(|it| it.retiring.as_ref());
        let grantees = resource.grants.iter().map(|it| &it.grantee);
        let grantees = grantees.chain(retiring).map(|it| Principal::aws(it));
        named.extend(grantees.filter(|it| it.account().is_some()));
        for entry in &resource.acl {
            named.insert(match &entry.grantee {
                AclGrantee::AllUsers | AclGrantee::AuthenticatedUsers => Principal::Everyone,
                AclGrantee::CanonicalUser(id) => Principal::CanonicalUser(id.clone()),
            });
        }
    }
    let everything = everything();
    for who in named {
        let account = who.account().map(AccountId::from);
        let inside = account.is_some_and(|it| known.contains(&it));
        if who.is_deleted() || inside {
            continue;
        }
        let Some((id, account, kind)) = name(&who, environment) else {
            continue;
        };
        let mut all = Permissions::default();
        for evaluator in askers(&who, environment, &everything) {
            merge(&mut all, holdings(&evaluator, environment));
        }
        if let Principal::CanonicalUser(id) = &who {
            // It may be one of the organization's accounts, whose own policies then count as well.
            let what = format!("the account of canonical user ID {id}");
            let home = environment.ctx.home();
            for held in &mut all.held {
                let owner = &environment.resource(held.resource).account;
                let gap = Gap::not_modelled(&what, owner, &home);
                held.answer = held.answer.clone().unless([&gap]);
            }
        }
        // What belongs to an account that nobody looked at is no harm to this record.
        if !all.held.is_empty() {
            let mut node = Node::new(&id, &account, kind);
            node.holdings = Arc::new(all);
            graph.add(node);
        }
    }
}

/// Of two answers to one question the easier way counts.
fn merge(all: &mut Permissions, more: Permissions) {
    for Permission {
        actions,
        resource,
        answer,
    } in more.held
    {
        for action in actions {
            let before = all
                .held
                .iter()
                .position(|it| it.resource == resource && it.actions.contains(&action));
            if let Some(it) = before.and_then(|at| all.held.get_mut(at)) {
                if it.answer.rank() <= answer.rank() {
                    continue;
                }
                it.actions.retain(|own| *own != action);
            }
            all.held.push(Permission {
                actions: vec![action],
                resource,
                answer: answer.clone(),
            });
        }
    }
    all.held.retain(|it| !it.actions.is_empty());
}
