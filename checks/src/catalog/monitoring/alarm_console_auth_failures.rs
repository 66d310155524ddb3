//! Somebody is told when console sign-ins fail.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-console-auth-failures",
    title: "Somebody is told when console sign-ins fail",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Many failures in a short time are somebody who guesses passwords; the account and the address \
          show whom it is about.",
    fix: "Count failures with the filter `{ ($.eventName = ConsoleLogin) && ($.errorMessage = \"Failed \
          authentication\") }`, put an alarm on its metric (Sum >= 1 in one period) and a topic with a \
          confirmed subscription behind it.",
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
