//! Plans should change logging only with resources that can be evaluated.

use super::of_kind;
use crate::inventory::plan::{Effect, EffectKind};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "plan-unreviewable",
    title: "Plans should change logging only with resources that can be evaluated",
    severity: Severity::Medium,
    question: None,
    why: "What such a resource or command does to the logs is not in the plan, so that this evaluation can miss it.",
    fix: "Declare the change with resources of the AWS provider, or review it by hand and accept the finding with a \
          waiver.",
    judged: "Fails for each change of a type that may touch the logs and is not evaluated (stacks of CloudFormation, \
             Cloud Control, access points, replication), and for commands of local-exec provisioners that run. Not applicable where the \
             plan holds no resources.",
    alike: &[
        "Types that have nothing to do with logs are ignored, and pass.",
        "A provisioner of a resource that does not change does not run, and passes.",
    ],
    references: &[
        "https://developer.hashicorp.com/terraform/language/resources/provisioners/local-exec",
    ],
    reads: &[calls::DESCRIBE_TRAILS],
    run: Run::Plan(run),
};

fn run(effect: &Effect, _: &Context<'_>) -> Outcome {
    of_kind(effect, EffectKind::Unreviewable)
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
                (Fail, planned(&[EffectKind::Unreviewable])),
            ],
        );
    }
}
