//! Tampering takes more than a stolen key: MFA, a network, or another condition that the caller cannot choose.

use super::effective::{EVERYTHING, verdict};
use crate::access::When;
use crate::finding::Status;
use crate::policy::{AtomTest, Literal};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "access-tamper-requires-mfa",
    title: "Permissions to tamper with CloudTrail logs should require MFA, a network or another condition that the caller cannot choose",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "Leaked access keys have all permissions that their owner has without a condition. With a condition on MFA \
          or a network, leaked keys are not sufficient to tamper with the logs. A condition that the caller can \
          choose, such as aws:UserAgent, does not protect.",
    fix: "Add a condition on `aws:MultiFactorAuthPresent`, `aws:SourceIp` or `aws:SourceVpce` to the statements that \
          grant the actions in the finding, or to the trust policy of the role that they belong to. In a Deny use \
          `BoolIfExists` with `aws:MultiFactorAuthPresent` false: with access keys the key is absent, and `Bool` does \
          not apply.",
    judged: "Fails for every principal that has a permission of high or critical severity over trails, stored logs, \
             keys or alarms without a condition, or under a condition that the caller can meet at will. MFA, a \
             network (aws:SourceIp, aws:SourceVpc, aws:SourceVpce) and other conditions that the caller cannot choose \
             pass.",
    alike: &[
        "An Allow with Bool aws:MultiFactorAuthPresent true passes. With BoolIfExists it also holds where the key is \
         absent, as with the access keys of a user, and fails.",
        "A condition on aws:SourceVpce passes without MFA; one on aws:UserAgent, which the caller writes, fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html",
    ],
    reads: EVERYTHING,
    run: Run::EffectiveRights(run),
};

fn run(judged: &Judged<'_>, _: &Context<'_>) -> Outcome {
    let mut rights = judged.tampering();
    let grave = |it: &crate::access::Right<'_>| it.action.severity >= Severity::High;
    rights.retain(|it| grave(it) && (it.is_free() || !it.is_known()));
    let only_sessions = rights
        .iter()
        .any(|it| it.answer.condition.as_ref().is_some_and(lets_keys_in));
    let can = "can tamper with CloudTrail logs without MFA, a network or another condition that it cannot choose";
    let judged = verdict(judged, &rights, can)?;
    if judged.status != Status::Fail || !only_sessions {
        return Ok(judged);
    }
    Ok(judged.saw(
        "Deny",
        "Bool aws:MultiFactorAuthPresent does not apply to requests with access keys, which lack the key: use \
         BoolIfExists",
    ))
}

/// A Deny on `Bool` MFA false, which access keys pass.
fn lets_keys_in(when: &When) -> bool {
    let lets_in = |literal: &Literal| match &literal.test {
        AtomTest::Condition { operator, key, .. } => {
            operator.eq_ignore_ascii_case("Bool")
                && key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent")
                && !literal.holds
                && literal.may_be_absent
        }
        AtomTest::Resource(_) => false,
    };
    match when {
        When::Policies(residual) => residual.alternatives.iter().flatten().any(lets_in),
        When::All(parts) => parts.iter().any(lets_keys_in),
        When::NotNarrowed | When::Fact(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let under = |condition: &str| {
            let document = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            role(|r| r.inline.push(inline(&document)))
        };
        table(
            &CHECK,
            [
                (Pass, role(|_| {})),
                (Fail, may("cloudtrail:StopLogging", "*")),
                (Pass, with_mfa("cloudtrail:StopLogging")),
                (
                    Pass,
                    under(r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#),
                ),
                // Whoever calls chooses it.
                (Fail, under(r#""StringEquals":{"aws:UserAgent":"console"}"#)),
                (
                    Fail,
                    under(r#""BoolIfExists":{"aws:SecureTransport":"true"}"#),
                ),
                // Nobody is bound.
                (Fail, under(r#""IpAddress":{"aws:SourceIp":"0.0.0.0/0"}"#)),
                (
                    Fail,
                    under(r#""IpAddress":{"aws:SourceIp":["0.0.0.0/1","128.0.0.0/1"]}"#),
                ),
                (Fail, under(r#""Null":{"aws:MultiFactorAuthAge":"true"}"#)),
                (
                    Fail,
                    under(r#""NumericLessThanIfExists":{"aws:MultiFactorAuthAge":"3600"}"#),
                ),
                (
                    Pass,
                    under(r#""NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}"#),
                ),
                (
                    Fail,
                    under(r#""StringNotEquals":{"aws:SourceVpce":"vpce-1"}"#),
                ),
                (Pass, under(r#""StringEquals":{"aws:SourceVpce":"vpce-1"}"#)),
                (Fail, under(r#""Bool":{"aws:ViaAWSService":"false"}"#)),
                (
                    Fail,
                    under(r#""DateGreaterThan":{"aws:TokenIssueTime":"2025-01-01T00:00:00Z"}"#),
                ),
                // A role's sessions always say whether they used MFA; access keys of a user do not.
                (
                    Pass,
                    under(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#),
                ),
                (Pass, may("cloudtrail:PutInsightSelectors", "*")),
                (Unknown, role(|r| r.inline.push(inline("{")))),
            ],
        );
    }

    /// Statements of a user with access keys.
    fn keys(statements: &str) -> Case {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#);
        user(|u| u.inline.push(inline(&document)))
    }

    #[test]
    fn access_keys() {
        const ANA: &str = "arn:aws:iam::111111111111:user/ana";
        let stop = |condition: &str| {
            format!(
                r#"{{"Effect":"Allow","Action":"cloudtrail:StopLogging","Resource":"*"{condition}}}"#
            )
        };
        let deny = |condition: &str| {
            let deny = r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":"#;
            keys(&format!("{},{deny}{{{condition}}}}}", stop("")))
        };
        let allow = |condition: &str| keys(&stop(&format!(r#","Condition":{{{condition}}}"#)));
        table_on(
            &CHECK,
            ANA,
            [
                (
                    Fail,
                    deny(r#""Bool":{"aws:MultiFactorAuthPresent":"false"}"#),
                ),
                (
                    Fail,
                    allow(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}"#),
                ),
                (
                    Fail,
                    deny(r#""DateLessThan":{"aws:TokenIssueTime":"2025-01-01T00:00:00Z"}"#),
                ),
                (Fail, deny(r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#)),
            ],
        );
        table(
            &CHECK,
            [
                (
                    Pass,
                    deny(r#""BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}"#),
                ),
                (
                    Pass,
                    allow(r#""Bool":{"aws:MultiFactorAuthPresent":"true"}"#),
                ),
                (
                    Pass,
                    deny(r#""NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#),
                ),
            ],
        );
    }
}
