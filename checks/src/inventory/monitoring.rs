//! The alarm chain: log groups, metric filters, alarms, topics and event rules.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// A log group that a trail delivers to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogGroup {
    /// Its ARN, without `:*`.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// Where it lives.
    pub region: Region,
    /// DescribeLogGroups; none when there is no such group.
    pub configuration: Fact<Option<LogGroupConfiguration>>,
    /// Its metric filters.
    pub metric_filters: Fact<Vec<MetricFilter>>,
    /// Its subscription filters.
    pub subscription_filters: Fact<Vec<SubscriptionFilter>>,
}

/// What DescribeLogGroups says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogGroupConfiguration {
    /// How long events are kept; none for ever.
    pub retention_days: Option<i32>,
    /// Its key.
    pub kms_key: Option<Arn>,
    /// Such as `STANDARD`.
    pub class: Option<String>,
    /// It cannot be deleted while on.
    pub deletion_protection: Option<bool>,
}

/// A metric filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MetricFilter {
    /// Its name.
    pub name: String,
    /// What it matches, in the filter pattern grammar.
    pub pattern: String,
    /// What it counts.
    pub transformations: Vec<MetricTransformation>,
}

/// What a metric filter counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MetricTransformation {
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub name: String,
    /// What each match adds.
    pub value: String,
    /// What no match adds, as a number's text.
    pub default: Option<String>,
    /// Dimensions, each with the field that gives its value: an alarm must name them to see the metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
}

/// A subscription filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubscriptionFilter {
    /// Its name.
    pub name: String,
    /// What it matches.
    pub pattern: String,
    /// Where the events go.
    pub destination: Arn,
}

/// A CloudWatch alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The metric's namespace; none for expressions and composites.
    pub namespace: Option<String>,
    /// The metric's name.
    pub metric: Option<String>,
    /// Such as `Sum`.
    pub statistic: Option<String>,
    /// In seconds.
    pub period: Option<i32>,
    /// How many periods are looked at.
    pub evaluation_periods: Option<i32>,
    /// How many of them must breach.
    pub datapoints_to_alarm: Option<i32>,
    /// The threshold.
    pub threshold: Option<f64>,
    /// Such as `GreaterThanOrEqualToThreshold`.
    pub comparison: Option<String>,
    /// Such as `notBreaching`.
    pub missing_data: Option<String>,
    /// Actions are taken at all.
    pub actions_enabled: bool,
    /// What happens when it goes off.
    pub alarm_actions: Vec<Arn>,
    /// It watches an expression over several metrics, given as text; of a composite alarm, its rule.
    pub expressions: Vec<String>,
    /// The metrics that the expressions are about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<WatchedMetric>,
    /// Dimensions that the metric must have.
    pub dimensions: BTreeMap<String, String>,
}

/// A metric within an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedMetric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// An SNS topic that alarms or trails write to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Topic {
    /// Its ARN.
    pub arn: Arn,
    /// GetTopicAttributes; none when there is no such topic.
    pub configuration: Fact<Option<TopicConfiguration>>,
    /// Who listens.
    pub subscriptions: Fact<Vec<Subscription>>,
}

/// What GetTopicAttributes says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopicConfiguration {
    /// Its access policy.
    pub policy: Option<String>,
    /// Its key.
    pub kms_key: Option<String>,
}

/// A subscription, without its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// `email`, `https`, `lambda`, `sqs`, ...
    pub protocol: String,
    /// The other side has agreed.
    pub confirmed: bool,
}

/// An EventBridge rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventRule {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The bus it listens on.
    pub bus: String,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// The pattern; none for a schedule.
    pub pattern: Option<String>,
    /// The targets, by ARN.
    pub targets: Fact<Vec<Arn>>,
}
