//! Outsiders stay outside, whatever a bucket policy says.

use super::members::{Tally, unknown};
use super::storage::{Stored, stored};
use crate::prelude::*;
use crate::scp::{Control, Somebody};

pub(super) const CHECK: Check = Check {
    id: "organization-rcp-external-access",
    title: "A resource control policy keeps outsiders from the log bucket and its key",
    severity: Severity::Medium,
    why: "A bucket or key policy is one edit away from letting a stranger in. A resource control policy from \
          above holds whatever that edit says.",
    fix: "Make a resource control policy that denies s3:* and kms:* unless aws:PrincipalOrgID is the \
          organization (services aside: aws:PrincipalIsAWSService), and attach it to the accounts that hold \
          logs.",
    references: &[
        "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html",
    ],
    reads: &[
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::DESCRIBE_KEY,
        calls::DESCRIBE_LOG_GROUPS,
    ],
    run: Run::Organization(run),
};

fn run(organization: &Organization, ctx: &Context<'_>) -> Outcome {
    let Stored {
        things,
        gaps,
        exempt,
    } = stored(ctx);
    let control = Control::of(organization);
    let mut tally = Tally::default();
    for thing in &things {
        for (action, target) in thing.read_by() {
            let verdict = control.leaves(Somebody::Outside, thing.account, action, target, None);
            tally.add(format!("{action} on {}", thing.arn), verdict);
        }
    }
    if tally.left.is_empty() {
        organization.accounts.known()?;
        if let Some(gaps) = Gaps::collect(gaps) {
            return Err(gaps);
        }
        if tally.denied.is_empty() && !tally.open {
            return Ok(Verdict::not_applicable(exempt));
        }
        if tally.open {
            return Err(unknown(organization, ctx));
        }
    }
    let words = (
        "outsiders are denied",
        "no resource control policy keeps outsiders from",
    );
    tally.all(organization, ctx, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ControlPolicyKind;
    use crate::testing::*;

    fn rcp(condition: &str) -> Case {
        scp(&format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":["s3:*","kms:*"],"Resource":"*","Condition":{{{condition}}}}}"#
        ))
        .and(|it| {
            let bucket = it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
            bucket.owner = Known(Some(AccountId::from("222222222222")));
            let of = known(&mut it.organization).as_mut().unwrap();
            known(&mut of.policies)[1].kind = ControlPolicyKind::ResourceControlPolicy;
        })
    }

    #[test]
    fn verdicts() {
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        table(
            &CHECK,
            [
                (Pass, rcp(ours)),
                (
                    Fail,
                    rcp(r#""StringNotEquals":{"aws:PrincipalOrgID":["o-test","o-another"]}"#),
                ),
                (Fail, rcp(r#""Bool":{"aws:SecureTransport":"false"}"#)),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    rcp(ours).and(|it| {
                        let of = known(&mut it.organization).as_mut().unwrap();
                        of.policies = denied(calls::LIST_POLICIES);
                    }),
                ),
            ],
        );
    }
}
