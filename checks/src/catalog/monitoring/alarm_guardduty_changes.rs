//! Somebody is told when GuardDuty is switched off.

use super::{events, judge};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-guardduty-changes",
    title: "An alarm should exist for disabled GuardDuty detectors",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "GuardDuty reports stopped trails. An attacker may therefore disable the detector before the trail.",
    fix: "Create a metric filter for DeleteDetector, UpdateDetector, StopMonitoringMembers, DisassociateMembers \
          and UpdateMemberDetectors, with the pattern `{ $.eventSource = guardduty.amazonaws.com && ($.eventName = \
          \"*Detector\" || $.eventName = \"*Members\" || $.eventName = UpdateMemberDetectors) }`. Create an alarm on \
          its metric (Sum >= 1 in one period) with a topic that has a confirmed subscription.",
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
