//! Somebody is told when a KMS key is disabled or scheduled for deletion.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-key-disable-delete",
    title: "An alarm should exist for KMS keys that are disabled or scheduled for deletion",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "Without the key, encrypted data cannot be decrypted, including log files. A scheduled deletion can be \
          cancelled only if it is noticed in time.",
    fix: "Create a metric filter for DisableKey and ScheduleKeyDeletion, with the pattern `{ $.eventSource = \
          kms.amazonaws.com && ($.eventName = DisableKey || $.eventName = ScheduleKeyDeletion) }`. Create an alarm \
          on its metric (Sum >= 1 in one period) with a topic that has a confirmed subscription.",
    judged: "Evaluates the whole chain in the account of the log group: a running trail that logs the events; a \
             metric filter whose pattern matches all calls that disable a KMS key or schedule its deletion; an alarm \
             on that filter's own metric that triggers on one event, enabled actions, and a topic with a confirmed \
             subscription. An enabled EventBridge rule with a working target that matches the same events is \
             accepted, and reported. Otherwise it fails, and names the broken link.",
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
    judge::alarmed(account, &events::KEY_DISABLE_DELETE, ctx)
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
                (Pass, filter(&any_of(events::KEY_DISABLE_DELETE.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::KEY_DISABLE_DELETE.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
