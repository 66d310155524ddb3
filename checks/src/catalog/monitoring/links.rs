//! The links between a metric filter and a person: alarm, threshold, actions, topic, subscription.

use crate::calls::ApiCall;
use crate::catalog::gap::{gap, not_evaluated};
use crate::context::not_seen;
use crate::fact::Reason;
use crate::inventory::monitoring::{Alarm, MetricFilter, MetricTransformation};
use crate::prelude::*;

/// Whether a link holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Link {
    Holds,
    Broken(String),
    Unknown(Gaps),
}

/// One way from a metric filter to a person, link by link up to the first that is broken.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) links: Vec<Link>,
}

/// How many links a complete way has.
pub(super) const LINKS: usize = 5;

/// Every way that begins at a filter: one for each action of each alarm on its metrics.
pub(super) fn ways(filter: &MetricFilter, view: &RegionView, ctx: &Context<'_>) -> Vec<Way> {
    let alarms = match view.alarms.known() {
        Ok(alarms) => alarms,
        Err(gaps) => {
            return vec![Way {
                links: vec![Link::Unknown(gaps); LINKS],
            }];
        }
    };
    let mut ways = Vec::new();
    for metric in &filter.transformations {
        let (space, name) = (&metric.namespace, &metric.name);
        let watching: Vec<&Alarm> = alarms.iter().filter(|it| watches(it, metric)).collect();
        if watching.is_empty() {
            let told = format!(
                "no alarm watches the metric {space}/{name} of the filter {}",
                filter.name
            );
            ways.push(Way {
                links: vec![Link::Broken(told)],
            });
        }
        for alarm in watching {
            let start = vec![
                Link::Holds,
                fires(alarm, metric, view),
                enabled(alarm, alarms, view),
            ];
            let actions = alarm.alarm_actions.ok().map_or(&[][..], Vec::as_slice);
            if actions.is_empty() {
                let none = no_action(alarm, alarms, view);
                ways.push(Way {
                    links: [start.clone(), vec![none.clone(), none]].concat(),
                });
            }
            for action in actions {
                let ends = listener(action, &format!("the alarm {}", alarm.name), ctx);
                ways.push(Way {
                    links: [start.clone(), ends.to_vec()].concat(),
                });
            }
        }
    }
    if ways.is_empty() {
        let told = format!("the filter {} counts nothing", filter.name);
        ways.push(Way {
            links: vec![Link::Broken(told)],
        });
    }
    ways
}

/// The alarm looks at this metric, alone or within an expression.
pub(super) fn watches(alarm: &Alarm, metric: &MetricTransformation) -> bool {
    // What is not known may be this metric; whether it goes off is unknown then.
    let is = |fact: &Fact<Option<String>>, wanted: &str| {
        fact.ok().is_none_or(|it| it.as_deref() == Some(wanted))
    };
    let own = is(&alarm.namespace, &metric.namespace) && is(&alarm.metric, &metric.name);
    let within = |it: &crate::inventory::monitoring::WatchedMetric| {
        it.namespace == metric.namespace && it.name == metric.name
    };
    own || alarm.metrics.ok().is_none_or(|all| all.iter().any(within))
}

/// Whether one event makes the alarm go off.
pub(super) fn fires(alarm: &Alarm, metric: &MetricTransformation, view: &RegionView) -> Link {
    let name = &alarm.name;
    let broken = |why: &str| {
        Link::Broken(format!(
            "the alarm {name} does not go off on one event: {why}"
        ))
    };
    let unsure = |why: &str| {
        let what = format!("the alarm {name}");
        let (account, region, reason) = (&view.account, &view.region, Reason::NotModelled);
        Link::Unknown(not_evaluated(what, account, region, reason, why))
    };
    if let Some(gaps) = alarm.missing() {
        return Link::Unknown(gaps);
    }
    if text(&alarm.metric).is_none() {
        return unsure("it watches an expression, which is not computed here");
    }
    let dimensions = alarm.dimensions.ok().into_iter().flat_map(|it| it.keys());
    if metric.dimensions.keys().ne(dimensions) {
        return broken("its dimensions are not those of the metric, so it sees no data");
    }
    if !metric.dimensions.is_empty() {
        return broken("it sees only events with one value of the metric's dimensions");
    }
    let (Some(periods), Some(threshold), Some(comparison), Some(statistic)) = (
        alarm.evaluation_periods.ok().copied().flatten(),
        alarm.threshold.ok().copied().flatten(),
        text(&alarm.comparison),
        text(&alarm.statistic),
    ) else {
        return unsure("it has no fixed threshold");
    };
    let Ok(value) = metric.value.parse::<f64>() else {
        return unsure("what an event adds to its metric depends on the event");
    };
    let quiet = metric
        .default
        .as_deref()
        .and_then(|it| it.parse::<f64>().ok());
    let one = match (statistic, quiet) {
        ("Sum" | "Maximum", None) | ("Sum", Some(_)) => value,
        ("Maximum", Some(quiet)) => value.max(quiet),
        ("SampleCount", None) => 1.0,
        ("Minimum" | "Average", None) => value,
        ("Minimum" | "Average", Some(_)) => {
            return broken(&format!(
                "its {statistic} is held down by the metric's default value"
            ));
        }
        _ => return unsure(&format!("its statistic is {statistic}")),
    };
    let breaches = |it: f64| match comparison {
        "GreaterThanOrEqualToThreshold" => Some(it >= threshold),
        "GreaterThanThreshold" => Some(it > threshold),
        "LessThanThreshold" | "LessThanOrEqualToThreshold" => Some(false),
        _ => None,
    };
    match (breaches(one), quiet.and_then(breaches)) {
        (None, _) => return unsure(&format!("its comparison is {comparison}")),
        (Some(false), _) => {
            return broken(&format!(
                "{statistic} {one} is not {comparison} {threshold}"
            ));
        }
        (Some(true), Some(true)) => {
            return broken(
                "the metric's default value breaches too, so it is in ALARM all the time",
            );
        }
        (Some(true), Some(false) | None) => {}
    }
    let missing = text(&alarm.missing_data).unwrap_or("missing");
    if missing == "breaching" && quiet.is_none() {
        return broken("missing data counts as breaching, so it is in ALARM all the time");
    }
    let needed = alarm
        .datapoints_to_alarm
        .ok()
        .copied()
        .flatten()
        .unwrap_or(periods);
    // Where all else is missing, one old breaching datapoint is enough.
    if needed <= 1 || (missing == "missing" && quiet.is_none()) {
        return Link::Holds;
    }
    broken(&format!("{needed} of {periods} periods must breach"))
}

fn text(fact: &Fact<Option<String>>) -> Option<&str> {
    fact.ok().and_then(Option::as_deref)
}

/// Whether the alarm does anything at all.
pub(super) fn enabled(alarm: &Alarm, all: &[Alarm], view: &RegionView) -> Link {
    match alarm.actions_enabled.known() {
        Ok(true) => return Link::Holds,
        Ok(false) => {}
        Err(gaps) => return Link::Unknown(gaps),
    }
    match composite(alarm, all, view) {
        Some(gaps) => Link::Unknown(gaps),
        None => Link::Broken(format!(
            "the actions of the alarm {} are switched off",
            alarm.name
        )),
    }
}

/// What it means that the alarm has nothing to do.
pub(super) fn no_action(alarm: &Alarm, all: &[Alarm], view: &RegionView) -> Link {
    if let Err(gaps) = alarm.alarm_actions.known() {
        return Link::Unknown(gaps);
    }
    match composite(alarm, all, view) {
        Some(gaps) => Link::Unknown(gaps),
        None => Link::Broken(format!("the alarm {} has no action", alarm.name)),
    }
}

/// A composite alarm may act in the place of one that does not: its rule is not computed here.
fn composite(alarm: &Alarm, all: &[Alarm], view: &RegionView) -> Option<Gaps> {
    let names = |it: &&Alarm| {
        // What is not known of it may be so.
        let acts = it.metrics.ok().is_none_or(Vec::is_empty)
            && it.actions_enabled.ok() != Some(&false)
            && it.alarm_actions.ok().is_none_or(|all| !all.is_empty());
        let rule = |rule: &String| rule.contains(&alarm.name) || rule.contains(alarm.arn.as_str());
        acts && text(&it.metric).is_none()
            && it.expressions.ok().is_none_or(|all| all.iter().any(rule))
    };
    let found = all.iter().find(names)?;
    let what = format!("the composite alarm {}", found.name);
    let detail = format!("it rests on {}", alarm.name);
    let (account, region, reason) = (&view.account, &view.region, Reason::NotModelled);
    Some(not_evaluated(what, account, region, reason, detail))
}

/// Whether what an alarm or a rule sends to is there, and whether somebody listens.
pub(super) fn listener(to: &Arn, from: &str, ctx: &Context<'_>) -> [Link; 2] {
    match to.service() {
        "sns" => topic(to, from, ctx),
        "events" if to.resource().starts_with("event-bus/") => {
            let detail = format!("{from} hands on to {to}, whose rules were not looked at");
            let unknown = Link::Unknown(elsewhere(to, calls::LIST_RULES, detail));
            [unknown.clone(), unknown]
        }
        "logs" | "automate" | "autoscaling" | "swf" | "" => {
            let told = format!("{from} sends to {to}, which tells nobody");
            [Link::Broken(told.clone()), Link::Broken(told)]
        }
        // A function, a queue, an incident: what it does with the event is its own affair.
        _ => [Link::Holds, Link::Holds],
    }
}

fn topic(to: &Arn, from: &str, ctx: &Context<'_>) -> [Link; 2] {
    let Some(topic) = ctx.inventory.topics.get(to) else {
        let gap = not_seen(
            calls::GET_TOPIC_ATTRIBUTES,
            &to.account(),
            &to.region(),
            ctx,
        );
        let unknown = Link::Unknown(gap.into());
        return [unknown.clone(), unknown];
    };
    let exists = match topic.configuration.known() {
        Ok(Some(_)) => Link::Holds,
        Ok(None) => Link::Broken(format!("{from} sends to {to}, which does not exist")),
        Err(gaps) => Link::Unknown(gaps),
    };
    let heard = match topic.subscriptions.known() {
        Ok(list) if list.iter().any(|it| it.confirmed) => Link::Holds,
        Ok(_) => Link::Broken(format!(
            "{from} sends to {to}, which has no confirmed subscription"
        )),
        Err(gaps) => Link::Unknown(gaps),
    };
    [exists, heard]
}

fn elsewhere(to: &Arn, call: ApiCall, detail: String) -> Gaps {
    gap(call, &to.account(), &to.region(), Reason::NotAsked, detail)
}
