//! Alarms on the record go off on a single event.

use super::{alarms, links};
use crate::inventory::monitoring::{Alarm, MetricTransformation};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-evaluates",
    title: "Alarms on CloudTrail logs should use the metric of the filter and trigger on one event",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "One StopLogging call is sufficient to stop a trail. An alarm with a higher threshold, with more evaluation \
          periods, or on a metric with another name is not triggered by it.",
    fix: "Set the alarm to the filter's metric and namespace, and to trigger on one event: `aws cloudwatch \
          put-metric-alarm --alarm-name ALARM --namespace NAMESPACE --metric-name METRIC --statistic Sum --period \
          300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold \
          --treat-missing-data notBreaching --alarm-actions TOPIC_ARN --region REGION`.",
    judged: "Every alarm on the trail's log group must use the filter's own metric, with its unit and dimensions, and \
             trigger on a single event and again on the next. An alarm that ignores missing data never leaves ALARM. \
             One that evaluates more than an hour of data does not notify again for that time. One that has been in \
             ALARM for more than a day reports nothing new.",
    alike: &[
        "Threshold 1 with Sum passes; threshold 5, or the metric of another namespace, fails.",
        "Missing data as notBreaching passes; as ignore, without a default value of the metric, it triggers only once \
         and fails.",
        "1 of 12 periods of 300 seconds passes; 1 of 240 does not notify for 20 hours after each event, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_METRIC_FILTERS,
        calls::DESCRIBE_ALARMS,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let judge =
        |it: &alarms::Watch<'_>| Some(links::fires(it.alarm, it.filter, it.metric, it.view, ctx));
    let good = "every alarm triggers on one event, and again on the next";
    alarms::each(account, ctx, good, judge, mistaken)
}

/// An alarm that seems to be meant for a metric, and watches another.
fn mistaken(metric: &MetricTransformation, alarms: &[Alarm]) -> Option<String> {
    let (space, name) = (&metric.namespace, &metric.name);
    let meant = |alarm: &&Alarm| {
        let metric = alarm.metric.ok().and_then(Option::as_ref);
        metric.is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let alarm = alarms.iter().find(meant)?;
    let (other, metric) = (
        alarm.namespace.ok()?.as_ref()?,
        alarm.metric.ok()?.as_ref()?,
    );
    Some(format!(
        "alarm {} uses metric {other}/{metric}, but the filter publishes {space}/{name}",
        alarm.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn with(
        change: impl FnOnce(&mut Alarm),
        counts: impl FnOnce(&mut MetricTransformation),
    ) -> Case {
        alarm(change).and(|inventory| {
            let group = inventory.log_groups.values_mut().next().unwrap();
            counts(&mut known(&mut group.metric_filters)[0].transformations[0]);
        })
    }

    fn default(text: &str) -> impl FnOnce(&mut MetricTransformation) {
        let text = Some(text.to_owned());
        move |it| it.default = text
    }

    #[test]
    fn thresholds_and_statistics() {
        let greater =
            |it: &mut Alarm| it.comparison = Known(Some("GreaterThanThreshold".to_owned()));
        let statistic = |text: &str| {
            let text = Some(text.to_owned());
            move |it: &mut Alarm| it.statistic = Known(text)
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, alarm(|it| it.threshold = Known(Some(2.0)))),
                (Fail, alarm(greater)),
                (
                    Pass,
                    alarm(move |alarm| {
                        greater(alarm);
                        alarm.threshold = Known(Some(0.0));
                    }),
                ),
                (
                    Fail,
                    alarm(|it| it.comparison = Known(Some("LessThanThreshold".to_owned()))),
                ),
                (Pass, alarm(statistic("Maximum"))),
                (Pass, with(statistic("Average"), |_| {})),
                (Fail, with(statistic("Average"), default("0"))),
                (Fail, with(statistic("Minimum"), default("0"))),
                (Pass, with(|_| {}, default("0"))),
                (Fail, with(|_| {}, default("1"))),
                (Fail, with(|_| {}, |it| it.value = "0".to_owned())),
                (
                    Pass,
                    with(
                        |it| it.threshold = Known(Some(5.0)),
                        |it| it.value = "5".to_owned(),
                    ),
                ),
                (Unknown, with(|_| {}, |it| it.value = "$.n".to_owned())),
                (Unknown, alarm(statistic("TM(10%:90%)"))),
                (Unknown, alarm(|it| it.threshold = Known(None))),
            ],
        );
    }

    #[test]
    fn periods_and_missing_data() {
        let periods = |all, needed, missing: Option<&str>| {
            let missing = missing.map(str::to_owned);
            move |alarm: &mut Alarm| {
                alarm.evaluation_periods = Known(Some(all));
                alarm.datapoints_to_alarm = Known(needed);
                alarm.missing_data = Known(missing);
            }
        };
        table(
            &CHECK,
            [
                (Fail, alarm(periods(2, None, Some("notBreaching")))),
                (Pass, alarm(periods(2, Some(1), Some("notBreaching")))),
                (Fail, alarm(periods(3, Some(2), Some("ignore")))),
                (Pass, alarm(periods(2, None, Some("missing")))),
                (Fail, with(periods(2, None, None), default("0"))),
                (Fail, alarm(periods(1, None, Some("breaching")))),
                (
                    Pass,
                    with(periods(1, None, Some("breaching")), default("0")),
                ),
                // After the first event it never leaves ALARM: only a default value gives it data without events.
                (Fail, alarm(periods(1, None, Some("ignore")))),
                (Fail, alarm(periods(3, Some(1), Some("ignore")))),
                (Pass, with(periods(1, None, Some("ignore")), default("0"))),
            ],
        );
    }

    /// It acts when it changes to ALARM: as long as it stays there, a further event tells nobody.
    #[test]
    fn how_long_it_is_silent() {
        let window = |period, periods, missing: &str| {
            let missing = missing.to_owned();
            alarm(move |alarm| {
                alarm.period = Known(Some(period));
                alarm.evaluation_periods = Known(Some(periods));
                alarm.datapoints_to_alarm = Known(Some(1));
                alarm.missing_data = Known(Some(missing));
            })
        };
        let told = window(300, 240, "missing").findings(&[&CHECK]);
        assert!(told[0].message.contains("20 h"), "{}", told[0].message);
        let hours = |hours| {
            alarm(move |alarm| {
                alarm.state = Known(Some("ALARM".to_owned()));
                alarm.state_since = Known(Some(hours_ago(hours)));
            })
        };
        table(
            &CHECK,
            [
                (Fail, window(300, 240, "missing")),
                (Fail, window(300, 240, "notBreaching")),
                (Fail, window(86_400, 1, "notBreaching")),
                (Pass, window(3_600, 1, "notBreaching")),
                (Pass, window(300, 12, "notBreaching")),
                (Fail, window(300, 13, "notBreaching")),
                (Pass, hours(1)),
                (Fail, hours(48)),
                (
                    Pass,
                    alarm(|alarm| {
                        alarm.state = Known(Some("INSUFFICIENT_DATA".to_owned()));
                        alarm.state_since = Known(Some(hours_ago(9_000)));
                    }),
                ),
                (
                    Unknown,
                    alarm(|it| it.state = denied(calls::DESCRIBE_ALARMS)),
                ),
            ],
        );
    }

    #[test]
    fn units() {
        let units = |asked: Option<&str>, given: Option<&str>| {
            let asked = asked.map(str::to_owned);
            let given = given.map(str::to_owned);
            with(|it| it.unit = Known(asked), |it| it.unit = Known(given))
        };
        table(
            &CHECK,
            [
                (Pass, units(None, Some("Count"))),
                (Pass, units(Some("Count"), Some("Count"))),
                (Pass, units(Some("None"), None)),
                (Fail, units(Some("Count"), None)),
                (Fail, units(Some("Count"), Some("Seconds"))),
                (
                    Unknown,
                    alarm(|it| it.unit = denied(calls::DESCRIBE_ALARMS)),
                ),
                // What is broken anyway stays so.
                (
                    Fail,
                    alarm(|alarm| {
                        alarm.unit = denied(calls::DESCRIBE_ALARMS);
                        alarm.threshold = Known(Some(5.0));
                    }),
                ),
            ],
        );
    }

    /// System fields are dimensions too.
    #[test]
    fn system_fields() {
        let emits = |fields: &[&str], asked: &[(&str, &str)]| {
            let fields = fields.iter().map(|it| (*it).to_owned()).collect();
            let asked = asked.iter();
            let asked = asked.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let asked = asked.collect();
            alarm(|it| it.dimensions = Known(asked)).and(|inventory| {
                let group = inventory.log_groups.values_mut().next().unwrap();
                known(&mut group.metric_filters)[0].system_dimensions = Known(fields);
            })
        };
        table(
            &CHECK,
            [
                (Pass, emits(&[], &[])),
                (Fail, emits(&["@aws.account"], &[])),
                (Fail, emits(&["@aws.account", "@aws.region"], &[])),
                (Fail, emits(&["@aws.account"], &[("@aws.account", ACCOUNT)])),
                (
                    Unknown,
                    alarm(|_| {}).and(|inventory| {
                        let group = inventory.log_groups.values_mut().next().unwrap();
                        known(&mut group.metric_filters)[0].system_dimensions =
                            denied(calls::DESCRIBE_METRIC_FILTERS);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn names_and_dimensions() {
        let dimension = |map: &mut std::collections::BTreeMap<String, String>| {
            map.insert("User".to_owned(), "x".to_owned());
        };
        table(
            &CHECK,
            [
                (
                    Fail,
                    alarm(|it| it.namespace = Known(Some("audit".to_owned()))),
                ),
                (
                    Fail,
                    alarm(|it| it.metric = Known(Some("events".to_owned()))),
                ),
                (
                    NotApplicable,
                    alarm(|it| it.metric = Known(Some("Other".to_owned()))),
                ),
                (Fail, alarm(move |it| dimension(known(&mut it.dimensions)))),
                (Fail, with(|_| {}, move |it| dimension(&mut it.dimensions))),
                (
                    Fail,
                    with(
                        move |it| dimension(known(&mut it.dimensions)),
                        move |it| dimension(&mut it.dimensions),
                    ),
                ),
                (
                    Unknown,
                    region(|it| it.alarms = denied(calls::DESCRIBE_ALARMS)),
                ),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
