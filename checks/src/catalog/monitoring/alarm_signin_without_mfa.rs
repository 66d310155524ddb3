//! Somebody is told of console sign-ins without MFA.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-signin-without-mfa",
    title: "An alarm should exist for console sign-ins without MFA",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "A console sign-in with only a password means that the user has no MFA device. A stolen password is then \
          sufficient to sign in.",
    fix: "Create a metric filter for such sign-ins, with the pattern `{ ($.eventName = ConsoleLogin) && \
          ($.additionalEventData.MFAUsed != Yes) }`. Create an alarm on its metric (Sum >= 1 in one period) with a \
          topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all console sign-ins without MFA; an alarm on that filter's own \
             metric that triggers on one event, enabled actions, and a topic with a confirmed subscription. An \
             enabled EventBridge rule with a working target that matches the same events is accepted, and reported. \
             Otherwise it fails, and names the broken link.",
    alike: &[
        "`$.additionalEventData.MFAUsed != \"Yes\"` passes; `= \"Yes\"` counts the harmless sign-ins, and fails.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::SIGNIN_WITHOUT_MFA, ctx)
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
                        r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#,
                    ),
                ),
                (
                    Fail,
                    filter(
                        r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed = "Yes") }"#,
                    ),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
