//! What each type of identity leads to.

use super::super::SLACK;
use super::super::caller::Caller;
use super::super::issue::{ASSUME_ROOT, ROLE_CALLS, ROOT_CALLS, USER_CALLS};
use super::super::need::{Need, What};
use super::super::told::{Offer, Rule, State, Whom};
use super::{Chase, PERMISSION_SET, Stage, TOKEN, after, before, regions};

impl Chase {
    pub(super) fn role(&mut self, caller: &Caller) {
        if let Some(resource) = &caller.issued_to {
            // AWS writes it; nobody can choose it.
            let resource = resource.clone();
            return self.resource(
                resource,
                "the record names what the credentials were issued to",
            );
        }
        // So does the metadata service of an instance, and the session's name is the instance's.
        let instance = caller.session_name().filter(|it| it.starts_with("i-"));
        if let (Some(_), Some(instance)) = (&caller.ec2_delivery, instance) {
            let why = "the instance's metadata service delivered the credentials";
            return self.resource(instance.to_owned(), why);
        }
        self.look(Stage::Second, ROLE_CALLS);
    }

    /// Credentials that a service issued to a resource.
    pub(super) fn resource(&mut self, resource: String, why: &str) {
        let calls: &[&str] = if resource.contains(":function") {
            &["CreateFunction", "UpdateFunctionCode"]
        } else if resource.contains(":task/") {
            &["RunTask", "StartTask", "UpdateService"]
        } else if resource.contains("i-") {
            &[
                "RunInstances",
                "StartInstances",
                "AssociateIamInstanceProfile",
            ]
        } else {
            &[]
        };
        if !calls.is_empty() {
            self.next.insert(Offer::ResourceChanged {
                resource: resource.clone(),
                calls: calls.iter().map(|it| (*it).to_owned()).collect(),
            });
        }
        if self.actor.is_none() {
            self.actor = Some(Whom {
                kind: "resource".to_owned(),
                id: resource,
                name: None,
            });
        }
        self.ended_by(Rule::ServiceCredentials);
        self.finish_as(State::Resolved, why);
    }

    pub(super) fn root(&mut self, caller: &Caller) {
        if caller.assumed_root {
            self.look(Stage::Elsewhere, ASSUME_ROOT);
        } else if caller.has_temporary_key() {
            self.look(Stage::Second, ROOT_CALLS);
        } else {
            self.finish_as(State::Resolved, "the root user of the account");
        }
    }

    pub(super) fn user(&mut self, caller: &Caller) {
        if let Some(key) = caller.key.as_ref().filter(|it| it.starts_with("AKIA")) {
            self.next.insert(Offer::KeyMade { key: key.clone() });
        }
        let begins = caller.event.name.eq_ignore_ascii_case("ConsoleLogin");
        let in_session = caller.has_temporary_key() || (caller.since.is_some() && !begins);
        if in_session && !caller.key.as_ref().is_some_and(|it| it.starts_with("AKIA")) {
            self.look(Stage::Second, USER_CALLS);
        } else {
            self.finish_as(State::Resolved, "a user of the account");
        }
    }

    /// The subject of a provider. Its account's record ends here: the provider has a log of its own.
    pub(super) fn federated(&mut self, caller: &Caller) {
        let center = caller
            .role
            .as_ref()
            .is_some_and(|it| it.contains(PERMISSION_SET));
        if !center {
            let provider = caller.provider.clone();
            let provider = provider.or_else(|| caller.written.principal_id.clone());
            let provider = provider.unwrap_or_else(|| "unknown".to_owned());
            self.next.insert(Offer::Provider {
                provider: provider.clone(),
            });
            self.ended_by(Rule::WebIdentity);
            let why = format!(
                "the provider {provider} vouches for the subject; its log is not a CloudTrail log"
            );
            return self.finish_as(State::EndsOutside, why);
        }
        let issue = caller.issue.clone().unwrap_or_default();
        self.subject = issue.subject.or_else(|| caller.written.user_name.clone());
        let role = caller.role.as_deref().unwrap_or_default();
        let set = role.split_once(PERMISSION_SET).map(|(_, rest)| rest);
        // AWSReservedSSO_NAME_16 hexadecimal digits.
        let set = set
            .and_then(|rest| rest.rsplit_once('_'))
            .map(|(name, _)| name);
        let account = role.split(':').nth(4);
        let store = self.steps.iter().find_map(|it| it.caller.behalf.as_ref());
        let store = store
            .and_then(|(_, store)| store.split(':').nth(4))
            .map(str::to_owned);
        match (set, account, caller.event.time) {
            (Some(set), Some(account), Some(time)) => {
                self.need = Some(Need {
                    account: store,
                    regions: regions(caller),
                    only_these: false,
                    from: before(time, SLACK),
                    to: after(time, SLACK),
                    names: &["GetRoleCredentials"],
                    literals: vec!["GetRoleCredentials".to_owned()],
                    wide: false,
                    optional: true,
                    what: What::Access {
                        role: set.to_owned(),
                        account: account.to_owned(),
                    },
                });
            }
            _ => self.end_at_provider(),
        }
    }

    pub(super) fn end_at_provider(&mut self) {
        let why = match self.actor {
            Some(_) => "IAM Identity Center names the user",
            None => "IAM Identity Center vouches for the subject",
        };
        self.ended_by(Rule::IdentityCenter);
        self.finish_as(State::Resolved, why);
    }

    pub(super) fn center_user(&mut self, caller: &Caller) {
        match (&caller.credential, caller.event.time) {
            (Some(credential), Some(time)) => {
                self.need = Some(Need {
                    account: caller.account().cloned(),
                    regions: regions(caller),
                    only_these: false,
                    from: time.checked_sub(TOKEN).unwrap_or(time),
                    to: time,
                    names: &["CreateTokenWithIAM"],
                    literals: vec![credential.clone()],
                    wide: true,
                    optional: true,
                    what: What::Token(credential.clone()),
                });
            }
            _ => self.finish_as(State::Resolved, "a user of IAM Identity Center"),
        }
    }

    /// A caller of another account, by its id: that account has a copy with the name.
    pub(super) fn other_account(&mut self, caller: &Caller) {
        if caller.actor.kind == "anonymous" {
            return self.finish_as(State::Resolved, "the call was not signed");
        }
        let account = caller.account().cloned();
        let place = account.clone().unwrap_or_else(|| "unknown".to_owned());
        match (&caller.shared, caller.event.time, account) {
            (Some(shared), Some(time), Some(account)) => {
                self.need = Some(Need {
                    account: Some(account),
                    regions: regions(caller),
                    only_these: false,
                    from: before(time, SLACK),
                    to: after(time, SLACK),
                    names: &[],
                    literals: vec![shared.clone()],
                    wide: false,
                    optional: false,
                    what: What::Shared(shared.clone()),
                });
            }
            _ => {
                self.next.insert(Offer::Account {
                    account: place.clone(),
                });
                let why =
                    format!("the caller is of account {place}, and no field joins the copy there");
                self.finish_as(State::EndsOutside, why);
            }
        }
    }

    pub(super) fn service(&mut self, caller: &Caller) {
        let service = caller.invoked_by.clone().unwrap_or_default();
        let hands_out = ["ec2.", "lambda.", "ecs-tasks.", "ecs.", "pods.eks."];
        let role = self.steps.iter().rev().nth(1);
        let name = role
            .and_then(|it| it.caller.session_name())
            .map(str::to_owned);
        match name.filter(|_| hands_out.iter().any(|it| service.starts_with(it))) {
            // The service chose the session's name, not a caller.
            Some(name) => {
                self.resource(name, &format!("{service} issued the credentials"));
            }
            None => self.finish_as(State::Resolved, "an AWS service"),
        }
    }
}
