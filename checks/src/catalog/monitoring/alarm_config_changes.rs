//! Somebody is told when AWS Config is stopped or changed.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-config-changes",
    title: "Somebody is told when AWS Config is stopped or changed",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "AWS Config keeps the history of what resources looked like. Stopping it blinds every rule that \
          rests on it.",
    fix: "Count StopConfigurationRecorder, DeleteConfigurationRecorder, DeleteDeliveryChannel, PutDeliveryChannel and \
          PutConfigurationRecorder with one filter on `$.eventSource = config.amazonaws.com` and their \
          `$.eventName`, put an alarm on its metric (Sum >= 1 in one period) and a topic with a confirmed \
          subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::CONFIG_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::CONFIG_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::CONFIG_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
