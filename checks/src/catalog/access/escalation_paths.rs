//! Nobody can become somebody who can tamper.

use super::effective::{EVERYTHING, who};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-escalation-paths",
    title: "Principals should not be able to escalate to permissions to tamper with CloudTrail logs",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "A principal that can assume or modify another principal, or run code as it, also has its permissions. \
          Attackers use such escalation paths, and no single policy shows them.",
    fix: "Remove the permission that the path in the finding depends on (iam:PassRole, sts:AssumeRole, \
          iam:CreateAccessKey or a policy edit), or restrict the trust policy of the last role: `aws iam \
          update-assume-role-policy --role-name ROLE --policy-document file://trust.json`.",
    judged: "Follows the escalation paths of a principal: assuming roles, passing roles, changing policies, creating \
             access keys. Fails when it can gain permissions to tamper with CloudTrail logs that it does not have \
             itself. The finding shows the shortest path.",
    alike: &[
        "iam:PassRole on a role without such permissions passes; on an administrator role, with a service that can \
         run under it, it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#bp-permissions-boundaries",
    ],
    reads: EVERYTHING,
    run: Run::EffectiveRights(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    let Some(escape) = judged.escape() else {
        return Ok(Verdict::pass(
            "it has no escalation path to permissions to tamper with CloudTrail logs",
        ));
    };
    if let Some(gaps) = escape.missing {
        return Err(gaps);
    }
    let steps = escape.path.len();
    let words = match steps {
        1 => "one step".to_owned(),
        n => format!("{n} steps"),
    };
    let when = if !escape.free {
        ", under a condition"
    } else {
        ""
    };
    let first = escape.path.first();
    let by = first.map_or_else(String::new, |hop| format!(" (first step: {})", hop.by));
    let gains = escape.actions.first().copied().unwrap_or_default();
    let verdict = Verdict::fail(format!(
        "{} can escalate to {} in {words}{by}{when}, which can call {gains}",
        who(&judged.actor()),
        escape.to
    ));
    let verdict = verdict
        .saw("path", &escape.path)
        .saw("actions", &escape.actions)
        .saw("pairs of action and target", escape.gained);
    Ok(match &escape.condition {
        Some(condition) => verdict.saw("condition", condition.to_string()),
        None => verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const STOP: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*"}}"#;

    /// A role that can stop the trail and trusts these, and a user with this right.
    fn world(trust: &str, action: &str, resource: &str) -> Case {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{trust},"Action":"sts:AssumeRole"}}}}"#
        );
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":{action},"Resource":"{resource}"}}}}"#
        );
        user(|u| u.inline.push(inline(&document))).and_iam(|document| {
            let reader = document.roles.first_mut().unwrap();
            reader.inline.push(inline(STOP));
            reader.trust = trust;
        })
    }

    const ANA: &str = "arn:aws:iam::111111111111:user/ana";
    const OURS: &str = r#"{"AWS":"arn:aws:iam::111111111111:root"}"#;
    const EC2: &str = r#"{"Service":"ec2.amazonaws.com"}"#;

    #[test]
    fn verdicts() {
        let role = "arn:aws:iam::111111111111:role/reader";
        table_on(
            &CHECK,
            ANA,
            [
                (Fail, world(OURS, r#""sts:AssumeRole""#, role)),
                (
                    Fail,
                    world(&format!(r#"{{"AWS":"{ANA}"}}"#), r#""s3:ListBucket""#, "*"),
                ),
                (Fail, world(EC2, r#""iam:UpdateAssumeRolePolicy""#, "*")),
                (
                    Fail,
                    world(EC2, r#"["iam:PassRole","ec2:RunInstances"]"#, "*"),
                ),
                (Fail, world(EC2, r#"["ssm:SendCommand"]"#, "*")),
                (Fail, world(EC2, r#""iam:AttachUserPolicy""#, ANA)),
                (
                    Fail,
                    world(EC2, r#"["iam:CreateRole","iam:PutRolePolicy"]"#, "*"),
                ),
                (
                    Unknown,
                    world(OURS, r#""s3:ListBucket""#, "*").and_iam(|document| {
                        document.users.last_mut().unwrap().inline = vec![inline("{")];
                    }),
                ),
            ],
        );
        table(
            &CHECK,
            [
                (Pass, world(OURS, r#""s3:ListBucket""#, "*")),
                (Pass, world(EC2, r#""sts:AssumeRole""#, "*")),
                (
                    Pass,
                    world(
                        OURS,
                        r#""sts:AssumeRole""#,
                        "arn:aws:iam::111111111111:role/other",
                    ),
                ),
                (Pass, world(EC2, r#""iam:PassRole""#, "*")),
                (
                    Pass,
                    world(EC2, r#"["iam:PassRole","lambda:CreateFunction"]"#, "*"),
                ),
                (
                    Pass,
                    world(
                        EC2,
                        r#""iam:AttachUserPolicy""#,
                        "arn:aws:iam::111111111111:user/bob",
                    ),
                ),
                (Pass, world(EC2, r#"["iam:CreateRole"]"#, "*")),
            ],
        );
    }
}
