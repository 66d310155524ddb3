//! Security Hub checks the region against a standard.

use super::off;
use crate::inventory::region::SecurityStandard;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-securityhub",
    title: "Security Hub CSPM should be enabled in the region, with a standard that checks trails",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Security Hub CSPM evaluates trails and their buckets against AWS's controls, and reports a stopped trail as a \
          finding. The controls belong to standards: without an enabled standard, Security Hub evaluates nothing.",
    fix: "Enable Security Hub in the region with its default standards: `aws securityhub enable-security-hub \
          --enable-default-standards --region REGION`. Where it is enabled, enable a standard: `aws securityhub \
          batch-enable-standards --standards-subscription-requests \
          StandardsArn=arn:aws:securityhub:REGION::standards/aws-foundational-security-best-practices/v/1.0.0 \
          --region REGION`. A central configuration of the organization does both for all accounts.",
    judged: "Security Hub CSPM must be enabled in the region, with at least one standard that is ready. The resource \
             tagging standard does not count: it evaluates only tags. If the standards cannot be listed, the result \
             is unknown.",
    alike: &[
        "Enabled in another region only fails here.",
        "Enabled without a standard, or with one that is pending or failed, fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html",
        "https://docs.aws.amazon.com/securityhub/latest/userguide/enable-standards.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_HUB,
        calls::GET_ENABLED_STANDARDS,
    ],
    run: Run::Region(run),
};

fn run(region: &RegionOf<'_>, _: &Context<'_>) -> Outcome {
    let view = match off::view(region, calls::DESCRIBE_HUB)? {
        Ok(view) => view,
        Err(disabled) => return Ok(disabled),
    };
    if !*view.security_hub.known()? {
        let verdict = Verdict::fail("Security Hub is not enabled");
        return Ok(verdict.saw("enabled", false).expected(true));
    }
    let standards = view.security_standards.known()?;
    let ready = standards.iter().filter(|it| checks_trails(it)).count();
    let listed: Vec<String> = standards
        .iter()
        .map(|it| format!("{} is {}", it.arn.resource(), it.status))
        .collect();
    let verdict = match (ready, listed.as_slice()) {
        (0, []) => {
            Verdict::fail("Security Hub is enabled without a standard, so it evaluates nothing")
        }
        (0, listed) => Verdict::fail(format!(
            "no standard that checks trails is ready in Security Hub: {}",
            listed.join(", ")
        )),
        (count, _) => Verdict::pass(format!("Security Hub is enabled, with {count} standard(s)")),
    };
    Ok(verdict.saw("StandardsSubscriptions", standards))
}

/// A standard is evaluated once it is ready. That on tags asks of a trail only that it is tagged.
///
/// Source: StandardsSubscription, API reference of Security Hub; its standards, in the user guide.
fn checks_trails(standard: &SecurityStandard) -> bool {
    standard.status == "READY" && !standard.arn.as_str().contains("resource-tagging-standard")
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

    /// A hub without a standard evaluates nothing (Security Hub user guide, "Enabling a security standard").
    #[test]
    fn a_hub_without_standards_watches_nothing() {
        const BEST: &str = "arn:aws:securityhub:us-east-1::standards/aws-foundational-security-best-practices/v/1.0.0";
        const CIS: &str = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0";
        const TAGS: &str =
            "arn:aws:securityhub:us-east-1::standards/aws-resource-tagging-standard/v/1.0.0";
        let with = |standards: &[(&str, &str)]| {
            let standards = standards.iter().map(|(arn, status)| SecurityStandard {
                arn: Arn::from(*arn),
                status: (*status).to_owned(),
            });
            let standards = standards.collect();
            region(|it| it.security_standards = Known(standards))
        };
        table(
            &CHECK,
            [
                (Fail, with(&[])),
                (Pass, with(&[(BEST, "READY")])),
                (Pass, with(&[(CIS, "READY")])),
                (Fail, with(&[(BEST, "PENDING")])),
                (Fail, with(&[(BEST, "FAILED")])),
                (Fail, with(&[(BEST, "DELETING")])),
                (Fail, with(&[(BEST, "INCOMPLETE")])),
                (Fail, with(&[(TAGS, "READY")])),
                (
                    Pass,
                    with(&[(TAGS, "READY"), (BEST, "FAILED"), (CIS, "READY")]),
                ),
                (
                    Unknown,
                    region(|it| it.security_standards = denied(calls::GET_ENABLED_STANDARDS)),
                ),
                // That it is off is known, whatever else is not.
                (
                    Fail,
                    region(|region| {
                        region.security_hub = Known(false);
                        region.security_standards = denied(calls::GET_ENABLED_STANDARDS);
                    }),
                ),
            ],
        );
    }
}
