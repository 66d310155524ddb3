//! A trail: what it is set to record, and whether it does.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    #[serde(default)]
    pub configuration: TrailConfiguration,
    /// Where the owner's view is not known and those of others differ: the values of each such field of
    /// `configuration`, which is unknown.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub differing: BTreeMap<String, Vec<Value>>,
    /// GetTrailStatus, asked in the home region.
    #[serde(default)]
    pub status: TrailStatus,
    /// GetEventSelectors.
    #[serde(default)]
    pub selectors: Fact<Selectors>,
    /// GetInsightSelectors; empty when none.
    #[serde(default)]
    pub insights: Fact<Vec<Insight>>,
    /// GetEventConfiguration: how data events are aggregated; empty when they are not.
    #[serde(default)]
    pub aggregations: Fact<Vec<Aggregation>>,
    /// GetTrailStatus, called in each region that the trail covers: each answers for its own region only.
    #[serde(default)]
    pub regions: Vec<RegionalStatus>,
    /// ListTags.
    #[serde(default)]
    pub tags: Fact<BTreeMap<String, String>>,
}

/// One kind of insight, and the events that it is drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "WrittenInsight")]
pub struct Insight {
    /// Such as `ApiCallRateInsight`.
    pub kind: String,
    /// `Management`, `Data`.
    pub categories: Vec<String>,
}

impl Insight {
    /// Drawn from management events, as all insights are whose categories are not given (API reference,
    /// InsightSelector, EventCategories).
    #[must_use]
    pub fn of_management(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            categories: vec!["Management".to_owned()],
        }
    }
}

/// An insight in a file: the first files had its kind alone.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum WrittenInsight {
    Kind(String),
    Whole {
        kind: String,
        categories: Vec<String>,
    },
}

impl From<WrittenInsight> for Insight {
    fn from(written: WrittenInsight) -> Self {
        match written {
            WrittenInsight::Kind(kind) => Self::of_management(kind),
            WrittenInsight::Whole { kind, categories } => Self { kind, categories },
        }
    }
}

/// Events of one category, summarized in addition to being recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aggregation {
    /// `Data`.
    pub category: String,
    /// Such as `API_ACTIVITY`.
    pub templates: Vec<String>,
}

/// What GetTrailStatus says of one region, as the trail's owner sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegionalStatus {
    /// Where it was called.
    pub region: Region,
    /// Log files to the bucket.
    #[serde(default)]
    pub delivery: Fact<Delivery>,
}

/// What DescribeTrails says of a trail.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrailConfiguration {
    /// The bucket it delivers to, by name.
    #[serde(default)]
    pub bucket: Fact<String>,
    /// The prefix within the bucket.
    #[serde(default)]
    pub prefix: Fact<Option<String>>,
    /// The topic that deliveries are announced to.
    #[serde(default)]
    pub sns_topic: Fact<Option<Arn>>,
    /// IAM, STS and CloudFront events.
    #[serde(default)]
    pub include_global_service_events: Fact<bool>,
    /// Records in every region.
    #[serde(default)]
    pub multi_region: Fact<bool>,
    /// Records for every account of the organization.
    #[serde(default)]
    pub organization: Fact<bool>,
    /// Writes digest files.
    #[serde(default)]
    pub log_file_validation: Fact<bool>,
    /// The log group it also delivers to.
    #[serde(default)]
    pub log_group: Fact<Option<Arn>>,
    /// The role by which it writes there.
    #[serde(default)]
    pub log_group_role: Fact<Option<Arn>>,
    /// The key that encrypts the log files (SSE-KMS): an ARN, as AWS gives it back.
    #[serde(default)]
    pub kms_key: Fact<Option<Arn>>,
}

/// What GetTrailStatus says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrailStatus {
    /// It records now.
    #[serde(default)]
    pub logging: Fact<bool>,
    /// Since when.
    #[serde(default)]
    pub started: Fact<Option<Timestamp>>,
    /// When it was last stopped.
    #[serde(default)]
    pub stopped: Fact<Option<Timestamp>>,
    /// Log files to the bucket.
    #[serde(default)]
    pub delivery: Fact<Delivery>,
    /// Digest files to the bucket.
    #[serde(default)]
    pub digest: Fact<Delivery>,
    /// Events to the log group.
    #[serde(default)]
    pub log_group: Fact<Delivery>,
    /// Announcements to the topic.
    #[serde(default)]
    pub notification: Fact<Delivery>,
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
