//! Somebody is told when IAM policies change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-iam-policy-changes",
    title: "Somebody is told when IAM policies change",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "A new or changed policy is how an intruder turns a small right into a large one, the right to \
          stop trails among them.",
    fix: "Count the sixteen calls that make, change, attach and detach IAM policies, DeleteGroupPolicy to \
          DetachGroupPolicy, with one filter of `$.eventName` terms joined by `||`, put an alarm on its \
          metric (Sum >= 1 in one period) and a topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::IAM_POLICY_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::IAM_POLICY_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::IAM_POLICY_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
