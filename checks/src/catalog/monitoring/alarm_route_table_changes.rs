//! Somebody is told when route tables change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-route-table-changes",
    title: "Somebody is told when route tables change",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "A changed route leads traffic past the firewall, or through a machine that reads it.",
    fix: "Count the seven calls on routes and route tables with one filter on `$.eventSource = \
          ec2.amazonaws.com` and their `$.eventName`, put an alarm on its metric (Sum >= 1 in one period) \
          and a topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::ROUTE_TABLE_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::ROUTE_TABLE_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::ROUTE_TABLE_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
