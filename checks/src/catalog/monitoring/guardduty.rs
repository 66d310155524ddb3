//! GuardDuty watches the region.

use super::off;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-guardduty",
    title: "GuardDuty should be enabled in this region",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "GuardDuty reports stopped trails, compromised credentials and unusual access. It receives CloudTrail events \
          even if no trail is logging. Each region needs its own detector.",
    fix: "Enable GuardDuty in the region: `aws guardduty create-detector --enable --region REGION`. Or enable it for \
          all accounts from the delegated administrator.",
    judged: "A detector must be enabled in the region.",
    alike: &["A suspended detector fails."],
    references: &["https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html"],
    reads: &[
        calls::LIST_REGIONS,
        calls::LIST_DETECTORS,
        calls::GET_DETECTOR,
    ],
    run: Run::Region(run),
};

fn run(region: &RegionOf<'_>, _: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::GET_DETECTOR)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    let on = *view.guardduty.known()?;
    Ok(Verdict::pass_if(
        on,
        "a GuardDuty detector is enabled",
        "no GuardDuty detector is enabled",
    )
    .saw("enabled", on)
    .expected(true))
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
                (Pass, region(|it| it.guardduty = Known(true))),
                (Fail, region(|it| it.guardduty = Known(false))),
                (
                    Unknown,
                    region(|it| it.guardduty = denied(calls::GET_DETECTOR)),
                ),
                (Unknown, inventory(|it| it.regions.clear())),
                (
                    NotApplicable,
                    account(|it| known(&mut it.regions)[0].enabled = false),
                ),
            ],
        );
    }
}
