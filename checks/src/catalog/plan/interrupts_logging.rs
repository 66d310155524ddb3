//! Plans should not interrupt the recording or the delivery of events.

use super::of_kind;
use crate::inventory::plan::{Effect, EffectKind};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "plan-interrupts-logging",
    title: "Plans should not interrupt the recording or the delivery of events",
    severity: Severity::High,
    // Its pass says nothing of the five questions: they ask for a state.
    question: None,
    why: "While a trail is replaced, stopped or pointed at a bucket or key that does not admit it yet, events are not \
          recorded or not delivered.",
    fix: "Split the change: first prepare the new bucket, key and policies, then switch the trail with an update in \
          place, and remove what is old last.",
    judged: "Fails where a plan replaces a trail, switches its logging off, points it at another bucket or key, \
             removes the policy of its bucket, disables its key, or stops the ingestion of a store. Not applicable \
             where the plan holds no resources.",
    alike: &[
        "A trail that is created with logging off interrupts nothing; trail-is-logging fails instead.",
        "The order in which Terraform applies independent changes is not known: events may be lost, or not.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-update-a-trail-console.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TRAIL_STATUS],
    run: Run::Plan(run),
};

fn run(effect: &Effect, _: &Context<'_>) -> Outcome {
    of_kind(effect, EffectKind::Interrupts)
}

#[cfg(test)]
mod tests {
    use super::super::{holds_nothing, planned};
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (NotApplicable, planned(&[]).and(holds_nothing)),
                (Pass, planned(&[])),
                (Pass, planned(&[EffectKind::Deletes])),
                (Fail, planned(&[EffectKind::Interrupts])),
            ],
        );
    }
}
