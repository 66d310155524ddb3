//! Ways between accounts: who could set out to assume a role elsewhere, and which roles let somebody from elsewhere in.
//!
//! Accounts are read one by one. What is kept of each is the part that bears on `sts:AssumeRole`.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Answer, Missing};
use super::ask::Asker;
use super::graph::{ActorKind, Graph, Means, Node, NodeId};
use super::ground::Ground;
use super::indexed::{Indexed, Read};
use super::outside;
use super::people::{Papers, is_linked, place};
use super::steps::sessions;
use crate::fact::SharedGap;
use crate::ids::{AccountId, Arn};
use crate::policy::{Caller, Context, Document, Policy, Principal, Strength, Target};

/// Somebody who may assume roles elsewhere.
struct Traveller {
    node: NodeId,
    caller: Caller,
    context: Context,
    identity: Vec<(String, Read)>,
    boundary: Option<(String, Read)>,
}

/// A role that lets somebody from elsewhere in.
struct Door {
    node: NodeId,
    role: Arn,
    account: AccountId,
    trust: Read,
}

/// Somebody who can act in all accounts of the organization, in a way that ends at nodes of this kind.
struct OverAll {
    node: NodeId,
    account: AccountId,
    by: &'static str,
    answer: Answer,
    root: bool,
}

/// Actions that make a session of a member's root user, or rights through IAM Identity Center.
pub(super) const OVER_ALL: [(&str, &str, &str, bool); 5] = [
    (
        "sts:AssumeRoot",
        "iam.amazonaws.com",
        "root sessions are enabled, and AWS's task policy for them goes that far",
        true,
    ),
    ("sso:PutInlinePolicyToPermissionSet", SSO, SIGNS_IN, false),
    (
        "sso:AttachManagedPolicyToPermissionSet",
        SSO,
        SIGNS_IN,
        false,
    ),
    (
        "sso:AttachCustomerManagedPolicyReferenceToPermissionSet",
        SSO,
        SIGNS_IN,
        false,
    ),
    ("sso:CreateAccountAssignment", SSO, SIGNS_IN, false),
];
const SSO: &str = "sso.amazonaws.com";
const SIGNS_IN: &str = "Identity Center is in use, and the caller is one of its users";

/// All of them.
#[derive(Default)]
pub(super) struct Travel {
    travellers: BTreeMap<AccountId, Vec<Traveller>>,
    doors: Vec<Door>,
    /// Those who can act in all accounts of the organization.
    over_all: Vec<OverAll>,
    /// Per account, somebody new with every right that the guards above leave.
    pub(super) newcomers: Vec<NodeId>,
    /// Accounts whose principals are known.
    pub(super) known: BTreeSet<AccountId>,
}

const ASSUME: &str = "sts:AssumeRole";
const FEDERATED: &[&str] = &["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"];

impl Travel {
    /// Keeps a principal that may assume roles at all.
    pub(super) fn sets_out(&mut self, asker: &Asker<'_>, node: NodeId) {
        if !asker.touches(place(ASSUME)) {
            return;
        }
        let keep = |policy: &Policy<'_, SharedGap>| {
            let document = match &policy.document {
                Ok(document) => part(document).map(|it| Ok(Indexed::new(it))),
                Err(gap) => Some(Err(gap.clone())),
            };
            document.map(|it| (policy.name.clone(), it))
        };
        let account = AccountId::from(asker.caller.account.as_str());
        let boundary = match &asker.layers.boundary {
            None => None,
            Some(policy) => match keep(policy) {
                Some(kept) => Some(kept),
                // A boundary without a word on it forbids it.
                None => return,
            },
        };
        self.travellers.entry(account).or_default().push(Traveller {
            node,
            caller: asker.caller.clone(),
            context: asker.context.clone(),
            identity: asker.layers.identity.iter().filter_map(keep).collect(),
            boundary,
        });
    }

    /// Keeps a principal that can act in all accounts of the organization.
    pub(super) fn looks_down<'c>(
        &mut self,
        asker: &mut Asker<'c>,
        node: NodeId,
        ask: impl Fn(&mut Asker<'c>, &str, &str) -> Answer,
        ground: &Ground<'_>,
    ) {
        let account = AccountId::from(asker.caller.account.as_str());
        for (by, service, when, root) in OVER_ALL {
            if !asker.touches(place(by)) || ground.organization.is_none() {
                continue;
            }
            let acts = ground.acts_for_all(account.as_str(), service);
            if acts == Ok(false) {
                continue;
            }
            let partition = &ground.ctx.inventory.header.scope.partition;
            let target = if root {
                format!("arn:{partition}:iam::*:root")
            } else {
                format!("arn:{partition}:sso:::*")
            };
            let mut answer = ask(asker, by, &target).only_if(when, Strength::Weak);
            if let Err(gap) = acts {
                answer = answer.unless([&gap]);
            }
            if !answer.is_denied() {
                self.over_all.push(OverAll {
                    node,
                    account: account.clone(),
                    by,
                    answer,
                    root,
                });
            }
        }
    }

    /// Keeps the roles of an account that name somebody from elsewhere, or may.
    pub(super) fn opens(&mut self, papers: &Papers<'_>, roles: &[NodeId]) {
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
            // One that cannot be read may name anybody.
            let open = trust.as_ref().is_ok_and(|trust| {
                let mut named = trust.allows().filter_map(|it| it.principals.as_ref());
                named.any(|it| it.negated || it.members.iter().any(elsewhere))
            }) || trust.is_err();
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
        self.look_down(graph, ground);
        self.unreadable(graph);
        let mut strangers: BTreeMap<String, NodeId> = BTreeMap::new();
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
                    graph.link(traveller.node, door.node, Means::one(ASSUME), answer);
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
}

impl Travel {
    /// A root session of any member, or a role of any right in any account.
    fn look_down(&self, graph: &mut Graph, ground: &Ground<'_>) {
        let ends = |root: bool, graph: &Graph| -> Vec<NodeId> {
            let roots = graph.each();
            let roots = roots.filter(|(_, it)| it.kind == ActorKind::Root);
            // The root user of the management account has no such session.
            let roots = roots.filter(|(_, it)| Some(it.account.as_str()) != ground.management());
            match root {
                true => roots.map(|(node, _)| node).collect(),
                false => self.newcomers.clone(),
            }
        };
        for root in [true, false] {
            let who: Vec<&OverAll> = self.over_all.iter().filter(|it| it.root == root).collect();
            let Some(first) = who.first() else { continue };
            let words = match root {
                true => "the root user of any member account",
                false => "a role of Identity Center in any account",
            };
            let any = graph.add(Node::new(words, &first.account, ActorKind::Step));
            for end in ends(root, graph) {
                graph.link(any, end, Means::none(), Answer::allowed());
            }
            for it in who {
                graph.link(it.node, any, Means::one(it.by), it.answer.clone());
            }
        }
    }

    /// Roles whose trust policies cannot be read may let anybody in.
    fn unreadable(&self, graph: &mut Graph) {
        let doors = self.doors.iter();
        let doors: Vec<(&Door, &SharedGap)> = doors
            .filter_map(|it| Some((it, it.trust.as_ref().err()?)))
            .collect();
        let Some((first, _)) = doors.first() else {
            return;
        };
        let words = "a role whose trust policy cannot be read";
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

fn by_outsider(who: &Principal, door: &Door, trust: &Indexed, ground: &Ground<'_>) -> Answer {
    let mut best = Answer::denied();
    let everything = super::people::everything();
    for mut asker in outside::askers(who, ground, &everything) {
        let federated = matches!(who, Principal::Federated(_));
        let actions: &[&str] = if federated { FEDERATED } else { &[ASSUME] };
        for action in actions {
            asker.layers.resource = Some(Policy::new("trust policy", &trust.document));
            let target = Target::One(door.role.to_string());
            let mut answer = asker.plain(ground, action, target, &door.account, &[]);
            if federated {
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
            Err(gap) => Policy::missing(name, gap.clone()),
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
