//! Somebody is told when VPCs and their peerings change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-vpc-changes",
    title: "An alarm should exist for changes to VPCs and VPC peering connections",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "A peering connection joins two networks. One that is accepted from an external account gives it a network \
          path to your VPC.",
    fix: "Create a metric filter for the calls that create, change and delete VPCs and peering connections, \
          with one pattern of `$.eventName` terms joined by `||`. Create an alarm on its metric (Sum >= 1 in one \
          period) with a topic that has a confirmed subscription.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::VPC_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::VPC_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(events::VPC_CHANGES.names.split_last().unwrap().1)),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
