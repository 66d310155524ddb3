//! Security Hub collects findings of the region.

use super::off;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-securityhub",
    title: "Security Hub is enabled in this region",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Security Hub checks trails against AWS's own controls all day, and brings what other services find to one place. \
          What nobody collects nobody reads.",
    fix: "Call EnableSecurityHub in the region (`aws securityhub enable-security-hub --region REGION`), or by a \
          central configuration of the organization.",
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html",
    ],
    reads: &[calls::LIST_REGIONS, calls::DESCRIBE_HUB],
    run: Run::Region(run),
};

fn run(region: &RegionOf<'_>, _: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::DESCRIBE_HUB)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    let on = *view.security_hub.known()?;
    Ok(
        Verdict::pass_if(on, "Security Hub is enabled", "Security Hub is not enabled")
            .saw("enabled", on)
            .expected(true),
    )
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
                (Pass, region(|it| it.security_hub = Known(true))),
                (Fail, region(|it| it.security_hub = Known(false))),
                (
                    Unknown,
                    region(|it| it.security_hub = denied(calls::DESCRIBE_HUB)),
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
