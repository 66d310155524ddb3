//! Ways between accounts: who could set out to assume a role elsewhere, and which roles let somebody from elsewhere in.
//!
//! Accounts are read one by one. What is kept of each is the part that bears on `sts:AssumeRole`.

mod administrators;
mod kept;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::{Answer, Missing};
use super::environment::Environment;
use super::evaluate::{Evaluator, Question, TRUST_POLICY};
use super::external;
use super::graph::{ActorKind, Graph, Means, Node, NodeId};
use super::identity_policies::{AccountPolicies, is_linked, place};
use super::indexed_document::Indexed;
use crate::fact::Gap;
use crate::ids::{AccountId, Arn};
use crate::policy::{CallerKind, Document, Policy, Principal, Strength, Target};
use administrators::OverAll;
use kept::{Assumer, Kept, Named, Part, held, part};

/// A role that lets somebody from elsewhere in.
struct TrustingRole {
    node: NodeId,
    role: Arn,
    account: AccountId,
    trust: Kept,
}

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

const ASSUME: &str = "sts:AssumeRole";
const FEDERATED: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];

impl Travel {
    /// Keeps a principal that may assume roles at all.
    pub(super) fn add_assumer(&mut self, evaluator: &Evaluator<'_>, node: NodeId) {
        if !evaluator.touches(place(ASSUME)) {
            return;
        }
        let (parts, kept) = (&mut self.parts, &mut self.kept);
        let mut keep = |policy: &Policy<'_, Gap>| -> Option<Named> {
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
    /// Roles whose trust policies cannot be read may let anybody in.
    fn unreadable(&self, graph: &mut Graph) {
        let doors = self.doors.iter();
        let doors: Vec<(&TrustingRole, &Gap)> = doors
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
