//! What was seen: all that one run learned, each value a [`Fact`].
//!
//! The file form is JSON Lines: a [`Header`], one [`Record`] per line, a [`Trailer`]. Everything but the
//! [`iam::Iam`] records is held in memory while judging.

pub mod account;
pub mod bucket;
pub mod chain;
pub mod change;
pub mod coverage;
pub mod events;
pub mod facts;
pub mod iam;
pub mod key;
pub mod ledger;
pub mod monitoring;
pub mod organization;
pub mod plan;
pub mod region;
pub mod shards;
pub mod store;
pub mod trail;
pub mod upgrade;
mod views;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use account::{Account, AccountState, RegionSwitch};
pub use bucket::{Bucket, PublicAccessBlock, Retention, RetentionMode, Versioning};
pub use chain::{ObjectKind, ObjectLock, Stored, VerifiedChain};
pub use events::{EventRecord, EventsRead, KeyEvents};
pub use iam::Iam;
pub use key::{Key, KeyMetadata, Rotation};
pub use ledger::{CallOutcome, CallRecord};
pub use monitoring::{LogGroup, LogGroupConfiguration, Topic, TopicConfiguration};
pub use organization::{ControlPolicy, ControlPolicyKind, Organization};
pub use plan::Planned;
pub use region::{RegionView, TamperEvent};
pub use shards::{Shard, ShardDelivery};
pub use store::{EventDataStore, StoreConfiguration};
pub use trail::{Delivery, Selectors, Trail, TrailConfiguration, TrailStatus};

use self::coverage::Coverage;
use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// The version of the file form. A newer one is refused, an older one is read.
pub const SCHEMA: u32 = 2;

/// All that one run saw, but the IAM documents.
#[derive(Debug, Clone, PartialEq)]
pub struct Inventory {
    /// Who looked, when, and at what.
    pub header: Header,
    /// None without an organization.
    pub organization: Fact<Option<Organization>>,
    /// Every account that is or was in sight.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Every enabled region of every account that could be asked.
    pub regions: BTreeMap<(AccountId, Region), RegionView>,
    /// Each real trail once.
    pub trails: BTreeMap<Arn, Trail>,
    /// CloudTrail Lake.
    pub event_data_stores: BTreeMap<Arn, EventDataStore>,
    /// Buckets that hold logs, replicas of them, or access logs about them.
    pub buckets: BTreeMap<Arn, Bucket>,
    /// Keys that encrypt any of them, by the ARN that names them there.
    pub keys: BTreeMap<Arn, Key>,
    /// Log groups that trails deliver to.
    pub log_groups: BTreeMap<Arn, LogGroup>,
    /// Topics that trails and alarms write to.
    pub topics: BTreeMap<Arn, Topic>,
    /// Chains of digest files, by id; empty when none were verified.
    pub chains: BTreeMap<String, VerifiedChain>,
    /// The plans whose result this is; none for what a scan collected.
    pub plan: Option<Planned>,
    /// The key events of the logs; none where no records were read.
    pub events: Option<EventsRead>,
    /// Every call, in order of account, region and name.
    pub ledger: Vec<CallRecord>,
    /// The end of the file; none when the run was cut off.
    pub trailer: Option<Trailer>,
}

impl Inventory {
    /// An inventory in which nothing has been seen yet.
    #[must_use]
    pub fn new(header: Header, organization: Fact<Option<Organization>>) -> Self {
        Self {
            header,
            organization,
            accounts: BTreeMap::new(),
            regions: BTreeMap::new(),
            trails: BTreeMap::new(),
            event_data_stores: BTreeMap::new(),
            buckets: BTreeMap::new(),
            keys: BTreeMap::new(),
            log_groups: BTreeMap::new(),
            topics: BTreeMap::new(),
            chains: BTreeMap::new(),
            plan: None,
            events: None,
            ledger: Vec::new(),
            trailer: None,
        }
    }

    /// The bucket with this name.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&Bucket> {
        self.buckets
            .get(&Arn::bucket(&self.header.scope.partition, name))
    }

    /// Every record but the ledger's and the IAM ones, in the order of the file.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        std::iter::once(Record::Organization(Box::new(self.organization.clone())))
            .chain(
                self.accounts
                    .values()
                    .cloned()
                    .map(|it| Record::Account(Box::new(it))),
            )
            .chain(
                self.regions
                    .values()
                    .cloned()
                    .map(|it| Record::Region(Box::new(it))),
            )
            .chain(self.resources())
            .chain(
                self.ledger
                    .iter()
                    .cloned()
                    .map(|it| Record::Call(Box::new(it))),
            )
    }

    /// Those that come after accounts and regions and before the ledger, in the order of the file.
    pub fn resources(&self) -> impl Iterator<Item = Record> + '_ {
        self.trails
            .values()
            .cloned()
            .map(|it| Record::Trail(Box::new(it)))
            .chain(
                self.event_data_stores
                    .values()
                    .cloned()
                    .map(|it| Record::EventDataStore(Box::new(it))),
            )
            .chain(
                self.buckets
                    .values()
                    .cloned()
                    .map(|it| Record::Bucket(Box::new(it))),
            )
            .chain(
                self.keys
                    .values()
                    .cloned()
                    .map(|it| Record::Key(Box::new(it))),
            )
            .chain(
                self.log_groups
                    .values()
                    .cloned()
                    .map(|it| Record::LogGroup(Box::new(it))),
            )
            .chain(
                self.topics
                    .values()
                    .cloned()
                    .map(|it| Record::Topic(Box::new(it))),
            )
            .chain(
                self.chains
                    .values()
                    .cloned()
                    .map(|it| Record::Chain(Box::new(it))),
            )
            .chain(
                self.plan
                    .iter()
                    .cloned()
                    .map(|it| Record::Plan(Box::new(it))),
            )
            .chain(
                self.events
                    .iter()
                    .cloned()
                    .map(|it| Record::Events(Box::new(it))),
            )
    }

    /// Takes one record in. Says no to what is not kept in memory, and gives it back.
    pub fn insert(&mut self, record: Record) -> Option<Record> {
        match record {
            Record::Organization(it) => self.organization = *it,
            Record::Account(it) => drop(self.accounts.insert(it.id.clone(), *it)),
            Record::Region(it) => {
                drop(
                    self.regions
                        .insert((it.account.clone(), it.region.clone()), *it),
                );
            }
            Record::Trail(it) => drop(self.trails.insert(it.arn.clone(), *it)),
            Record::EventDataStore(it) => drop(self.event_data_stores.insert(it.arn.clone(), *it)),
            Record::Bucket(it) => drop(self.buckets.insert(it.arn.clone(), *it)),
            Record::Key(it) => drop(self.keys.insert(it.arn.clone(), *it)),
            Record::LogGroup(it) => drop(self.log_groups.insert(it.arn.clone(), *it)),
            Record::Topic(it) => drop(self.topics.insert(it.arn.clone(), *it)),
            Record::Chain(it) => drop(self.chains.insert(it.id(), *it)),
            Record::Plan(it) => self.plan = Some(*it),
            Record::Events(it) => self.events = Some(*it),
            Record::Call(it) => self.ledger.push(*it),
            Record::Trailer(it) => self.trailer = Some(*it),
            Record::Header(_) | Record::Iam(_) => return Some(record),
        }
        None
    }

    /// The run ended by itself: not cut off, not interrupted.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.trailer
            .as_ref()
            .is_some_and(|trailer| !trailer.interrupted)
    }
}

/// One line of an inventory file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "record", content = "value")]
pub enum Record {
    /// The first line.
    Header(Box<Header>),
    /// The organization; `null` without one.
    Organization(Box<Fact<Option<Organization>>>),
    /// An account.
    Account(Box<Account>),
    /// A region of an account.
    Region(Box<RegionView>),
    /// A trail.
    Trail(Box<Trail>),
    /// A CloudTrail Lake store.
    EventDataStore(Box<EventDataStore>),
    /// A bucket.
    Bucket(Box<Bucket>),
    /// A key.
    Key(Box<Key>),
    /// A log group.
    LogGroup(Box<LogGroup>),
    /// A topic.
    Topic(Box<Topic>),
    /// A chain of digest files.
    Chain(Box<VerifiedChain>),
    /// The plans whose result the inventory is.
    Plan(Box<Planned>),
    /// The key events of the logs.
    Events(Box<EventsRead>),
    /// A call.
    Call(Box<CallRecord>),
    /// An account's IAM documents.
    Iam(Box<Iam>),
    /// The last line.
    Trailer(Box<Trailer>),
}

/// Who looked, when, and at what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The version of the file form.
    pub schema: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// When the run began; ages of facts are judged at this time.
    pub taken_at: Timestamp,
    /// What it looked at.
    pub scope: Scope,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `trailaudit`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What a run looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scope {
    /// The organization's id.
    pub organization: Option<String>,
    /// Its management account.
    pub management_account: Option<AccountId>,
    /// Who asked.
    pub caller_arn: Arn,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The accounts that were looked at.
    pub accounts: Vec<AccountId>,
    /// The regions that were looked at.
    pub regions: Vec<Region>,
    /// Endpoints that stood in the place of AWS's own, such as `https://example.com (all services)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
}

impl Scope {
    /// Where the partition's global services are asked.
    #[must_use]
    pub fn home(&self) -> Region {
        crate::ids::home_region(&self.partition)
    }
}

/// The end of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Trailer {
    /// When the run ended.
    pub finished_at: Timestamp,
    /// It was told to stop before it was done.
    pub interrupted: bool,
    /// What was asked, and how each question ended.
    pub coverage: Coverage,
    /// How many records of each kind the file holds.
    pub counts: BTreeMap<String, u64>,
    /// The shards, in order; empty for what one process has done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Shard>,
}
