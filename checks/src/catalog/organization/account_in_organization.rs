//! The account stands under rules that it cannot change itself.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-account-in-organization",
    title: "Account belongs to an organization with all features",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "In an account of its own the administrator is above everything: no policy from outside forbids stopping the \
          trail, and no organization trail records it. With consolidated billing alone it is the same.",
    fix: "Invite the account into the organization (`aws organizations invite-account-to-organization`), or start one \
          (CreateOrganization); where it has billing features only, `aws organizations enable-all-features`.",
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html",
    ],
    reads: &[calls::DESCRIBE_ORGANIZATION],
    run: Run::Account(run),
};

fn run(_: &Account, ctx: &Context<'_>) -> Outcome {
    let Some(organization) = ctx.organization()? else {
        return Ok(Verdict::fail("the account belongs to no organization"));
    };
    let features = &organization.feature_set;
    let verdict = Verdict::pass_if(
        features == "ALL",
        format!("it belongs to {}", organization.id),
        format!("{} has not all features: {features}", organization.id),
    );
    Ok(verdict.saw("FeatureSet", features).expected("ALL"))
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
                (Pass, inventory(|_| {})),
                (
                    Fail,
                    organization(|it| it.feature_set = "CONSOLIDATED_BILLING".to_owned()),
                ),
                (Fail, inventory(|it| it.organization = Known(None))),
                (
                    Unknown,
                    inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
            ],
        );
    }
}
