//! Somebody is told when the root user acts.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-root-usage",
    title: "An alarm should exist for root user activity",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "No policy in the account restricts the root user, which can close the account. Daily work does not need the \
          root user, so each use should be reviewed.",
    fix: "Create a metric filter for actions of the root user, with the pattern `{ $.userIdentity.type = Root \
          && $.userIdentity.invokedBy NOT EXISTS && $.eventType != AwsServiceEvent }`. Create an alarm on its metric \
          (Sum >= 1 in one period) with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all actions of the root user; an alarm on that filter's own metric \
             that triggers on one event, enabled actions, and a topic with a confirmed subscription. An enabled \
             EventBridge rule with a working target that matches the same events is accepted, and reported. Otherwise \
             it fails, and names the broken link.",
    alike: &[
        "`Root` passes; `root` in lower case matches no event, and fails.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
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
