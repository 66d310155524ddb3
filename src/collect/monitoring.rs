//! CloudWatch alarms, SNS topics and EventBridge rules: who is told.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm};
use trailaudit_checks::calls::{
    ApiCall, DESCRIBE_ALARMS, DESCRIBE_LOG_RESOURCE_POLICIES, GET_SUBSCRIPTION_ATTRIBUTES,
    GET_TOPIC_ATTRIBUTES, LIST_RULES, LIST_SUBSCRIPTIONS, LIST_TARGETS_BY_RULE,
};
use trailaudit_checks::fact::{Fact, Known, Reason, Unknown};
use trailaudit_checks::ids::Arn;
use trailaudit_checks::inventory::Topic;
use trailaudit_checks::inventory::monitoring::{
    Alarm, EventRule, MessageFilter, RuleDelivery, Subscription, TopicConfiguration, WatchedMetric,
};

use super::ask::{Ask, Read, Target, gap, malformed, pages, send};
use super::time::maybe;

/// Metric alarms, and composite ones by name and actions.
pub(crate) async fn alarms(ask: &Ask, target: &Target) -> Fact<Vec<Alarm>> {
    use aws_sdk_cloudwatch::types::AlarmType;
    let pages = pages!(
        ask,
        target,
        DESCRIBE_ALARMS,
        "",
        &[],
        aws_sdk_cloudwatch,
        |token| ask
            .clients
            .cloudwatch
            .describe_alarms()
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(100)
            .set_next_token(token.clone()),
        |out| {
            // There are two lists, one for each kind: an answer with neither is none.
            let listed = out.metric_alarms.is_some() || out.composite_alarms.is_some();
            let metric = out.metric_alarms.unwrap_or_default().into_iter();
            let composite = out.composite_alarms.unwrap_or_default().into_iter();
            let alarms = metric
                .map(metric_alarm)
                .chain(composite.map(self::composite));
            (listed.then(|| alarms.collect()), out.next_token)
        }
    );
    pages.read((target, DESCRIBE_ALARMS), |alarms: Vec<Option<Alarm>>| {
        alarms.into_iter().collect()
    })
}

fn metric_alarm(it: MetricAlarm) -> Option<Alarm> {
    let queries = it.metrics.unwrap_or_default();
    let watched = queries.iter().filter_map(|query| {
        let metric = query.metric_stat.as_ref()?.metric.as_ref()?;
        Some(WatchedMetric {
            namespace: metric.namespace.clone()?,
            name: metric.metric_name.clone()?,
        })
    });
    Some(Alarm {
        arn: Arn::from(it.alarm_arn?),
        name: it.alarm_name.unwrap_or_default(),
        namespace: Known(it.namespace),
        metric: Known(it.metric_name),
        statistic: Known(
            it.statistic
                .map(|it| it.as_str().to_owned())
                .or(it.extended_statistic),
        ),
        period: Known(it.period),
        evaluation_periods: Known(it.evaluation_periods),
        datapoints_to_alarm: Known(it.datapoints_to_alarm),
        threshold: Known(it.threshold),
        comparison: Known(it.comparison_operator.map(|it| it.as_str().to_owned())),
        missing_data: Known(it.treat_missing_data),
        actions_enabled: Known(it.actions_enabled.unwrap_or_default()),
        alarm_actions: Known(
            it.alarm_actions
                .unwrap_or_default()
                .into_iter()
                .map(Arn::from)
                .collect(),
        ),
        metrics: Known(watched.collect()),
        expressions: Known(
            queries
                .iter()
                .filter_map(|query| query.expression.clone())
                .collect(),
        ),
        dimensions: Known(
            it.dimensions
                .unwrap_or_default()
                .into_iter()
                .filter_map(|it| Some((it.name?, it.value?)))
                .collect(),
        ),
        unit: Known(it.unit.map(|it| it.as_str().to_owned())),
        state: Known(it.state_value.map(|it| it.as_str().to_owned())),
        // An update of the reason alone is none of the state.
        state_since: Known(maybe(
            it.state_transitioned_timestamp
                .or(it.state_updated_timestamp)
                .as_ref(),
        )),
    })
}

/// A composite alarm watches other alarms: it has no metric of its own.
fn composite(it: CompositeAlarm) -> Option<Alarm> {
    Some(Alarm {
        arn: Arn::from(it.alarm_arn?),
        name: it.alarm_name.unwrap_or_default(),
        namespace: Known(None),
        metric: Known(None),
        statistic: Known(None),
        period: Known(None),
        evaluation_periods: Known(None),
        datapoints_to_alarm: Known(None),
        threshold: Known(None),
        comparison: Known(None),
        missing_data: Known(None),
        actions_enabled: Known(it.actions_enabled.unwrap_or_default()),
        alarm_actions: Known(
            it.alarm_actions
                .unwrap_or_default()
                .into_iter()
                .map(Arn::from)
                .collect(),
        ),
        expressions: Known(it.alarm_rule.into_iter().collect()),
        metrics: Known(Vec::new()),
        dimensions: Known(BTreeMap::new()),
        unit: Known(None),
        state: Known(it.state_value.map(|it| it.as_str().to_owned())),
        state_since: Known(maybe(
            it.state_transitioned_timestamp
                .or(it.state_updated_timestamp)
                .as_ref(),
        )),
    })
}

/// EventBridge rules of the default bus, with their targets.
pub(crate) async fn rules(ask: &Ask, target: &Target) -> Fact<Vec<EventRule>> {
    let pages = pages!(
        ask,
        target,
        LIST_RULES,
        "",
        &[],
        aws_sdk_eventbridge,
        |token| ask
            .clients
            .events
            .list_rules()
            .set_next_token(token.clone()),
        |out| (out.rules, out.next_token)
    );
    let listed: Vec<aws_sdk_eventbridge::types::Rule> = match pages {
        Known(listed) => listed.unwrap_or_default(),
        Unknown(gap) => return Unknown(gap),
    };
    let mut rules = Vec::new();
    for it in listed {
        let (Some(arn), Some(name)) = (it.arn, it.name) else {
            return Unknown(malformed(target, LIST_RULES, "a rule without a name"));
        };
        // A schedule, and what other services made for themselves, tells nobody of trails.
        let deliveries = targets(ask, target, &name).await;
        let targets = deliveries
            .clone()
            .map(|all| all.into_iter().map(|it| it.target).collect());
        rules.push(EventRule {
            arn: Arn::from(arn),
            name,
            bus: it.event_bus_name.unwrap_or_else(|| "default".to_owned()),
            state: it
                .state
                .map(|it| it.as_str().to_owned())
                .unwrap_or_default(),
            pattern: it.event_pattern,
            targets,
            deliveries,
        });
    }
    Known(rules)
}

async fn targets(ask: &Ask, target: &Target, rule: &str) -> Fact<Vec<RuleDelivery>> {
    let pages = pages!(
        ask,
        target,
        LIST_TARGETS_BY_RULE,
        rule,
        &[],
        aws_sdk_eventbridge,
        |token| ask
            .clients
            .events
            .list_targets_by_rule()
            .rule(rule)
            .set_next_token(token.clone()),
        |out| (out.targets, out.next_token)
    );
    pages.map(|targets: Option<Vec<aws_sdk_eventbridge::types::Target>>| {
        targets
            .unwrap_or_default()
            .into_iter()
            .map(|target| RuleDelivery {
                target: Arn::from(target.arn),
                role: target.role_arn.map(Arn::from),
                dead_letters: target
                    .dead_letter_config
                    .and_then(|it| it.arn)
                    .map(Arn::from),
            })
            .collect()
    })
}

/// Resource policies of CloudWatch Logs in this region.
pub(crate) async fn log_resource_policies(ask: &Ask, target: &Target) -> Fact<Vec<String>> {
    const CALL: ApiCall = DESCRIBE_LOG_RESOURCE_POLICIES;
    let pages = pages!(
        ask,
        target,
        CALL,
        "",
        &[],
        aws_sdk_cloudwatchlogs,
        |token| ask
            .clients
            .logs
            .describe_resource_policies()
            .set_next_token(token.clone()),
        |out| (out.resource_policies, out.next_token)
    );
    pages.read(
        (target, CALL),
        |policies: Vec<aws_sdk_cloudwatchlogs::types::ResourcePolicy>| {
            policies.into_iter().map(|it| it.policy_document).collect()
        },
    )
}

/// A topic and who listens, without addresses.
pub(crate) async fn topic(ask: &Ask, target: &Target, arn: Arn) -> Topic {
    let (configuration, subscriptions) = futures::join!(
        configuration(ask, target, &arn),
        subscriptions(ask, target, &arn)
    );
    Topic {
        arn,
        configuration,
        subscriptions,
    }
}

async fn configuration(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Option<TopicConfiguration>> {
    let request = ask
        .clients
        .sns
        .get_topic_attributes()
        .topic_arn(arn.as_str());
    let (about, absent) = (arn.as_str(), &["NotFound", "NotFoundException"]);
    let answer = send!(
        ask,
        target,
        GET_TOPIC_ATTRIBUTES,
        about,
        absent,
        aws_sdk_sns,
        request
    );
    answer.map(|out| {
        let mut attributes = out?.attributes.unwrap_or_default();
        Some(TopicConfiguration {
            policy: Known(attributes.remove("Policy")),
            kms_key: Known(attributes.remove("KmsMasterKeyId")),
        })
    })
}

async fn subscriptions(ask: &Ask, target: &Target, arn: &Arn) -> Fact<Vec<Subscription>> {
    let pages = pages!(
        ask,
        target,
        LIST_SUBSCRIPTIONS,
        arn.as_str(),
        &["NotFound", "NotFoundException"],
        aws_sdk_sns,
        |token| ask
            .clients
            .sns
            .list_subscriptions_by_topic()
            .topic_arn(arn.as_str())
            .set_next_token(token.clone()),
        |out| (out.subscriptions, out.next_token)
    );
    let listed: Vec<aws_sdk_sns::types::Subscription> = match pages {
        Known(listed) => listed.unwrap_or_default(),
        Unknown(gap) => return Unknown(gap),
    };
    let mut all = Vec::new();
    let (mut asked, mut heard) = (0, false);
    for it in listed {
        // Until the other side agrees, the ARN is the word `PendingConfirmation`.
        let arn = it.subscription_arn.filter(|arn| arn.starts_with("arn:"));
        let filter = match &arn {
            Some(of) if !heard && asked < FILTERS => {
                asked += 1;
                message_filter(ask, target, of).await
            }
            // One that hears everything is enough.
            Some(_) if heard => Unknown(not_needed(target, "another one gets every message")),
            Some(_) => Unknown(not_needed(
                target,
                "too many of the topic's have a filter policy",
            )),
            None => Known(None),
        };
        heard |= arn.is_some() && filter == Known(None);
        all.push(Subscription {
            protocol: it.protocol.unwrap_or_default(),
            confirmed: arn.is_some(),
            filter,
        });
    }
    Known(all)
}

/// How many subscriptions of a topic are asked for their filter policy.
const FILTERS: usize = 20;

fn not_needed(target: &Target, why: &str) -> trailaudit_checks::fact::Gap {
    gap(target, GET_SUBSCRIPTION_ATTRIBUTES, Reason::NotAsked, why)
}

/// Which messages a subscription gets.
async fn message_filter(ask: &Ask, target: &Target, arn: &str) -> Fact<Option<MessageFilter>> {
    let request = ask
        .clients
        .sns
        .get_subscription_attributes()
        .subscription_arn(arn);
    let answer = send!(
        ask,
        target,
        GET_SUBSCRIPTION_ATTRIBUTES,
        arn,
        &[],
        aws_sdk_sns,
        request
    );
    answer.read((target, GET_SUBSCRIPTION_ATTRIBUTES), |out| {
        let mut attributes = out.attributes?;
        let on_body =
            attributes.get("FilterPolicyScope").map(String::as_str) == Some("MessageBody");
        let policy = attributes.remove("FilterPolicy");
        Some(policy.map(|policy| MessageFilter { policy, on_body }))
    })
}
