//! The links between a metric filter and a person: alarm, threshold, actions, topic, subscription.

use std::collections::BTreeSet;

use super::messages;
use crate::calls::ApiCall;
use crate::catalog::gap::{gap, not_evaluated};
use crate::catalog::receivers::{self, CLOUDWATCH, Sender};
use crate::context::not_seen;
use crate::fact::Reason;
use crate::inventory::facts::Facts as _;
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
pub(super) const LINKS: usize = 6;

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
                "no alarm uses metric {space}/{name} of filter {}",
                filter.name
            );
            ways.push(Way {
                links: vec![Link::Broken(told)],
            });
        }
        for alarm in watching {
            let start = vec![
                Link::Holds,
                fires(alarm, filter, metric, view, ctx),
                enabled(alarm, alarms, view),
            ];
            let actions = alarm.alarm_actions.ok().map_or(&[][..], Vec::as_slice);
            if actions.is_empty() {
                let none = no_action(alarm, alarms, view);
                ways.push(Way {
                    links: [start.clone(), vec![none; 3]].concat(),
                });
            }
            for action in actions {
                let ends = listener(action, &sender(alarm), ctx);
                ways.push(Way {
                    links: [start.clone(), ends.to_vec()].concat(),
                });
            }
        }
    }
    if ways.is_empty() {
        let told = format!("filter {} publishes no metric", filter.name);
        ways.push(Way {
            links: vec![Link::Broken(told)],
        });
    }
    ways
}

/// The alarm as one who sends to a topic.
pub(super) fn sender(alarm: &Alarm) -> Sender<'_> {
    Sender {
        name: format!("alarm {}", alarm.name),
        service: CLOUDWATCH,
        source: &alarm.arn,
        account: alarm.arn.account(),
        role: None,
    }
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

/// Facts that narrow what an alarm sees or does, and do not say on what it goes off.
const NARROWING: [&str; 3] = ["unit", "state", "state_since"];

/// How long an alarm may be silent after it went off: what happens in that time, nobody is told of.
const SILENT: i64 = 3_600;

/// How long an alarm may stay in ALARM, beyond its window, before it counts as stuck there.
const STUCK: i64 = 24 * 3_600;

/// Whether one event makes the alarm go off, and the next one again.
pub(super) fn fires(
    alarm: &Alarm,
    filter: &MetricFilter,
    metric: &MetricTransformation,
    view: &RegionView,
    ctx: &Context<'_>,
) -> Link {
    let by_rule = goes_off(alarm, filter, metric, view);
    if matches!(by_rule, Link::Broken(_)) {
        return by_rule;
    }
    let again = [
        sees_unit(alarm, metric),
        goes_off_again(alarm, metric),
        stuck(alarm, ctx),
    ];
    let mut worst = by_rule;
    for link in again {
        match link {
            Link::Broken(_) => return link,
            Link::Unknown(_) if worst == Link::Holds => worst = link,
            Link::Unknown(_) | Link::Holds => {}
        }
    }
    worst
}

/// An alarm with a unit sees only data of that unit. A metric filter without one gives the unit `None`.
///
/// Source: MetricTransformation and PutMetricAlarm, API references of CloudWatch Logs and of CloudWatch.
fn sees_unit(alarm: &Alarm, metric: &MetricTransformation) -> Link {
    let wanted = match alarm.unit.known() {
        Ok(None) => return Link::Holds,
        Ok(Some(unit)) => unit,
        Err(gaps) => return Link::Unknown(gaps),
    };
    let given = match metric.unit.known() {
        Ok(unit) => unit.as_deref().unwrap_or("None"),
        Err(gaps) => return Link::Unknown(gaps),
    };
    if given == wanted {
        return Link::Holds;
    }
    Link::Broken(format!(
        "alarm {} receives no data: its unit is {wanted}, but the unit of the metric is {given}",
        alarm.name
    ))
}

/// An alarm acts when it changes to ALARM. Until it has left that state, a further event changes nothing.
///
/// Source: "Configuring how CloudWatch alarms treat missing data", Amazon CloudWatch User Guide.
fn goes_off_again(alarm: &Alarm, metric: &MetricTransformation) -> Link {
    let name = &alarm.name;
    if text(&alarm.missing_data) == Some("ignore") && metric.default.is_none() {
        return Link::Broken(format!(
            "alarm {name} triggers only once: missing data is ignored, and the metric has no data without such events, so the alarm never leaves ALARM"
        ));
    }
    match window(alarm) {
        Some(seconds) if seconds > SILENT => Link::Broken(format!(
            "alarm {name} evaluates {} of data: after one event it stays in ALARM for this time, and does not notify of further events",
            span(seconds)
        )),
        Some(_) | None => Link::Holds,
    }
}

/// An alarm that went off long ago and never left ALARM tells nobody of what happens now.
fn stuck(alarm: &Alarm, ctx: &Context<'_>) -> Link {
    let since = match (alarm.state.known(), alarm.state_since.known()) {
        (Ok(state), _) if state.as_deref() != Some("ALARM") => return Link::Holds,
        (Ok(_), Ok(since)) => since,
        (state, since) => {
            let missing = state.err().into_iter().chain(since.err());
            return Gaps::collect(missing).map_or(Link::Holds, Link::Unknown);
        }
    };
    let Some(since) = since else {
        return Link::Holds;
    };
    let age = ctx.taken_at().as_second().saturating_sub(since.as_second());
    if age <= window(alarm).unwrap_or_default().saturating_add(STUCK) {
        return Link::Holds;
    }
    Link::Broken(format!(
        "alarm {} has been in ALARM since {since}: until it leaves this state, it does not notify of further events",
        alarm.name
    ))
}

/// The seconds that the alarm looks at.
fn window(alarm: &Alarm) -> Option<i64> {
    let period = alarm.period.ok().copied().flatten()?;
    let periods = alarm.evaluation_periods.ok().copied().flatten()?;
    Some(i64::from(period).saturating_mul(i64::from(periods)))
}

/// Hours and minutes.
fn span(seconds: i64) -> String {
    match (seconds / 3_600, seconds % 3_600 / 60) {
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Whether one event makes the alarm go off, by its rule.
fn goes_off(
    alarm: &Alarm,
    filter: &MetricFilter,
    metric: &MetricTransformation,
    view: &RegionView,
) -> Link {
    let name = &alarm.name;
    let broken =
        |why: &str| Link::Broken(format!("alarm {name} does not trigger on one event: {why}"));
    let unsure = |why: &str| {
        let what = format!("alarm {name}");
        let (account, region, reason) = (&view.account, &view.region, Reason::NotModelled);
        Link::Unknown(not_evaluated(what, account, region, reason, why))
    };
    let missing = alarm.gaps().into_iter();
    let missing = missing.filter(|(field, _)| !NARROWING.contains(&field.name));
    if let Some(gaps) = Gaps::collect(missing.map(|(_, gap)| gap.into())) {
        return Link::Unknown(gaps);
    }
    if text(&alarm.metric).is_none() {
        return unsure("it uses a metric expression, which was not evaluated");
    }
    // System fields are dimensions like those of the transformation.
    let system = filter.system_dimensions.ok().into_iter().flatten();
    let given: BTreeSet<&String> = metric.dimensions.keys().chain(system).collect();
    let asked = alarm.dimensions.ok().into_iter().flat_map(|it| it.keys());
    let asked: BTreeSet<&String> = asked.collect();
    if let (Err(gaps), true) = (filter.system_dimensions.known(), given.is_subset(&asked)) {
        return Link::Unknown(gaps);
    }
    if given != asked {
        return broken("its dimensions differ from those of the metric, so it receives no data");
    }
    if !given.is_empty() {
        return broken("it receives only events with one value of the metric's dimensions");
    }
    let (Some(periods), Some(threshold), Some(comparison), Some(statistic)) = (
        alarm.evaluation_periods.ok().copied().flatten(),
        alarm.threshold.ok().copied().flatten(),
        text(&alarm.comparison),
        text(&alarm.statistic),
    ) else {
        return unsure("it has no static threshold");
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
                "its {statistic} is lowered by the metric's default value"
            ));
        }
        _ => return unsure(&format!("its statistic is {statistic}")),
    };
    let breaches = |value: f64| match comparison {
        "GreaterThanOrEqualToThreshold" => Some(value >= threshold),
        "GreaterThanThreshold" => Some(value > threshold),
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
            return broken("the metric's default value also breaches, so it is always in ALARM");
        }
        (Some(true), Some(false) | None) => {}
    }
    let missing = text(&alarm.missing_data).unwrap_or("missing");
    if missing == "breaching" && quiet.is_none() {
        return broken("missing data is treated as breaching, so it is always in ALARM");
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
        None => Link::Broken(format!("the actions of alarm {} are disabled", alarm.name)),
    }
}

/// What it means that the alarm has nothing to do.
pub(super) fn no_action(alarm: &Alarm, all: &[Alarm], view: &RegionView) -> Link {
    if let Err(gaps) = alarm.alarm_actions.known() {
        return Link::Unknown(gaps);
    }
    match composite(alarm, all, view) {
        Some(gaps) => Link::Unknown(gaps),
        None => Link::Broken(format!(
            "alarm {} has no action for the state ALARM",
            alarm.name
        )),
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
    let what = format!("composite alarm {}", found.name);
    let detail = format!("it depends on {}", alarm.name);
    let (account, region, reason) = (&view.account, &view.region, Reason::NotModelled);
    Some(not_evaluated(what, account, region, reason, detail))
}

/// Whether what an alarm or a rule sends to is there, whether it lets the message in, and whether somebody listens.
pub(super) fn listener(to: &Arn, sender: &Sender<'_>, ctx: &Context<'_>) -> [Link; 3] {
    let from = sender.name.as_str();
    match to.service() {
        "sns" => topic(to, sender, ctx),
        "events" if to.resource().starts_with("event-bus/") => {
            let detail = format!("{from} forwards to {to}, whose rules were not assessed");
            let unknown = Link::Unknown(elsewhere(to, calls::LIST_RULES, detail));
            [unknown.clone(), unknown.clone(), unknown]
        }
        "logs" | "automate" | "autoscaling" | "swf" | "" => {
            let told = format!("{from} sends to {to}, which notifies nobody");
            let broken = Link::Broken(told);
            [broken.clone(), broken.clone(), broken]
        }
        // A function, a queue, an incident: what it does with the event is its own affair. Whether its policy lets the
        // event in is not read, and the finding says so.
        _ => [Link::Holds, Link::Holds, Link::Holds],
    }
}

/// What a message goes to whose policy is not read.
pub(super) fn unread_policy(to: &Arn) -> bool {
    !matches!(
        to.service(),
        "sns" | "events" | "logs" | "automate" | "autoscaling" | "swf" | ""
    )
}

fn topic(to: &Arn, sender: &Sender<'_>, ctx: &Context<'_>) -> [Link; 3] {
    let from = sender.name.as_str();
    let Some(topic) = ctx.inventory.topics.get(to) else {
        let gap = not_seen(
            calls::GET_TOPIC_ATTRIBUTES,
            &to.account(),
            &to.region(),
            ctx,
        );
        let unknown = Link::Unknown(gap.into());
        return [unknown.clone(), unknown.clone(), unknown];
    };
    let exists = match topic.configuration.known() {
        Ok(Some(_)) => Link::Holds,
        Ok(None) => Link::Broken(format!("{from} sends to {to}, which does not exist")),
        Err(gaps) => Link::Unknown(gaps),
    };
    let admitted = match topic.configuration.known() {
        Ok(Some(set)) => match receivers::refuses(topic, set, sender, ctx) {
            Ok(None) => Link::Holds,
            Ok(Some(why)) => Link::Broken(format!("{from} sends to {to}: {why}")),
            Err(gaps) => Link::Unknown(gaps),
        },
        // That it is not there is told already.
        Ok(None) => Link::Holds,
        Err(gaps) => Link::Unknown(gaps),
    };
    [exists, admitted, messages::heard(topic, sender)]
}

fn elsewhere(to: &Arn, call: ApiCall, detail: String) -> Gaps {
    gap(call, &to.account(), &to.region(), Reason::NotAsked, detail)
}
