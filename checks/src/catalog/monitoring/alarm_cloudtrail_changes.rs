//! Somebody is told when trails change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-cloudtrail-changes",
    title: "Somebody is told when trails change",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "Whoever wants to stay unseen stops or redirects the trail first. From then on nothing is \
          recorded that could tell of it: this one event has to be heard at once.",
    fix: "Count CreateTrail, UpdateTrail, DeleteTrail, StartLogging, StopLogging and PutEventSelectors with one filter of \
          `$.eventName` terms joined by `||`, put an alarm on its metric (Sum >= 1 in one period) and a \
          topic with a confirmed subscription behind it.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::CLOUDTRAIL_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::CLOUDTRAIL_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::CLOUDTRAIL_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
