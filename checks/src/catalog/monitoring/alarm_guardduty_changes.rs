//! Somebody is told when GuardDuty is switched off.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-guardduty-changes",
    title: "Somebody is told when GuardDuty is switched off",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "GuardDuty reports a stopped trail by itself. Whoever knows that switches the detector off before \
          the trail.",
    fix: "Count DeleteDetector, UpdateDetector, StopMonitoringMembers, DisassociateMembers and \
          UpdateMemberDetectors with the filter `{ $.eventSource = guardduty.amazonaws.com && ($.eventName = \
          \"*Detector\" || $.eventName = \"*Members\" || $.eventName = UpdateMemberDetectors) }`, \
          put an alarm on its metric (Sum >= 1 in one period) and a topic with a confirmed subscription \
          behind it.",
    references: &["https://docs.aws.amazon.com/guardduty/latest/ug/logging-using-cloudtrail.html"],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::alarmed(account, &events::GUARDDUTY_CHANGES, ctx)
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
                (Pass, filter(&any_of(events::GUARDDUTY_CHANGES.names))),
                (
                    Fail,
                    filter(&any_of(
                        events::GUARDDUTY_CHANGES.names.split_last().unwrap().1,
                    )),
                ),
                (Fail, filter("{ $.eventName = Nothing }")),
                (Unknown, unknown_filters()),
            ],
        );
    }
}
