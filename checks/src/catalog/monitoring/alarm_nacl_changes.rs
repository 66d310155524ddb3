//! Somebody is told when network ACLs change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-nacl-changes",
    title: "An alarm should exist for changes to network ACLs",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Network ACLs filter the traffic of a whole subnet. A changed entry can expose every instance in it.",
    fix: "Create a metric filter for the six calls that create, replace and delete network ACLs and their \
          entries, with one pattern of `$.eventName` terms joined by `||`. Create an alarm on its metric (Sum >= 1 \
          in one period) with a topic that has a confirmed subscription.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::NACL_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::NACL_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(events::NACL_CHANGES.names.split_last().unwrap().1)),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
