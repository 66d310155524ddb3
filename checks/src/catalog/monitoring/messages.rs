//! Whether a subscription of a topic gets the messages of an alarm or a rule: confirmed, and not filtered away.

use serde_json::Value;

use super::links::Link;
use crate::catalog::gap::not_evaluated;
use crate::catalog::receivers::{CLOUDWATCH, Sender};
use crate::fact::Reason;
use crate::inventory::Topic;
use crate::inventory::monitoring::{MessageFilter, Subscription};
use crate::patterns::{Comparison, Expr, covers, parse_event_pattern};
use crate::prelude::*;

/// Somebody is subscribed, has agreed, and gets what this sender sends.
pub(super) fn heard(topic: &Topic, sender: &Sender<'_>) -> Link {
    let (from, to) = (sender.name.as_str(), &topic.arn);
    let list = match topic.subscriptions.known() {
        Ok(list) => list,
        Err(gaps) => return Link::Unknown(gaps),
    };
    let confirmed: Vec<&Subscription> = list.iter().filter(|it| it.confirmed).collect();
    if confirmed.is_empty() {
        return Link::Broken(format!(
            "{from} sends to {to}, which has no confirmed subscription"
        ));
    }
    let mut open = Vec::new();
    for subscription in confirmed {
        match gets(subscription, topic, sender) {
            Ok(true) => return Link::Holds,
            Ok(false) => {}
            Err(gaps) => open.push(gaps),
        }
    }
    match Gaps::collect(open) {
        Some(gaps) => Link::Unknown(gaps),
        None => Link::Broken(format!(
            "{from} sends to {to}, where the filter policy of every confirmed subscription rejects it"
        )),
    }
}

fn gets(subscription: &Subscription, topic: &Topic, sender: &Sender<'_>) -> Result<bool, Gaps> {
    let Some(filter) = subscription.filter.known()? else {
        return Ok(true);
    };
    let open = |reason, why: String| {
        let what = format!("the filter policy of a subscription of {}", topic.arn);
        not_evaluated(what, &topic.arn.account(), &topic.arn.region(), reason, why)
    };
    let answer = match filter.on_body {
        false => by_attributes(filter),
        true => by_body(filter, sender),
    };
    answer.map_err(|why| open(Reason::NotModelled, why))
}

/// Messages of alarms and of rules carry no attributes: only a policy that asks for their absence lets them through.
///
/// Source: "Amazon SNS subscription filter policies", Amazon SNS Developer Guide: with the scope MessageAttributes, a
/// message without the attributes of the policy is rejected.
fn by_attributes(filter: &MessageFilter) -> Result<bool, String> {
    let policy: Value = serde_json::from_str(&filter.policy).map_err(|it| it.to_string())?;
    let Value::Object(policy) = policy else {
        return Err("it is not a JSON object".to_owned());
    };
    if policy.contains_key("$or") {
        return Err("it joins attributes by $or".to_owned());
    }
    let absent = |value: &Value| value.get("exists") == Some(&Value::Bool(false));
    let lets_through = |values: &Value| values.as_array().is_some_and(|all| all.iter().any(absent));
    Ok(policy.values().all(lets_through))
}

/// What an alarm's message says is known in part; a rule's is the event.
fn by_body(filter: &MessageFilter, sender: &Sender<'_>) -> Result<bool, String> {
    let policy = parse_event_pattern(&filter.policy).map_err(|it| it.to_string())?;
    if sender.service != CLOUDWATCH {
        return Err("it filters on the event that the rule forwards".to_owned());
    }
    let alarm = sender.source.resource();
    let fields = [
        ("NewStateValue", "ALARM"),
        ("AlarmName", alarm.strip_prefix("alarm:").unwrap_or(alarm)),
        ("AlarmArn", sender.source.as_str()),
        ("AWSAccountId", sender.account.as_str()),
    ];
    let message = Expr::All(
        fields
            .map(|(name, value)| Expr::one_of(name, [value]))
            .into(),
    );
    match covers(&message, &policy) {
        Comparison::Covers => return Ok(true),
        Comparison::CannotTell(why) | Comparison::TooComplex(why) => return Err(why),
        Comparison::Misses(_) => {}
    }
    let both = Expr::All(vec![message, policy]);
    match covers(&both, &Expr::NEVER) {
        Comparison::Covers => Ok(false),
        Comparison::CannotTell(_) | Comparison::TooComplex(_) | Comparison::Misses(_) => {
            Err("it filters on more than the alarm name and state".to_owned())
        }
    }
}
