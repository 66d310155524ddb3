//! Few read what the key protects.

use super::described;
use crate::catalog::{gap, outsiders};
use crate::policy::Principal;
use crate::policy::posture::{Found, allows_on};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-decrypt-restricted",
    title: "Policies of keys that encrypt logs should grant kms:Decrypt only to named principals",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A statement that grants kms:Decrypt to whole accounts, or to everyone under a condition, lets principals \
          decrypt logs that were not selected individually.",
    fix: "In the key policy, grant kms:Decrypt to the auditors' roles by their ARNs: `aws kms put-key-policy --key-id \
          KEY --policy-name default --policy file://policy.json --region REGION`. Keep the delegation to the key's \
          own account.",
    judged: "Evaluates the key policy: a statement that grants kms:Decrypt to everyone, or to another whole account, \
             fails. Named principals pass, and so does the key's own account, where IAM policies decide.",
    alike: &[
        "The root principal of the key's account passes; the root principal of another account means that whole \
         account, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ],
    reads: &[calls::DESCRIBE_KEY, calls::GET_KEY_POLICY],
    run: Run::Key(run),
};

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let decrypts = policy
        .iter()
        .flat_map(|it| allows_on(it, &["kms:Decrypt"], "arn:*:kms:*:*:key/*"));
    let unnamed: Vec<String> = decrypts
        .filter(|found| !names(found, key))
        .map(|found| found.grant())
        .collect();
    let verdict = match unnamed.as_slice() {
        [] => Verdict::pass(
            "the key policy grants kms:Decrypt only to named principals and to the key's own account",
        ),
        _ => Verdict::fail(format!(
            "the key policy allows decryption by principals that are not named: {}",
            outsiders::few(&unnamed, "; ", 3)
        ))
        .saw("Statement", &unnamed),
    };
    verdict.unless_open(described.err())
}

/// Principals by their names, or the account that owns the key: there identity policies decide.
fn names(found: &Found<'_>, key: &Key) -> bool {
    let Some(principals) = &found.statement.principals else {
        return true;
    };
    if outsiders::wide(principals) {
        let by_name = |condition: &crate::policy::Condition| {
            condition.key == "aws:principalarn" && crate::policy::posture::pins(condition)
        };
        return found.statement.conditions.iter().any(by_name);
    }
    principals.members.iter().all(|member| match member {
        Principal::Account(id) => id == key.account.as_str(),
        Principal::Aws(_) | Principal::Service(_) | Principal::Federated(_) => true,
        Principal::Everyone | Principal::CanonicalUser(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let decrypts = |principal: &str, condition: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"kms:Decrypt","Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            key(|k| k.policy = Known(Some(policy)))
        };
        let role = r#"{"AWS":"arn:aws:iam::222222222222:role/auditor"}"#;
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Pass, decrypts(role, "")),
                (Fail, decrypts(r#"{"AWS":"222222222222"}"#, "")),
                (Pass, decrypts(r#"{"AWS":"111111111111"}"#, "")),
                (
                    Fail,
                    decrypts(
                        r#""*""#,
                        r#""StringEquals":{"kms:CallerAccount":"111111111111"}"#,
                    ),
                ),
                (
                    Pass,
                    decrypts(
                        r#""*""#,
                        r#""ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/x"}"#,
                    ),
                ),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
            ],
        );
    }
}
