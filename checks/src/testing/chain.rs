//! The alarm chain of the world, and cases that change one link of it.

use std::collections::BTreeMap;

use super::{Case, HOME, inventory, known};
use crate::calls;
use crate::fact::Fact::{self, Known};
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::monitoring::{
    Alarm, EventRule, MetricFilter, MetricTransformation, RuleDelivery, Subscription,
    TopicConfiguration,
};
use crate::inventory::region::{AccessAnalyzer, ConfigRecorder};
use crate::inventory::{Inventory, RegionView, Topic};

/// What alarms, rules and the trail send to.
pub(super) const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:111111111111:audit";

/// The policy that SNS gives a new topic, and what EventBridge and CloudTrail need beside it.
pub const TOPIC_POLICY: &str = r#"{"Version":"2008-10-17","Statement":[
{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"arn:aws:sns:us-east-1:111111111111:audit","Condition":{"StringEquals":{"AWS:SourceOwner":"111111111111"}}},
{"Sid":"Services","Effect":"Allow","Principal":{"Service":["events.amazonaws.com","cloudtrail.amazonaws.com"]},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111111111111:audit"}]}"#;

/// Admits the services that send to it, and nobody else.
const SERVICES: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["cloudwatch.amazonaws.com","events.amazonaws.com","cloudtrail.amazonaws.com"]},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111111111111:audit"}]}"#;

/// One filter that matches every event, its alarm and its topic; one rule for what CloudTrail's own calls are.
pub(super) fn add(inventory: &mut Inventory, account: &str) {
    let key = (AccountId::from(account), Region::from(HOME));
    let view = inventory
        .regions
        .get_mut(&key)
        .expect("the region is there");
    view.alarms = Known(vec![alarm_on("events")]);
    view.rules = rules(r#"{"source":["aws.cloudtrail"]}"#);
    let topic = Topic {
        arn: Arn::from(TOPIC_ARN),
        configuration: Known(Some(TopicConfiguration {
            policy: Known(Some(SERVICES.to_owned())),
            kms_key: Known(None),
        })),
        subscriptions: Known(vec![Subscription {
            protocol: "email".to_owned(),
            confirmed: true,
            filter: Known(None),
        }]),
    };
    inventory.topics.insert(topic.arn.clone(), topic);
}

/// The services that watch a region, all well.
pub(super) fn watched(view: &mut RegionView) {
    view.config_recorder = Known(Some(Box::new(ConfigRecorder {
        name: "default".to_owned(),
        recording: true,
        all_supported: true,
        resource_types: Vec::new(),
        excluded_types: Vec::new(),
    })));
    let (account, region) = (&view.account, &view.region);
    view.access_analyzers = Known(vec![AccessAnalyzer {
        arn: Arn::from(format!(
            "arn:aws:access-analyzer:{region}:{account}:analyzer/external"
        )),
        kind: "ACCOUNT".to_owned(),
        status: "ACTIVE".to_owned(),
    }]);
}

/// A metric filter that counts one per event in `Audit/Events`.
pub(super) fn filter_with(pattern: &str) -> MetricFilter {
    MetricFilter {
        name: "events".to_owned(),
        pattern: pattern.to_owned(),
        transformations: vec![MetricTransformation {
            namespace: "Audit".to_owned(),
            name: "Events".to_owned(),
            value: "1".to_owned(),
            default: None,
            dimensions: BTreeMap::new(),
            unit: Known(None),
        }],
        field_selection: Known(None),
        system_dimensions: Known(Vec::new()),
        transformed: Known(false),
    }
}

fn alarm_on(name: &str) -> Alarm {
    Alarm {
        arn: Arn::from(format!(
            "arn:aws:cloudwatch:us-east-1:111111111111:alarm:{name}"
        )),
        name: name.to_owned(),
        namespace: Known(Some("Audit".to_owned())),
        metric: Known(Some("Events".to_owned())),
        statistic: Known(Some("Sum".to_owned())),
        period: Known(Some(300)),
        evaluation_periods: Known(Some(1)),
        datapoints_to_alarm: Known(None),
        threshold: Known(Some(1.0)),
        comparison: Known(Some("GreaterThanOrEqualToThreshold".to_owned())),
        missing_data: Known(Some("notBreaching".to_owned())),
        actions_enabled: Known(true),
        alarm_actions: Known(vec![Arn::from(TOPIC_ARN)]),
        expressions: Known(Vec::new()),
        metrics: Known(Vec::new()),
        dimensions: Known(BTreeMap::new()),
        unit: Known(None),
        state: Known(Some("OK".to_owned())),
        state_since: Known(None),
    }
}

/// One rule with this pattern, that sends to the topic.
#[must_use]
pub fn rules(pattern: &str) -> Fact<Vec<EventRule>> {
    Known(vec![EventRule {
        arn: Arn::from("arn:aws:events:us-east-1:111111111111:rule/tamper"),
        name: "tamper".to_owned(),
        bus: "default".to_owned(),
        state: "ENABLED".to_owned(),
        pattern: Some(pattern.to_owned()),
        targets: Known(vec![Arn::from(TOPIC_ARN)]),
        deliveries: Known(vec![RuleDelivery {
            target: Arn::from(TOPIC_ARN),
            role: None,
            dead_letters: Some(Arn::from("arn:aws:sqs:us-east-1:111111111111:lost")),
        }]),
    }])
}

/// The trail's log group has this filter only, and there is no rule.
#[must_use]
pub fn filter(pattern: &str) -> Case {
    filters(Known(vec![filter_with(pattern)]))
}

/// The trail's log group has these filters, and there is no rule.
#[must_use]
pub fn filters(filters: Fact<Vec<MetricFilter>>) -> Case {
    inventory(|inventory| {
        inventory
            .log_groups
            .values_mut()
            .next()
            .unwrap()
            .metric_filters = filters;
        inventory
            .regions
            .values_mut()
            .for_each(|it| it.rules = Known(Vec::new()));
    })
}

/// The filters are not known, and there is no rule.
#[must_use]
pub fn unknown_filters() -> Case {
    filters(super::denied(calls::DESCRIBE_METRIC_FILTERS))
}

/// A filter for these event names.
#[must_use]
pub fn any_of(names: &[&str]) -> String {
    let terms: Vec<String> = names
        .iter()
        .map(|it| format!("($.eventName = {it})"))
        .collect();
    format!("{{ {} }}", terms.join(" || "))
}

/// The alarm is changed, and there is no rule.
pub fn alarm(change: impl FnOnce(&mut Alarm)) -> Case {
    inventory(|inventory| {
        let view = inventory.regions.values_mut().next().unwrap();
        view.rules = Known(Vec::new());
        change(&mut known(&mut view.alarms)[0]);
    })
}

/// The alarm's topic is changed, and there is no rule.
pub fn topic(change: impl FnOnce(&mut Topic)) -> Case {
    inventory(|inventory| {
        inventory.regions.values_mut().next().unwrap().rules = Known(Vec::new());
        change(inventory.topics.values_mut().next().unwrap());
    })
}

/// The rule is changed, and no filter does its work.
pub fn rule(change: impl FnOnce(&mut EventRule)) -> Case {
    inventory(|inventory| {
        let group = inventory.log_groups.values_mut().next().unwrap();
        group.metric_filters = Known(vec![filter_with("{ $.eventName = Nothing }")]);
        change(&mut known(&mut inventory.regions.values_mut().next().unwrap().rules)[0]);
    })
}
