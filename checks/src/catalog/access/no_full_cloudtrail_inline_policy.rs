//! No inline policy gives the trails away.

use super::policies::Held;
use super::rights;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-no-full-cloudtrail-inline-policy",
    title: "Inline policies should not grant full access to trails",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A principal that can stop, delete and change trails can act without being logged. An inline policy is \
          visible only on its user, group or role, so reviews of managed policies miss it.",
    fix: "Remove the write actions of CloudTrail from the policy (PutUserPolicy, PutGroupPolicy or PutRolePolicy), or \
          delete the policy: `aws iam delete-role-policy --role-name ROLE --policy-name POLICY`.",
    judged: "Fails when an inline policy allows enough of CloudTrail to stop, change and delete trails: evaluated by \
             effect, not by spelling.",
    alike: &[
        "cloudtrail:Describe* on all trails passes; cloudtrail:* and an equivalent list of actions fail alike.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_id-based-policy-examples.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html",
    ],
    reads: &[calls::GET_ACCOUNT_AUTHORIZATION_DETAILS],
    run: Run::IamPrincipal(run),
};

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let held = Held::by(principal);
    let mut read = held.inline(principal, ctx);
    read.gaps.extend(held.gaps(principal, ctx));
    rights::no_full_cloudtrail(read, principal, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::iam::Group;
    use crate::testing::*;

    fn allow(body: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{body}}}]}}"#)
    }

    fn on_all(action: &str) -> Case {
        let document = allow(&format!(r#""Action":{action},"Resource":"*""#));
        role(|r| r.inline.push(inline(&document)))
    }

    fn body(body: &str) -> Case {
        role(|r| r.inline.push(inline(&allow(body))))
    }

    #[test]
    fn verdicts() {
        let spelled = r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail","cloudtrail:PutEventSelectors"]"#;
        let but_one =
            r#"["cloudtrail:StopLogging","cloudtrail:DeleteTrail","cloudtrail:UpdateTrail"]"#;
        let two = [
            allow(r#""Action":["cloudtrail:S*","cloudtrail:D*"],"Resource":"*""#),
            allow(r#""Action":["cloudtrail:U*","cloudtrail:P*"],"Resource":"*""#),
        ];
        let denied = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
            {"Effect":"Deny","Action":"cloudtrail:Stop*","Resource":"*"}]}"#;
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, on_all(r#""cloudtrail:*""#)),
                (Fail, on_all(r#""CloudTrail:*""#)),
                (Fail, on_all(r#""cloud*""#)),
                (Fail, on_all(spelled)),
                (Pass, on_all(but_one)),
                (
                    Pass,
                    on_all(r#"["cloudtrail:Get*","cloudtrail:Describe*"]"#),
                ),
                (Fail, body(r#""NotAction":"iam:*","Resource":"*""#)),
                (
                    Fail,
                    body(
                        r#""Action":"cloudtrail:*","Resource":"arn:aws:cloudtrail:*:111111111111:trail/*""#,
                    ),
                ),
                (
                    Pass,
                    body(
                        r#""Action":"cloudtrail:*","Resource":"arn:aws:cloudtrail:*:222222222222:trail/*""#,
                    ),
                ),
                (
                    Fail,
                    body(
                        r#""Action":"cloudtrail:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
                    ),
                ),
                (
                    Fail,
                    role(|r| r.inline.extend(two.iter().map(|it| inline(it)))),
                ),
                (Pass, role(|r| r.inline.push(inline(&two[0])))),
                (Pass, role(|r| r.inline.push(inline(denied)))),
            ],
        );
    }

    #[test]
    fn groups_and_what_is_missing() {
        let full = allow(r#""Action":"cloudtrail:*","Resource":"*""#);
        let member = |of: &str, name: &str| {
            let of = of.to_owned();
            let name = name.to_owned();
            let group = Group {
                arn: Arn::from(format!("arn:aws:iam::{ACCOUNT}:group/{name}")),
                name,
                inline: vec![inline(&full)],
                attached: Vec::new(),
            };
            let mut case = user(|u| u.groups.push(of));
            details(&mut case.iam[0]).groups.push(group);
            case
        };
        table(
            &CHECK,
            [
                (Fail, member("ops", "ops")),
                (Unknown, member("ops", "other")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
                // What is known to be too much stays so, whatever else cannot be read.
                (
                    Fail,
                    role(|r| r.inline.extend([inline("{"), inline(&full)])),
                ),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
