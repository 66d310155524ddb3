//! External principals get no access, whatever a bucket policy grants.

use super::members::{Tally, unknown};
use super::storage::{Stored, stored};
use crate::control_policies::Somebody;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "organization-rcp-external-access",
    title: "An RCP should deny external principals access to the log bucket and its key",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "One edit of a bucket or key policy can grant an external account access. An RCP denies it whatever that \
          policy grants.",
    fix: "Create an RCP: `aws organizations create-policy --name NAME --type RESOURCE_CONTROL_POLICY --description \
          TEXT --content file://rcp.json`. It should deny s3:* and kms:* unless aws:PrincipalOrgID is the \
          organization, with `BoolIfExists` on aws:PrincipalIsAWSService to exempt AWS services. Attach it to the \
          accounts that store logs: `aws organizations attach-policy --policy-id POLICY_ID --target-id \
          LOG_ACCOUNT`. Exempt external principals one by one, not by account.",
    judged: "Evaluates the RCPs over the accounts that store logs for external principals of every kind, including \
             unauthenticated callers. The actions that read, change or delete the bucket, its objects or the key are \
             evaluated. RCPs do not apply to the management account (not applicable). An external principal that is \
             exempt by its full ARN passes and is reported.",
    alike: &[
        "An RCP on s3:GetObject, s3:PutObject and kms:Decrypt alone fails; one on s3:* and kms:* passes.",
        "An exemption for `arn:aws:iam::*:role/audit` fails, since any account can create a role of that name; for \
         one account's role it passes.",
    ],
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
    let control = ctx.control_of(organization);
    let partition = &ctx.inventory.header.scope.partition;
    let mut tally = Tally::default();
    for thing in &things {
        let wanted = thing.reached_by();
        let actions: Vec<&str> = wanted.iter().map(|(action, _)| *action).collect();
        let mut over = control.over(Somebody::Outside, thing.account, partition, &actions);
        tally.exempt(&over.exempt);
        for (action, target) in &wanted {
            let left = over.left(action, target, None);
            tally.add(format!("{action} on {}", thing.arn), &left);
        }
    }
    if tally.left.is_empty() {
        organization.accounts.known()?;
        if let Some(gaps) = Gaps::collect(gaps) {
            return Err(gaps);
        }
        if tally.denied == 0 && !tally.open {
            return Ok(Verdict::not_applicable(exempt));
        }
        if tally.open {
            return Err(unknown(organization, ctx));
        }
    }
    let words = (
        "RCPs deny external principals access to the log bucket and its key",
        "RCPs do not deny external principals access to stored logs; still allowed",
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
        .and(|inventory| {
            let bucket = inventory.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
            bucket.owner = Known(Some(AccountId::from("222222222222")));
            let of = known(&mut inventory.organization).as_mut().unwrap();
            known(&mut of.policies)[1].kind = ControlPolicyKind::ResourceControlPolicy;
        })
    }

    /// The same, on these actions only.
    fn only(condition: &str, actions: &str) -> Case {
        let actions = actions.to_owned();
        rcp(condition).and(move |inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            let policies = known(&mut of.policies);
            let text = known(&mut policies[1].document);
            *text = text.replace(r#"["s3:*","kms:*"]"#, &actions);
        })
    }

    /// A Deny that leaves out any one action of the table leaves it to external principals.
    #[test]
    fn each_action_counts() {
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        let all = crate::access::table().denied_by(crate::access::Control::Rcp);
        let all: Vec<&str> = all.map(|it| it.action.as_str()).collect();
        let of = |actions: &[&str]| {
            let case = only(ours, &serde_json::to_string(actions).unwrap());
            statuses(&CHECK, &case)[0].1
        };
        assert_eq!(of(&all), Pass);
        // Only the bucket is in a member account.
        for left_out in all.iter().filter(|it| it.starts_with("s3:")) {
            let rest: Vec<&str> = all.iter().copied().filter(|it| it != left_out).collect();
            assert_eq!(of(&rest), Fail, "{left_out}");
        }
    }

    #[test]
    fn verdicts() {
        let but = |arn: &str| {
            format!(
                r#""StringNotEqualsIfExists":{{"aws:PrincipalOrgID":"o-test"}},"BoolIfExists":{{"aws:PrincipalIsAWSService":"false"}},"ArnNotLikeIfExists":{{"aws:PrincipalArn":{arn}}}"#
            )
        };
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        table(
            &CHECK,
            [
                (Pass, rcp(ours)),
                // Callers without credentials have no path, of which all are then not ours.
                (
                    Pass,
                    rcp(
                        r#""ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-test/*"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#,
                    ),
                ),
                (
                    Fail,
                    rcp(
                        r#""ForAnyValue:StringNotLike":{"aws:PrincipalOrgPaths":"o-test/*"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#,
                    ),
                ),
                (
                    Fail,
                    rcp(r#""StringNotEquals":{"aws:PrincipalOrgID":["o-test","o-another"]}"#),
                ),
                (Fail, rcp(r#""Bool":{"aws:SecureTransport":"false"}"#)),
                // Users, root users and callers without credentials are external principals too.
                (
                    Fail,
                    rcp(&format!(
                        r#"{ours},"StringEquals":{{"aws:PrincipalType":"AssumedRole"}}"#
                    )),
                ),
                (
                    Fail,
                    rcp(&format!(r#"{ours},"Null":{{"aws:PrincipalArn":"false"}}"#)),
                ),
                // One role of a partner is named; all its roles, or a name that anybody can give a role, are not.
                (Pass, rcp(&but(r#""arn:aws:iam::999999999999:role/audit""#))),
                (Fail, rcp(&but(r#""arn:aws:iam::999999999999:role/*""#))),
                (Fail, rcp(&but(r#""arn:aws:iam::*:role/audit""#))),
                (
                    Fail,
                    rcp(
                        r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test","aws:PrincipalAccount":"999999999999"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#,
                    ),
                ),
                (
                    Fail,
                    only(ours, r#"["s3:GetObject","s3:PutObject","kms:Decrypt"]"#),
                ),
                (NotApplicable, inventory(|_| {})),
                (
                    Unknown,
                    rcp(ours).and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        of.policies = denied(calls::LIST_POLICIES);
                    }),
                ),
            ],
        );
    }
}
