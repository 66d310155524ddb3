//! Somebody is told of API calls that are refused.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-unauthorized-api-calls",
    title: "Somebody is told of API calls that are refused",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Whoever tries stolen keys runs into refusals first. A burst of them is often the only early sign \
          of an intruder who explores what he may do.",
    fix: "Count refused calls with the filter `{ ($.errorCode = \"*UnauthorizedOperation\") || \
          ($.errorCode = \"AccessDenied*\") }`, put an alarm on its metric (Sum >= 1 in one period) and a \
          topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::UNAUTHORIZED_API_CALLS, ctx)
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
                (
                    Pass,
                    filter(
                        r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }"#,
                    ),
                ),
                (
                    Fail,
                    filter(
                        r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied") }"#,
                    ),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
