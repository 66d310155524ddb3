//! Who is judged, and where a lost listing leaves a hole.

use std::collections::BTreeMap;

use super::{account_subject, region_of};
use crate::access::{Actor, ActorKind};
use crate::calls;
use crate::check::{Check, Identity, Principal, RegionOf};
use crate::context::{Context, home_of, is_judged, log_group_arn, not_reached, not_seen};
use crate::events::RestsOn;
use crate::fact::{Fact, Gap, Gaps, Reason, Source, Why};
use crate::finding::{Subject, SubjectKind};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::{
    Account, Bucket, EventDataStore, Inventory, Key, LogGroup, Organization, Trail, VerifiedChain,
};

type Holes = BTreeMap<Subject, Gaps>;

/// Where subjects of each kind may be missing, and why.
#[derive(Debug, Default)]
pub(super) struct Lost {
    pub(super) accounts: Holes,
    pub(super) regions: Holes,
    pub(super) trails: Holes,
    /// Wherever a trail or its configuration is missing, or the bucket that it names.
    pub(super) buckets: Holes,
    /// Likewise.
    pub(super) log_groups: Holes,
    pub(super) keys: Holes,
    pub(super) stores: Holes,
}

impl Lost {
    pub(super) fn of(ctx: &Context<'_>) -> Self {
        let mut lost = Self::default();
        lost.listings(ctx.inventory);
        lost.buckets = lost.trails.clone();
        lost.log_groups = lost.trails.clone();
        lost.keys = lost.trails.clone();
        for trail in ctx.inventory.trails.values() {
            lost.configuration(trail, ctx.inventory);
            lost.destinations(trail, ctx);
        }
        lost.encryption(ctx);
        lost
    }

    /// Accounts, regions, trails and stores that no listing showed.
    fn listings(&mut self, inventory: &Inventory) {
        if let Some((subject, gap)) = lost_accounts(inventory) {
            self.accounts.insert(subject, Gaps::from(gap));
        }
        self.regions = self.accounts.clone();
        let accounts = inventory.accounts.values();
        for account in accounts.filter(|account| is_judged(account)) {
            let gap = account.session.gap().or_else(|| account.regions.gap());
            if let Some(gap) = gap {
                add(&mut self.regions, account_subject(account), gap.clone());
            }
        }
        self.trails = self.regions.clone();
        self.stores = self.regions.clone();
        for (subject, region) in regions(inventory).filter(|(_, region)| region.enabled) {
            if region.account.session.gap().is_some() {
                continue;
            }
            let (trails, stores) = match region.view {
                Some(view) => (
                    view.trails.gap().cloned(),
                    view.event_data_stores.gap().cloned(),
                ),
                None => {
                    let gap = |call| Some(not_reached(call, &region.account.id, region.name));
                    (
                        gap(calls::DESCRIBE_TRAILS),
                        gap(calls::LIST_EVENT_DATA_STORES),
                    )
                }
            };
            if let Some(gap) = trails.filter(leaves_a_hole) {
                add(&mut self.trails, subject.clone(), gap);
            }
            if let Some(gap) = stores.filter(leaves_a_hole) {
                add(&mut self.stores, subject, gap);
            }
        }
    }

    /// What the configuration of a trail does not say.
    fn configuration(&mut self, trail: &Trail, inventory: &Inventory) {
        let set = &trail.configuration;
        // The bucket's default encryption may name a key.
        let keys = [set.bucket.gap(), set.kms_key.gap()];
        let holes = [
            (&mut self.buckets, [set.bucket.gap(), None]),
            (&mut self.log_groups, [set.log_group.gap(), None]),
            (&mut self.keys, keys),
        ];
        for (holes, gaps) in holes {
            for gap in gaps.into_iter().flatten() {
                add(holes, region_subject(inventory, trail), gap.clone());
            }
        }
    }

    /// What a trail names and the inventory does not hold.
    fn destinations(&mut self, trail: &Trail, ctx: &Context<'_>) {
        let inventory = ctx.inventory;
        let set = &trail.configuration;
        let hole = |holes: &mut Holes, call| {
            let gap = not_seen(call, &trail.account, &trail.home_region, ctx);
            add(holes, region_subject(inventory, trail), gap);
        };
        if let Fact::Known(bucket) = &set.bucket
            && inventory.bucket(bucket).is_none()
        {
            hole(&mut self.buckets, calls::HEAD_BUCKET);
            hole(&mut self.keys, calls::GET_BUCKET_ENCRYPTION);
        }
        let group = set.log_group.ok().and_then(Option::as_ref);
        let group = group.map(log_group_arn);
        if group.is_some_and(|arn| !inventory.log_groups.contains_key(&arn)) {
            hole(&mut self.log_groups, calls::DESCRIBE_LOG_GROUPS);
        }
        let key = set.kms_key.ok().and_then(Option::as_ref);
        if key.is_some_and(|arn| !inventory.keys.contains_key(arn)) {
            hole(&mut self.keys, calls::DESCRIBE_KEY);
        }
    }

    /// Keys that the encryption of a bucket or store may name.
    fn encryption(&mut self, ctx: &Context<'_>) {
        let inventory = ctx.inventory;
        // A bucket that is gone encrypts with no key.
        let buckets = inventory.buckets.values();
        for bucket in buckets.filter(|bucket| bucket.exists.ok() != Some(&false)) {
            if let ([first, ..], Some(gap)) = (ctx.deliverers(bucket), bucket.encryption.gap()) {
                let subject = region_subject(inventory, first);
                add(&mut self.keys, subject, gap.clone());
            }
        }
        for store in inventory.event_data_stores.values() {
            if let Some(gap) = store.configuration.kms_key.gap() {
                let subject = subject_of_region(inventory, &store.account, &store.region);
                add(&mut self.keys, subject, gap.clone());
            }
        }
    }
}

impl Lost {
    /// Where somebody who can tamper, or what could be tampered with, may be overlooked.
    pub(super) fn access(
        &self,
        check: &Check,
        overlooked: &[(AccountId, Region, Gap)],
        inventory: &Inventory,
    ) -> Holes {
        let mut holes = self.accounts.clone();
        for (call, lost) in [
            (calls::DESCRIBE_TRAILS, &self.trails),
            (calls::GET_BUCKET_POLICY, &self.buckets),
            (calls::GET_KEY_POLICY, &self.keys),
            (calls::DESCRIBE_LOG_GROUPS, &self.log_groups),
            (calls::LIST_EVENT_DATA_STORES, &self.stores),
        ] {
            if check.reads.contains(&call) {
                for (subject, gaps) in lost {
                    for gap in gaps.iter() {
                        add(&mut holes, subject.clone(), gap.clone());
                    }
                }
            }
        }
        for (account, region, gap) in overlooked {
            if gap.call().is_none_or(|call| check.reads.contains(&call)) {
                let subject = subject_of_region(inventory, account, region);
                add(&mut holes, subject, gap.clone());
            }
        }
        holes
    }
}

fn add(holes: &mut Holes, subject: Subject, gap: Gap) {
    let gaps = Gaps::from(gap);
    let gaps = match holes.remove(&subject) {
        Some(before) => before.and(gaps),
        None => gaps,
    };
    holes.insert(subject, gaps);
}

/// A region that a service control policy closes is judged from the organization trail: no hole.
fn leaves_a_hole(gap: &Gap) -> bool {
    gap.reason != Reason::DeniedByScp
}

/// The list of accounts is missing although the caller stands where it can be had.
///
/// A member account is refused it by rule, and then the scope is that account: no hole.
fn lost_accounts(inventory: &Inventory) -> Option<(Subject, Gap)> {
    let Fact::Known(organization) = &inventory.organization else {
        return inventory
            .organization
            .gap()
            .map(|gap| (caller_subject(inventory), gap.clone()));
    };
    let organization = organization.as_ref()?;
    let gap = organization.accounts.gap()?;
    let caller = inventory.header.scope.caller_arn.account();
    let member = caller != organization.management_account;
    let by_rule = matches!(gap.reason, Reason::Denied | Reason::DeniedByScp);
    (!(member && by_rule)).then(|| (organization_subject(organization), gap.clone()))
}

/// Every region that is in scope, of every account that is judged.
pub(super) fn regions(inventory: &Inventory) -> impl Iterator<Item = (Subject, RegionOf<'_>)> {
    inventory
        .accounts
        .values()
        .filter(|account| is_judged(account))
        .flat_map(move |account| {
            let switches = account.regions.ok().map_or(&[][..], Vec::as_slice);
            switches
                .iter()
                .filter(|switch| !switch.excluded)
                .map(move |switch| {
                    let region = region_of(account, &switch.name, switch.enabled, inventory);
                    (subject_of(account, &switch.name), region)
                })
        })
}

fn subject_of(account: &Account, region: &Region) -> Subject {
    Subject {
        kind: SubjectKind::Region,
        id: format!("{}/{region}", account.id),
        name: region.to_string(),
        account: Some(account.id.clone()),
        region: Some(region.clone()),
        location: None,
    }
}

fn subject_of_region(
    inventory: &Inventory,
    account: &crate::ids::AccountId,
    region: &Region,
) -> Subject {
    match inventory.accounts.get(account) {
        Some(account) => subject_of(account, region),
        None => Subject {
            kind: SubjectKind::Region,
            id: format!("{account}/{region}"),
            name: region.to_string(),
            account: Some(account.clone()),
            region: Some(region.clone()),
            location: None,
        },
    }
}

fn region_subject(inventory: &Inventory, trail: &Trail) -> Subject {
    subject_of_region(inventory, &trail.account, &trail.home_region)
}

/// The account of the caller, for what belongs to nobody else.
pub(super) fn caller_subject(inventory: &Inventory) -> Subject {
    let id = inventory.header.scope.caller_arn.account();
    match inventory.accounts.get(&id) {
        Some(account) => account_subject(account),
        None => Subject {
            kind: SubjectKind::Account,
            id: id.to_string(),
            name: id.to_string(),
            account: Some(id),
            region: Some(home_of(inventory)),
            location: None,
        },
    }
}

/// A resource that a plan changes: by its address, since several of its effects may be told of one ARN.
pub(super) fn effect_subject(
    effect: &crate::inventory::plan::Effect,
    inventory: &Inventory,
) -> Subject {
    let arn = effect.resource.as_ref().map(|it| Arn::from(it.clone()));
    let account = arn.as_ref().map(Arn::account);
    let region = arn.as_ref().map(Arn::region);
    let caller = inventory.header.scope.caller_arn.account();
    Subject {
        kind: SubjectKind::Resource,
        id: effect.subject(),
        name: effect.address.clone(),
        account: account
            .filter(|it| !it.as_str().is_empty())
            .or(Some(caller)),
        region: region.filter(|it| !it.as_str().is_empty()),
        location: None,
    }
}

pub(super) fn organization_subject(organization: &Organization) -> Subject {
    Subject {
        kind: SubjectKind::Organization,
        id: organization.id.clone(),
        name: organization.id.clone(),
        account: Some(organization.management_account.clone()),
        region: None,
        location: None,
    }
}

pub(super) fn trail_subject(trail: &Trail) -> Subject {
    Subject {
        kind: SubjectKind::Trail,
        id: trail.arn.to_string(),
        name: trail.name.clone(),
        account: Some(trail.account.clone()),
        region: Some(trail.home_region.clone()),
        location: None,
    }
}

pub(super) fn bucket_subject(bucket: &Bucket) -> Subject {
    Subject {
        kind: SubjectKind::Bucket,
        id: bucket.arn.to_string(),
        name: bucket.name.clone(),
        account: bucket.owner.ok().cloned().flatten(),
        region: bucket.region.ok().cloned(),
        location: None,
    }
}

pub(super) fn key_subject(key: &Key) -> Subject {
    Subject {
        kind: SubjectKind::Key,
        id: key.arn.to_string(),
        name: key.arn.resource().trim_start_matches("key/").to_owned(),
        account: Some(key.account.clone()),
        region: Some(key.region.clone()),
        location: None,
    }
}

pub(super) fn log_group_subject(group: &LogGroup) -> Subject {
    Subject {
        kind: SubjectKind::LogGroup,
        id: group.arn.to_string(),
        name: group.name.clone(),
        account: Some(group.account.clone()),
        region: Some(group.region.clone()),
        location: None,
    }
}

pub(super) fn store_subject(store: &EventDataStore) -> Subject {
    Subject {
        kind: SubjectKind::EventDataStore,
        id: store.arn.to_string(),
        name: store.name.clone(),
        account: Some(store.account.clone()),
        region: Some(store.region.clone()),
        location: None,
    }
}

pub(super) fn chain_subject(chain: &VerifiedChain) -> Subject {
    let id = &chain.chain.id;
    Subject {
        kind: SubjectKind::Chain,
        id: chain.id(),
        name: id.trail.clone(),
        account: Some(id.account.as_str().into()),
        region: Some(id.region.as_str().into()),
        location: None,
    }
}

pub(super) fn principal_subject(principal: &Principal<'_>) -> Subject {
    let (arn, name) = match principal.identity {
        Identity::User(user) => (&user.arn, &user.name),
        Identity::Role(role) => (&role.arn, &role.name),
    };
    Subject {
        kind: SubjectKind::Principal,
        id: arn.to_string(),
        name: name.clone(),
        account: Some(principal.account.clone()),
        region: None,
        location: None,
    }
}

/// A role that something names, whether or not it exists.
pub(super) fn role_subject(arn: &Arn) -> Subject {
    Subject {
        kind: SubjectKind::Principal,
        id: arn.to_string(),
        name: arn
            .as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned(),
        account: Some(arn.account()),
        region: None,
        location: None,
    }
}

/// Whoever can act, in an account or from outside.
pub(super) fn actor_subject(actor: &Actor) -> Subject {
    let name = match actor.kind {
        ActorKind::Anyone => "everyone",
        ActorKind::User
        | ActorKind::Role
        | ActorKind::Root
        | ActorKind::ServiceLinkedRole
        | ActorKind::Federated
        | ActorKind::External
        | ActorKind::Step => actor.id.rsplit('/').next().unwrap_or(&actor.id),
    };
    Subject {
        kind: SubjectKind::Principal,
        id: actor.id.clone(),
        name: name.to_owned(),
        account: (!actor.account.as_str().is_empty()).then(|| actor.account.clone()),
        region: None,
        location: None,
    }
}

/// What an answer about all records is about: the organization, or else the one account, or the logs as a whole.
pub(super) fn events_subject(inventory: &Inventory) -> Subject {
    if let Some(Some(organization)) = inventory.organization.ok() {
        return organization_subject(organization);
    }
    let accounts = &inventory.header.scope.accounts;
    let account = match accounts.as_slice() {
        [one] => Some(one.clone()),
        _ => Some(inventory.header.scope.caller_arn.account())
            .filter(|it| accounts.is_empty() && !it.as_str().is_empty()),
    };
    let id = match &account {
        Some(account) => account.to_string(),
        None => "all accounts of the logs".to_owned(),
    };
    Subject {
        kind: SubjectKind::Account,
        name: id.clone(),
        id,
        account,
        region: None,
        location: None,
    }
}

/// Hours, and other parts of the logs, that are named one by one.
const NAMED: usize = 20;

/// Why it cannot be said that there was nothing else; none where all is verified.
pub(super) fn unverified(rests_on: &RestsOn) -> Option<Gaps> {
    if rests_on.complete && rests_on.hours.verified > 0 {
        return None;
    }
    let named = rests_on.open.iter().take(NAMED).map(|hours| {
        let what = format!("the log from {} to {}", hours.start, hours.end);
        not_verified(what).but(|it| {
            it.account = AccountId::from(hours.account.as_str());
            it.region = Region::from(hours.region.as_str());
            it.detail = hours.why.join(", ");
        })
    });
    let more = rests_on.open.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| not_verified(format!("the log of {more} other periods")));
    let logs = rests_on.logs;
    let counts = [
        (logs.altered, "altered log files"),
        (logs.missing, "missing log files"),
        (logs.unread, "log files that could not be read"),
        (logs.unlisted, "log files that no digest lists"),
        (logs.unverified, "log files without a valid digest"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts = counts.map(|(count, what)| not_verified(format!("the content of {count} {what}")));
    let uncovered = rests_on.not_covered.iter().take(NAMED).map(|why| {
        not_verified("the log of the whole scope".to_owned()).but(|it| it.detail.clone_from(why))
    });
    let mut all: Vec<Gap> = named.chain(more).chain(counts).chain(uncovered).collect();
    if all.is_empty() {
        let none = not_verified("the log".to_owned());
        all.push(none.but(|it| it.detail = "no log file was verified".to_owned()));
    }
    Gaps::collect(all.into_iter().map(Gaps::from))
}

fn not_verified(what: String) -> Gap {
    Gap::from(Why {
        source: Source::Records { what },
        account: AccountId::from(""),
        region: Region::from(""),
        reason: Reason::Unverified,
        detail: String::new(),
        request_id: None,
    })
}
