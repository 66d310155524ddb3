//! Nobody can destroy or mute the trail's log group.

use super::effective::{LOGS, nobody};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-log-group-destroy",
    title: "Nobody can destroy or mute the trail's log group",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Alarms and analysis read the log group. Deleting it, a filter of it, or cutting its retention \
          to a day blinds them while the trail runs on.",
    fix: "Take logs:DeleteLogGroup, logs:PutRetentionPolicy, logs:DeleteMetricFilter and \
          logs:DeleteSubscriptionFilter on the group from the principals that the finding names; switch \
          deletion protection on.",
    references: &[
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html",
    ],
    reads: LOGS,
    run: Run::Access(run),
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
    nobody(judged, ACTIONS, "may destroy or mute the log group")
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
