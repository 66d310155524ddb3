//! One region of one account: what is listed there, and who watches.

use std::collections::BTreeSet;

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
    #[serde(default)]
    pub trails: Fact<Vec<Arn>>,
    /// CloudTrail Lake stores that live here.
    #[serde(default)]
    pub event_data_stores: Fact<Vec<Arn>>,
    /// CloudTrail Lake channels that live here.
    #[serde(default)]
    pub channels: Fact<Vec<Channel>>,
    /// CloudWatch alarms.
    #[serde(default)]
    pub alarms: Fact<Vec<Alarm>>,
    /// EventBridge rules of the default bus.
    #[serde(default)]
    pub rules: Fact<Vec<EventRule>>,
    /// Resource policies of CloudWatch Logs.
    #[serde(default)]
    pub log_resource_policies: Fact<Vec<String>>,
    /// AWS Config's recorder; none when there is none.
    #[serde(default)]
    pub config_recorder: Fact<Option<Box<ConfigRecorder>>>,
    /// A GuardDuty detector is enabled.
    #[serde(default)]
    pub guardduty: Fact<bool>,
    /// Security Hub is enabled.
    #[serde(default)]
    pub security_hub: Fact<bool>,
    /// The standards that are enabled in Security Hub; none where it is not.
    #[serde(default)]
    pub security_standards: Fact<Vec<SecurityStandard>>,
    /// Macie is enabled.
    #[serde(default)]
    pub macie: Fact<bool>,
    /// IAM Access Analyzer's analyzers.
    #[serde(default)]
    pub access_analyzers: Fact<Vec<AccessAnalyzer>>,
    /// Calls of the last days that stopped or redirected a record; asked for by choice.
    #[serde(default)]
    pub tampering: Fact<Box<Lookup>>,
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

/// A standard of Security Hub, such as CIS AWS Foundations: its controls are checked while it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecurityStandard {
    /// Its ARN.
    pub arn: Arn,
    /// `READY`, `INCOMPLETE`, `PENDING`, `DELETING` or `FAILED`.
    pub status: String,
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

/// What LookupEvents tells of the calls that touch a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lookup {
    /// From when on.
    pub since: Timestamp,
    /// The calls of [`crate::tampering::TABLE`], refused ones among them, in order of time.
    pub events: Vec<TamperEvent>,
    /// The names that were looked up; none in a file that does not say.
    #[serde(default)]
    pub names: Option<BTreeSet<String>>,
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
