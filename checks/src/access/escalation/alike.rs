//! Principals whose policies say the same, and look at nothing that tells them apart: one of them is asked, and a node
//! stands for all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Steps;
use crate::access::environment::Environment;
use crate::access::evaluate::Evaluator;
use crate::access::graph::NodeId;
use crate::access::identity_policies::{AccountPolicies, PrincipalId};
use crate::access::indexed_document::{About, Indexed};
use crate::access::tamper_permissions::Permissions;
use crate::policy::{CallerKind, Document, Key, Principal, Tri};

/// What decides every answer about a principal, but for its own name and the names of its policies.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Likeness {
    kind: CallerKind,
    /// It is asked whom it can change.
    changes: bool,
    /// Its documents, each by where it is held: equal texts are one document.
    documents: Vec<usize>,
    /// The last of them is its boundary.
    bounded: bool,
    /// Whether conditions on its ARN hold, in the order of all that may be in play.
    arn: Vec<Tri>,
    /// Its tags, where a policy looks at them; nothing where a session may bring others.
    tags: Option<Option<BTreeMap<String, String>>>,
}

/// What is known of all that are alike.
pub(super) struct Known {
    /// Stands for them.
    pub(super) hub: NodeId,
    /// The names of the policies, as the answers have them.
    pub(super) names: Vec<String>,
    pub(super) holdings: Arc<Permissions>,
}

/// What policies that are not a principal's own look at and name.
pub(super) struct Scene<'c> {
    /// How they tell callers apart.
    about: Vec<(&'c Document, About)>,
    /// The last part of the names of all users, roles and sessions that they name.
    named: BTreeSet<String>,
}

impl<'c> Scene<'c> {
    pub(super) fn of(papers: &'c AccountPolicies<'c>, environment: &'c Environment<'_>) -> Self {
        // Trails of other accounts have no policy.
        let resources = || environment.reachable(papers.account);
        let policies = resources().filter_map(|it| it.policy.as_ref());
        let policies = policies.flatten().map(|it| &it.document);
        let mut documents: Vec<&'c Document> = policies.collect();
        documents.extend(environment.control_documents());
        let mut trusts: Vec<&'c Document> = papers.trusts().flatten().collect();
        // Equal trust policies are one document.
        trusts.sort_by_key(|it| place(*it));
        trusts.dedup_by_key(|it| place(*it));
        documents.extend(trusts);
        let mut named = BTreeSet::new();
        for document in &documents {
            let statements = document.statements.iter();
            let sets = statements.filter_map(|it| it.principals.as_ref());
            for member in sets.flat_map(|it| &it.members) {
                if let Principal::Aws(arn) = member {
                    name(arn, &mut named);
                }
            }
        }
        for grant in resources().flat_map(|it| &it.grants) {
            for arn in [Some(&grant.grantee), grant.retiring.as_ref()] {
                arn.into_iter().for_each(|arn| name(arn, &mut named));
            }
        }
        let about = documents.into_iter().map(|it| (it, About::of(it)));
        Self {
            about: about.filter(|(_, it)| !it.is_nothing()).collect(),
            named,
        }
    }
}

/// By which names a caller of this ARN goes: its own and, of a session, that of its role.
fn name(arn: &str, all: &mut BTreeSet<String>) {
    let mut parts = arn.rsplit('/');
    all.extend(parts.next().map(str::to_owned));
    if arn.contains(":assumed-role/") {
        all.extend(parts.next().map(str::to_owned));
    }
}

/// Where something is held, as its name.
fn place<T>(it: &T) -> usize {
    std::ptr::from_ref(it).addr()
}

/// Those whose documents nobody else has: each is like nobody, and need not be compared.
pub(super) fn lone(papers: &AccountPolicies<'_>) -> BTreeSet<PrincipalId> {
    let mut held: BTreeMap<Vec<usize>, Vec<PrincipalId>> = BTreeMap::new();
    for who in papers.everybody() {
        let documents = papers.documents(&papers.person(who));
        let mut documents: Vec<usize> = documents.map(place).collect();
        documents.sort_unstable();
        held.entry(documents).or_default().push(who);
    }
    let held = held.into_values().filter(|all| all.len() == 1);
    held.flatten().collect()
}

impl<'c> Steps<'c, '_> {
    /// What the principal has in common with others; nothing where something names it, or looks at what only it has.
    pub(super) fn likeness(
        &self,
        evaluator: &Evaluator<'c>,
        (who, changes): (PrincipalId, bool),
    ) -> Option<Likeness> {
        let policies = evaluator.identity.iter().chain(&evaluator.boundary);
        let person = self.papers.person(who);
        let own = person.arn.as_str().rsplit('/').next().unwrap_or_default();
        if policies.clone().any(|it| it.document.is_err()) || self.scene.named.contains(own) {
            return None;
        }
        let mut arn = Vec::new();
        let mut tags = false;
        let own = evaluator.documents.iter();
        let own = own.map(|it: &&'c Indexed| (&it.document, &it.about));
        let others = self
            .scene
            .about
            .iter()
            .map(|(document, it)| (*document, it));
        for (document, about) in own.chain(others) {
            if about.more {
                return None;
            }
            tags |= about.tags;
            for (condition, effect) in about.arns(document) {
                match condition.holds(effect, &evaluator.context) {
                    Tri::Undecided => return None,
                    holds @ (Tri::Yes | Tri::No) => arn.push(holds),
                }
            }
        }
        // Where sessions bring no tags of their own, any that was not set is absent.
        let open = || *evaluator.context.key("aws:PrincipalTag/") != Key::Absent;
        Some(Likeness {
            kind: evaluator.caller.kind,
            changes,
            documents: evaluator.documents.iter().map(|it| place(*it)).collect(),
            bounded: evaluator.boundary.is_some(),
            arn,
            tags: tags.then(|| (!open()).then(|| person.tags.clone())),
        })
    }
}
