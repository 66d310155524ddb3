//! Alarms on the record do something when they go off.

use super::{alarms, links};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-actions-enabled",
    title: "Alarms on CloudTrail logs should have actions, and the actions should be enabled",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "An alarm without an action for the state ALARM, or with disabled actions, changes its state in the console \
          but notifies nobody.",
    fix: "Enable the actions: `aws cloudwatch enable-alarm-actions --alarm-names ALARM --region REGION`. If the alarm \
          has no action for the state ALARM, recreate it with a topic: `aws cloudwatch put-metric-alarm --alarm-name \
          ALARM --namespace NAMESPACE --metric-name METRIC --statistic Sum --period 300 --evaluation-periods 1 \
          --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching \
          --alarm-actions TOPIC_ARN --region REGION`.",
    judged: "Every alarm on the trail's log group must have actions, and the actions must be enabled.",
    alike: &["Actions that are configured but disabled fail."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html",
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
    let judge = |watch: &alarms::Watch<'_>| {
        let switched = links::enabled(watch.alarm, watch.all, watch.view);
        let none = watch.alarm.alarm_actions.ok().is_none_or(Vec::is_empty)
            && switched == links::Link::Holds;
        Some(if none {
            links::no_action(watch.alarm, watch.all, watch.view)
        } else {
            switched
        })
    };
    alarms::each(
        account,
        ctx,
        "every alarm has an enabled action",
        judge,
        |_, _| None,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::monitoring::Alarm;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let composite = |on| {
            alarm(|it| it.actions_enabled = Known(false)).and(|inventory| {
                let alarms = known(&mut inventory.regions.values_mut().next().unwrap().alarms);
                let mut both = Alarm {
                    actions_enabled: Known(on),
                    ..alarms[0].clone()
                };
                (both.metric, both.namespace) = (Known(None), Known(None));
                both.expressions = Known(vec![r#"ALARM("events") AND ALARM("x")"#.to_owned()]);
                alarms.push(both);
            })
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, alarm(|it| it.actions_enabled = Known(false))),
                (Fail, alarm(|it| it.alarm_actions = Known(Vec::new()))),
                (Unknown, composite(true)),
                (Fail, composite(false)),
                (
                    Unknown,
                    region(|it| it.alarms = denied(calls::DESCRIBE_ALARMS)),
                ),
                (Unknown, unknown_filters()),
                (NotApplicable, region(|it| it.alarms = Known(Vec::new()))),
            ],
        );
    }
}
