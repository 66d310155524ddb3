//! Somebody is told when trails change.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-cloudtrail-changes",
    title: "An alarm should exist for changes to trails",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "Attackers stop or redirect a trail first. Later activity is not logged, so this event must trigger an alert.",
    fix: "Create a metric filter for CreateTrail, UpdateTrail, DeleteTrail, StartLogging, StopLogging and \
          PutEventSelectors with one pattern of `$.eventName` terms joined by `||`. Create an alarm on its metric \
          (Sum >= 1 in one period) with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all calls that create, update, delete, start or stop trails or \
             change their event selectors; an alarm on that filter's own metric that triggers on one event, enabled \
             actions, and a topic with a confirmed subscription. An enabled EventBridge rule with a working target \
             that matches the same events is accepted, and reported. Otherwise it fails, and names the broken link.",
    alike: &[
        "The same terms in another order or spelling match the same events and pass; a pattern that excludes some of \
         the events fails.",
        "A confirmed subscription passes; a pending one receives nothing, and fails.",
    ],
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
