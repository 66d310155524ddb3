//! What a planned change does to the logging, beyond what each resource is like afterwards.

use crate::check::{Check, Outcome, Verdict};
use crate::inventory::plan::{Effect, EffectKind};

mod deletes_logging;
mod interrupts_logging;
mod releases_protection;
mod unreviewable;

pub(super) const ALL: &[&Check] = &[
    &deletes_logging::CHECK,
    &interrupts_logging::CHECK,
    &releases_protection::CHECK,
    &unreviewable::CHECK,
];

/// A fail for each effect of this kind.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a check gives: an effect that is found is always told"
)]
fn of_kind(effect: &Effect, kind: EffectKind) -> Outcome {
    if effect.kind != kind {
        return Ok(Verdict::not_applicable("the plan does something else"));
    }
    let words = format!("{} ({})", effect.meaning, effect.action.as_str());
    let mut verdict = Verdict::fail(words).saw("address", &effect.address);
    if !effect.attribute.is_empty() {
        verdict = verdict.saw("attribute", &effect.attribute);
    }
    if let Some(arn) = &effect.resource {
        verdict = verdict.saw("resource", arn);
    }
    Ok(verdict)
}

/// An inventory that is the result of a plan with these effects.
#[cfg(test)]
fn planned(kinds: &[EffectKind]) -> crate::testing::Case {
    use crate::inventory::plan::{ChangeAction, Planned};
    let effects = kinds.iter().map(|kind| Effect {
        kind: *kind,
        address: "aws_cloudtrail.this".to_owned(),
        resource: Some(crate::testing::TRAIL_ARN.to_owned()),
        action: ChangeAction::Delete,
        meaning: "the trail is deleted".to_owned(),
        attribute: String::new(),
    });
    let plan = Planned {
        effects: effects.collect(),
        changes: [(ChangeAction::Delete, 1)].into(),
        ..Planned::default()
    };
    crate::testing::inventory(|it| it.plan = Some(plan))
}

/// A plan without resources.
#[cfg(test)]
fn holds_nothing(inventory: &mut crate::inventory::Inventory) {
    if let Some(plan) = &mut inventory.plan {
        plan.changes.clear();
    }
}

/// A scan says nothing of plans.
#[cfg(test)]
mod tests {
    #[test]
    fn without_a_plan_nothing_is_said() {
        let scan = crate::testing::inventory(|_| {});
        assert_eq!(scan.findings(super::ALL), []);
    }
}
