//! One region of one account: what is listed there, and who watches.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::monitoring::{Alarm, EventRule};
use super::store::Channel;
use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// What an account shows in one enabled region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegionView {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// Trails that DescribeTrails shows here, shadows included: a shadow proves coverage.
    pub trails: Fact<Vec<Arn>>,
    /// CloudTrail Lake stores that live here.
    pub event_data_stores: Fact<Vec<Arn>>,
    /// CloudTrail Lake channels that live here.
    pub channels: Fact<Vec<Channel>>,
    /// CloudWatch alarms.
    pub alarms: Fact<Vec<Alarm>>,
    /// EventBridge rules of the default bus.
    pub rules: Fact<Vec<EventRule>>,
    /// Resource policies of CloudWatch Logs.
    pub log_resource_policies: Fact<Vec<String>>,
    /// AWS Config's recorder; none when there is none.
    pub config_recorder: Fact<Option<ConfigRecorder>>,
    /// A GuardDuty detector is enabled.
    pub guardduty: Fact<bool>,
    /// Security Hub is enabled.
    pub security_hub: Fact<bool>,
    /// Macie is enabled.
    pub macie: Fact<bool>,
    /// IAM Access Analyzer's analyzers.
    pub access_analyzers: Fact<Vec<AccessAnalyzer>>,
    /// Calls of the last days that stopped or redirected a record; asked for by choice.
    pub tampering: Fact<Lookup>,
}

/// AWS Config's recorder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigRecorder {
    /// Its name.
    pub name: String,
    /// It records now.
    pub recording: bool,
    /// It records every supported type.
    pub all_supported: bool,
    /// The types it records, where it does not record all.
    pub resource_types: Vec<String>,
    /// The types it leaves out.
    pub excluded_types: Vec<String>,
}

/// An analyzer of IAM Access Analyzer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccessAnalyzer {
    /// Its ARN.
    pub arn: Arn,
    /// `ACCOUNT`, `ORGANIZATION` or a kind of unused-access analyzer.
    pub kind: String,
    /// `ACTIVE` or why not.
    pub status: String,
}

/// The calls that are looked up: each stops, deletes, redirects or narrows a record.
pub const TAMPERING: [&str; 7] = [
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "StopEventDataStoreIngestion",
    "DeleteEventDataStore",
    "UpdateEventDataStore",
];

/// The calls that undo them, and what they undo: looked up as well.
pub const UNDOING: [(&str, &str); 4] = [
    ("StartLogging", "StopLogging"),
    ("CreateTrail", "DeleteTrail"),
    (
        "StartEventDataStoreIngestion",
        "StopEventDataStoreIngestion",
    ),
    ("RestoreEventDataStore", "DeleteEventDataStore"),
];

/// What LookupEvents tells of the calls that touch a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// From when on.
    pub since: Timestamp,
    /// The calls of [`TAMPERING`] and [`UNDOING`], refused ones among them, in order of time.
    pub events: Vec<TamperEvent>,
}

/// An event that touched the record itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TamperEvent {
    /// CloudTrail's id of the event.
    pub id: String,
    /// Such as `StopLogging`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// By whom, an ARN where there is one.
    pub principal: String,
    /// From where.
    pub source_ip: Option<String>,
    /// The trail, bucket or key that was touched.
    pub resource: Option<String>,
    /// The error, when it was refused.
    pub error: Option<String>,
}
