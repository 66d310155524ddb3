//! The alarm chain: log groups, metric filters, alarms, topics and event rules.

use std::collections::BTreeMap;

use jiff::Timestamp;
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
    #[serde(default)]
    pub configuration: Fact<Option<LogGroupConfiguration>>,
    /// Its metric filters.
    #[serde(default)]
    pub metric_filters: Fact<Vec<MetricFilter>>,
    /// Its subscription filters.
    #[serde(default)]
    pub subscription_filters: Fact<Vec<SubscriptionFilter>>,
}

/// What DescribeLogGroups says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogGroupConfiguration {
    /// How long events are kept; none for ever.
    #[serde(default)]
    pub retention_days: Fact<Option<i32>>,
    /// Its key.
    #[serde(default)]
    pub kms_key: Fact<Option<Arn>>,
    /// Such as `STANDARD`.
    #[serde(default)]
    pub class: Fact<Option<String>>,
    /// It cannot be deleted while on.
    #[serde(default)]
    pub deletion_protection: Fact<Option<bool>>,
    /// Whoever holds a token may write, without a signed request.
    #[serde(default)]
    pub bearer_token: Fact<Option<bool>>,
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
    /// The log events that it looks at, by account and region of their source; none for all.
    #[serde(default)]
    pub field_selection: Fact<Option<String>>,
    /// System fields that become dimensions of the metric.
    #[serde(default)]
    pub system_dimensions: Fact<Vec<String>>,
    /// It looks at log events after the log group's transformer has changed them.
    #[serde(default)]
    pub transformed: Fact<bool>,
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
    /// The unit of the metric; none is the same as `None`.
    #[serde(default)]
    pub unit: Fact<Option<String>>,
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
    #[serde(default)]
    pub namespace: Fact<Option<String>>,
    /// The metric's name.
    #[serde(default)]
    pub metric: Fact<Option<String>>,
    /// Such as `Sum`.
    #[serde(default)]
    pub statistic: Fact<Option<String>>,
    /// In seconds.
    #[serde(default)]
    pub period: Fact<Option<i32>>,
    /// How many periods are looked at.
    #[serde(default)]
    pub evaluation_periods: Fact<Option<i32>>,
    /// How many of them must breach.
    #[serde(default)]
    pub datapoints_to_alarm: Fact<Option<i32>>,
    /// The threshold.
    #[serde(default)]
    pub threshold: Fact<Option<f64>>,
    /// Such as `GreaterThanOrEqualToThreshold`.
    #[serde(default)]
    pub comparison: Fact<Option<String>>,
    /// Such as `notBreaching`.
    #[serde(default)]
    pub missing_data: Fact<Option<String>>,
    /// Actions are taken at all.
    #[serde(default)]
    pub actions_enabled: Fact<bool>,
    /// What happens when it goes off.
    #[serde(default)]
    pub alarm_actions: Fact<Vec<Arn>>,
    /// It watches an expression over several metrics, given as text; of a composite alarm, its rule.
    #[serde(default)]
    pub expressions: Fact<Vec<String>>,
    /// The metrics that the expressions are about.
    #[serde(default)]
    pub metrics: Fact<Vec<WatchedMetric>>,
    /// Dimensions that the metric must have.
    #[serde(default)]
    pub dimensions: Fact<BTreeMap<String, String>>,
    /// It sees only data of this unit; none for all.
    #[serde(default)]
    pub unit: Fact<Option<String>>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    #[serde(default)]
    pub state: Fact<Option<String>>,
    /// Since when it is in this state.
    #[serde(default)]
    pub state_since: Fact<Option<Timestamp>>,
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
    #[serde(default)]
    pub configuration: Fact<Option<TopicConfiguration>>,
    /// Who listens.
    #[serde(default)]
    pub subscriptions: Fact<Vec<Subscription>>,
}

/// What GetTopicAttributes says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TopicConfiguration {
    /// Its access policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
    /// Its key.
    #[serde(default)]
    pub kms_key: Fact<Option<String>>,
}

impl Topic {
    /// The ARN of the key that `KmsMasterKeyId` names: an id or an alias is of the topic's own account and region.
    #[must_use]
    pub fn key_arn(&self, id: &str) -> Arn {
        if id.starts_with("arn:") {
            return Arn::from(id);
        }
        let kind = if id.starts_with("alias/") { "" } else { "key/" };
        let (partition, region, account) =
            (self.arn.partition(), self.arn.region(), self.arn.account());
        Arn::from(format!("arn:{partition}:kms:{region}:{account}:{kind}{id}"))
    }

    /// The key is the one that AWS manages for SNS: nobody can change its policy.
    #[must_use]
    pub fn is_aws_managed(id: &str) -> bool {
        id == "alias/aws/sns" || id.ends_with(":alias/aws/sns")
    }
}

/// A subscription, without its address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// `email`, `https`, `lambda`, `sqs`, ...
    pub protocol: String,
    /// The other side has agreed.
    pub confirmed: bool,
    /// GetSubscriptionAttributes: which messages it gets; none for all.
    #[serde(default)]
    pub filter: Fact<Option<MessageFilter>>,
}

/// The filter policy of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageFilter {
    /// The policy, in the language of event patterns.
    pub policy: String,
    /// It is about the message's body, and not about its attributes.
    pub on_body: bool,
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
    #[serde(default)]
    pub targets: Fact<Vec<Arn>>,
    /// How events get to the targets.
    #[serde(default)]
    pub deliveries: Fact<Vec<RuleDelivery>>,
}

/// How a rule sends to one of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleDelivery {
    /// The target.
    pub target: Arn,
    /// The role by which EventBridge calls it; none: by its own name.
    pub role: Option<Arn>,
    /// Where events go that could not be delivered.
    pub dead_letters: Option<Arn>,
}
