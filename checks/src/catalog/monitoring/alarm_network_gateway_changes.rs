//! Somebody is told when network gateways change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-network-gateway-changes",
    title: "An alarm should exist for changes to network gateways",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "A new gateway can connect a private network to the internet or to an unknown remote network.",
    fix: "Create a metric filter for the six calls that create, attach, detach and delete internet and customer \
          gateways, with one pattern of `$.eventName` terms joined by `||`. Create an alarm on its metric (Sum >= 1 \
          in one period) with a topic that has a confirmed subscription.",
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
