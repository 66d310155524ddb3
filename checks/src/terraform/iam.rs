//! What plans do to IAM: the difference between what they hold of it before and after, applied to the documents of an
//! account. What is needed and not known leaves the documents of the account unknown.

use std::collections::BTreeMap;

use super::build::{Builder, Linked};
use super::hcl::{Val, has_mark};
use super::plan::{Resource, Side};
use super::value::{Attr, Unsettled, as_text};
use crate::calls;
use crate::fact::{Fact, Gap, Known, Unknown};
use crate::ids::{AccountId, Arn};
use crate::inventory::change::{Claim, Edit, Kind};
use crate::inventory::iam::{Group, InlinePolicy, ManagedPolicy, Role, User};
use crate::inventory::{Iam, Planned};

const CALL: calls::ApiCall = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;

/// Kinds that are carried over.
pub(super) const CARRIED: [&str; 14] = [
    "aws_iam_group",
    "aws_iam_group_membership",
    "aws_iam_group_policy",
    "aws_iam_group_policy_attachment",
    "aws_iam_instance_profile",
    "aws_iam_policy",
    "aws_iam_policy_attachment",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user",
    "aws_iam_user_group_membership",
    "aws_iam_user_policy",
    "aws_iam_user_policy_attachment",
];

/// Kinds that say more of principals than is read.
const OPEN: [&str; 7] = [
    "aws_iam_group_policies_exclusive",
    "aws_iam_group_policy_attachments_exclusive",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_user_policies_exclusive",
    "aws_iam_user_policy_attachments_exclusive",
    "aws_iam_instance_profile_exclusive",
];

/// What the plans say of an account; none where they do not say of which.
pub(super) type Claims = BTreeMap<(Option<AccountId>, String), Vec<Claim>>;

/// The edits that lead from one side to the other, by account.
pub(super) fn edits(before: &Claims, after: &Claims) -> Vec<(Option<AccountId>, Edit)> {
    let none = Vec::new();
    let mut all = Vec::new();
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for adding in [false, true] {
        for key in &keys {
            let old = before.get(*key).unwrap_or(&none);
            let new = after.get(*key).unwrap_or(&none);
            let (from, than) = if adding { (new, old) } else { (old, new) };
            for claim in from.iter().filter(|it| !than.contains(it)) {
                let edit = match adding {
                    true => Edit::Add(claim.clone()),
                    false => Edit::Remove(claim.clone()),
                };
                all.push((key.0.clone(), edit));
            }
        }
    }
    all
}

impl<'a> Builder<'a> {
    /// Everything that the plan holds of IAM.
    pub(super) fn claims(&self) -> Claims {
        let mut claims = Claims::new();
        for (at, it) in self.plan.resources.iter().enumerate() {
            if it.data || it.deposed || !it.is_on(self.side) {
                continue;
            }
            let kind = it.kind.as_str();
            let found = match kind {
                _ if CARRIED.contains(&kind) => self.claims_of(at, it),
                // What changes them changes what is not read.
                _ if OPEN.contains(&kind) && it.is_changed() && self.side == Side::After => {
                    vec![Claim::Open(self.after_apply(it, "names", CALL))]
                }
                _ => continue,
            };
            let key = (self.place(it).account, it.address.clone());
            claims.insert(key, found);
        }
        claims
    }

    fn claims_of(&self, at: usize, it: &'a Resource) -> Vec<Claim> {
        let mut claims = Vec::new();
        if let Err(attribute) = self.claim(at, it, &mut claims) {
            claims.push(Claim::Open(self.after_apply(it, attribute, CALL)));
        }
        claims
    }

    /// The claims of one resource, or the attribute that is missing.
    fn claim(
        &self,
        at: usize,
        it: &'a Resource,
        claims: &mut Vec<Claim>,
    ) -> Result<(), &'static str> {
        let kind = match it.kind.as_str() {
            kind if kind.starts_with("aws_iam_user") => Kind::User,
            kind if kind.starts_with("aws_iam_group") => Kind::Group,
            _ => Kind::Role,
        };
        let owner = match kind {
            Kind::User => "user",
            Kind::Group => "group",
            Kind::Role => "role",
        };
        match it.kind.as_str() {
            "aws_iam_user" | "aws_iam_group" | "aws_iam_role" => {
                self.principal(at, it, kind, claims)?;
            }
            "aws_iam_policy" => claims.push(Claim::Managed(ManagedPolicy {
                arn: self.arn(at),
                name: self.name(it, "name"),
                version: "v1".to_owned(),
                document: self.text_of(at, it, "policy")?,
            })),
            "aws_iam_user_policy" | "aws_iam_group_policy" | "aws_iam_role_policy" => {
                let policy = InlinePolicy {
                    name: self.name(it, "name"),
                    document: self.text_of(at, it, "policy")?,
                };
                claims.push(Claim::Inline(kind, self.named(at, owner)?, policy));
            }
            "aws_iam_user_policy_attachment"
            | "aws_iam_group_policy_attachment"
            | "aws_iam_role_policy_attachment" => {
                let policy = self.policy_arn(at, "policy_arn")?;
                claims.push(Claim::Attached(kind, self.named(at, owner)?, policy));
            }
            "aws_iam_policy_attachment" => {
                let policy = self.policy_arn(at, "policy_arn")?;
                for (kind, list) in [
                    (Kind::User, "users"),
                    (Kind::Group, "groups"),
                    (Kind::Role, "roles"),
                ] {
                    for name in self.names(it, list)? {
                        claims.push(Claim::Attached(kind, name, policy.clone()));
                    }
                }
            }
            "aws_iam_group_membership" => {
                let group = self.named(at, "group")?;
                for user in self.names(it, "users")? {
                    claims.push(Claim::Member(user, group.clone()));
                }
            }
            "aws_iam_user_group_membership" => {
                let user = self.named(at, "user")?;
                for group in self.names(it, "groups")? {
                    claims.push(Claim::Member(user.clone(), group));
                }
            }
            "aws_iam_instance_profile" if self.view(it).attr("role") != Attr::Unset => {
                let role = self.named(at, "role")?;
                claims.push(Claim::Profile(role, self.name(it, "name")));
            }
            _ => {}
        }
        Ok(())
    }

    fn principal(
        &self,
        at: usize,
        it: &'a Resource,
        kind: Kind,
        claims: &mut Vec<Claim>,
    ) -> Result<(), &'static str> {
        let name = self.name(it, "name");
        let view = self.view(it);
        let trust = match kind {
            Kind::Role => self.text_of(at, it, "assume_role_policy")?,
            Kind::User | Kind::Group => String::new(),
        };
        let boundary = match view.attr("permissions_boundary") {
            Attr::Unset => None,
            Attr::Known(_) | Attr::Unknown => match self.policy_arn(at, "permissions_boundary") {
                Ok(arn) if arn.as_str().is_empty() => None,
                Ok(arn) => Some(arn),
                Err(_) => return Err("permissions_boundary"),
            },
        };
        let tags = match self.tags(it, CALL) {
            Known(tags) => tags,
            Unknown(_) => return Err("tags"),
        };
        claims.push(Claim::Principal {
            kind,
            arn: self.arn(at),
            name: name.clone(),
            trust,
            boundary,
            tags,
        });
        if kind != Kind::Role {
            return Ok(());
        }
        // Where they are written, they are all that the role has; else the provider reads back what others set.
        if self.is_configured(it, "managed_policy_arns") {
            let all = view.texts("managed_policy_arns");
            for arn in all.map_err(|Unsettled| "managed_policy_arns")? {
                claims.push(Claim::Attached(kind, name.clone(), Arn::from(arn)));
            }
        }
        if self.is_configured(it, "inline_policy") {
            let blocks = view.blocks("inline_policy").ok_or("inline_policy")?;
            for block in blocks {
                let part = |name: &str| block.text(name).map_err(|Unsettled| "inline_policy");
                if let (Some(own), Some(document)) = (part("name")?, part("policy")?) {
                    let policy = InlinePolicy {
                        name: own,
                        document,
                    };
                    claims.push(Claim::Inline(kind, name.clone(), policy));
                }
            }
        }
        Ok(())
    }

    /// A document, as planned or as it is written.
    fn text_of(
        &self,
        at: usize,
        it: &'a Resource,
        attribute: &'static str,
    ) -> Result<String, &'static str> {
        match self.view(it).attr(attribute) {
            Attr::Known(value) => as_text(value).ok_or(attribute),
            Attr::Unset => Err(attribute),
            Attr::Unknown => match self.written(at, attribute) {
                Some(Val::Text(text)) if !has_mark(&text) => Ok(text),
                _ => Err(attribute),
            },
        }
    }

    /// The name of the principal that an attribute names.
    fn named(&self, at: usize, attribute: &'static str) -> Result<String, &'static str> {
        let kinds = ["aws_iam_user", "aws_iam_group", "aws_iam_role"];
        let name = self.link(at, attribute, &kinds, CALL, |to| match to {
            Linked::Text(name) => Some(name),
            Linked::Resource(of) => self.plan.resources.get(of).map(|of| self.name(of, "name")),
            Linked::Nothing => None,
        });
        name.into_known().map_err(|_| attribute)
    }

    fn policy_arn(&self, at: usize, attribute: &'static str) -> Result<Arn, &'static str> {
        let arn = self.link(at, attribute, &["aws_iam_policy"], CALL, |to| match to {
            Linked::Text(arn) => Some(Arn::from(arn)),
            Linked::Resource(policy) => Some(self.arn(policy)),
            Linked::Nothing => Some(Arn::from(String::new())),
        });
        arn.into_known().map_err(|_| attribute)
    }

    fn names(
        &self,
        it: &'a Resource,
        attribute: &'static str,
    ) -> Result<Vec<String>, &'static str> {
        let names = self.view(it).texts(attribute);
        names.map_err(|Unsettled| attribute)
    }
}

/// The documents of an account after the plans are applied to it.
pub fn apply(plan: &Planned, iam: &mut Iam) {
    let whose = iam.account.clone();
    let own = plan
        .iam
        .iter()
        .filter(|(account, _)| account.as_ref().is_none_or(|it| *it == whose));
    for (account, edit) in own {
        let open = match (account, edit) {
            (_, Edit::Add(Claim::Open(gap)) | Edit::Remove(Claim::Open(gap))) => Some(gap.clone()),
            // It may be this account's, or another's.
            (None, Edit::Add(_) | Edit::Remove(_)) => Some(plan_gap(iam).but(|it| {
                it.detail = "the plan does not say which account it is in".to_owned();
            })),
            (Some(_), edit) => {
                make(iam, edit);
                None
            }
        };
        if let Some(gap) = open {
            iam.details.users = Unknown(gap.clone());
            iam.details.groups = Unknown(gap.clone());
            iam.details.roles = Unknown(gap.clone());
            iam.details.policies = Unknown(gap);
        }
    }
    remove_gone(plan, iam);
}

fn plan_gap(iam: &Iam) -> Gap {
    Gap::from(crate::fact::Why {
        source: crate::fact::Source::Plan {
            address: "the plan".to_owned(),
            attribute: "account".to_owned(),
            answered_by: Some(CALL),
        },
        account: iam.account.clone(),
        region: crate::ids::Region::from("aws-global"),
        reason: crate::fact::Reason::KnownAfterApply,
        detail: String::new(),
        request_id: None,
    })
}

fn make(iam: &mut Iam, edit: &Edit) {
    let details = &mut iam.details;
    let (Known(users), Known(groups), Known(roles), Known(policies)) = (
        &mut details.users,
        &mut details.groups,
        &mut details.roles,
        &mut details.policies,
    ) else {
        return;
    };
    let (claim, adds) = match edit {
        Edit::Add(claim) => (claim, true),
        Edit::Remove(claim) => (claim, false),
    };
    match claim {
        Claim::Open(_) => {}
        Claim::Managed(policy) => {
            policies.retain(|it| it.arn != policy.arn);
            if adds {
                policies.push(policy.clone());
            }
        }
        Claim::Member(user, group) => {
            for it in users.iter_mut().filter(|it| it.name == *user) {
                it.groups.retain(|it| it != group);
                it.groups.extend(adds.then(|| group.clone()));
            }
        }
        Claim::Profile(role, profile) => {
            for it in roles.iter_mut().filter(|it| it.name == *role) {
                it.instance_profiles.retain(|it| it != profile);
                it.instance_profiles.extend(adds.then(|| profile.clone()));
            }
        }
        Claim::Principal { .. } => principal(users, groups, roles, claim, adds),
        Claim::Inline(kind, name, policy) => {
            for (inline, _) in held(users, groups, roles, *kind, name) {
                inline.retain(|it| it.name != policy.name);
                inline.extend(adds.then(|| policy.clone()));
            }
        }
        Claim::Attached(kind, name, arn) => {
            for (_, attached) in held(users, groups, roles, *kind, name) {
                attached.retain(|it| it != arn);
                attached.extend(adds.then(|| arn.clone()));
            }
        }
    }
}

type Held<'v> = (&'v mut Vec<InlinePolicy>, &'v mut Vec<Arn>);

/// The policies of the principals of this kind and name: there is one.
fn held<'v>(
    users: &'v mut [User],
    groups: &'v mut [Group],
    roles: &'v mut [Role],
    kind: Kind,
    name: &str,
) -> Vec<Held<'v>> {
    match kind {
        Kind::User => {
            let all = users.iter_mut().filter(|it| it.name == name);
            all.map(|it| (&mut it.inline, &mut it.attached)).collect()
        }
        Kind::Group => {
            let all = groups.iter_mut().filter(|it| it.name == name);
            all.map(|it| (&mut it.inline, &mut it.attached)).collect()
        }
        Kind::Role => {
            let all = roles.iter_mut().filter(|it| it.name == name);
            all.map(|it| (&mut it.inline, &mut it.attached)).collect()
        }
    }
}

fn principal(
    users: &mut Vec<User>,
    groups: &mut Vec<Group>,
    roles: &mut Vec<Role>,
    claim: &Claim,
    adds: bool,
) {
    let Claim::Principal {
        kind,
        arn,
        name,
        trust,
        boundary,
        tags,
    } = claim
    else {
        return;
    };
    let id = format!("plan:{name}");
    match (kind, adds) {
        // A change is the removal of what was and the addition of what is: the rest of it stays.
        (_, false) => {}
        (Kind::User, true) => {
            if !users.iter().any(|it| it.arn == *arn) {
                users.push(User {
                    arn: arn.clone(),
                    name: name.clone(),
                    id,
                    groups: Vec::new(),
                    inline: Vec::new(),
                    attached: Vec::new(),
                    boundary: None,
                    tags: BTreeMap::new(),
                });
            }
            for it in users.iter_mut().filter(|it| it.arn == *arn) {
                it.boundary.clone_from(boundary);
                it.tags.clone_from(tags);
            }
        }
        (Kind::Group, true) => {
            if !groups.iter().any(|it| it.arn == *arn) {
                groups.push(Group {
                    arn: arn.clone(),
                    name: name.clone(),
                    inline: Vec::new(),
                    attached: Vec::new(),
                });
            }
        }
        (Kind::Role, true) => {
            if !roles.iter().any(|it| it.arn == *arn) {
                roles.push(Role {
                    arn: arn.clone(),
                    name: name.clone(),
                    id,
                    trust: String::new(),
                    inline: Vec::new(),
                    attached: Vec::new(),
                    boundary: None,
                    tags: BTreeMap::new(),
                    instance_profiles: Vec::new(),
                });
            }
            for it in roles.iter_mut().filter(|it| it.arn == *arn) {
                it.trust.clone_from(trust);
                it.boundary.clone_from(boundary);
                it.tags.clone_from(tags);
            }
        }
    }
}

/// Removes principals that are there no longer: of which the last claim is a removal.
fn remove_gone(plan: &Planned, iam: &mut Iam) {
    let own = || {
        let all = plan.iam.iter();
        all.filter(|(account, _)| account.as_ref() == Some(&iam.account))
    };
    let arn_of = |edit: &Edit, adds: bool| match edit {
        Edit::Add(Claim::Principal { arn, .. }) if adds => Some(arn.clone()),
        Edit::Remove(Claim::Principal { arn, .. }) if !adds => Some(arn.clone()),
        Edit::Add(_) | Edit::Remove(_) => None,
    };
    let added: Vec<Arn> = own().filter_map(|(_, it)| arn_of(it, true)).collect();
    let gone: Vec<Arn> = own()
        .filter_map(|(_, it)| arn_of(it, false))
        .filter(|it| !added.contains(it))
        .collect();
    let details = &mut iam.details;
    if let Known(users) = &mut details.users {
        users.retain(|it| !gone.contains(&it.arn));
    }
    if let Known(groups) = &mut details.groups {
        groups.retain(|it| !gone.contains(&it.arn));
    }
    if let Known(roles) = &mut details.roles {
        roles.retain(|it| !gone.contains(&it.arn));
    }
}

/// Nothing of the kind is known any more.
pub(super) fn forget<T>(fact: &mut Fact<T>, gap: Gap) {
    *fact = Unknown(gap);
}
