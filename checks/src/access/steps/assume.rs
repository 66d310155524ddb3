//! Assuming a role of the same account.

use super::{Becomes, Steps, note};
use crate::access::answer::Answer;
use crate::access::ask::Asker;
use crate::access::graph::{Means, NodeId};
use crate::access::people::{Who, place};
use crate::policy::{Document, Grant, Policy, Principal};

impl<'c> Steps<'c, '_> {
    pub(super) fn assume(&mut self, asker: &mut Asker<'c>, node: NodeId, becomes: &mut Becomes) {
        let own = [Some(asker.caller.id.clone()), asker.caller.role_arn.clone()];
        let named = own
            .iter()
            .flatten()
            .filter_map(|id| self.named.get(id))
            .flatten();
        let mut candidates: Vec<usize> = named.copied().collect();
        // A trust policy may name one session of it.
        if let Some(role) = &asker.caller.role_arn {
            let name = format!(
                ":assumed-role/{}/",
                role.rsplit('/').next().unwrap_or_default()
            );
            let sessions = self.named.iter().filter(|(id, _)| id.contains(&name));
            candidates.extend(sessions.flat_map(|(_, roles)| roles));
        }
        candidates.extend(&self.wide);
        candidates.sort_unstable();
        candidates.dedup();
        for at in candidates {
            let Some((role, trust)) = self
                .papers
                .details
                .roles
                .get(at)
                .zip(self.papers.trust.get(at))
            else {
                continue;
            };
            let policy = match trust {
                Ok(trust) => {
                    let grants = trust
                        .allows()
                        .filter_map(|it| it.principals.as_ref()?.grant(&asker.caller));
                    match grants.max() {
                        None if !trust_names_session(trust, asker) => continue,
                        Some(Grant::Account) if !asker.touches(place("sts:AssumeRole")) => continue,
                        None | Some(_) => {}
                    }
                    Policy::new("trust policy", trust)
                }
                Err(gap) => Policy::missing("trust policy", gap.clone()),
            };
            asker.layers.resource = Some(policy);
            let mut answer = self.ask(asker, "sts:AssumeRole", role.arn.as_str(), &[]);
            if let Ok(trust) = trust
                && answer.is_denied()
            {
                answer = self.as_session(asker, trust, role.arn.as_str());
            }
            asker.layers.resource = None;
            if let Some(&to) = self.roles.get(at) {
                let by = Means::one("sts:AssumeRole");
                self.graph.link(node, to, by.clone(), answer.clone());
                note(becomes, Who::Role(at), answer, &by);
            }
        }
    }

    /// Asks again with the session name that a trust policy names: whoever assumes a role chooses it.
    fn as_session(&self, asker: &mut Asker<'c>, trust: &Document, target: &str) -> Answer {
        let mut best = Answer::denied();
        let before = asker.caller.id.clone();
        for session in sessions(trust, asker) {
            asker.caller.id = session;
            best = best.or(self.ask(asker, "sts:AssumeRole", target, &[]));
        }
        asker.caller.id = before;
        best
    }
}

/// Sessions of the asker's role that a policy names.
pub(in crate::access) fn sessions(trust: &Document, asker: &Asker<'_>) -> Vec<String> {
    let Some((prefix, _)) = asker.caller.id.rsplit_once('/') else {
        return Vec::new();
    };
    let prefix = format!("{prefix}/");
    if !prefix.contains(":assumed-role/") {
        return Vec::new();
    }
    let statements = trust.statements.iter();
    let members = statements.filter_map(|it| it.principals.as_ref());
    let mut named = Vec::new();
    for member in members.flat_map(|it| &it.members) {
        if let Principal::Aws(arn) = member
            && arn.starts_with(&prefix)
        {
            named.push(arn.clone());
        }
    }
    named
}

fn trust_names_session(trust: &Document, asker: &Asker<'_>) -> bool {
    !sessions(trust, asker).is_empty()
}
