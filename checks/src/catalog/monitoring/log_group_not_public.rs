//! Nobody outside may read the log group, or write to it.

use super::gone;
use crate::catalog::gap::gap;
use crate::catalog::outsiders;
use crate::context::not_seen;
use crate::fact::Reason;
use crate::policy::{Document, Glob, Principal, Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-log-group-not-public",
    title: "Resource policies should not grant external principals access to log groups of trails",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "Resource policies of CloudWatch Logs apply to all log groups that they name, and are rarely reviewed. A \
          principal that can write can add forged events. A principal that can create a subscription can read all \
          events.",
    fix: "Restrict the policy to AWS services and to accounts of the organization: `aws logs put-resource-policy \
          --policy-name NAME --policy-document file://policy.json --region REGION`. Or delete it: `aws logs \
          delete-resource-policy --policy-name NAME --region REGION`.",
    judged: "No resource policy may allow everyone, or external accounts, to read or write the log group.",
    alike: &["A policy for an AWS service passes; one for Principal `*` fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_LOG_GROUPS,
        calls::DESCRIBE_LOG_RESOURCE_POLICIES,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::LogGroup(run),
};

fn run(group: &LogGroup, ctx: &Context<'_>) -> Outcome {
    if let Ok(None) = group.configuration.known() {
        return Ok(gone());
    }
    let (account, region) = (&group.account, &group.region);
    let call = calls::DESCRIBE_LOG_RESOURCE_POLICIES;
    let Some(view) = ctx.region(account, region) else {
        return Err(not_seen(call, account, region, ctx).into());
    };
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    gaps.extend(group.configuration.known().err());
    for text in view.log_resource_policies.known()? {
        let policy = match Document::parse(text) {
            Ok(policy) => policy,
            Err(error) => {
                gaps.push(gap(
                    call,
                    account,
                    region,
                    Reason::Malformed,
                    error.to_string(),
                ));
                continue;
            }
        };
        let public = posture::public_grants(&policy).into_iter();
        let public = public
            .filter(|it| names(it.statement, group))
            .map(|it| it.grant());
        open.extend(public);
        for statement in policy.allows().filter(|it| names(it, group)) {
            for id in accounts(statement) {
                match outside(id, account, ctx) {
                    Ok(true) => open.push(format!("external account {id}")),
                    Ok(false) => {}
                    Err(missing) => gaps.push(missing),
                }
            }
        }
    }
    if !open.is_empty() {
        let message = format!(
            "resource policies grant access to the log group: {}",
            outsiders::few(&open, "; ", 3)
        );
        return Ok(Verdict::fail(message).saw("Principals", open));
    }
    match Gaps::collect(gaps) {
        Some(gaps) => Err(gaps),
        None => Ok(Verdict::pass(
            "no resource policy grants access to external principals",
        )),
    }
}

/// A statement with `NotResource` may name any.
fn names(statement: &Statement, group: &LogGroup) -> bool {
    let whole = Glob::wild(&format!("{}*", group.arn), false);
    statement.resources.as_ref().is_none_or(|resource| {
        let named = |glob: Option<Glob>| glob.is_none_or(|glob| glob.overlaps(&whole));
        resource.negated
            || resource
                .patterns
                .iter()
                .any(|pattern| named(pattern.glob()))
    })
}

fn accounts(statement: &Statement) -> impl Iterator<Item = &str> {
    let set = statement.principals.iter().filter(|it| !it.negated);
    set.flat_map(|it| &it.members)
        .filter_map(Principal::account)
}

fn outside(id: &str, own: &AccountId, ctx: &Context<'_>) -> Result<bool, Gaps> {
    if id == own.as_str() || ctx.inventory.accounts.contains_key(&AccountId::from(id)) {
        return Ok(false);
    }
    if let Some(organization) = ctx.organization()? {
        organization.accounts.known()?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn policy(principal: &str, resource: &str, condition: &str) -> Case {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"S","Effect":"Allow","Principal":{principal},
            "Action":"logs:PutLogEvents","Resource":"{resource}","Condition":{{{condition}}}}}]}}"#
        );
        region(|it| it.log_resource_policies = Known(vec![text]))
    }

    #[test]
    fn verdicts() {
        let all = "arn:aws:logs:us-east-1:111111111111:*";
        let anyone = r#""*""#;
        let stranger = r#"{"AWS":"999999999999"}"#;
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, policy(anyone, all, "")),
                (
                    Fail,
                    policy(
                        anyone,
                        "arn:aws:logs:us-east-1:111111111111:log-group:trail:*",
                        "",
                    ),
                ),
                (
                    Pass,
                    policy(
                        anyone,
                        "arn:aws:logs:us-east-1:111111111111:log-group:other:*",
                        "",
                    ),
                ),
                (
                    Pass,
                    policy(
                        anyone,
                        all,
                        r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#,
                    ),
                ),
                (Fail, policy(stranger, all, "")),
                (
                    Pass,
                    policy(r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#, all, ""),
                ),
                (Pass, policy(r#"{"Service":"es.amazonaws.com"}"#, all, "")),
                (
                    NotApplicable,
                    log_group(|it| it.configuration = Known(None)),
                ),
                (
                    Unknown,
                    log_group(|it| it.configuration = denied(calls::DESCRIBE_LOG_GROUPS)),
                ),
                (
                    Unknown,
                    region(|it| it.log_resource_policies = Known(vec!["{".to_owned()])),
                ),
                (
                    Unknown,
                    region(|region| {
                        region.log_resource_policies = denied(calls::DESCRIBE_LOG_RESOURCE_POLICIES)
                    }),
                ),
            ],
        );
        let unlisted = policy(stranger, all, "")
            .and(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION));
        let group = "arn:aws:logs:us-east-1:111111111111:log-group:trail";
        table_on(&CHECK, group, [(Unknown, unlisted)]);
    }
}
