//! No managed policy of our own gives the trails away.

use super::policies::{Held, is_aws_managed};
use super::rights;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-no-full-cloudtrail-managed-policy",
    title: "Customer managed policies should not grant full access to trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A managed policy with full access to trails applies to every principal that it is attached to. Each of them \
          can stop, delete and change trails.",
    fix: "Create a default version of the policy without the write actions of CloudTrail: `aws iam \
          create-policy-version --policy-arn POLICY_ARN --policy-document file://policy.json --set-as-default`. Or \
          detach the policy (DetachUserPolicy, DetachGroupPolicy, DetachRolePolicy).",
    judged: "The same evaluation for customer managed policies that are attached to a user, group or role.",
    alike: &["A policy without attachments passes; the same policy attached to a role fails."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_id-based-policy-examples.html",
    ],
    reads: &[calls::GET_ACCOUNT_AUTHORIZATION_DETAILS],
    run: Run::IamPrincipal(run),
};

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let held = Held::by(principal);
    let mut read = held.managed(principal, ctx, |arn| !is_aws_managed(arn));
    read.gaps.extend(held.gaps(principal, ctx));
    rights::no_full_cloudtrail(read, principal, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::iam::Group;
    use crate::testing::*;

    const OURS: &str = "arn:aws:iam::111111111111:policy/ops";
    const FULL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"}}"#;
    const READ: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:Get*","Resource":"*"}}"#;

    fn attached(arn: &str, document: &str) -> Case {
        let mut case = role(|r| r.attached.push(Arn::from(arn)));
        details(&mut case.iam[0])
            .policies
            .push(managed(arn, document));
        case
    }

    /// The group of a user has the policy, which says this.
    fn by_group(document: &str) -> Case {
        let mut case = user(|u| u.groups.push("ops".to_owned()));
        let details = details(&mut case.iam[0]);
        details.groups.push(Group {
            arn: Arn::from("arn:aws:iam::111111111111:group/ops"),
            name: "ops".to_owned(),
            inline: Vec::new(),
            attached: vec![Arn::from(OURS)],
        });
        details.policies.push(managed(OURS, document));
        case
    }

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, attached(OURS, FULL)),
                (Pass, attached(OURS, READ)),
                (Fail, by_group(FULL)),
                (Pass, by_group(READ)),
                // AWS's own have checks of their own.
                (
                    Pass,
                    attached("arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess", FULL),
                ),
                // Inline policies too.
                (Pass, role(|r| r.inline.push(inline(FULL)))),
                (Unknown, attached(OURS, "")),
                (Unknown, role(|r| r.attached.push(Arn::from(OURS)))),
                (
                    Pass,
                    role(|r| {
                        r.attached
                            .push(Arn::from("arn:aws:iam::aws:policy/ReadOnlyAccess"))
                    }),
                ),
                (Unknown, user(|u| u.groups.push("gone".to_owned()))),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
