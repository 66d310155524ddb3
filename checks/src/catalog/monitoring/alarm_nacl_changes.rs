//! Somebody is told when network ACLs change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-nacl-changes",
    title: "Somebody is told when network ACLs change",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Network ACLs are the outer fence of a subnet; a changed entry takes it down for every machine \
          behind it.",
    fix: "Count the six calls that create, replace and delete network ACLs and their entries, with one \
          filter of `$.eventName` terms joined by `||`, put an alarm on its metric (Sum >= 1 in one \
          period) and a topic with a confirmed subscription behind it.",
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
