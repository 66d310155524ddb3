//! Nobody can switch the alarms off.

use super::effective::{ALERTS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-alerting-disable",
    title: "Only approved principals should be able to disable alarms on CloudTrail logs",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "An alarm without actions, a rule without targets or a topic without subscribers sends no alerts. The change \
          itself does not trigger an alert either.",
    fix: "Remove cloudwatch:DisableAlarmActions, cloudwatch:DeleteAlarms, events:DisableRule, events:RemoveTargets \
          and sns:Unsubscribe on these alarms, rules and topics from the principals, or deny them in an SCP that \
          exempts a break-glass role.",
    judged: "Fails for every principal that can, directly or through others, disable alarms, topics, rules or \
             subscriptions that report changes to CloudTrail logs. A permission under a condition fails too, and the \
             finding names the condition. One pass per account without such principals.",
    alike: &[
        "A role that only reads alarms passes; one that can call cloudwatch:DisableAlarmActions on them fails.",
        "The same grant under an SCP that denies it passes: effective permissions are evaluated.",
    ],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html",
    ],
    reads: ALERTS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DisableAlarmActions",
    "cloudwatch:PutMetricAlarm",
    "cloudwatch:SetAlarmState",
    "cloudwatch:PutAlarmMuteRule",
    "events:DisableRule",
    "events:DeleteRule",
    "events:RemoveTargets",
    "events:PutRule",
    "sns:Unsubscribe",
    "sns:DeleteTopic",
    "sns:SetTopicAttributes",
    "sns:SetSubscriptionAttributes",
    "sns:RemovePermission",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(judged, ACTIONS, "can disable alarms on CloudTrail logs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, may("cloudwatch:DisableAlarmActions", "*")),
                (Pass, may("cloudwatch:DescribeAlarms", "*")),
                (
                    Pass,
                    may(
                        "cloudwatch:DisableAlarmActions",
                        "arn:aws:cloudwatch:eu-west-1:*:alarm:*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded(
                        "cloudwatch:DisableAlarmActions",
                        "cloudwatch:DescribeAlarms",
                    ),
                ),
                (
                    Fail,
                    bounded(
                        "cloudwatch:DisableAlarmActions",
                        "cloudwatch:DisableAlarmActions",
                    ),
                ),
                (Fail, with_mfa("cloudwatch:DisableAlarmActions")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
                (
                    Unknown,
                    role(|r| r.boundary = Some(Arn::from("arn:aws:iam::111111111111:policy/gone")))
                        .and_iam(|it| it.roles.last_mut().unwrap().inline.push(inline(ALL))),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
