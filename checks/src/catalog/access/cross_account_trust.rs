//! Who comes from elsewhere to a role that can tamper says who it is.

use super::effective::{EVERYTHING, told};
use crate::access::gaps_of;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-cross-account-trust",
    title: "Roles that can tamper let in nobody from elsewhere unasked",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A role that can blind the record and trusts another account is as safe as that account's weakest principal. \
          An external id, a source identity or a session name at least says who came, and stops the confused deputy.",
    fix: "In the role's trust policy (`aws iam update-assume-role-policy --role-name ROLE --policy-document \
          file://trust.json`) name principals instead of `*`, and add a condition on sts:ExternalId, \
          sts:SourceIdentity or sts:RoleSessionName.",
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
    ],
    reads: EVERYTHING,
    run: Run::Access(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    let open = judged.open_trust();
    if open.is_empty() {
        return Ok(Verdict::pass("nobody from elsewhere is let in unasked"));
    }
    let rights = judged.tampering();
    let Some(right) = rights.iter().find(|it| it.is_known()) else {
        return match gaps_of(rights.iter().flat_map(|it| &it.answer.missing)) {
            None => Ok(Verdict::pass("it has no rights over the record")),
            Some(gaps) => Err(gaps),
        };
    };
    let verdict = Verdict::fail("can tamper, and its trust policy lets others in unasked");
    Ok(verdict
        .saw("AssumeRolePolicyDocument", open)
        .saw(right.action.action.as_str(), told(right)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn trusting(principal: &str, condition: &str) -> Case {
        let trust = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole","Condition":{{{condition}}}}}}}"#
        );
        may("cloudtrail:StopLogging", "*").and_iam(|it| it.roles.last_mut().unwrap().trust = trust)
    }

    #[test]
    fn verdicts() {
        let other = r#"{"AWS":"arn:aws:iam::999999999999:root"}"#;
        let id = r#""StringEquals":{"sts:ExternalId":"x7"}"#;
        table_on(
            &CHECK,
            WORKER,
            [
                (Fail, trusting(other, "")),
                (Fail, trusting(r#""*""#, id)),
                (
                    Fail,
                    trusting(other, r#""StringLike":{"sts:ExternalId":"*"}"#),
                ),
                (
                    Unknown,
                    trusting(other, "").and_iam(|it| {
                        it.roles.last_mut().unwrap().inline = vec![inline("{")];
                    }),
                ),
            ],
        );
        table_on(
            &CHECK,
            ACCOUNT,
            [
                (Pass, trusting(other, id)),
                (
                    Pass,
                    trusting(r#"{"AWS":"arn:aws:iam::111111111111:root"}"#, ""),
                ),
                (Pass, trusting(r#"{"Service":"ec2.amazonaws.com"}"#, "")),
                (
                    Pass,
                    trusting(other, "").and_iam(|it| it.roles.last_mut().unwrap().inline.clear()),
                ),
            ],
        );
    }
}
