//! The person behind an assumed role shows in the log.

use crate::catalog::gap;
use crate::fact::Reason;
use crate::policy::{Condition, Document, Effect, Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-role-session-name",
    title: "Role trust policies should enforce a session name or source identity",
    severity: Severity::Low,
    question: Some(Question::Guarded),
    why: "CloudTrail logs a role session under the session name that its caller chose. Unless the trust policy \
          enforces the name or the source identity, a user can act under the name of another user.",
    fix: "In the trust policy, require that `sts:RoleSessionName` equals `${aws:username}`, or require \
          `sts:SourceIdentity`: `aws iam update-assume-role-policy --role-name ROLE --policy-document \
          file://trust.json`.",
    judged: "Evaluates roles that IAM users or other accounts can assume: the trust policy must require \
             sts:RoleSessionName to equal the caller's name, or require sts:SourceIdentity.",
    alike: &["A condition on sts:RoleSessionName with ${aws:username} passes; with `*` it fails."],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname",
    ],
    reads: &[calls::GET_ACCOUNT_AUTHORIZATION_DETAILS],
    run: Run::IamPrincipal(run),
};

fn run(principal: &Principal<'_>, ctx: &Context<'_>) -> Outcome {
    let Identity::Role(role) = principal.identity else {
        return Ok(Verdict::pass("it is an IAM user, not a role"));
    };
    let trust = match Document::parse(&role.trust) {
        Ok(trust) => trust,
        Err(error) => {
            let call = calls::GET_ACCOUNT_AUTHORIZATION_DETAILS;
            let detail = format!("the trust policy cannot be parsed: {error}");
            return Err(gap::gap(
                call,
                principal.account,
                &ctx.home(),
                Reason::Malformed,
                detail,
            ));
        }
    };
    let unnamed: Vec<String> = trust
        .statements
        .iter()
        .enumerate()
        .filter(|(_, it)| lets_people_in(it, principal.account) && !it.conditions.iter().any(pins))
        .map(|(index, statement)| posture::Found { index, statement }.label())
        .collect();
    if unnamed.is_empty() {
        return Ok(Verdict::pass(
            "the trust policy enforces a session name or source identity",
        ));
    }
    let verdict = Verdict::fail(format!(
        "the trust policy allows any session name and source identity: {}",
        unnamed.join(", ")
    ));
    Ok(verdict.saw("AssumeRolePolicyDocument", unnamed))
}

/// Users of this account, or principals of another, are named by themselves.
fn lets_people_in(statement: &Statement, account: &AccountId) -> bool {
    let Some(principals) = statement
        .principals
        .as_ref()
        .filter(|_| statement.effect == Effect::Allow)
    else {
        return false;
    };
    if !statement.actions.matches("sts:AssumeRole") {
        return false;
    }
    principals.negated
        || principals.members.iter().any(|member| {
            let user =
                matches!(member, crate::policy::Principal::Aws(arn) if arn.contains(":user/"));
            let elsewhere = member.account().is_some_and(|id| id != account.as_str());
            *member == crate::policy::Principal::Everyone
                || (user || elsewhere && !is_service(member)) && !member.is_deleted()
        })
}

fn is_service(it: &crate::policy::Principal) -> bool {
    matches!(
        it,
        crate::policy::Principal::Federated(_) | crate::policy::Principal::Service(_)
    )
}

fn pins(condition: &Condition) -> bool {
    let key = ["sts:rolesessionname", "sts:sourceidentity"].contains(&condition.key.as_str());
    key && posture::restricts(condition) && condition.values.iter().all(|it| it != "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn trusting(principal: &str, condition: &str) -> Case {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}}}"#
        );
        role(|r| r.trust = trust)
    }

    #[test]
    fn verdicts() {
        let user = r#"{"AWS":"arn:aws:iam::111111111111:user/ana"}"#;
        let other = r#"{"AWS":"222222222222"}"#;
        let name = r#""StringEquals":{"sts:RoleSessionName":"${aws:username}"}"#;
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, trusting(user, "")),
                (Fail, trusting(other, "")),
                (Pass, trusting(user, name)),
                (
                    Pass,
                    trusting(other, r#""StringLike":{"sts:SourceIdentity":"?*"}"#),
                ),
                (
                    Fail,
                    trusting(other, r#""StringLike":{"sts:SourceIdentity":"*"}"#),
                ),
                (
                    Fail,
                    trusting(other, r#""StringEquals":{"sts:ExternalId":"x"}"#),
                ),
                (
                    Pass,
                    trusting(r#"{"AWS":"arn:aws:iam::111111111111:role/ci"}"#, ""),
                ),
                (
                    Pass,
                    trusting(
                        r#"{"Federated":"arn:aws:iam::111111111111:saml-provider/x"}"#,
                        "",
                    ),
                ),
                (Unknown, role(|r| r.trust = "{".to_owned())),
                (
                    Unknown,
                    iam(|it| it.details = denied(calls::GET_ACCOUNT_AUTHORIZATION_DETAILS)),
                ),
            ],
        );
    }
}
