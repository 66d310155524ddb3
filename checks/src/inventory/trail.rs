//! A trail: what it is set to record, and whether it does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// One real trail, in the account and home region that own it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trail {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// The region it was made in.
    pub home_region: Region,
    /// DescribeTrails.
    pub configuration: Fact<TrailConfiguration>,
    /// GetTrailStatus, asked in the home region.
    pub status: Fact<TrailStatus>,
    /// GetEventSelectors.
    pub selectors: Fact<Selectors>,
    /// GetInsightSelectors: the kinds of insight, such as `ApiCallRateInsight`; empty when none.
    pub insights: Fact<Vec<String>>,
    /// ListTags.
    pub tags: Fact<BTreeMap<String, String>>,
}

/// What DescribeTrails says of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrailConfiguration {
    /// The bucket it delivers to, by name.
    pub bucket: String,
    /// The prefix within the bucket.
    pub prefix: Option<String>,
    /// The topic that deliveries are announced to.
    pub sns_topic: Option<Arn>,
    /// IAM, STS and CloudFront events.
    pub include_global_service_events: bool,
    /// Records in every region.
    pub multi_region: bool,
    /// Records for every account of the organization.
    pub organization: bool,
    /// Writes digest files.
    pub log_file_validation: bool,
    /// The log group it also delivers to.
    pub log_group: Option<Arn>,
    /// The role by which it writes there.
    pub log_group_role: Option<Arn>,
    /// The key that encrypts the log files (SSE-KMS): an ARN, as AWS gives it back.
    pub kms_key: Option<Arn>,
}

/// What GetTrailStatus says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrailStatus {
    /// It records now.
    pub logging: bool,
    /// Since when.
    pub started: Option<Timestamp>,
    /// When it was last stopped.
    pub stopped: Option<Timestamp>,
    /// Log files to the bucket.
    pub delivery: Delivery,
    /// Digest files to the bucket.
    pub digest: Delivery,
    /// Events to the log group.
    pub log_group: Delivery,
    /// Announcements to the topic.
    pub notification: Delivery,
}

/// The last success and the last error of one kind of delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delivery {
    /// The last that arrived.
    pub latest: Option<Timestamp>,
    /// The error of the last attempt; none when it arrived.
    pub error: Option<String>,
}

/// Which events are recorded: one of CloudTrail's two languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    /// Event selectors. None at all: every management event.
    Classic(Vec<EventSelector>),
    /// Advanced event selectors.
    Advanced(Vec<AdvancedSelector>),
}

/// A classic event selector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub read_write: String,
    /// Management events.
    pub management: bool,
    /// Sources whose management events are left out.
    pub excluded_sources: Vec<String>,
    /// Data events.
    pub data: Vec<DataResource>,
}

/// The resources whose data events a classic selector records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataResource {
    /// Such as `AWS::S3::Object`.
    pub kind: String,
    /// ARN prefixes.
    pub values: Vec<String>,
}

/// An advanced event selector: all its fields must match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdvancedSelector {
    /// Means nothing.
    pub name: Option<String>,
    /// The conditions.
    pub fields: Vec<FieldSelector>,
}

/// A condition on one field of the event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldSelector {
    /// Such as `eventCategory`.
    pub field: String,
    /// Any of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// Any of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// Any of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// None of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// None of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// None of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}
