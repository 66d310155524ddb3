//! Who can tamper with the record: every principal, every action that stops, destroys, forges or blinds, every real
//! target; directly, or by becoming somebody else.
//!
//! [`Analysis::account`] takes the IAM documents account by account and keeps of each only what is held, a compact graph
//! of who can become whom, and the parts of policies that bear on roles in other accounts. [`Analysis::finish`] joins the
//! accounts and finds the shortest ways.

mod actions;
mod answer;
mod cross_account;
mod environment;
mod escalation;
mod evaluate;
mod external;
mod gaps;
mod graph;
mod holes;
mod identity_policies;
mod indexed_document;
mod judged;
mod listed;
pub mod mitigation;
mod modification;
pub mod names;
mod report;
mod resources;
mod search;
pub mod services;
mod simulate;
mod tamper_permissions;
mod trust;

#[cfg(test)]
mod tests;

pub use actions::{Control, Escalation, Harm, Kind, Table, TamperAction, protected, table};
pub use answer::{Answer, Missing, Rank, When, gaps as gaps_of};
pub use graph::{ActorKind, MAX_HOPS};
pub(crate) use holes::holes;
pub use judged::{Escape, Judged, Right};
pub use report::{
    Access, Actor, Harmless, Holder, Hop, Told, Wanted, short, sort, strength_word, word,
};
pub(crate) use resources::grant_of;
pub use simulate::{Refused, Simulated, Simulation, collected, simulate};

use cross_account::Travel;
use environment::Environment;
use graph::{Graph, Node, NodeId, shared};
use identity_policies::{AccountPolicies, PrincipalId, is_linked};
use report::Named;
use tamper_permissions::holdings;

use crate::context::Context;
use crate::fact::Gaps;
use crate::ids::AccountId;
use crate::inventory::iam::AuthorizationDetails;

/// An analysis under way.
pub struct Analysis<'a> {
    environment: Environment<'a>,
    graph: Graph,
    cross_account: Travel,
    unread: std::collections::BTreeMap<crate::ids::AccountId, Gaps>,
}

impl std::fmt::Debug for Analysis<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Analysis")
            .field("nodes", &self.graph.nodes.len())
            .field("edges", &self.graph.edges.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Analysis<'a> {
    /// Looks at what is the same for every principal.
    #[must_use]
    pub fn new(ctx: &'a Context<'a>) -> Self {
        Self {
            environment: Environment::new(ctx),
            graph: Graph::default(),
            cross_account: Travel::default(),
            unread: Default::default(),
        }
    }

    /// Takes in the principals of one account.
    pub fn account(&mut self, id: &AccountId, details: Result<&AuthorizationDetails, Gaps>) {
        let details = match details {
            Ok(details) => details,
            Err(gaps) => {
                self.unread.insert(id.clone(), gaps);
                return;
            }
        };
        let (environment, graph, cross_account) =
            (&self.environment, &mut self.graph, &mut self.cross_account);
        let papers = AccountPolicies::of(id, details, environment);
        let partition = environment.ctx.inventory.header.scope.partition.clone();
        let mut nodes = (Vec::new(), Vec::new());
        for who in papers.everybody() {
            let person = papers.person(who);
            let (list, kind) = match who {
                PrincipalId::User(_) => (&mut nodes.0, ActorKind::User),
                PrincipalId::Role(_) if is_linked(person.arn) => {
                    (&mut nodes.1, ActorKind::ServiceLinkedRole)
                }
                PrincipalId::Role(_) => (&mut nodes.1, ActorKind::Role),
            };
            let mut node = Node::new(person.arn.as_str(), papers.account, kind);
            node.auditor = trust::is_auditor(&papers, &person);
            if let PrincipalId::Role(at) = who {
                node.open_trust = trust::open_statements(papers.trust(at), papers.account);
            }
            list.push(graph.add(node));
        }
        let id = format!("arn:{partition}:iam::{id}:root");
        let mut root = Node::new(&id, papers.account, ActorKind::Root);
        root.holdings = shared(holdings(&papers.root(environment, &partition), environment));
        graph.add(root);
        cross_account.opens(&papers, &nodes.1);
        let federated = federated_users(&papers, environment, graph);
        escalation::Steps::new(
            environment,
            &papers,
            graph,
            cross_account,
            &partition,
            nodes,
            federated,
        )
        .all();
    }

    /// Joins the accounts, adds those outside, and finds the ways.
    #[must_use]
    pub fn finish(self) -> Access {
        let Self {
            environment,
            mut graph,
            cross_account,
            unread,
        } = self;
        // Of an account that could not be read, the account is told, not each who may come from there.
        let inside = cross_account
            .known
            .iter()
            .chain(unread.keys())
            .cloned()
            .collect();
        external::add(&mut graph, &environment, &inside);
        cross_account.join(&mut graph, &environment, &inside);
        let resources = environment.resources().map(|(_, it)| it);
        let reaches = graph.solve();
        Access {
            by_node: report::by_node(&reaches, graph.nodes.len()),
            reaches,
            resources: resources
                .map(|resource| Named {
                    id: resource.id.clone(),
                    kind: resource.kind,
                })
                .collect(),
            graph,
            unread,
        }
    }
}

/// Federated users of an account whom policies of resources name, with what these give them. They are told where some
/// user can become one of them: until then they are steps.
fn federated_users<'d>(
    papers: &'d AccountPolicies<'d>,
    environment: &'d Environment<'_>,
    graph: &mut Graph,
) -> Vec<(String, NodeId)> {
    let mut all = Vec::new();
    for arn in environment.federated_users(papers.account) {
        let mut node = Node::new(arn, papers.account, ActorKind::Step);
        node.holdings = shared(holdings(
            &papers.federated_user(environment, arn),
            environment,
        ));
        if !node.holdings.held.is_empty() {
            all.push((arn.to_owned(), graph.add(node)));
        }
    }
    all
}
