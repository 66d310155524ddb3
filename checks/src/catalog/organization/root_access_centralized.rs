//! Root users of member accounts: no SCP exempts them, and no one should need them.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-root-access-centralized",
    title: "Root access to member accounts should be managed centrally",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "The root user of a member account can delete the bucket policy of its log bucket. With centralized root \
          access member accounts need no root credentials: short sessions for single tasks replace them.",
    fix: "Enable both features from the management account: `aws organizations enable-aws-service-access \
          --service-principal iam.amazonaws.com`, `aws iam enable-organizations-root-credentials-management`, `aws \
          iam enable-organizations-root-sessions` (Terraform: `enabled_features` of \
          `aws_iam_organizations_features`). Then delete the root user credentials of member accounts.",
    judged: "Calls ListOrganizationsFeatures: passes where both root credentials management and root sessions are \
             enabled.",
    alike: &[
        "Root credentials management without root sessions fails, since some tasks still require root credentials.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html#id_root-user-access-management",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOrganizationsFeatures.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ORGANIZATIONS_FEATURES,
    ],
    run: Run::Organization(run),
};

/// Both: one without the other leaves root credentials, or leaves tasks that need them.
const FEATURES: [&str; 2] = ["RootCredentialsManagement", "RootSessions"];

fn run(organization: &Organization, _: &Context<'_>) -> Outcome {
    let on = organization.root_access.known()?;
    let off: Vec<&str> = FEATURES
        .into_iter()
        .filter(|feature| !on.iter().any(|it| it == feature))
        .collect();
    let verdict = Verdict::pass_if(
        off.is_empty(),
        "root credentials management and root sessions are enabled",
        format!(
            "centralized root access is not fully enabled: {} missing",
            off.join(", ")
        ),
    );
    Ok(verdict.saw("EnabledFeatures", on).expected(FEATURES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let on = |features: &[&str]| {
            let features = features.iter().map(ToString::to_string).collect();
            organization(|it| it.root_access = Known(features))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, on(&["RootCredentialsManagement"])),
                (Fail, on(&["RootSessions"])),
                (Fail, on(&[])),
                (Fail, on(&["RootSessionsOfTomorrow", "RootSessions"])),
                (
                    Pass,
                    on(&["SomethingNew", "RootSessions", "RootCredentialsManagement"]),
                ),
                (
                    Unknown,
                    organization(|organization| {
                        organization.root_access = denied(calls::LIST_ORGANIZATIONS_FEATURES);
                    }),
                ),
            ],
        );
    }
}
