//! What is the same for every principal: the organization's control policies, the resources, who administers what.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{ActionId, Kind, table};
use super::gaps;
use super::indexed_document::Indexed;
use super::resources::{self, Resource, ResourceId};
use crate::calls;
use crate::context::Context;
use crate::control_policies::Control;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Arn};
use crate::inventory::{ControlPolicyKind, Organization};
use crate::policy::{ActionSet, Circumstances, Document, Level, Members, Policy, Principal};

/// See above.
pub(super) struct Environment<'a> {
    pub(super) ctx: &'a Context<'a>,
    control: Option<Control<'a>>,
    /// Per action of the table: actions of one class are named by the same statements of all control policies.
    pub(super) control_class: Classes,
    resources: Vec<Resource>,
    pub(super) by_account: BTreeMap<AccountId, Vec<ResourceId>>,
    /// Resources that somebody from another account may reach.
    pub(super) shared: Vec<ResourceId>,
    /// Per kind of resource, the actions that act on it.
    pub(super) by_kind: BTreeMap<Kind, Vec<ActionId>>,
    pub(super) organization: Option<&'a Organization>,
    /// Federated users whom policies of resources name, by their account.
    federated: BTreeMap<AccountId, BTreeSet<String>>,
    /// The root users of members that own something, for root sessions.
    pub(super) roots: Members,
    /// Accounts that change the organization's trails beside the management account, or why that is not known.
    pub(super) trail_administrators: Result<Vec<String>, Gap>,
    pub(super) policy_administrators: Vec<String>,
    /// Some guard looks at the tags of resources.
    pub(super) tags_matter: bool,
    /// Some guard looks at the tags of callers.
    pub(super) own_tags_matter: bool,
}

impl<'a> Environment<'a> {
    pub(super) fn new(ctx: &'a Context<'a>) -> Self {
        let organization = ctx.inventory.organization.ok().and_then(Option::as_ref);
        let control = organization.map(|it| ctx.control_of(it));
        let documents = control.iter().flat_map(Control::documents);
        let documents: Vec<Indexed> = documents.cloned().map(Indexed::new).collect();
        let resources = resources::all(ctx);
        let mut by_account: BTreeMap<AccountId, Vec<ResourceId>> = BTreeMap::new();
        for (id, resource) in resources::each(&resources) {
            let own = by_account.entry(resource.account.clone()).or_default();
            own.push(id);
        }
        let mut by_kind: BTreeMap<Kind, Vec<ActionId>> = BTreeMap::new();
        for (id, action) in table().each() {
            for kind in &action.on {
                by_kind.entry(*kind).or_default().push(id);
            }
        }
        let policies = resources
            .iter()
            .filter_map(|it| it.policy.as_ref()?.as_ref().ok());
        let tags_matter = documents.iter().chain(policies).any(Indexed::looks_at_tags);
        let own_tags_matter = documents.iter().any(Indexed::looks_at_own_tags)
            || resources.iter().any(|resource| {
                let read = resource.policy.as_ref().and_then(|it| it.as_ref().ok());
                read.is_some_and(Indexed::looks_at_own_tags)
            });
        let mut federated: BTreeMap<AccountId, BTreeSet<String>> = BTreeMap::new();
        for resource in &resources {
            let named = resource.policy.iter().flatten().flat_map(|it| &it.sessions);
            for arn in named.filter(|it| it.contains(":federated-user/")) {
                let account = Arn::from(arn.as_str()).account();
                federated.entry(account).or_default().insert(arn.clone());
            }
        }
        let shared = resources::each(&resources)
            .filter(|(_, it)| it.is_shared())
            .map(|(id, _)| id)
            .collect();
        Self {
            control_class: classes(
                table().ids(),
                documents.iter().map(|it| it.by_statement.as_slice()),
            ),
            trail_administrators: administrators(organization, "cloudtrail.amazonaws.com"),
            policy_administrators: policy_administrators(organization),
            ctx,
            control,
            resources,
            roots: roots(ctx, organization, by_account.keys()),
            by_account,
            shared,
            by_kind,
            organization,
            federated,
            tags_matter,
            own_tags_matter,
        }
    }

    /// Every control policy that could be read.
    pub(super) fn control_documents(&self) -> impl Iterator<Item = &Document> {
        self.control.iter().flat_map(Control::documents)
    }

    pub(super) fn resource(&self, id: ResourceId) -> &Resource {
        resources::get(&self.resources, id)
    }

    /// The resources that principals of an account may reach: its own, and those that others may reach.
    pub(super) fn reachable(&self, account: &AccountId) -> impl Iterator<Item = &Resource> {
        let own = self.by_account.get(account).into_iter().flatten();
        own.chain(&self.shared).map(|id| self.resource(*id))
    }

    /// Federated users of an account whom policies of resources name.
    pub(super) fn federated_users(&self, account: &AccountId) -> impl Iterator<Item = &str> {
        let named = self.federated.get(account).into_iter().flatten();
        named.map(String::as_str)
    }

    /// All resources, each with its id.
    pub(super) fn resources(&self) -> impl Iterator<Item = (ResourceId, &Resource)> {
        resources::each(&self.resources)
    }

    /// Why the principals of an account were not read, where they were not.
    pub(super) fn unread(&self, account: &AccountId) -> Gap {
        let session = self.ctx.inventory.accounts.get(account);
        match session.and_then(|it| it.session.gap()) {
            Some(gap) => gap.clone(),
            None => gaps::of(
                calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
                account,
                &self.ctx.home(),
                Reason::NotAsked,
                "the principals of the account were not assessed",
            ),
        }
    }

    /// The control policies over an account; nothing where none are in play.
    pub(super) fn levels(
        &self,
        kind: ControlPolicyKind,
        account: &AccountId,
    ) -> Option<Vec<Level<'_, Gap>>> {
        if let Fact::Unknown(gap) = &self.ctx.inventory.organization {
            let policy = Policy::missing("control policies", gap.clone());
            return Some(vec![Level {
                target: account.to_string(),
                policies: vec![policy],
            }]);
        }
        let account = self.ctx.inventory.accounts.get(account)?;
        self.control.as_ref()?.levels(kind, account)
    }

    /// `aws:PrincipalOrgPaths` of an account's principals.
    pub(super) fn org_path(&self, account: &AccountId) -> Option<String> {
        let account = self.ctx.inventory.accounts.get(account)?;
        self.control.as_ref()?.org_path(account)
    }

    /// Whether an account acts for the organization on this service, and why if that is not known.
    pub(super) fn acts_for_all(&self, account: &str, service: &str) -> Result<bool, Gap> {
        if self.organization.is_some() && self.management() == Some(account) {
            return Ok(true);
        }
        let all = administrators(self.organization, service)?;
        Ok(all.iter().any(|it| it == account))
    }

    pub(super) fn management(&self) -> Option<&'a str> {
        self.organization.map(|it| it.management_account.as_str())
    }

    /// What policies do not say of a resource.
    pub(super) fn circumstances(&self, resource: &Resource) -> Circumstances<'_> {
        let administrators = self.trail_administrators.iter().flatten();
        Circumstances {
            management_account: self.management(),
            cloudtrail_administrators: administrators.map(String::as_str).collect(),
            organization_trail: resource.organization_trail,
            policy_administrators: self
                .policy_administrators
                .iter()
                .map(String::as_str)
                .collect(),
            retention: resource.retention,
            retention_ends_early: resource.retention_ends_early,
            mfa_delete: resource.mfa_delete,
        }
    }
}

/// The root users of these accounts, without that of the management account.
fn roots<'o>(
    ctx: &Context<'_>,
    organization: Option<&Organization>,
    owners: impl Iterator<Item = &'o AccountId>,
) -> Members {
    let start = format!("arn:{}:iam::", ctx.inventory.header.scope.partition);
    let management = organization.map(|it| &it.management_account);
    let members = owners.filter(|it| Some(*it) != management && !it.as_str().is_empty());
    let arns: Vec<String> = members.map(|it| format!("{start}{it}:root")).collect();
    Members::new(&start, arns.iter().map(String::as_str))
}

/// Numbers actions so that two have one number only if the same statements name them.
pub(super) fn classes<'s>(
    actions: impl Iterator<Item = ActionId>,
    documents: impl Iterator<Item = &'s [ActionSet]>,
) -> Classes {
    let sets: Vec<&ActionSet> = documents.flatten().collect();
    let mut seen: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
    let class = |action: ActionId| {
        let signature = sets.iter().map(|set| set.contains(action.index()));
        let next = seen.len();
        *seen.entry(signature.collect()).or_insert(next)
    };
    Classes(actions.map(class).collect())
}

/// Per action of the table, the number of its class.
pub(super) struct Classes(Vec<usize>);

impl Classes {
    pub(super) fn of(&self, action: ActionId) -> Option<usize> {
        self.0.get(action.index()).copied()
    }
}

/// Accounts that administer a service for the organization, or why that is not known.
fn administrators(organization: Option<&Organization>, service: &str) -> Result<Vec<String>, Gap> {
    let Some(organization) = organization else {
        return Ok(Vec::new());
    };
    let all = match &organization.delegated_administrators {
        Fact::Known(all) => all,
        Fact::Unknown(gap) => return Err(gap.clone()),
    };
    let mut accounts = Vec::new();
    for it in all {
        match &it.services {
            Fact::Known(services) => {
                if services.iter().any(|it| it == service) {
                    accounts.push(it.account.to_string());
                }
            }
            Fact::Unknown(gap) => return Err(gap.clone()),
        }
    }
    Ok(accounts)
}

/// Accounts that the organization's resource policy names at all.
fn policy_administrators(organization: Option<&Organization>) -> Vec<String> {
    let text = organization.and_then(|it| it.resource_policy.ok()?.clone());
    let Some(Ok(document)) = text.as_deref().map(Document::parse) else {
        return Vec::new();
    };
    let principals = document.allows().filter_map(|it| it.principals.as_ref());
    let members = principals.flat_map(|it| it.members.iter());
    members
        .filter_map(Principal::account)
        .map(str::to_owned)
        .collect()
}
