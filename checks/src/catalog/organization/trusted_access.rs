//! CloudTrail may make trails in member accounts.

use crate::catalog::confused_deputy::CLOUDTRAIL;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-trusted-access",
    title: "Trusted access for CloudTrail should be enabled in the organization",
    severity: Severity::High,
    question: Some(Question::Recorded),
    why: "The organization trail needs trusted access to log member accounts. If it is disabled, accounts that join \
          are not logged, and no error is reported.",
    fix: "In the management account: `aws organizations enable-aws-service-access --service-principal \
          cloudtrail.amazonaws.com` (Terraform: `aws_service_access_principals` of \
          `aws_organizations_organization`). The CloudTrail console does this when an organization trail is created \
          there.",
    judged: "Trusted access for CloudTrail must be enabled in the organization.",
    alike: &["Trusted access for another service does not pass."],
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-cloudtrail.html",
    ],
    reads: &[calls::DESCRIBE_ORGANIZATION, calls::LIST_SERVICE_ACCESS],
    run: Run::Organization(run),
};

fn run(organization: &Organization, _: &Context<'_>) -> Outcome {
    let services = organization.trusted_services.known()?;
    let verdict = Verdict::pass_if(
        services.iter().any(|it| it == CLOUDTRAIL),
        "trusted access for CloudTrail is enabled",
        "trusted access for CloudTrail is not enabled in the organization",
    );
    Ok(verdict
        .saw("EnabledServicePrincipals", services)
        .expected(CLOUDTRAIL))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let trusts = |names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            organization(|it| it.trusted_services = Known(names))
        };
        table(
            &CHECK,
            [
                (Pass, trusts(&["config.amazonaws.com", CLOUDTRAIL])),
                (Fail, trusts(&["config.amazonaws.com"])),
                (Fail, trusts(&[])),
                (NotApplicable, inventory(|it| it.organization = Known(None))),
                (
                    Unknown,
                    organization(|it| it.trusted_services = denied(calls::LIST_SERVICE_ACCESS)),
                ),
                (
                    Unknown,
                    inventory(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
            ],
        );
    }
}
