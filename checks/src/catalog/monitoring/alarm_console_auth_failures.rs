//! Somebody is told when console sign-ins fail.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-console-auth-failures",
    title: "An alarm should exist for failed console sign-ins",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Many failures in a short time indicate a password guessing attack. The event contains the user and the \
          source IP address.",
    fix: "Create a metric filter for failed sign-ins, with the pattern `{ ($.eventName = ConsoleLogin) && \
          ($.errorMessage = \"Failed authentication\") }`. Create an alarm on its metric (Sum >= 1 in one period) \
          with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all console sign-ins that fail; an alarm on that filter's own metric \
             that triggers on one event, enabled actions, and a topic with a confirmed subscription. An enabled \
             EventBridge rule with a working target that matches the same events is accepted, and reported. Otherwise \
             it fails, and names the broken link.",
    alike: &[
        "The same terms in another order or spelling match the same events and pass; a pattern that excludes some of \
         the events fails.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::CONSOLE_AUTH_FAILURES, ctx)
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
                        r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }"#,
                    ),
                ),
                (
                    Fail,
                    filter(
                        r#"{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed Authentication") }"#,
                    ),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
