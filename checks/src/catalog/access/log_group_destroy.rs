//! Nobody can destroy or mute the trail's log group.

use super::effective::{LOGS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-log-group-destroy",
    title: "Only approved principals should be able to delete or disable log groups of trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Alarms and queries use the log group. If the log group or a metric filter is deleted, or the retention is \
          set to one day, they stop working while the trail is still logging.",
    fix: "Remove logs:DeleteLogGroup, logs:PutRetentionPolicy, logs:DeleteMetricFilter and \
          logs:DeleteSubscriptionFilter on the log group from the principals, and enable deletion protection: `aws \
          logs put-log-group-deletion-protection --log-group-identifier GROUP_ARN --deletion-protection-enabled \
          --region REGION`.",
    judged: "Fails for every principal that can delete the trail's log group or its streams, shorten its retention, \
             or remove the filters on it.",
    alike: &["logs:DeleteLogGroup on another group passes; on `*` it fails."],
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html",
    ],
    reads: LOGS,
    run: Run::EffectiveRights(run),
};

const ACTIONS: &[&str] = &[
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:PutRetentionPolicy",
    "logs:DeleteSubscriptionFilter",
    "logs:DeleteMetricFilter",
    "logs:PutMetricFilter",
];

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    nobody(
        judged,
        ACTIONS,
        "can delete or disable log groups of trails",
    )
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
                (
                    Fail,
                    may(
                        "logs:DeleteMetricFilter",
                        "arn:aws:logs:*:111111111111:log-group:trail:*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "logs:FilterLogEvents",
                        "arn:aws:logs:*:111111111111:log-group:trail:*",
                    ),
                ),
                (
                    Pass,
                    may(
                        "logs:DeleteMetricFilter",
                        "arn:aws:logs:*:111111111111:log-group:other:*",
                    ),
                ),
                (Fail, may("*", "*")),
                (Pass, denied_again(ACTIONS)),
                (
                    Pass,
                    bounded("logs:DeleteMetricFilter", "logs:FilterLogEvents"),
                ),
                (
                    Fail,
                    bounded("logs:DeleteMetricFilter", "logs:DeleteMetricFilter"),
                ),
                (Fail, with_mfa("logs:DeleteMetricFilter")),
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
