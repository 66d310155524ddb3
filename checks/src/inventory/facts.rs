//! The table of facts: which record holds which fact, and which call tells it. Once.
//!
//! Everything that has to know it is derived from here: what a record is before anything was asked, what is
//! missing in it, where the analysis of access may overlook somebody, what the tests forget, and whether a check
//! names the calls that its verdicts rest on.

use crate::calls::{self, ApiCall};
use crate::fact::{Fact, Gap, Gaps, Reason};
use crate::ids::{AccountId, Region};

use super::Record;
use super::account::Account;
use super::bucket::{AccessPoint, Bucket, Versioning};
use super::iam::{AuthorizationFacts, Iam};
use super::key::{Key, KeyMetadata, Rotation};
use super::monitoring::{
    Alarm, EventRule, LogGroup, LogGroupConfiguration, MetricFilter, MetricTransformation,
    Subscription, Topic, TopicConfiguration,
};
use super::organization::{ControlPolicy, DelegatedAdministrator, Organization};
use super::region::RegionView;
use super::store::{Channel, EventDataStore, StoreConfiguration};
use super::trail::{RegionalStatus, Trail, TrailConfiguration, TrailStatus};

/// A fact of a record, and the call that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Field {
    /// The type that holds it.
    pub record: &'static str,
    /// The field's name there.
    pub name: &'static str,
    /// The call whose answer it is.
    pub call: ApiCall,
    /// It says who is granted access, or what there is that could be tampered with: while it is missing, a principal
    /// or a target may be overlooked.
    pub names: bool,
}

/// A fact of any type: all that can be done without knowing which.
pub trait AnyFact {
    /// Why it is missing, if it is.
    fn gap(&self) -> Option<&Gap>;
    /// Makes it missing.
    fn forget(&mut self, gap: Gap);
}

impl<T> AnyFact for Fact<T> {
    fn gap(&self) -> Option<&Gap> {
        Fact::gap(self)
    }

    fn forget(&mut self, gap: Gap) {
        *self = Fact::Unknown(gap);
    }
}

/// Sees a fact.
pub type See<'a> = dyn FnMut(&'static Field, &dyn AnyFact) + 'a;
/// Sees a fact, and may change it.
pub type Change<'a> = dyn FnMut(&'static Field, &mut dyn AnyFact) + 'a;

/// Something that holds facts. Those within the value of another fact come before it.
pub trait Facts {
    /// Each fact.
    fn each(&self, see: &mut See<'_>);
    /// Each fact, to be changed.
    fn each_mut(&mut self, change: &mut Change<'_>);

    /// What is missing, and which field it is.
    fn gaps(&self) -> Vec<(&'static Field, Gap)> {
        let mut gaps = Vec::new();
        self.each(&mut |field, fact| {
            gaps.extend(fact.gap().map(|gap| (field, gap.clone())));
        });
        gaps
    }

    /// What is missing, all of it.
    fn missing(&self) -> Option<Gaps> {
        Gaps::collect(self.gaps().into_iter().map(|(_, gap)| Gaps::from(gap)))
    }

    /// Gives a reason to what was never filled in: a file that is older than the fact, or a call that was not made.
    fn settle(&mut self, why: &dyn Fn(ApiCall) -> Gap) {
        self.each_mut(&mut |field, fact| {
            if fact.gap().is_some_and(Gap::is_absent) {
                fact.forget(why(field.call));
            }
        });
    }

    /// The same with a reason for all that was never filled in.
    #[must_use]
    fn settled(mut self, why: &dyn Fn(ApiCall) -> Gap) -> Self
    where
        Self: Sized,
    {
        self.settle(why);
        self
    }
}

impl<T: Facts> Facts for Vec<T> {
    fn each(&self, see: &mut See<'_>) {
        self.iter().for_each(|it| it.each(see));
    }

    fn each_mut(&mut self, change: &mut Change<'_>) {
        self.iter_mut().for_each(|it| it.each_mut(change));
    }
}

impl<T: Facts> Facts for Option<T> {
    fn each(&self, see: &mut See<'_>) {
        self.iter().for_each(|it| it.each(see));
    }

    fn each_mut(&mut self, change: &mut Change<'_>) {
        self.iter_mut().for_each(|it| it.each_mut(change));
    }
}

impl<T: Facts> Facts for Fact<T> {
    fn each(&self, see: &mut See<'_>) {
        self.ok().into_iter().for_each(|it| it.each(see));
    }

    fn each_mut(&mut self, change: &mut Change<'_>) {
        if let Fact::Known(it) = self {
            it.each_mut(change);
        }
    }
}

/// One row a field: `name = CALL`. In parentheses: the fields whose values hold facts of their own.
/// `names` marks what says who is granted access, see [`Field::names`].
macro_rules! facts {
    ($($record:ident($($inner:ident),*) { $($name:ident = $call:ident $($names:ident)?;)* })*) => {
        $(
            impl Facts for $record {
                #[allow(unused_variables, reason = "a record whose facts are all within others")]
                fn each(&self, see: &mut See<'_>) {
                    $(self.$inner.each(see);)*
                    $(see(row!($record $name $call $($names)?), &self.$name);)*
                }

                #[allow(unused_variables, reason = "a record whose facts are all within others")]
                fn each_mut(&mut self, change: &mut Change<'_>) {
                    $(self.$inner.each_mut(change);)*
                    $(change(row!($record $name $call $($names)?), &mut self.$name);)*
                }
            }
        )*

        /// Every row.
        pub const TABLE: &[&Field] = &[$($(row!($record $name $call $($names)?),)*)*];
    };
}

macro_rules! row {
    ($record:ident $name:ident $call:ident) => {
        row!($record $name $call = false)
    };
    ($record:ident $name:ident $call:ident names) => {
        row!($record $name $call = true)
    };
    ($record:ident $name:ident $call:ident = $names:literal) => {
        &Field {
            record: stringify!($record),
            name: stringify!($name),
            call: calls::$call,
            names: $names,
        }
    };
}

facts! {
    Organization(policies, delegated_administrators) {
        accounts = LIST_ACCOUNTS;
        units = LIST_OUS;
        policies = LIST_POLICIES;
        trusted_services = LIST_SERVICE_ACCESS;
        root_access = LIST_ORGANIZATIONS_FEATURES;
        delegated_administrators = LIST_DELEGATED_ADMINISTRATORS;
        resource_policy = DESCRIBE_ORGANIZATION_RESOURCE_POLICY names;
    }
    ControlPolicy() {
        document = DESCRIBE_POLICY;
        targets = LIST_TARGETS_FOR_POLICY;
    }
    DelegatedAdministrator() {
        services = LIST_DELEGATED_SERVICES;
    }
    Account() {
        state = LIST_ACCOUNTS;
        parent = LIST_ACCOUNTS_FOR_PARENT;
        session = ASSUME_ROLE;
        regions = LIST_REGIONS;
        public_access_block = GET_ACCOUNT_PUBLIC_ACCESS_BLOCK;
        summary = GET_ACCOUNT_SUMMARY;
    }
    RegionView(channels, alarms, rules) {
        trails = DESCRIBE_TRAILS;
        event_data_stores = LIST_EVENT_DATA_STORES;
        channels = LIST_CHANNELS names;
        alarms = DESCRIBE_ALARMS names;
        rules = LIST_RULES names;
        log_resource_policies = DESCRIBE_LOG_RESOURCE_POLICIES names;
        config_recorder = DESCRIBE_CONFIG_RECORDERS;
        guardduty = LIST_DETECTORS;
        security_hub = DESCRIBE_HUB;
        security_standards = GET_ENABLED_STANDARDS;
        macie = GET_MACIE_SESSION;
        access_analyzers = LIST_ANALYZERS;
        tampering = LOOKUP_EVENTS;
    }
    Trail(configuration, status, regions) {
        selectors = GET_EVENT_SELECTORS;
        insights = GET_INSIGHT_SELECTORS;
        aggregations = GET_EVENT_CONFIGURATION;
        tags = LIST_TRAIL_TAGS;
    }
    TrailConfiguration() {
        bucket = DESCRIBE_TRAILS;
        prefix = DESCRIBE_TRAILS;
        sns_topic = DESCRIBE_TRAILS;
        include_global_service_events = DESCRIBE_TRAILS;
        multi_region = DESCRIBE_TRAILS;
        organization = DESCRIBE_TRAILS;
        log_file_validation = DESCRIBE_TRAILS;
        log_group = DESCRIBE_TRAILS;
        log_group_role = DESCRIBE_TRAILS;
        kms_key = DESCRIBE_TRAILS;
    }
    TrailStatus() {
        logging = GET_TRAIL_STATUS;
        started = GET_TRAIL_STATUS;
        stopped = GET_TRAIL_STATUS;
        delivery = GET_TRAIL_STATUS;
        digest = GET_TRAIL_STATUS;
        log_group = GET_TRAIL_STATUS;
        notification = GET_TRAIL_STATUS;
    }
    RegionalStatus() {
        delivery = GET_TRAIL_STATUS;
    }
    EventDataStore(configuration) {
        selectors = GET_EVENT_DATA_STORE;
        policy = GET_LAKE_RESOURCE_POLICY names;
        tags = LIST_TRAIL_TAGS;
    }
    StoreConfiguration() {
        status = GET_EVENT_DATA_STORE;
        multi_region = GET_EVENT_DATA_STORE;
        organization = GET_EVENT_DATA_STORE;
        retention_days = GET_EVENT_DATA_STORE;
        termination_protection = GET_EVENT_DATA_STORE;
        kms_key = GET_EVENT_DATA_STORE;
        federation_status = GET_EVENT_DATA_STORE;
        federation_role = GET_EVENT_DATA_STORE;
    }
    Channel() {
        source = GET_CHANNEL;
        policy = GET_LAKE_RESOURCE_POLICY names;
    }
    Bucket(versioning, access_points) {
        exists = HEAD_BUCKET;
        owner = LIST_BUCKETS names;
        region = GET_BUCKET_LOCATION;
        acl = GET_BUCKET_ACL names;
        ownership = GET_BUCKET_OWNERSHIP names;
        public_access_block = GET_BUCKET_PUBLIC_ACCESS_BLOCK names;
        policy = GET_BUCKET_POLICY names;
        policy_is_public = GET_BUCKET_POLICY_STATUS;
        object_lock = GET_OBJECT_LOCK;
        default_retention = GET_OBJECT_LOCK;
        encryption = GET_BUCKET_ENCRYPTION;
        access_logging = GET_BUCKET_LOGGING;
        lifecycle = GET_BUCKET_LIFECYCLE;
        replication = GET_BUCKET_REPLICATION;
        notifications = GET_BUCKET_NOTIFICATION;
        website = GET_BUCKET_WEBSITE;
        access_points = LIST_ACCESS_POINTS;
        tags = GET_BUCKET_TAGGING;
        prefixes = LIST_OBJECTS;
    }
    Versioning() {
        enabled = GET_BUCKET_VERSIONING;
        suspended = GET_BUCKET_VERSIONING;
        mfa_delete = GET_BUCKET_VERSIONING;
    }
    AccessPoint() {
        policy = GET_ACCESS_POINT_POLICY;
        public_access_block = GET_ACCESS_POINT;
    }
    Key(metadata, rotation) {
        metadata = DESCRIBE_KEY names;
        policy = GET_KEY_POLICY names;
        rotation = GET_KEY_ROTATION_STATUS;
        grants = LIST_GRANTS names;
    }
    KeyMetadata() {
        arn = DESCRIBE_KEY;
        manager = DESCRIBE_KEY;
        state = DESCRIBE_KEY;
        origin = DESCRIBE_KEY;
        spec = DESCRIBE_KEY;
        multi_region = DESCRIBE_KEY;
        replicas = DESCRIBE_KEY;
        deletion = DESCRIBE_KEY;
        valid_to = DESCRIBE_KEY;
    }
    Rotation() {
        enabled = GET_KEY_ROTATION_STATUS;
        period_days = GET_KEY_ROTATION_STATUS;
    }
    LogGroup(configuration, metric_filters) {
        configuration = DESCRIBE_LOG_GROUPS;
        metric_filters = DESCRIBE_METRIC_FILTERS;
        subscription_filters = DESCRIBE_SUBSCRIPTION_FILTERS;
    }
    LogGroupConfiguration() {
        retention_days = DESCRIBE_LOG_GROUPS;
        kms_key = DESCRIBE_LOG_GROUPS;
        class = DESCRIBE_LOG_GROUPS;
        deletion_protection = DESCRIBE_LOG_GROUPS;
        bearer_token = DESCRIBE_LOG_GROUPS;
    }
    MetricFilter(transformations) {
        field_selection = DESCRIBE_METRIC_FILTERS;
        system_dimensions = DESCRIBE_METRIC_FILTERS;
        transformed = DESCRIBE_METRIC_FILTERS;
    }
    MetricTransformation() {
        unit = DESCRIBE_METRIC_FILTERS;
    }
    Alarm() {
        namespace = DESCRIBE_ALARMS;
        metric = DESCRIBE_ALARMS;
        statistic = DESCRIBE_ALARMS;
        period = DESCRIBE_ALARMS;
        evaluation_periods = DESCRIBE_ALARMS;
        datapoints_to_alarm = DESCRIBE_ALARMS;
        threshold = DESCRIBE_ALARMS;
        comparison = DESCRIBE_ALARMS;
        missing_data = DESCRIBE_ALARMS;
        actions_enabled = DESCRIBE_ALARMS;
        alarm_actions = DESCRIBE_ALARMS;
        expressions = DESCRIBE_ALARMS;
        metrics = DESCRIBE_ALARMS;
        dimensions = DESCRIBE_ALARMS;
        unit = DESCRIBE_ALARMS;
        state = DESCRIBE_ALARMS;
        state_since = DESCRIBE_ALARMS;
    }
    EventRule() {
        targets = LIST_TARGETS_BY_RULE;
        deliveries = LIST_TARGETS_BY_RULE;
    }
    Topic(configuration, subscriptions) {
        configuration = GET_TOPIC_ATTRIBUTES names;
        subscriptions = LIST_SUBSCRIPTIONS;
    }
    TopicConfiguration() {
        policy = GET_TOPIC_ATTRIBUTES names;
        kms_key = GET_TOPIC_ATTRIBUTES;
    }
    Subscription() {
        filter = GET_SUBSCRIPTION_ATTRIBUTES;
    }
    Iam(details) {
    }
    AuthorizationFacts() {
        users = GET_ACCOUNT_AUTHORIZATION_DETAILS;
        groups = GET_ACCOUNT_AUTHORIZATION_DETAILS;
        roles = GET_ACCOUNT_AUTHORIZATION_DETAILS;
        policies = GET_ACCOUNT_AUTHORIZATION_DETAILS;
    }
}

impl Record {
    /// Gives a reason to every fact that the file does not hold.
    pub fn settle(&mut self, scope: &super::Scope) {
        let caller = scope.caller_arn.account();
        let why = |account: &AccountId, region: &Region| {
            let (account, region) = (account.clone(), region.clone());
            move |call| {
                let detail = "the file does not hold it";
                Gap::of_call(call, &account, &region, Reason::NotAsked, detail)
            }
        };
        let home = scope.home();
        match self {
            Record::Organization(it) => it.settle(&why(&caller, &home)),
            Record::Account(it) => {
                let account = it.id.clone();
                it.settle(&why(&account, &home));
            }
            Record::Region(it) => {
                let (account, region) = (it.account.clone(), it.region.clone());
                it.settle(&why(&account, &region));
            }
            Record::Trail(it) => {
                let (account, region) = (it.account.clone(), it.home_region.clone());
                it.settle(&why(&account, &region));
            }
            Record::EventDataStore(it) => {
                let (account, region) = (it.account.clone(), it.region.clone());
                it.settle(&why(&account, &region));
            }
            Record::Bucket(it) => {
                let owner = it.owner.ok().cloned().flatten().unwrap_or(caller);
                let region = it.region.ok().cloned().unwrap_or(home);
                it.settle(&why(&owner, &region));
            }
            Record::Key(it) => {
                let (account, region) = (it.account.clone(), it.region.clone());
                it.settle(&why(&account, &region));
            }
            Record::LogGroup(it) => {
                let (account, region) = (it.account.clone(), it.region.clone());
                it.settle(&why(&account, &region));
            }
            Record::Topic(it) => {
                let (account, region) = (it.arn.account(), it.arn.region());
                it.settle(&why(&account, &region));
            }
            Record::Iam(it) => {
                let account = it.account.clone();
                it.settle(&why(&account, &home));
            }
            // They hold what was computed or asked, and no facts that a file could lack.
            Record::Chain(_)
            | Record::Plan(_)
            | Record::Events(_)
            | Record::Call(_)
            | Record::Header(_)
            | Record::Trailer(_) => {}
        }
    }
}
