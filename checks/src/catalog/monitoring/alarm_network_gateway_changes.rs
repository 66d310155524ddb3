//! Somebody is told when network gateways change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-network-gateway-changes",
    title: "Somebody is told when network gateways change",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "A new gateway connects a network that was closed with the internet, or with a site that nobody \
          knows.",
    fix: "Count the six calls that create, attach, detach and delete internet and customer gateways, with \
          one filter of `$.eventName` terms joined by `||`, put an alarm on its metric (Sum >= 1 in one \
          period) and a topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::NETWORK_GATEWAY_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::NETWORK_GATEWAY_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::NETWORK_GATEWAY_CHANGES
                            .names
                            .split_last()
                            .unwrap()
                            .1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
