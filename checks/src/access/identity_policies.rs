//! The principals of one account, with all policies that have a say in what each may do.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::actions::{ActionId, table};
use super::environment::Environment;
use super::evaluate::{Evaluator, Own, USER_ID};
use super::gaps;
use super::indexed_document::{Indexed, Read};
use super::listed::listed;
use crate::calls;
use crate::fact::{Gap, Reason};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::iam::{AuthorizationDetails, InlinePolicy, Role, User};
use crate::policy::{
    ActionSet, Actions, Caller, CallerKind, Document, Effect, Key, Members, ParseError, Policy,
    Value,
};

/// The documents of an account, each read once.
pub(super) struct AccountPolicies<'d> {
    pub(super) account: &'d AccountId,
    pub(super) details: &'d AuthorizationDetails,
    /// Where IAM is asked.
    home: Region,
    pub(super) managed: BTreeMap<&'d str, Arc<Read>>,
    /// Own documents of users, groups and roles, by the ARN of their owner. Equal texts are one document.
    pub(super) inline: BTreeMap<&'d str, Vec<(&'d str, Arc<Read>)>>,
    pub(super) groups: BTreeMap<&'d str, usize>,
    /// The ARNs of the groups, and the place of each in the listing; then those that begin otherwise.
    pub(super) group_arns: (Members, Vec<usize>),
    pub(super) odd_groups: Vec<usize>,
    /// Trust policies, in the order of the roles.
    trust: Vec<Arc<Result<Document, Gap>>>,
    /// Grants everything.
    pub(super) everything: Indexed,
    /// A trust policy that lets in the whole account.
    pub(super) door: Document,
}

impl<'d> AccountPolicies<'d> {
    /// What the documents say of the actions of the table.
    pub(super) fn of(
        account: &'d AccountId,
        details: &'d AuthorizationDetails,
        environment: &Environment<'_>,
    ) -> Self {
        Self::about(account, details, environment, &|actions| {
            table().index.names_any(actions)
        })
    }

    /// What they say of these actions.
    pub(super) fn about(
        account: &'d AccountId,
        details: &'d AuthorizationDetails,
        environment: &Environment<'_>,
        keep: &dyn Fn(&Actions) -> bool,
    ) -> Self {
        let home = environment.ctx.home();
        let mut known: BTreeMap<&'d str, Arc<Read>> = BTreeMap::new();
        let mut read = |text: &'d str| {
            let read = || Indexed::read_about(text, keep);
            let read = || read().map_err(|error| refused(account, &home, &error));
            let read = known.entry(text).or_insert_with(|| Arc::new(read()));
            read.clone()
        };
        let managed = details
            .policies
            .iter()
            .map(|it| (it.arn.as_str(), read(&it.document)));
        let managed: BTreeMap<&str, Arc<Read>> = managed.collect();
        let mut inline = BTreeMap::new();
        let users = details.users.iter().map(|it| (&it.arn, &it.inline));
        let groups = details.groups.iter().map(|it| (&it.arn, &it.inline));
        let roles = details.roles.iter().map(|it| (&it.arn, &it.inline));
        for (arn, policies) in users.chain(groups).chain(roles) {
            let read = |it: &'d InlinePolicy| (it.name.as_str(), read(&it.document));
            let read: Vec<(&str, Arc<Read>)> = policies.iter().map(read).collect();
            if !read.is_empty() {
                inline.insert(arn.as_str(), read);
            }
        }
        let groups = details.groups.iter().enumerate();
        let start = format!(
            "arn:{}:iam::{account}:group/",
            environment.ctx.inventory.header.scope.partition
        );
        let (mut own, odd): (Vec<(&str, usize)>, Vec<_>) = groups
            .clone()
            .map(|(at, it)| (it.arn.as_str(), at))
            .partition(|(arn, _)| arn.starts_with(&start));
        own.sort_unstable();
        let members = Members::new(&start, own.iter().map(|(arn, _)| *arn));
        let mut known: BTreeMap<&str, Arc<Result<Document, Gap>>> = BTreeMap::new();
        let trust = |role: &'d Role| {
            let text = role.trust.as_str();
            let read = || Document::fits(text).and_then(|()| Document::parse(text));
            let read = || read().map_err(|error| refused(account, &home, &error));
            let read = known.entry(text).or_insert_with(|| Arc::new(read()));
            read.clone()
        };
        Self {
            account,
            details,
            managed,
            inline,
            groups: groups.map(|(at, it)| (it.name.as_str(), at)).collect(),
            group_arns: (members, own.into_iter().map(|(_, at)| at).collect()),
            odd_groups: odd.into_iter().map(|(_, at)| at).collect(),
            trust: details.roles.iter().map(trust).collect(),
            everything: everything(),
            door: door(account),
            home: environment.ctx.home(),
        }
    }

    /// The trust policy of a role, by its place in the listing.
    pub(super) fn trust(&self, role: usize) -> Option<&Result<Document, Gap>> {
        self.trust.get(role).map(Arc::as_ref)
    }

    /// All of them, in the order of the roles.
    pub(super) fn trusts(&self) -> impl Iterator<Item = &Result<Document, Gap>> {
        self.trust.iter().map(Arc::as_ref)
    }

    /// The account's answer is there, and lacks something or cannot be read.
    pub(super) fn unreadable(&self, words: &str) -> Gap {
        unreadable(self.account, &self.home, words)
    }
}

fn unreadable(account: &AccountId, home: &Region, words: &str) -> Gap {
    let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    gaps::of(call, account, home, Reason::Malformed, words)
}

/// A document is there, and cannot be used.
fn refused(account: &AccountId, home: &Region, error: &ParseError) -> Gap {
    let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
    gaps::of(call, account, home, gaps::reason(error), &error.to_string())
}

#[expect(
    clippy::expect_used,
    reason = "a policy that is written here: the tests read it"
)]
pub(super) fn everything() -> Indexed {
    let text =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    Indexed::read(text).expect("the policy that grants everything is well formed")
}

/// A trust policy that lets in the whole account.
#[expect(
    clippy::expect_used,
    reason = "a policy that is written here: the tests read it"
)]
fn door(account: &AccountId) -> Document {
    let account = serde_json::Value::from(account.as_str());
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":{account}}},"Action":"sts:AssumeRole"}}}}"#
    );
    Document::parse(&text).expect("the trust policy is well formed")
}

/// A user or role of the account, by its place in the listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PrincipalId {
    User(usize),
    Role(usize),
}

/// What somebody has changed about a principal before it acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Modification {
    /// It was given every right.
    pub(super) granted: bool,
    /// The Denies of its own policies are gone.
    pub(super) without_denies: bool,
    /// Its permissions boundary is gone.
    pub(super) without_boundary: bool,
    /// It has joined these groups.
    pub(super) joined: Vec<usize>,
    /// Its tags are what the caller likes.
    pub(super) tagged: bool,
}

impl Modification {
    /// This, and then the other too.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut joined: Vec<usize> = self.joined.iter().chain(&other.joined).copied().collect();
        joined.sort_unstable();
        joined.dedup();
        Self {
            granted: self.granted || other.granted,
            without_denies: self.without_denies || other.without_denies,
            without_boundary: self.without_boundary || other.without_boundary,
            joined,
            tagged: self.tagged || other.tagged,
        }
    }
}

/// The common parts of a user and a role.
pub(super) struct Principal<'d> {
    pub(super) arn: &'d Arn,
    /// Its unique id; empty where that is not known.
    pub(super) id: &'d str,
    pub(super) attached: &'d [Arn],
    pub(super) groups: &'d [String],
    pub(super) boundary: Option<&'d Arn>,
    pub(super) tags: &'d BTreeMap<String, String>,
    pub(super) role: Option<&'d Role>,
}

impl<'d> AccountPolicies<'d> {
    pub(super) fn person(&self, who: PrincipalId) -> Principal<'d> {
        match who {
            PrincipalId::User(at) => {
                let it: &'d User = listed(&self.details.users, at);
                Principal {
                    arn: &it.arn,
                    id: &it.id,
                    attached: &it.attached,
                    groups: &it.groups,
                    boundary: it.boundary.as_ref(),
                    tags: &it.tags,
                    role: None,
                }
            }
            PrincipalId::Role(at) => {
                let it: &'d Role = listed(&self.details.roles, at);
                Principal {
                    arn: &it.arn,
                    id: &it.id,
                    attached: &it.attached,
                    groups: &[],
                    boundary: it.boundary.as_ref(),
                    tags: &it.tags,
                    role: Some(it),
                }
            }
        }
    }

    /// Everybody but the root user.
    pub(super) fn everybody(&self) -> impl Iterator<Item = PrincipalId> + use<> {
        let users = (0..self.details.users.len()).map(PrincipalId::User);
        users.chain((0..self.details.roles.len()).map(PrincipalId::Role))
    }

    /// The principal, ready to ask.
    pub(super) fn evaluator<'c>(
        &'c self,
        who: PrincipalId,
        freed: &Modification,
        environment: &'c Environment<'_>,
    ) -> Evaluator<'c> {
        let person = self.person(who);
        let mut evaluator = Evaluator::new(self.caller(&person, who), environment);
        evaluator.has(Own {
            id: (!person.id.is_empty()).then(|| person.id.into()),
            tags: (!freed.tagged && !self.brings_tags(who)).then(|| {
                let tags = person.tags.iter();
                let tags = tags.map(|(key, value)| (key.as_str().into(), value.as_str().into()));
                tags.collect()
            }),
        });
        if freed.granted {
            evaluator.holds("any policy that it is given", Ok(&self.everything));
        }
        if !freed.without_denies {
            self.own(&mut evaluator, &person, freed.granted);
        }
        for group in &freed.joined {
            self.of_group(&mut evaluator, *group, freed.granted);
        }
        let readable = evaluator.identity.iter().all(|it| it.document.is_ok());
        evaluator.touched = readable.then(|| {
            let mut set = ActionSet::default();
            for indexed in &evaluator.documents {
                set.add(&indexed.allowed);
            }
            set
        });
        if let Some(boundary) = person.boundary.filter(|_| !freed.without_boundary) {
            let read = self.managed.get(boundary.as_str()).map(Arc::as_ref);
            evaluator.boundary = Some(match read {
                Some(Ok(indexed)) => {
                    evaluator.documents.push(indexed);
                    Policy::new(boundary.as_str(), &indexed.document)
                }
                Some(Err(gap)) => Policy::missing(boundary.as_str(), gap.clone()),
                None => Policy::missing(boundary.as_str(), self.unreadable(NOT_THERE)),
            });
        }
        evaluator
    }

    fn caller(&self, person: &Principal<'_>, who: PrincipalId) -> Caller {
        let account = self.account.as_str();
        let arn = person.arn.as_str();
        match who {
            PrincipalId::User(_) => Caller::new(CallerKind::User, arn, account),
            PrincipalId::Role(_) if is_linked(person.arn) => {
                Caller::new(CallerKind::ServiceLinkedRole, arn, account)
            }
            PrincipalId::Role(_) => session_of(person.arn, self.account),
        }
    }

    /// A session may bring tags of its own: which the caller has is not known then.
    fn brings_tags(&self, who: PrincipalId) -> bool {
        let trust = match who {
            PrincipalId::Role(at) => self.trust(at),
            PrincipalId::User(_) => None,
        };
        match trust {
            Some(Ok(document)) => document
                .statements
                .iter()
                .any(|it| it.effect == Effect::Allow && it.actions.matches("sts:TagSession")),
            Some(Err(_)) => true,
            None => false,
        }
    }

    /// `granted`: whoever has every right already takes from its documents only what they deny.
    fn own<'c>(&'c self, evaluator: &mut Evaluator<'c>, person: &Principal<'d>, granted: bool) {
        self.of_owner(evaluator, person.arn, person.attached, granted);
        for name in person.groups {
            match self.groups.get(name.as_str()) {
                Some(group) => self.of_group(evaluator, *group, granted),
                None => {
                    let gap = self.unreadable(&format!("group {name} is not in the response"));
                    evaluator.holds(name, Err(gap));
                }
            }
        }
    }

    /// All documents that have a say in what it may do, and can be read.
    pub(super) fn documents<'c>(
        &'c self,
        person: &Principal<'d>,
    ) -> impl Iterator<Item = &'c Indexed> + use<'c, 'd> {
        let groups = person
            .groups
            .iter()
            .filter_map(|it| self.groups.get(it.as_str()));
        let groups = groups.filter_map(|at| self.details.groups.get(*at));
        let mut owners: Vec<(&'d Arn, &'d [Arn])> = vec![(person.arn, person.attached)];
        owners.extend(groups.map(|it| (&it.arn, it.attached.as_slice())));
        let inline = owners.clone().into_iter().flat_map(|(owner, _)| {
            let own = self.inline.get(owner.as_str());
            own.into_iter().flatten().map(|(_, read)| read.as_ref())
        });
        let attached = owners.into_iter().flat_map(|(_, attached)| attached);
        let managed = attached
            .chain(person.boundary)
            .filter_map(|arn| self.managed.get(arn.as_str()).map(Arc::as_ref));
        inline.chain(managed).filter_map(|read| read.as_ref().ok())
    }

    fn of_group<'c>(&'c self, evaluator: &mut Evaluator<'c>, group: usize, granted: bool) {
        if let Some(group) = self.details.groups.get(group) {
            self.of_owner(evaluator, &group.arn, &group.attached, granted);
        }
    }

    fn of_owner<'c>(
        &'c self,
        evaluator: &mut Evaluator<'c>,
        owner: &Arn,
        attached: &[Arn],
        granted: bool,
    ) {
        let counts = |read: &Read| !granted || read.as_ref().map_or(true, Indexed::denies);
        for (name, read) in self.inline.get(owner.as_str()).into_iter().flatten() {
            if !counts(read) {
                continue;
            }
            evaluator.holds(
                &format!("{name} of {owner}"),
                read.as_ref().as_ref().map_err(Clone::clone),
            );
        }
        for arn in attached {
            let read = self.managed.get(arn.as_str());
            if read.is_some_and(|read| !counts(read)) {
                continue;
            }
            let read = match read {
                Some(read) => read.as_ref().as_ref().map_err(Clone::clone),
                None => Err(self.unreadable(NOT_THERE)),
            };
            evaluator.holds(arn.as_str(), read);
        }
    }

    /// A role that nobody has made yet.
    pub(super) fn created_principal<'c>(
        &'c self,
        environment: &'c Environment<'_>,
        partition: &str,
    ) -> Evaluator<'c> {
        let id = format!("arn:{partition}:sts::{}:assumed-role/new/any", self.account);
        // Without `role_arn` its own ARN is open: it may have any name.
        let caller = Caller::new(CallerKind::AssumedRole, &id, self.account.as_str());
        let mut evaluator = Evaluator::new(caller, environment);
        evaluator.holds("any policy that it is given", Ok(&self.everything));
        evaluator
    }

    /// A federated user: what policies of resources give it by name. What it has beside that its user has as well.
    pub(super) fn federated_user<'c>(
        &'c self,
        environment: &'c Environment<'_>,
        arn: &str,
    ) -> Evaluator<'c> {
        let caller = Caller::new(CallerKind::User, arn, self.account.as_str());
        let mut evaluator = Evaluator::new(caller, environment);
        let name = arn.rsplit('/').next().unwrap_or_default();
        let id = format!("{}:{name}", self.account);
        evaluator.context.set(USER_ID, one(&id));
        evaluator.touched = Some(ActionSet::default());
        evaluator
    }

    /// The account's root user.
    pub(super) fn root<'c>(
        &'c self,
        environment: &'c Environment<'_>,
        partition: &str,
    ) -> Evaluator<'c> {
        let arn = format!("arn:{partition}:iam::{}:root", self.account);
        Evaluator::new(
            Caller::new(CallerKind::Root, &arn, self.account.as_str()),
            environment,
        )
    }
}

const NOT_THERE: &str = "it is attached, but its document is not in the response";

/// Whoever has assumed a role.
pub(super) fn session_of(role: &Arn, account: &AccountId) -> Caller {
    let name = role.as_str().rsplit('/').next().unwrap_or_default();
    let partition = role.partition();
    let session = format!("arn:{partition}:sts::{account}:assumed-role/{name}/any");
    let mut caller = Caller::new(CallerKind::AssumedRole, &session, account.as_str());
    caller.role_arn = Some(role.as_str().to_owned());
    caller
}

fn one(text: &str) -> Key {
    Key::Known(Value::One(text.to_owned()))
}

/// Only its service can use it, and nobody edits it.
pub(super) fn is_linked(role: &Arn) -> bool {
    role.resource().starts_with("role/aws-service-role/")
}

/// Made by IAM Identity Center, and edited there only.
pub(super) fn is_reserved(role: &Arn) -> bool {
    role.resource().starts_with("role/aws-reserved/")
}

/// The place of an action that must be in the table.
pub(super) fn place(action: &str) -> ActionId {
    table().named(action)
}
