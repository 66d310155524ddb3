//! Who comes from elsewhere to a role that can tamper says who it is.

use super::effective::{EVERYTHING, told, who};
use crate::access::gaps_of;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-cross-account-trust",
    title: "Cross-account trust on privileged roles should require an external ID or a similar condition",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "If a role that can tamper with CloudTrail logs trusts another account, every principal there with \
          sts:AssumeRole can use it. A condition on external ID, source identity or session name prevents confused \
          deputy attacks and identifies the caller.",
    fix: "In the role's trust policy, name principals instead of `*`, and add a condition on sts:ExternalId, \
          sts:SourceIdentity or sts:RoleSessionName: `aws iam update-assume-role-policy --role-name ROLE \
          --policy-document file://trust.json`.",
    judged: "Evaluates roles that can tamper with CloudTrail logs: fails when the trust policy allows principals of \
             other accounts without a condition on external ID, source identity or session name.",
    alike: &[
        "A role trusted by another account passes if it cannot tamper with CloudTrail logs; with such a permission it \
         fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html",
    ],
    reads: EVERYTHING,
    run: Run::EffectiveRights(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    let open = judged.open_trust();
    if open.is_empty() {
        return Ok(Verdict::pass(
            "every cross-account statement of its trust policy has a condition on the caller",
        ));
    }
    let rights = judged.tampering();
    let Some(right) = rights.iter().find(|it| it.is_known()) else {
        return match gaps_of(rights.iter().flat_map(|it| &it.answer.missing)) {
            None => Ok(Verdict::pass("it cannot tamper with CloudTrail logs")),
            Some(gaps) => Err(gaps),
        };
    };
    let verdict = Verdict::fail(format!(
        "{} can call {} on {}, and its trust policy allows other accounts without a condition on the caller: {}",
        who(&judged.actor()),
        right.action.action,
        right.target,
        open.join(", ")
    ));
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
                    trusting(other, "").and_iam(|document| {
                        document.roles.last_mut().unwrap().inline = vec![inline("{")];
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
