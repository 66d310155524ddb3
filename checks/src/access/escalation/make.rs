//! Making somebody new, or vouching for whom one likes.

use std::collections::BTreeMap;

use super::Steps;
use crate::access::answer::Answer;
use crate::access::evaluate::Evaluator;
use crate::access::graph::{ActorKind, Means, Node, NodeId};
use crate::access::identity_policies::place;
use crate::policy::{Key, Principal, Strength, Value};

impl<'c> Steps<'c, '_> {
    /// A new user or role, with any right that the guards above it leave.
    pub(super) fn make(&mut self, evaluator: &Evaluator<'c>, node: NodeId) {
        let iam = format!("arn:{}:iam::{}", self.partition, self.papers.account);
        let (role, user) = (format!("{iam}:role/*"), format!("{iam}:user/*"));
        let without_boundary = [("iam:PermissionsBoundary", Key::Absent)];
        let admin = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition);
        let admin = ("iam:PolicyARN", Key::Known(Value::One(admin)));
        let with = [("iam:PermissionsBoundary", Key::Absent), admin];
        const FOR_ROLE: &[&str] = &["iam:PutRolePolicy", "iam:AttachRolePolicy"];
        const FOR_USER: &[&str] = &["iam:PutUserPolicy", "iam:AttachUserPolicy"];
        for (target, first, gives, last) in [
            (&role, "iam:CreateRole", FOR_ROLE, None),
            (
                &user,
                "iam:CreateUser",
                FOR_USER,
                Some(["iam:CreateAccessKey", "iam:CreateLoginProfile"]),
            ),
        ] {
            if !evaluator.touches(place(first)) {
                continue;
            }
            let mut answer = self.ask(evaluator, first, target, &without_boundary);
            let mut given = Answer::denied();
            for action in gives {
                given = given.or(self.ask(evaluator, action, target, &with));
            }
            answer = answer.and(&given);
            if let Some(keys) = last {
                let mut key = Answer::denied();
                for action in keys {
                    key = key.or(self.ask(evaluator, action, target, &[]));
                }
                answer = answer.and(&key);
            }
            let by = Means::one(first).and(&Means::one_of(gives));
            self.graph.link(node, self.created_principal, by, answer);
        }
    }

    /// Whoever rewrites a provider vouches for whom he likes.
    pub(super) fn vouch(&mut self, evaluator: &Evaluator<'c>, node: NodeId) {
        for (provider, vouched) in self.vouched.clone() {
            let (actions, hold): (&[&'static str], &str) = if provider.contains(":saml-provider/") {
                // Rewritten, it vouches for whom one likes; one of that name may not exist, or be deleted first.
                (&["iam:UpdateSAMLProvider", "iam:CreateSAMLProvider"], "")
            } else {
                let actions = &[
                    "iam:AddClientIDToOpenIDConnectProvider",
                    "iam:CreateOpenIDConnectProvider",
                ];
                (
                    actions,
                    "the provider gives the caller a token for another audience",
                )
            };
            for action in actions {
                let mut answer = self.ask(evaluator, action, &provider, &[]);
                if action.starts_with("iam:Create") {
                    answer = answer.only_if("there is no such provider yet", Strength::Strong);
                } else if !hold.is_empty() {
                    answer = answer.only_if(hold, Strength::Weak);
                }
                self.graph.link(node, vouched, Means::one(action), answer);
            }
        }
    }

    /// A node for each provider: whoever it vouches for becomes one of the roles that trust it.
    pub(super) fn providers(&mut self) {
        let account = self.papers.account;
        let mut trusting: BTreeMap<&str, Vec<NodeId>> = BTreeMap::new();
        for (trust, to) in self.papers.trusts().zip(&self.roles) {
            let Ok(trust) = trust else {
                continue;
            };
            let members = trust.allows().filter_map(|it| it.principals.as_ref());
            for member in members.flat_map(|it| &it.members) {
                let Principal::Federated(provider) = member else {
                    continue;
                };
                if provider.contains(":saml-provider/") || provider.contains(":oidc-provider/") {
                    let own = trusting.entry(provider).or_default();
                    if own.last() != Some(to) {
                        own.push(*to);
                    }
                }
            }
        }
        for (provider, roles) in trusting {
            let id = format!("a role of {account} that trusts {provider}");
            let vouched = self.graph.add(Node::new(&id, account, ActorKind::Step));
            for role in roles {
                self.graph.pass(vouched, role);
            }
            self.vouched.push((provider.to_owned(), vouched));
        }
    }
}
