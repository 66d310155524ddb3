//! Somebody is told when VPCs and their peerings change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-vpc-changes",
    title: "Somebody is told when VPCs and their peerings change",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "A peering joins two networks; whoever accepts one from outside lets a stranger into yours.",
    fix: "Count the calls that create, change and delete VPCs and peering connections, with one filter of \
          `$.eventName` terms joined by `||`, put an alarm on its metric (Sum >= 1 in one period) and a \
          topic with a confirmed subscription behind it.",
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
