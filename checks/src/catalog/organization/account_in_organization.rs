//! The account stands under rules that it cannot change itself.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-account-in-organization",
    title: "Accounts should belong to an organization with all features enabled",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "In a standalone account no SCP can prevent administrators from stopping the trail, and no organization \
          trail logs the account. With consolidated billing features only, the same is true.",
    fix: "Invite the account, by the email address of its root user: `aws organizations \
          invite-account-to-organization --target Id=EMAIL_ADDRESS,Type=EMAIL`. If the organization has \
          consolidated billing features only: `aws organizations enable-all-features` (Terraform: `feature_set = \
          \"ALL\"` of `aws_organizations_organization`).",
    judged: "The account must belong to an organization with all features.",
    alike: &["An organization with consolidated billing only has no SCPs and fails."],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html",
    ],
    reads: &[calls::DESCRIBE_ORGANIZATION],
    run: Run::Account(run),
};

fn run(_: &Account, ctx: &Context<'_>) -> Outcome {
    let Some(organization) = ctx.organization()? else {
        return Ok(Verdict::fail(
            "the account does not belong to an organization",
        ));
    };
    let features = &organization.feature_set;
    let verdict = Verdict::pass_if(
        features == "ALL",
        format!("the account belongs to organization {}", organization.id),
        format!(
            "organization {} does not have all features enabled (feature set {features})",
            organization.id
        ),
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
