//! Somebody is told of API calls that are refused.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-unauthorized-api-calls",
    title: "An alarm should exist for unauthorized API calls",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Attackers with stolen credentials explore their permissions and cause AccessDenied errors. A burst of them \
          is often the only early sign.",
    fix: "Create a metric filter for denied calls, with the pattern `{ ($.errorCode = \
          \"*UnauthorizedOperation\") || ($.errorCode = \"AccessDenied*\") }`. Create an alarm on its metric (Sum >= \
          1 in one period) with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all API calls that are denied; an alarm on that filter's own metric \
             that triggers on one event, enabled actions, and a topic with a confirmed subscription. An enabled \
             EventBridge rule with a working target that matches the same events is accepted, and reported. Otherwise \
             it fails, and names the broken link.",
    alike: &[
        "Two equalities joined by `||` pass; the same joined by `&&` match nothing, and fail.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
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
