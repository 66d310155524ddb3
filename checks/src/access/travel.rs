//! Ways between accounts: who could set out to assume a role elsewhere, and which roles let somebody from elsewhere in.
//!
//! Accounts are read one by one. What is kept of each is the part that bears on `sts:AssumeRole`.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Answer, Asker};
use super::graph::{ActorKind, Graph, Node};
use super::ground::Ground;
use super::indexed::Indexed;
use super::outside;
use super::people::{Papers, is_linked, place};
use super::steps::sessions;
use crate::ids::{AccountId, Arn};
use crate::policy::{Caller, Context, Document, Policy, Principal, Strength, Target};

/// Somebody who may assume roles elsewhere.
struct Traveller {
    node: usize,
    caller: Caller,
    context: Context,
    identity: Vec<(String, Result<Indexed, String>)>,
    boundary: Option<(String, Result<Indexed, String>)>,
}

/// A role that lets somebody from elsewhere in.
struct Door {
    node: usize,
    role: Arn,
    account: AccountId,
    trust: Result<Indexed, String>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Travel {
    travellers: BTreeMap<AccountId, Vec<Traveller>>,
    doors: Vec<Door>,
    /// Accounts whose principals are known.
    pub(super) known: BTreeSet<AccountId>,
}

const ASSUME: &str = "sts:AssumeRole";

impl Travel {
    /// Keeps a principal that may assume roles at all.
    pub(super) fn sets_out(&mut self, asker: &Asker<'_>, node: usize) {
        if !asker.touches(place(ASSUME)) {
            return;
        }
        let keep = |policy: &Policy<'_>| {
            let document = match &policy.document {
                Ok(document) => part(document).map(|it| Ok(Indexed::new(it))),
                Err(reason) => Some(Err(reason.clone())),
            };
            document.map(|it| (policy.name.clone(), it))
        };
        let account = AccountId::from(asker.caller.account.as_str());
        let boundary = asker.layers.boundary.as_ref().map(|policy| {
            let nothing = || {
                (
                    policy.name.clone(),
                    Err("it allows no role to be assumed".to_owned()),
                )
            };
            keep(policy).unwrap_or_else(nothing)
        });
        // A boundary without a word on it forbids it.
        if let Some((_, Err(_))) = &boundary
            && asker
                .layers
                .boundary
                .as_ref()
                .is_some_and(|it| it.document.is_ok())
        {
            return;
        }
        self.travellers.entry(account).or_default().push(Traveller {
            node,
            caller: asker.caller.clone(),
            context: asker.context.clone(),
            identity: asker.layers.identity.iter().filter_map(keep).collect(),
            boundary,
        });
    }

    /// Keeps the roles of an account that name somebody from elsewhere, or may.
    pub(super) fn opens(&mut self, papers: &Papers<'_>, roles: &[usize]) {
        self.known.insert(papers.account.clone());
        let all = papers.details.roles.iter().zip(&papers.trust).zip(roles);
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
            let open = trust.as_ref().is_ok_and(|trust| {
                let mut named = trust.allows().filter_map(|it| it.principals.as_ref());
                named.any(|it| it.negated || it.members.iter().any(elsewhere))
            });
            if open {
                self.doors.push(Door {
                    node: *node,
                    role: role.arn.clone(),
                    account: papers.account.clone(),
                    trust: trust.clone().map(Indexed::new),
                });
            }
        }
    }

    /// Joins both sides.
    pub(super) fn join(self, graph: &mut Graph, ground: &Ground<'_>, inside: &BTreeSet<AccountId>) {
        let mut strangers: BTreeMap<String, usize> = BTreeMap::new();
        for door in &self.doors {
            let Ok(trust) = &door.trust else { continue };
            let mut from: BTreeSet<&AccountId> = BTreeSet::new();
            let mut outsiders: BTreeSet<Principal> = BTreeSet::new();
            for set in trust
                .document
                .allows()
                .filter_map(|it| it.principals.as_ref())
            {
                if set.negated || set.is_everyone() {
                    from.extend(self.travellers.keys());
                    outsiders.insert(Principal::Everyone);
                    continue;
                }
                for member in set.members.iter().filter(|it| !it.is_deleted()) {
                    let account = member.account().map(AccountId::from);
                    let known = account.and_then(|it| inside.get(&it));
                    match (member, known) {
                        (Principal::Account(_) | Principal::Aws(_), Some(known)) => {
                            from.insert(known);
                        }
                        (
                            Principal::Account(_) | Principal::Aws(_) | Principal::Federated(_),
                            _,
                        ) => {
                            outsiders.insert(member.clone());
                        }
                        (
                            Principal::Everyone
                            | Principal::Service(_)
                            | Principal::CanonicalUser(_),
                            _,
                        ) => {}
                    }
                }
            }
            from.remove(&door.account);
            for account in from {
                for traveller in self.travellers.get(account).into_iter().flatten() {
                    let answer = traveller.ask(door, &trust.document, ground);
                    graph.link(traveller.node, door.node, ASSUME, answer);
                }
            }
            for who in outsiders {
                let Some((id, account, kind)) = outside::name(&who, ground) else {
                    continue;
                };
                let answer = by_outsider(&who, door, trust, ground);
                if answer.is_denied() {
                    continue;
                }
                let node = *strangers.entry(id.clone()).or_insert_with(|| {
                    let mut nodes = graph.nodes.iter();
                    match nodes.position(|it| it.kind == kind && it.id == id) {
                        Some(node) => node,
                        None => graph.add(Node::new(&id, &account, kind)),
                    }
                });
                let by = match kind {
                    ActorKind::Federated => "sts:AssumeRoleWithWebIdentity or WithSAML",
                    _ => ASSUME,
                };
                graph.link(node, door.node, by, answer);
            }
        }
    }
}

fn by_outsider(who: &Principal, door: &Door, trust: &Indexed, ground: &Ground<'_>) -> Answer {
    let mut best = Answer::denied();
    let everything = super::people::everything();
    for mut asker in outside::askers(who, ground, everything.as_ref()) {
        let actions: &[&str] = match who {
            Principal::Federated(_) => &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"],
            _ => &[ASSUME],
        };
        for action in actions {
            asker.layers.resource = Some(Policy::new("trust policy", &trust.document));
            let target = Target::One(door.role.to_string());
            let mut answer = asker.plain(ground, action, target, &door.account, &[]);
            if matches!(who, Principal::Federated(_)) {
                answer = answer.only_if("the provider vouches for the caller", Strength::Weak);
            }
            best = best.or(answer);
        }
    }
    best
}

impl Traveller {
    fn ask(&self, door: &Door, trust: &Document, ground: &Ground<'_>) -> Answer {
        let mut asker = Asker::new(self.caller.clone(), ground);
        asker.context = self.context.clone();
        for (name, read) in &self.identity {
            asker.holds(name, read.as_ref().map_err(Clone::clone));
        }
        asker.layers.boundary = self.boundary.as_ref().map(|(name, read)| match read {
            Ok(indexed) => Policy::new(name, &indexed.document),
            Err(reason) => Policy::missing(name, reason),
        });
        let mut callers = vec![self.caller.id.clone()];
        callers.extend(sessions(trust, &asker));
        let mut best = Answer::denied();
        for id in callers {
            asker.caller.id = id;
            let named = trust.allows().filter_map(|it| it.principals.as_ref());
            if !named
                .into_iter()
                .any(|it| it.grant(&asker.caller).is_some())
            {
                continue;
            }
            asker.layers.resource = Some(Policy::new("trust policy", trust));
            let target = Target::One(door.role.to_string());
            best = best.or(asker.plain(ground, ASSUME, target, &door.account, &[]));
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
