//! Trails are looked after from one account that is made for it.

use crate::catalog::confused_deputy::CLOUDTRAIL;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-delegated-admin",
    title: "Exactly one account should be the delegated administrator for CloudTrail",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Without a delegated administrator, the organization trail is managed in the management account, where SCPs \
          do not apply. Each further delegated administrator can stop the logging of all accounts.",
    fix: "Register the security account: `aws cloudtrail register-organization-delegated-admin --member-account-id \
          SECURITY_ACCOUNT --region REGION` (Terraform: `aws_cloudtrail_organization_delegated_admin_account`). \
          Deregister accounts that are not intended: `aws cloudtrail deregister-organization-delegated-admin \
          --delegated-admin-account-id OTHER_ACCOUNT --region REGION`.",
    judged: "Exactly one account must be registered as CloudTrail's delegated administrator.",
    alike: &["Two registered accounts fail, and so does none."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_DELEGATED_ADMINISTRATORS,
        calls::LIST_DELEGATED_SERVICES,
    ],
    run: Run::Organization(run),
};

fn run(organization: &Organization, _: &Context<'_>) -> Outcome {
    let (mut registered, mut gaps) = (Vec::new(), Vec::new());
    for administrator in organization.delegated_administrators.known()? {
        match administrator.services.known() {
            Ok(services) if services.iter().any(|it| it == CLOUDTRAIL) => {
                registered.push(administrator.account.as_str());
            }
            Ok(_) => {}
            Err(gap) => gaps.push(gap),
        }
    }
    let verdict = match registered.as_slice() {
        [] => Verdict::fail("no account is registered as delegated administrator for CloudTrail"),
        [one] => Verdict::pass(format!(
            "account {one} is the only delegated administrator for CloudTrail"
        )),
        [..] => {
            let many = Verdict::fail(format!(
                "{} accounts are delegated administrators for CloudTrail: {}",
                registered.len(),
                registered.join(", ")
            ));
            return Ok(many.saw("DelegatedAdministrators", registered));
        }
    };
    // What is not known may be one more.
    let verdict = verdict.saw("DelegatedAdministrators", registered);
    Gaps::collect(gaps).map_or(Ok(verdict), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::organization::DelegatedAdministrator;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let with = |administrators: &[(&str, Fact<Vec<String>>)]| {
            let administrators = administrators.iter().cloned();
            let list = administrators.map(|(account, services)| DelegatedAdministrator {
                account: AccountId::from(account),
                services,
            });
            let list = Known(list.collect());
            organization(|it| it.delegated_administrators = list)
        };
        let of = |service: &str| Known(vec![service.to_owned()]);
        let refused = || denied(calls::LIST_DELEGATED_SERVICES);
        let (a, b, c) = ("222222222222", "333333333333", "444444444444");
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, with(&[(a, of(CLOUDTRAIL))])),
                (
                    Pass,
                    with(&[(a, of(CLOUDTRAIL)), (b, of("config.amazonaws.com"))]),
                ),
                (Fail, with(&[(b, of("config.amazonaws.com"))])),
                (Fail, with(&[])),
                (Fail, with(&[(a, of(CLOUDTRAIL)), (b, of(CLOUDTRAIL))])),
                (Unknown, with(&[(a, of(CLOUDTRAIL)), (b, refused())])),
                (Unknown, with(&[(b, refused())])),
                (
                    Fail,
                    with(&[(a, of(CLOUDTRAIL)), (b, of(CLOUDTRAIL)), (c, refused())]),
                ),
                (
                    Unknown,
                    organization(|organization| {
                        organization.delegated_administrators =
                            denied(calls::LIST_DELEGATED_ADMINISTRATORS);
                    }),
                ),
                (NotApplicable, inventory(|it| it.organization = Known(None))),
            ],
        );
    }
}
