//! The key is not for everyone.

use super::described;
use crate::catalog::{gap, outsiders};
use crate::policy::posture::{Found, public_grants};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-not-public",
    title: "Policies of keys that encrypt logs should not grant public access",
    severity: Severity::Critical,
    question: Some(Question::Guarded),
    why: "A key policy that grants public access allows principals of any AWS account to decrypt log files that they \
          obtain, or to disable the key.",
    fix: "In the key policy, replace Principal `*` by named principals, or add a condition on kms:CallerAccount or \
          aws:PrincipalOrgID: `aws kms put-key-policy --key-id KEY --policy-name default --policy file://policy.json \
          --region REGION`.",
    judged: "Evaluates the key policy: a statement that grants public access fails.",
    alike: &[
        "Principal `*` with kms:CallerAccount of the own account passes; without it it fails.",
    ],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html"],
    reads: &[calls::DESCRIBE_KEY, calls::GET_KEY_POLICY],
    run: Run::Key(run),
};

pub(super) fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let public: Vec<String> = policy
        .iter()
        .flat_map(public_grants)
        .map(|it| Found::grant(&it))
        .collect();
    let verdict = match public.as_slice() {
        [] => Verdict::pass("no statement of the key policy grants public access"),
        _ => Verdict::fail(format!(
            "the key policy grants public access: {}",
            outsiders::few(&public, "; ", 3)
        ))
        .saw("Statement", &public),
    };
    verdict.unless_open(described.err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let everyone = |condition: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":"*","Action":"kms:Decrypt","Resource":"*","Condition":{{{condition}}}}}}}"#
            );
            key(|k| k.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Fail, everyone("")),
                (
                    Pass,
                    everyone(r#""StringEquals":{"kms:CallerAccount":"111111111111"}"#),
                ),
                (Fail, everyone(r#""StringLike":{"kms:CallerAccount":"*"}"#)),
                (
                    Fail,
                    everyone(r#""StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#),
                ),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (Unknown, key(|k| k.policy = Known(Some("{".to_owned())))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
    }
}
