//! Those who are in no account that was looked at: other accounts, providers, everyone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::environment::Environment;
use super::evaluate::Evaluator;
use super::graph::{ActorKind, Graph, Node};
use super::identity_policies::everything;
use super::indexed_document::Indexed;
use super::tamper_permissions::{Permission, Permissions, holdings};
use crate::fact::{Gap, SharedGap};
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
    let of_account = |kind: CallerKind, id: &str, account: &str| {
        let mut evaluator = Evaluator::new(Caller::new(kind, id, account), environment);
        let ours = environment
            .ctx
            .inventory
            .accounts
            .contains_key(&AccountId::from(account));
        match (!ours).then_some(everything) {
            Some(everything) => evaluator.holds("policies of its own account", Ok(everything)),
            None => evaluator.holds(
                "policies of its own account",
                Err(environment.unread(&AccountId::from(account))),
            ),
        }
        evaluator.documents.clear();
        evaluator.touched = None;
        evaluator
    };
    // Any role of that account, whatever its name.
    let any_of = |account: &str| {
        let id = format!("arn:aws:sts::{account}:assumed-role/any/any");
        let mut evaluator = of_account(CallerKind::AssumedRole, &id, account);
        evaluator.context.set(
            "aws:PrincipalArn",
            Key::Any {
                may_be_absent: false,
            },
        );
        for key in ["aws:PrincipalType", "aws:username"] {
            evaluator.context.set(
                key,
                Key::Any {
                    may_be_absent: true,
                },
            );
        }
        evaluator
    };
    match who {
        Principal::Everyone => {
            let anonymous = Evaluator::new(Caller::anonymous(), environment);
            let mut somebody = any_of(SOME_ACCOUNT);
            somebody.context.set(
                "aws:PrincipalAccount",
                Key::Known(Value::One(SOME_ACCOUNT.to_owned())),
            );
            vec![anonymous, somebody]
        }
        Principal::Account(id) => vec![any_of(id)],
        Principal::CanonicalUser(id) => {
            let mut evaluator = any_of(SOME_ACCOUNT);
            evaluator.caller.canonical_user = Some(id.clone());
            vec![evaluator]
        }
        Principal::Aws(arn) => {
            let account = who.account().unwrap_or(SOME_ACCOUNT);
            let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
            if resource.starts_with("user/") || resource.starts_with("federated-user/") {
                return vec![of_account(CallerKind::User, arn, account)];
            }
            let mut caller = arn.replacen(":iam:", ":sts:", 1);
            let role = resource.rsplit('/').next().unwrap_or_default();
            if resource.starts_with("role/") {
                let partition = arn.split(':').nth(1).unwrap_or("aws");
                caller = format!("arn:{partition}:sts::{account}:assumed-role/{role}/any");
            }
            let mut evaluator = of_account(CallerKind::AssumedRole, &caller, account);
            if resource.starts_with("role/") {
                evaluator.caller.role_arn = Some(arn.clone());
                evaluator.context =
                    std::mem::take(&mut evaluator.context).with("aws:PrincipalArn", arn);
            }
            vec![evaluator]
        }
        Principal::Federated(id) => {
            vec![Evaluator::new(
                Caller::new(CallerKind::Federated, id, ""),
                environment,
            )]
        }
        Principal::Service(name) => vec![Evaluator::new(Caller::service(name), environment)],
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
                held.answer = held.answer.clone().unless([&SharedGap::new(gap)]);
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
