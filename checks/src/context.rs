//! What a check may read, and who uses what.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;

use crate::calls::ApiCall;
use crate::control_policies::Control;
use crate::fact::{Fact, Gap, Gaps, Reason};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::{
    Account, AccountState, Bucket, Inventory, Key, LogGroup, Organization, RegionView, Trail,
};
use crate::policy::{Document, ParseError};
use crate::settings::Settings;

/// The inventory, the settings and the clock, with the uses of each resource looked up once.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was seen.
    pub inventory: &'a Inventory,
    /// What only the user can know.
    pub settings: &'a Settings,
    /// For dates of waivers and settings. Ages of facts are judged at [`Context::taken_at`].
    pub now: Timestamp,
    trails_by_bucket: BTreeMap<Arn, Vec<&'a Trail>>,
    trails_by_key: BTreeMap<Arn, Vec<&'a Trail>>,
    trails_by_log_group: BTreeMap<Arn, Vec<&'a Trail>>,
    trails_by_account: BTreeMap<AccountId, Vec<&'a Trail>>,
    log_groups_by_account: BTreeMap<AccountId, Vec<&'a LogGroup>>,
    used_keys: BTreeSet<Arn>,
    hiding_storage: OnceLock<Option<Gaps>>,
    hiding_trails: OnceLock<Option<Gaps>>,
    control: Option<Control<'a>>,
    kept: Kept,
    /// The policies of the account that was asked about last.
    documents: Mutex<(AccountId, BTreeMap<String, Arc<Parsed>>)>,
}

/// A policy, or why it cannot be read.
pub(crate) type Parsed = Result<Document, ParseError>;

/// What was worked out once, by what it is and whose.
type Kept = Mutex<BTreeMap<(TypeId, Vec<String>), Arc<dyn Any + Send + Sync>>>;

impl<'a> Context<'a> {
    /// Looks up who uses what.
    #[must_use]
    pub fn new(inventory: &'a Inventory, settings: &'a Settings, now: Timestamp) -> Self {
        let mut context = Self {
            inventory,
            settings,
            now,
            trails_by_bucket: BTreeMap::new(),
            trails_by_key: BTreeMap::new(),
            trails_by_log_group: BTreeMap::new(),
            trails_by_account: BTreeMap::new(),
            log_groups_by_account: BTreeMap::new(),
            used_keys: BTreeSet::new(),
            hiding_storage: OnceLock::new(),
            hiding_trails: OnceLock::new(),
            control: inventory
                .organization
                .ok()
                .and_then(Option::as_ref)
                .map(Control::of),
            kept: Kept::default(),
            documents: Mutex::new((AccountId::from(""), BTreeMap::new())),
        };
        let partition = &inventory.header.scope.partition;
        for trail in inventory.trails.values() {
            let of_account = context.trails_by_account.entry(trail.account.clone());
            of_account.or_default().push(trail);
            let set = &trail.configuration;
            if let Fact::Known(bucket) = &set.bucket {
                context
                    .trails_by_bucket
                    .entry(Arn::bucket(partition, bucket))
                    .or_default()
                    .push(trail);
            }
            if let Fact::Known(Some(key)) = &set.kms_key {
                context
                    .trails_by_key
                    .entry(key.clone())
                    .or_default()
                    .push(trail);
                context.used_keys.insert(key.clone());
            }
            if let Fact::Known(Some(group)) = &set.log_group {
                let group = log_group_arn(group);
                context
                    .trails_by_log_group
                    .entry(group)
                    .or_default()
                    .push(trail);
            }
        }
        for group in inventory.log_groups.values() {
            let of_account = context.log_groups_by_account.entry(group.account.clone());
            of_account.or_default().push(group);
        }
        for arn in context.trails_by_bucket.keys() {
            let encryption = inventory
                .buckets
                .get(arn)
                .and_then(|bucket| bucket.encryption.ok());
            if let Some(key) = encryption.and_then(|it| it.as_ref()?.kms_key.as_deref()) {
                context.used_keys.insert(Arn::from(key));
            }
        }
        for store in inventory.event_data_stores.values() {
            if let Some(key) = store.configuration.kms_key.ok().cloned().flatten() {
                context.used_keys.insert(key);
            }
        }
        context
    }

    /// When the facts were taken: their ages are judged at this time.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        self.inventory.header.taken_at
    }

    /// Where global services are asked: a name for gaps that have no region of their own.
    #[must_use]
    pub fn home(&self) -> Region {
        home_of(self.inventory)
    }

    /// The organization; `None` for a standalone account.
    pub fn organization(&self) -> Result<Option<&'a Organization>, Gaps> {
        self.inventory.organization.known().map(Option::as_ref)
    }

    /// What an account shows in a region; none where the run did not get there.
    #[must_use]
    pub fn region(&self, account: &AccountId, region: &Region) -> Option<&'a RegionView> {
        self.inventory
            .regions
            .get(&(account.clone(), region.clone()))
    }

    /// The log bucket of a trail; none where the run did not get there.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&'a Bucket> {
        self.inventory.bucket(name)
    }

    /// The trails that deliver to a bucket.
    #[must_use]
    pub fn deliverers(&self, bucket: &Bucket) -> &[&'a Trail] {
        self.trails_by_bucket
            .get(&bucket.arn)
            .map_or(&[], Vec::as_slice)
    }

    /// The trails that encrypt with a key.
    #[must_use]
    pub fn encryptors(&self, key: &Key) -> &[&'a Trail] {
        self.trails_by_key.get(&key.arn).map_or(&[], Vec::as_slice)
    }

    /// The trails that deliver to a log group.
    #[must_use]
    pub fn writers(&self, group: &LogGroup) -> &[&'a Trail] {
        self.trails_by_log_group
            .get(&group.arn)
            .map_or(&[], Vec::as_slice)
    }

    /// The trails that an account owns.
    #[must_use]
    pub fn trails_of(&self, account: &AccountId) -> &[&'a Trail] {
        self.trails_by_account
            .get(account)
            .map_or(&[], Vec::as_slice)
    }

    /// The log groups that an account owns.
    #[must_use]
    pub fn log_groups_of(&self, account: &AccountId) -> &[&'a LogGroup] {
        self.log_groups_by_account
            .get(account)
            .map_or(&[], Vec::as_slice)
    }

    /// What may hide a bucket or a key of the record: looked for once, since every region asks.
    pub fn hiding_storage(&self, look: impl FnOnce() -> Option<Gaps>) -> Option<&Gaps> {
        self.hiding_storage.get_or_init(look).as_ref()
    }

    /// What may hide a trail anywhere: looked for once, since every bucket and key asks.
    pub fn hiding_trails(&self, look: impl FnOnce() -> Option<Gaps>) -> Option<&Gaps> {
        self.hiding_trails.get_or_init(look).as_ref()
    }

    /// The control policies of the organization, each read once; none for an account without an organization.
    pub(crate) fn control(&self) -> Result<Option<&Control<'a>>, Gaps> {
        self.organization()?;
        Ok(self.control.as_ref())
    }

    /// The same where the organization is at hand.
    pub(crate) fn control_of<'o>(&self, organization: &'o Organization) -> Control<'o> {
        match &self.control {
            Some(control) => Control::with(organization, control.index()),
            None => Control::of(organization),
        }
    }

    /// What many checks ask for: worked out for the first of them. A type of its own keeps two questions apart.
    pub(crate) fn once<T: Any + Send + Sync>(
        &self,
        of: &[&str],
        make: impl FnOnce() -> T,
    ) -> Arc<T> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of = of.iter().copied().map(str::to_owned);
        let key = (TypeId::of::<T>(), of.collect());
        let found = kept().get(&key).cloned();
        if let Some(Ok(found)) = found.map(Arc::downcast::<T>) {
            return found;
        }
        // Not under the lock: it may ask for something else that is kept.
        let made = Arc::new(make());
        kept().insert(key, Arc::clone(&made) as Arc<dyn Any + Send + Sync>);
        made
    }

    /// A policy that several principals of an account have, read once.
    pub(crate) fn document(&self, account: &AccountId, text: &str) -> Arc<Parsed> {
        let mut kept = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.0 != *account {
            *kept = (account.clone(), BTreeMap::new());
        }
        if let Some(read) = kept.1.get(text) {
            return Arc::clone(read);
        }
        let read = Arc::new(Document::parse(text));
        kept.1.insert(text.to_owned(), Arc::clone(&read));
        read
    }

    /// Whether a trail, a log bucket or a store encrypts with this key.
    #[must_use]
    pub fn key_is_used(&self, key: &Key) -> bool {
        self.used_keys.contains(&key.arn)
    }
}

/// A trail names its log group with a `:*` at the end; the group itself has none.
#[must_use]
pub fn log_group_arn(arn: &Arn) -> Arn {
    Arn::from(arn.as_str().strip_suffix(":*").unwrap_or(arn.as_str()))
}

/// In use and in scope: judged. Others are told in the coverage.
pub(crate) fn is_judged(account: &Account) -> bool {
    !account.excluded && matches!(account.state.ok(), None | Some(AccountState::Active))
}

/// The run ended before this was asked.
pub(crate) fn not_reached(call: ApiCall, account: &AccountId, region: &Region) -> Gap {
    Gap::of_call(
        call,
        account,
        region,
        Reason::Interrupted,
        "the run ended before this was asked",
    )
}

/// Why nothing was seen of a place: it was left out of the scope, or the run ended before.
pub(crate) fn not_seen(
    call: ApiCall,
    account: &AccountId,
    region: &Region,
    ctx: &Context<'_>,
) -> Gap {
    let gap = not_reached(call, account, region);
    let of = ctx.inventory.accounts.get(account);
    let mut switches = of.and_then(|it| it.regions.ok()).into_iter().flatten();
    let detail = if of.is_some_and(|it| it.excluded) {
        "the account is excluded from the scope of this run"
    } else if switches.any(|it| it.name == *region && it.excluded) {
        "the region is excluded from the scope of this run"
    } else {
        return gap;
    };
    gap.but(|it| {
        it.reason = Reason::NotAsked;
        it.detail = detail.to_owned();
    })
}

/// Where global services are asked: a name for gaps that have no region of their own.
pub(crate) fn home_of(inventory: &Inventory) -> Region {
    inventory.header.scope.home()
}
