//! The key is used and managed by principals of the organization only.

use super::described;
use crate::catalog::{gap, outsiders};
use crate::fact::Reason;
use crate::policy::Effect;
use crate::policy::posture::Found;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-policy-cross-account",
    title: "Policies of keys that encrypt logs should grant nothing to principals outside the organization",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "An external principal with kms:Decrypt or kms:ReEncryptFrom can decrypt every log file that it obtains. \
          With kms:CreateGrant it can share this permission outside of the key policy. With kms:PutKeyPolicy or \
          kms:ScheduleKeyDeletion it can make the logs unreadable.",
    fix: "Remove the statements for external accounts from the key policy, or add a condition on aws:PrincipalOrgID: \
          `aws kms put-key-policy --key-id KEY --policy-name default --policy file://policy.json --region REGION`.",
    judged: "Evaluates every Allow of the key policy that grants use, sharing or change of the key: fails when it \
             grants access to an external principal, by its account, or because it names everyone without a condition \
             on the principal. kms:ViaService and networks are not such conditions.",
    alike: &[
        "A role of an external account with kms:Decrypt or kms:ReEncryptFrom fails; with kms:DescribeKey alone it \
         passes.",
        "Principal `*` with kms:CallerAccount of your own account passes; with kms:ViaService alone it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html",
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html",
    ],
    reads: &[
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Key(run),
};

/// What uses a key, hands it on or changes it; all others only describe it.
const USES: [&str; 32] = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeleteAlias",
    "kms:DeleteImportedKeyMaterial",
    "kms:DeriveSharedSecret",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:ImportKeyMaterial",
    "kms:PutKeyPolicy",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:ReplicateKey",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:Sign",
    "kms:SynchronizeMultiRegionKey",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdatePrimaryRegion",
];

pub(super) fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let policy = gap::key_policy(key)?;
    let whose = gap::gap(
        calls::GET_KEY_POLICY,
        &key.account,
        &key.region,
        Reason::NotModelled,
        "the policy names a unique ID, whose account cannot be determined",
    );
    let (mut open, mut gaps) = (Vec::new(), Vec::from_iter(described.err()));
    let statements = policy.iter().flat_map(|it| &it.statements).enumerate();
    for (index, statement) in statements.filter(|(_, it)| it.effect == Effect::Allow) {
        if !USES.iter().any(|it| statement.actions.matches(it)) {
            continue;
        }
        match outsiders::lets_outsiders_in(statement, ctx, &whose) {
            Ok(true) => {
                open.push(outsiders::outsiders(Found { index, statement }, ctx));
            }
            Ok(false) => {}
            Err(missing) => gaps.push(missing),
        }
    }
    let verdict = match open.as_slice() {
        [] => Verdict::pass("no statement of the key policy grants access to external principals"),
        _ => Verdict::fail(format!("key policy: {}", outsiders::few(&open, "; ", 3)))
            .saw("Statement", &open),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn also(principal: &str, action: &str, condition: &str) -> Case {
        let more = format!(
            r#"{{"Sid":"More","Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"*","Condition":{{{condition}}}}},{{"Sid":"Describe""#
        );
        let policy = KEY_POLICY.replace(r#"{"Sid":"Describe""#, &more);
        key(|k| k.policy = Known(Some(policy)))
    }

    #[test]
    fn verdicts() {
        let stranger = r#"{"AWS":"arn:aws:iam::999999999999:role/x"}"#;
        let ours = r#"{"AWS":"arn:aws:iam::222222222222:role/x"}"#;
        let org = r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#;
        let via = r#""StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#;
        let with_member = |case: Case| case.and(|it| member(it, "222222222222", &[HOME]));
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Fail, also(stranger, "kms:Decrypt", "")),
                (Fail, also(stranger, "kms:ReEncryptFrom", "")),
                (Fail, also(stranger, "kms:CreateGrant", "")),
                (Fail, also(stranger, "kms:PutKeyPolicy", "")),
                (Fail, also(stranger, "kms:ReEncrypt*", "")),
                (Fail, also(r#"{"AWS":"999999999999"}"#, "kms:*", "")),
                // Whoever only looks at it reads nothing.
                (Pass, also(stranger, "kms:DescribeKey", "")),
                (Pass, also(stranger, "kms:List*", "")),
                (Pass, also(stranger, "kms:Decrypt", org)),
                // Through S3 a stranger decrypts as well.
                (Fail, also(stranger, "kms:Decrypt", via)),
                (Fail, also(r#""*""#, "kms:Decrypt", via)),
                (Pass, also(r#""*""#, "kms:Decrypt", org)),
                (
                    Pass,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                // One change each, and external principals meet it.
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-test*"}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#,
                    ),
                ),
                (
                    Pass,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""StringEquals":{"kms:CallerAccount":"111111111111"}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""StringEquals":{"kms:CallerAccount":["111111111111","999999999999"]}"#,
                    ),
                ),
                (
                    Fail,
                    also(
                        r#""*""#,
                        "kms:Decrypt",
                        r#""IpAddress":{"aws:SourceIp":"198.51.100.0/24"}"#,
                    ),
                ),
                (Pass, with_member(also(ours, "kms:Decrypt", ""))),
                (Fail, also(ours, "kms:Decrypt", "")),
                (
                    Pass,
                    also(r#"{"Service":"logs.us-east-1.amazonaws.com"}"#, "kms:*", ""),
                ),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (Unknown, key(|k| k.policy = Known(Some("{".to_owned())))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (Unknown, key(|k| k.metadata = denied(calls::DESCRIBE_KEY))),
            ],
        );
        let unlisted = also(ours, "kms:Decrypt", "").and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.accounts = denied(calls::LIST_ACCOUNTS);
        });
        table_on(&CHECK, KEY_ARN, [(Unknown, unlisted)]);
    }
}
