//! Plans should keep resources that protect logs under management.

use super::of_kind;
use crate::inventory::plan::{Effect, EffectKind};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "plan-releases-protection",
    title: "Plans should keep resources that protect logs under management",
    severity: Severity::Medium,
    // Its pass says nothing of the five questions: they ask for a state.
    question: None,
    why: "A resource that Terraform no longer manages can be changed by hand without any later plan showing or \
          reverting it.",
    fix: "Remove the `removed` block with `destroy = false`, or move the resource to another configuration that \
          manages it in the same change.",
    judged: "Fails for each trail, event data store, and setting of a log bucket, key, log group or organization \
             policy that Terraform is told to forget. Not applicable where the \
             plan holds no resources.",
    alike: &[
        "A resource that is forgotten stays as it is: its own checks do not change.",
        "`prevent_destroy` is not part of a plan: taking it off is not seen.",
    ],
    references: &["https://developer.hashicorp.com/terraform/language/resources/syntax"],
    reads: &[calls::GET_BUCKET_VERSIONING],
    run: Run::Plan(run),
};

fn run(effect: &Effect, _: &Context<'_>) -> Outcome {
    of_kind(effect, EffectKind::Releases)
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
                (Fail, planned(&[EffectKind::Releases])),
            ],
        );
    }
}
