//! Grants stay in the house.

use super::described;
use crate::catalog::own_accounts;
use crate::policy::Principal;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-grants",
    title: "Grants of keys that encrypt logs should not reach external principals",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Grants are not part of the key policy and are easily missed in reviews. A grant to an external account \
          allows it to decrypt log files until it is revoked.",
    fix: "Revoke the grant: `aws kms revoke-grant --key-id KEY --grant-id GRANT_ID --region REGION`. Then deny \
          kms:CreateGrant to the principal that created it.",
    judged: "Lists the key's grants: one that allows a principal of an external account to decrypt or to generate \
             data keys fails.",
    alike: &["A grant to an AWS service, or to an account of the organization, passes."],
    references: &["https://docs.aws.amazon.com/kms/latest/developerguide/grants.html"],
    reads: &[
        calls::DESCRIBE_KEY,
        calls::LIST_GRANTS,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Key(run),
};

/// What reads, or hands on the right to read.
const READS: [&str; 6] = [
    "Decrypt",
    "CreateGrant",
    "ReEncryptFrom",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "DeriveSharedSecret",
];

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    let described = described(key);
    if let Ok(Err(gone)) = described {
        return Ok(gone);
    }
    let (mut open, mut gaps) = (Vec::new(), Vec::new());
    for grant in key.grants.known()? {
        let reads = grant
            .operations
            .iter()
            .any(|it| READS.contains(&it.as_str()));
        let grantee = Principal::aws(&grant.grantee);
        // A service, or a principal that is gone, has no account.
        let Some(account) = grantee.account().filter(|_| reads) else {
            continue;
        };
        match own_accounts::is_ours(&AccountId::from(account), ctx) {
            Ok(true) => {}
            Ok(false) => open.push(format!("grant {} to {}", grant.id, grant.grantee)),
            Err(missing) => gaps.push(missing),
        }
    }
    gaps.extend(described.err());
    let verdict = match open.as_slice() {
        [] => Verdict::pass("no grant allows an external account to use the key"),
        _ => Verdict::fail(format!(
            "external principals can use the key through grants: {}",
            open.join(", ")
        ))
        .saw("Grants", &open),
    };
    verdict.unless_open(Gaps::collect(gaps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let granted = |grantee: &str, operation: &str| {
            key(|k| k.grants = Known(vec![key_grant(grantee, operation)]))
        };
        let stranger = "arn:aws:iam::999999999999:role/x";
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Fail, granted(stranger, "Decrypt")),
                (Pass, granted(stranger, "Verify")),
                (Pass, granted("arn:aws:iam::111111111111:role/x", "Decrypt")),
                (Pass, granted("rds.amazonaws.com", "Decrypt")),
                (Fail, granted("999999999999", "CreateGrant")),
                (Unknown, key(|k| k.grants = denied(calls::LIST_GRANTS))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
            ],
        );
    }
}
