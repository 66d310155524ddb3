//! Plans should not delete trails, event data stores, log buckets or their keys.

use super::of_kind;
use crate::inventory::plan::{Effect, EffectKind};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "plan-deletes-logging",
    title: "Plans should not delete trails, event data stores, log buckets or their keys",
    severity: Severity::Critical,
    // Its pass says nothing of the five questions: they ask for a state.
    question: None,
    why: "Deleting a trail ends the recording. Deleting a log bucket, an event data store or a key that encrypts logs \
          makes logs unavailable that were already recorded.",
    fix: "Remove the deletion from the change. To move a trail or a bucket to another address, use a `moved` block; to \
          replace one, create the new one first and delete the old one in a later change.",
    judged: "Each trail, event data store, log bucket and key of logs that a plan deletes or replaces fails. A bucket \
             counts as a log bucket where a trail delivers to it or its policy admits cloudtrail.amazonaws.com. Not applicable where the \
             plan holds no resources.",
    alike: &[
        "A trail whose address changes with a `moved` block is not deleted, and passes.",
        "A trail that is replaced is there afterwards, and fails: events between the two are not delivered.",
        "An older object of a resource (deposed) is deleted by the plan, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delete-trails-console.html",
        "https://developer.hashicorp.com/terraform/language/modules/develop/refactoring",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_EVENT_DATA_STORE],
    run: Run::Plan(run),
};

fn run(effect: &Effect, _: &Context<'_>) -> Outcome {
    of_kind(effect, EffectKind::Deletes)
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
                (Pass, planned(&[EffectKind::Interrupts])),
                (Fail, planned(&[EffectKind::Deletes])),
            ],
        );
    }
}
