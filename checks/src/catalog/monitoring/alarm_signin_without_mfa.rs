//! Somebody is told of console sign-ins without MFA.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-signin-without-mfa",
    title: "Somebody is told of console sign-ins without MFA",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "A password alone opened the console: either a user has no second factor, or the password is not \
          in its owner's hands only.",
    fix: "Count such sign-ins with the filter `{ ($.eventName = ConsoleLogin) && \
          ($.additionalEventData.MFAUsed != Yes) }`, put an alarm on its metric (Sum >= 1 in one period) \
          and a topic with a confirmed subscription behind it.",
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
