//! What can be tampered with: the real trails, stores, buckets, keys, log groups, alarms and guards of an inventory.

mod buckets;
mod guards;

use std::collections::BTreeSet;

use super::actions::{ActionId, Kind, table};
use super::gaps;
use super::indexed_document::{Indexed, Read};
use super::listed::listed;
use crate::calls::{self, ApiCall};
use crate::context::Context;
use crate::fact::{Fact, Gap, Reason};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::{Bucket, Key, LogGroup, Trail};
use crate::policy::{
    AclGrant, Condition, Document, KeyGrant, ParseError, Retention, Target, Version,
};

/// One resource, with all that decides over it.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) kind: Kind,
    /// Its ARN, or a pattern for many.
    pub(super) id: String,
    /// The ARNs by which a request may name it: whoever may use one of them may use it.
    pub(super) asked: Vec<Target>,
    /// Who owns it; empty where that is not known.
    pub(super) account: AccountId,
    pub(super) region: Option<Region>,
    pub(super) policy: Option<Read>,
    pub(super) grants: Vec<KeyGrant>,
    pub(super) acl: Vec<AclGrant>,
    /// Nothing if that is not known.
    pub(super) restrict_public: Option<bool>,
    pub(super) organization_trail: bool,
    /// The owner's account has no access point to it.
    pub(super) no_access_points: bool,
    pub(super) retention: Option<Retention>,
    pub(super) retention_ends_early: bool,
    pub(super) mfa_delete: bool,
    /// It has, or may have, a replication that can be removed.
    pub(super) replicates: bool,
    /// Its tags, where they are known.
    pub(super) tags: Option<Vec<(String, String)>>,
    /// Actions that do nothing here.
    pub(super) idle: BTreeSet<ActionId>,
    /// Actions that do something only together with another.
    pub(super) needs: Vec<Need>,
    /// What is not known and may make harmless.
    pub(super) open: Vec<Open>,
    /// The same, for those of other accounts and of none.
    pub(super) open_outside: Vec<Gap>,
}

/// A resource, by its place among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ResourceId(usize);

/// Every resource with its id.
pub(super) fn each(all: &[Resource]) -> impl Iterator<Item = (ResourceId, &Resource)> {
    let all = all.iter().enumerate();
    all.map(|(place, resource)| (ResourceId(place), resource))
}

/// The one with this id, of the same list.
pub(super) fn get<T>(all: &[T], id: ResourceId) -> &T {
    listed(all, id.0)
}

/// An action that does something only together with another.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) action: ActionId,
    pub(super) other: ActionId,
}

/// A fact that is not known, and decides whether actions do something.
#[derive(Debug)]
pub(super) struct Open {
    /// Those actions; none for all.
    actions: Vec<ActionId>,
    gap: Gap,
}

impl Resource {
    fn new(kind: Kind, id: &str, account: &AccountId, region: Option<&Region>) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            asked: vec![Target::One(id.to_owned())],
            account: account.clone(),
            region: region.cloned(),
            policy: None,
            grants: Vec::new(),
            acl: Vec::new(),
            restrict_public: None,
            organization_trail: false,
            no_access_points: false,
            retention: None,
            retention_ends_early: false,
            mfa_delete: false,
            replicates: false,
            tags: None,
            idle: BTreeSet::new(),
            needs: Vec::new(),
            open: Vec::new(),
            open_outside: Vec::new(),
        }
    }

    fn all_of(kind: Kind, pattern: &str, account: &AccountId) -> Self {
        let mut all = Self::new(kind, pattern, account, None);
        all.asked = vec![Target::Matching(pattern.to_owned())];
        all
    }

    fn idle(&mut self, actions: &[&str]) {
        self.idle.extend(places(actions));
    }

    pub(super) fn open(&mut self, actions: &[&str], gap: &Gap) {
        self.open.push(Open {
            actions: places(actions),
            gap: gap.clone(),
        });
    }

    fn needs(&mut self, action: &str, other: &str) {
        self.needs.push(Need {
            action: table().named(action),
            other: table().named(other),
        });
    }

    /// Somebody from another account may have a way in.
    pub(super) fn is_shared(&self) -> bool {
        self.policy.is_some() || !self.grants.is_empty() || !self.acl.is_empty()
    }

    /// Why it cannot be told whether this action does something here.
    pub(super) fn why_open(&self, action: ActionId) -> impl Iterator<Item = &Gap> {
        let about = move |it: &&Open| it.actions.is_empty() || it.actions.contains(&action);
        self.open.iter().filter(about).map(|it| &it.gap)
    }
}

fn places(actions: &[&str]) -> Vec<ActionId> {
    let table = table();
    actions.iter().map(|it| table.named(it)).collect()
}

/// Which call gives a policy, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'s> {
    pub(super) call: ApiCall,
    pub(super) account: &'s AccountId,
    pub(super) region: &'s Region,
}

impl Source<'_> {
    /// The answer is there, and this is wrong with it.
    fn unreadable(self, detail: &str) -> Gap {
        self.gap(Reason::Malformed, detail)
    }

    /// A document is there, and cannot be used.
    fn refused(self, error: &ParseError) -> Gap {
        self.gap(gaps::reason(error), &error.to_string())
    }

    fn gap(self, reason: Reason, detail: &str) -> Gap {
        gaps::of(self.call, self.account, self.region, reason, detail)
    }
}

/// A policy that hangs on a resource, as an answer gives it.
pub(super) fn policy_of(fact: &Fact<Option<String>>, source: Source<'_>) -> Option<Read> {
    match fact {
        Fact::Known(None) => None,
        Fact::Known(Some(text)) => {
            Some(Indexed::read(text).map_err(|error| source.refused(&error)))
        }
        Fact::Unknown(gap) => Some(Err(gap.clone())),
    }
}

fn tags_of(
    fact: &Fact<std::collections::BTreeMap<String, String>>,
) -> Option<Vec<(String, String)>> {
    let tags = fact.ok()?.iter();
    Some(
        tags.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}

/// Everything that this inventory holds.
pub(super) fn all(ctx: &Context<'_>) -> Vec<Resource> {
    let inventory = ctx.inventory;
    let mut all = Vec::new();
    for trail in inventory.trails.values() {
        all.push(of_trail(trail));
    }
    for store in inventory.event_data_stores.values() {
        let mut it = Resource::new(
            Kind::EventDataStore,
            store.arn.as_str(),
            &store.account,
            Some(&store.region),
        );
        let source = Source {
            call: calls::GET_LAKE_RESOURCE_POLICY,
            account: &store.account,
            region: &store.region,
        };
        it.policy = policy_of(&store.policy, source);
        it.tags = tags_of(&store.tags);
        match &store.configuration.termination_protection {
            Fact::Known(true) => it.needs(
                "cloudtrail:DeleteEventDataStore",
                "cloudtrail:UpdateEventDataStore",
            ),
            Fact::Known(false) => {}
            Fact::Unknown(gap) => it.open(&["cloudtrail:DeleteEventDataStore"], gap),
        }
        all.push(it);
    }
    for view in inventory.regions.values() {
        for channel in view.channels.ok().into_iter().flatten() {
            let mut it = Resource::new(
                Kind::Channel,
                channel.arn.as_str(),
                &view.account,
                Some(&view.region),
            );
            let source = Source {
                call: calls::GET_LAKE_RESOURCE_POLICY,
                account: &view.account,
                region: &view.region,
            };
            it.policy = policy_of(&channel.policy, source);
            all.push(it);
        }
    }
    let used = |it: &&Bucket| !ctx.deliverers(it).is_empty();
    for bucket in inventory.buckets.values().filter(used) {
        buckets::of_bucket(bucket, ctx, &mut all);
    }
    for key in inventory.keys.values().filter(|it| ctx.key_is_used(it)) {
        of_key(key, &mut all);
    }
    let written = |it: &&LogGroup| !ctx.writers(it).is_empty();
    for group in inventory.log_groups.values().filter(written) {
        of_log_group(group, ctx, &mut all);
    }
    guards::add(ctx, &mut all);
    all
}

fn of_trail(trail: &Trail) -> Resource {
    let mut it = Resource::new(
        Kind::Trail,
        trail.arn.as_str(),
        &trail.account,
        Some(&trail.home_region),
    );
    it.organization_trail = trail.configuration.organization.ok() != Some(&false);
    it.tags = tags_of(&trail.tags);
    it
}

fn of_key(key: &Key, all: &mut Vec<Resource>) {
    let metadata = match &key.metadata {
        Fact::Known(None) => return,
        Fact::Known(Some(metadata)) if metadata.manager.ok().is_some_and(|it| it == "AWS") => {
            return;
        }
        Fact::Known(Some(metadata)) => Some(metadata),
        Fact::Unknown(_) => None,
    };
    let named_by_alias = key.arn.resource().starts_with("alias/");
    let real = metadata.and_then(|it| it.arn.ok());
    let arn = real.unwrap_or(&key.arn);
    let mut it = Resource::new(Kind::Key, arn.as_str(), &key.account, Some(&key.region));
    if real.is_none() && named_by_alias {
        // The key behind it is one of the account's.
        let (partition, region, account) = (arn.partition(), &key.region, &key.account);
        it.asked = vec![Target::Matching(format!(
            "arn:{partition}:kms:{region}:{account}:key/*"
        ))];
    }
    // Every key has a policy: none in the answer is none that can be read.
    let source = Source {
        call: calls::GET_KEY_POLICY,
        account: &key.account,
        region: &key.region,
    };
    it.policy = match policy_of(&key.policy, source) {
        Some(read) => Some(read),
        None => Some(Err(source.unreadable("the key policy is not in the answer"))),
    };
    if let Some(metadata) = metadata
        && metadata.origin.ok().is_some_and(|it| it != "EXTERNAL")
    {
        it.idle(&["kms:DeleteImportedKeyMaterial"]);
    }
    match &key.grants {
        Fact::Known(grants) => it.grants = grants.iter().map(grant_of).collect(),
        // What a grant can hold is reading and handing on.
        Fact::Unknown(gap) => it.open(&["kms:CreateGrant", "kms:Decrypt"], gap),
    }
    if metadata
        .and_then(|it| it.origin.ok())
        .is_some_and(|it| matches!(it.as_str(), "AWS_CLOUDHSM" | "EXTERNAL_KEY_STORE"))
    {
        let mut store = Resource::new(
            Kind::KeyStore,
            arn.as_str(),
            &key.account,
            Some(&key.region),
        );
        store.asked = vec![Target::One("*".to_owned())];
        all.push(store);
    }
    if named_by_alias {
        let region = Some(&key.region);
        all.push(Resource::new(
            Kind::Alias,
            key.arn.as_str(),
            &key.account,
            region,
        ));
    }
    all.push(it);
}

/// A grant, its constraints as conditions.
pub(crate) fn grant_of(grant: &crate::inventory::key::KeyGrant) -> KeyGrant {
    let both = grant.context_equals.iter().chain(&grant.context_subset);
    let constraint = |(key, value): (&String, &String)| {
        let key = format!("kms:EncryptionContext:{key}");
        Condition::new("StringEquals", &key, vec![value.clone()], false)
    };
    KeyGrant {
        id: grant.id.clone(),
        grantee: grant.grantee.clone(),
        retiring: grant.retiring.clone(),
        operations: grant.operations.clone(),
        constraints: both.map(constraint).collect(),
    }
}

fn of_log_group(group: &LogGroup, ctx: &Context<'_>, all: &mut Vec<Resource>) {
    if matches!(group.configuration, Fact::Known(None)) {
        return;
    }
    let (account, region) = (&group.account, Some(&group.region));
    let arn = &group.arn;
    let mut it = Resource::new(Kind::LogGroup, arn.as_str(), account, region);
    // Policies name a group with `:*` at its end, and some actions without.
    it.asked.push(Target::One(format!("{arn}:log-stream:")));
    let protected = match &group.configuration {
        Fact::Known(None) => &Fact::Known(None),
        Fact::Known(Some(set)) => &set.deletion_protection,
        Fact::Unknown(gap) => &Fact::Unknown(gap.clone()),
    };
    match protected {
        Fact::Unknown(gap) => it.open(&["logs:DeleteLogGroup"], gap),
        Fact::Known(Some(true)) => {
            it.needs("logs:DeleteLogGroup", "logs:PutLogGroupDeletionProtection")
        }
        Fact::Known(Some(false) | None) => {}
    }
    let mut streams = Resource::all_of(Kind::LogStream, &format!("{arn}:log-stream:*"), account);
    streams.region = region.cloned();
    it.policy = log_policy(account, &group.region, ctx);
    streams.policy = log_policy(account, &group.region, ctx);
    all.extend([it, streams]);
}

/// All resource policies of the region, as one.
fn log_policy(account: &AccountId, region: &Region, ctx: &Context<'_>) -> Option<Read> {
    let texts = match &ctx.region(account, region)?.log_resource_policies {
        Fact::Known(texts) if texts.is_empty() => return None,
        Fact::Known(texts) => texts,
        Fact::Unknown(gap) => return Some(Err(gap.clone())),
    };
    let source = Source {
        call: calls::DESCRIBE_LOG_RESOURCE_POLICIES,
        account,
        region,
    };
    // AWS stores ten of them in a region, of 5,120 characters each ("CloudWatch Logs quotas").
    let all = texts.iter().map(String::as_str).collect::<String>();
    if let Err(error) = Document::fits(&all) {
        return Some(Err(source.refused(&error)));
    }
    let mut statements = Vec::new();
    for text in texts {
        match Document::parse(text) {
            Ok(document) => statements.extend(document.statements),
            Err(error) => return Some(Err(source.refused(&error))),
        }
    }
    Some(Ok(Indexed::new(Document {
        version: Version::V2012,
        id: None,
        statements,
    })))
}

/// For [`guards`].
pub(super) fn one(kind: Kind, arn: &Arn, account: &AccountId, region: Option<&Region>) -> Resource {
    Resource::new(kind, arn.as_str(), account, region)
}

/// For [`guards`].
pub(super) fn every(kind: Kind, pattern: &str, account: &AccountId) -> Resource {
    Resource::all_of(kind, pattern, account)
}
