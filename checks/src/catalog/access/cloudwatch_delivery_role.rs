//! The role by which CloudTrail writes to CloudWatch Logs can do that and nothing else.

use super::policies::Held;
use crate::catalog::gap;
use crate::context::log_group_arn;
use crate::fact::Reason;
use crate::policy::{Document, Effect, Glob};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-cloudwatch-delivery-role",
    title: "The delivery role trusts CloudTrail alone and writes to the trail's log group only",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Whoever else may assume the role can write made-up events into the log group; and what else the role may do, \
          the delivery does not need.",
    fix: "In the role's trust policy name only `cloudtrail.amazonaws.com`, and leave it logs:CreateLogStream and \
          logs:PutLogEvents on the trail's log group (`aws iam put-role-policy --role-name ROLE --policy-name \
          POLICY --policy-document file://policy.json`).",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-required-policy-for-cloudwatch-logs.html",
    ],
    reads: &[
        calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
        calls::DESCRIBE_TRAILS,
    ],
    run: Run::Principal(run),
};

/// What delivery takes, and what looking for the stream takes.
const NEEDED: [&str; 3] = [
    "logs:createlogstream",
    "logs:putlogevents",
    "logs:describelogstreams",
];

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let Identity::Role(role) = principal.identity else {
        return Ok(Verdict::pass("a user"));
    };
    let trails = ctx.inventory.trails.values().map(|it| &it.configuration);
    let mut groups: Vec<Arn> = Vec::new();
    for set in trails {
        // Of another trail's role nothing is said here.
        if set
            .log_group_role
            .ok()
            .is_some_and(|it| it.as_ref() == Some(&role.arn))
        {
            groups.extend(set.log_group.known()?.as_ref().map(log_group_arn));
        }
    }
    if groups.is_empty() {
        return Ok(Verdict::pass("no trail delivers by it"));
    }
    let mut gaps = Vec::new();
    let mut wrong = Vec::new();
    match Document::parse(&role.trust) {
        Ok(trust) => wrong.extend(others(&trust)),
        Err(error) => gaps.push(gap::gap(
            calls::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            principal.account,
            &ctx.home(),
            Reason::Malformed,
            format!("the trust policy cannot be read: {error}"),
        )),
    }
    let held = Held::by(principal);
    let mut read = held
        .inline(principal, ctx)
        .and(held.managed(principal, ctx, |_| true));
    gaps.append(&mut read.gaps);
    for policy in &read.policies {
        for statement in policy.document.allows() {
            let narrow = !statement.actions.negated
                && statement
                    .actions
                    .patterns
                    .iter()
                    .all(|it| NEEDED.contains(&it.text.to_lowercase().as_str()));
            let here = statement.resources.as_ref().is_some_and(|it| {
                !it.negated && it.patterns.iter().all(|it| is_of(&it.text, &groups))
            });
            if !narrow || !here {
                wrong.push(format!(
                    "{}: more than delivery to the log group takes",
                    policy.name
                ));
            }
        }
    }
    wrong.dedup();
    let verdict = match wrong.as_slice() {
        [] => Verdict::pass("it can deliver, and nothing else"),
        _ => Verdict::fail("can be used by others, or for more than delivery").saw("Role", &wrong),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

/// Whom the trust policy names beside CloudTrail.
fn others(trust: &Document) -> Vec<String> {
    let cloudtrail = crate::policy::Principal::Service("cloudtrail.amazonaws.com".to_owned());
    let allows = trust
        .statements
        .iter()
        .filter(|it| it.effect == Effect::Allow);
    let alone = |it: &&crate::policy::Statement| {
        let principals = it.principals.as_ref();
        !principals.is_some_and(|it| !it.negated && it.members.iter().all(|it| *it == cloudtrail))
    };
    let others = allows.filter(alone);
    others
        .map(|_| "its trust policy names others than cloudtrail.amazonaws.com".to_owned())
        .collect()
}

/// The pattern names streams of one of the groups and nothing beyond.
fn is_of(pattern: &str, groups: &[Arn]) -> bool {
    let pattern = Glob::wild(pattern, false);
    groups.iter().any(|group| {
        Glob::wild(&format!("{group}:*"), false).covers(&pattern)
            || Glob::literal(group.as_str(), false).covers(&pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const TO_LOGS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:us-east-1:111111111111:log-group:trail:log-stream:*"}}"#;

    fn delivery(principal: &str, document: &str) -> Case {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
        );
        role(|r| {
            r.arn = Arn::from("arn:aws:iam::111111111111:role/trail-logs");
            r.trust = trust;
            r.inline.push(inline(document));
        })
    }

    #[test]
    fn verdicts() {
        let cloudtrail = r#"{"Service":"cloudtrail.amazonaws.com"}"#;
        let both = r#"{"Service":["cloudtrail.amazonaws.com","ec2.amazonaws.com"]}"#;
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Pass, delivery(cloudtrail, TO_LOGS)),
                (Fail, delivery(both, TO_LOGS)),
                (
                    Fail,
                    delivery(cloudtrail, &TO_LOGS.replace("PutLogEvents", "*")),
                ),
                (
                    Fail,
                    delivery(
                        cloudtrail,
                        &TO_LOGS.replace("log-group:trail:", "log-group:*:"),
                    ),
                ),
                (
                    Fail,
                    delivery(
                        cloudtrail,
                        &TO_LOGS.replace(r#""Action""#, r#""NotAction""#),
                    ),
                ),
                (Unknown, delivery(cloudtrail, "{")),
                (Fail, delivery(both, "{")),
            ],
        );
    }
}
