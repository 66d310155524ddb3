//! Who may do everything.

use super::policies::{Held, is_aws_managed};
use super::rights;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-no-admin-star",
    title: "Only approved principals should have administrator permissions",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "An administrator can also stop the trail, delete the log files, delete the key and disable the alarms. Each \
          administrator increases the risk of undetected tampering.",
    fix: "Replace `Action: *` on `Resource: *` by the permissions that are needed, in managed, inline and group \
          policies. To detach AdministratorAccess: `aws iam detach-role-policy --role-name ROLE --policy-arn \
          arn:aws:iam::aws:policy/AdministratorAccess`. List the remaining administrators in the setting \
          `allowed_principals`.",
    judged: "Fails for every principal whose policies allow all actions on all resources. A service-linked role does \
             not apply: only its service can use it.",
    alike: &[
        "An Allow of `*` under a permissions boundary that allows less passes; without the boundary it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege",
        "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AdministratorAccess.html",
    ],
    reads: &[calls::GET_ACCOUNT_AUTHORIZATION_DETAILS],
    run: Run::IamPrincipal(run),
};

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    if is_service_linked(principal) {
        return Ok(Verdict::pass(
            "it is a service-linked role, which only its service can use",
        ));
    }
    let held = Held::by(principal);
    // Known by name: some answers leave AWS's own documents out.
    let administrator =
        |arn: &&&Arn| is_aws_managed(arn) && arn.resource() == "policy/AdministratorAccess";
    if let Some(arn) = held.attached.iter().find(administrator) {
        let verdict = Verdict::fail("has administrator permissions (policy AdministratorAccess)");
        return Ok(verdict.saw("Policies", [arn]));
    }
    let managed = held.managed(principal, ctx, |_| true);
    let mut read = held.inline(principal, ctx).and(managed);
    read.gaps.extend(held.gaps(principal, ctx));
    rights::no_administrator(read)
}

/// Its policies cannot be edited by customers, and nobody but the service can assume it.
fn is_service_linked(principal: &Principal<'_>) -> bool {
    match principal.identity {
        Identity::User(_) => false,
        Identity::Role(role) => role.arn.resource().starts_with("role/aws-service-role/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::iam::Group;
    use crate::testing::*;

    const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    const POWER: &str = "arn:aws:iam::aws:policy/PowerUserAccess";
    const OURS: &str = "arn:aws:iam::111111111111:policy/all";

    fn allow(body: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{body}}}]}}"#)
    }

    fn body(body: &str) -> Case {
        user(|u| u.inline.push(inline(&allow(body))))
    }

    fn attached(arn: &str, document: Option<&str>) -> Case {
        let mut case = role(|r| r.attached.push(Arn::from(arn)));
        let policies = document.map(|it| managed(arn, it));
        details(&mut case.iam[0]).policies.extend(policies);
        case
    }

    #[test]
    fn verdicts() {
        let everything = allow(r#""Action":"*","Resource":"*""#);
        let power = allow(r#""NotAction":["iam:*","organizations:*","account:*"],"Resource":"*""#);
        let rest = allow(r#""Action":["iam:*","organizations:*","account:*"],"Resource":"*""#);
        let linked = |path: &str| {
            let arn = format!("arn:aws:iam::111111111111:role/{path}AWSServiceRoleForX");
            role(|r| {
                r.arn = Arn::from(arn);
                r.attached
                    .push(Arn::from("arn:aws:iam::aws:policy/aws-service-role/X"));
            })
        };
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, body(r#""Action":"*","Resource":"*""#)),
                (Fail, body(r#""Action":"*:*","Resource":"*""#)),
                (Pass, body(r#""Action":"s3:*","Resource":"*""#)),
                (Pass, body(r#""Action":"*","Resource":"arn:aws:s3:::a""#)),
                (
                    Fail,
                    body(
                        r#""Action":"*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
                    ),
                ),
                (Fail, attached(ADMIN, Some(&everything))),
                (Fail, attached(ADMIN, None)),
                (
                    Unknown,
                    attached("arn:aws:iam::111111111111:policy/AdministratorAccess", None),
                ),
                (Fail, attached(OURS, Some(&everything))),
                (Pass, attached(POWER, Some(&power))),
                (Unknown, attached(POWER, None)),
                (
                    Fail,
                    attached(POWER, Some(&power)).and_iam(|document| {
                        document
                            .roles
                            .last_mut()
                            .unwrap()
                            .inline
                            .push(inline(&rest));
                    }),
                ),
                (Unknown, body(r#""Actions":"*""#)),
                (Pass, linked("aws-service-role/x.amazonaws.com/")),
                (Unknown, linked("")),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }

    #[test]
    fn by_group() {
        let member = |of: &str| {
            let group = Group {
                arn: Arn::from("arn:aws:iam::111111111111:group/admins"),
                name: "admins".to_owned(),
                inline: Vec::new(),
                attached: vec![Arn::from(ADMIN)],
            };
            user(|u| u.groups.push(of.to_owned())).and_iam(|it| it.groups.push(group))
        };
        table(
            &CHECK,
            [(Fail, member("admins")), (Unknown, member("others"))],
        );
    }
}
