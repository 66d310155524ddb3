//! Ruling the key and reading with it are two jobs.

use super::described;
use crate::catalog::{gap, outsiders};
use crate::policy::posture::allows_on;
use crate::policy::{Document, Principal};
use crate::prelude::*;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    id: "key-separation-of-duties",
    title: "Policies of keys that encrypt logs should separate key administrators from readers",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A principal that can both administer the key and decrypt can read the logs and revoke the access of all \
          others. With separate principals, two of them must cooperate.",
    fix: "In the key policy, grant kms:PutKeyPolicy, kms:ScheduleKeyDeletion and kms:DisableKey to administrators, \
          kms:Decrypt to readers, and no principal both: `aws kms put-key-policy --key-id KEY --policy-name default \
          --policy file://policy.json --region REGION`.",
    judged: "Fails when the key policy names the same principal both for administering the key and for decrypting \
             with it.",
    alike: &[
        "The account's root principal does not count here: permissions through IAM are evaluated by \
         access-key-destroy and access-log-read.",
    ],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"],
    reads: &[calls::DESCRIBE_KEY, calls::GET_KEY_POLICY],
    run: Run::Key(run),
};

const RULES: [&str; 3] = [
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
];

fn run(key: &Key, _: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let named = |actions: &[&str]| {
        policy
            .as_ref()
            .map(|it| named(it, actions))
            .unwrap_or_default()
    };
    let (rule, read) = (named(&RULES), named(&["kms:Decrypt"]));
    let both: Vec<&String> = rule.intersection(&read).collect();
    let verdict = match both.as_slice() {
        [] => Verdict::pass(
            "the key policy names no principal that can both administer the key and decrypt",
        ),
        _ => Verdict::fail(format!(
            "the key policy lets the same principals administer the key and decrypt: {}",
            outsiders::few(&both, ", ", 2)
        ))
        .saw("Principal", &both),
    };
    verdict.unless_open(described.err())
}

/// Whom the policy names for one of these actions; whole accounts are for `access-key-destroy` and `access-log-read`.
fn named(policy: &Document, actions: &[&str]) -> BTreeSet<String> {
    let found = allows_on(policy, actions, "arn:*:kms:*:*:key/*").into_iter();
    let principals = found
        .filter_map(|it| it.statement.principals.as_ref())
        .filter(|it| !it.negated);
    let members = principals
        .flat_map(|it| &it.members)
        .filter(|it| !it.is_deleted());
    let arns = members.filter_map(|member| match member {
        Principal::Aws(arn) => Some(arn.clone()),
        Principal::Everyone => Some("*".to_owned()),
        Principal::Account(_)
        | Principal::Service(_)
        | Principal::Federated(_)
        | Principal::CanonicalUser(_) => None,
    });
    arns.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let both = |administrator: &str, reader: &str, action: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:role/{administrator}"}},"Action":"{action}","Resource":"*"}},
                {{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:role/{reader}"}},"Action":"kms:Decrypt","Resource":"*"}}]}}"#
            );
            key(|k| k.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Pass, both("admin", "auditor", "kms:PutKeyPolicy")),
                (Fail, both("admin", "admin", "kms:PutKeyPolicy")),
                (Pass, both("admin", "admin", "kms:DescribeKey")),
                (Fail, both("admin", "auditor", "kms:*")),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
            ],
        );
    }
}
