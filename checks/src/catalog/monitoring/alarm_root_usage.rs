//! Somebody is told when the root user acts.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-root-usage",
    title: "Somebody is told when the root user acts",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "No policy within the account limits the root user, who can close the account. Nobody should act \
          as root in daily work, so each use is worth a look.",
    fix: "Count root's actions with the filter `{ $.userIdentity.type = Root && $.userIdentity.invokedBy \
          NOT EXISTS && $.eventType != AwsServiceEvent }`, put an alarm on its metric (Sum >= 1 in one \
          period) and a topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::ROOT_USAGE, ctx)
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
                        r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
                    ),
                ),
                (
                    Fail,
                    filter(
                        r#"{$.userIdentity.type="root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
                    ),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
