//! CloudTrail uses the key for our own trails only.

use super::described;
use crate::catalog::{confused_deputy, gap};
use crate::policy::{Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-cloudtrail-source-arn",
    title: "Key policies should let CloudTrail encrypt for the organization's own trails only",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Any AWS account can create a trail that names your key. Without a condition on the source trail in the key \
          policy, external accounts can encrypt with your key, at your cost.",
    fix: "In the key policy, add the condition `StringEquals: {aws:SourceArn: TRAIL_ARN}` or `StringLike: \
          {kms:EncryptionContext:aws:cloudtrail:arn: arn:aws:cloudtrail:*:ACCOUNT:trail/*}`, preferably both, to the \
          statement for cloudtrail.amazonaws.com: `aws kms put-key-policy --key-id KEY --policy-name default \
          --policy file://policy.json --region REGION`.",
    judged: "Every statement of the key policy that grants access to CloudTrail must be limited to trails of the \
             organization: by aws:SourceArn (or aws:SourceAccount, aws:SourceOrgID), or by \
             kms:EncryptionContext:aws:cloudtrail:arn; one of the two is enough. A statement that requires a key \
             which only requests of IAM principals have (aws:PrincipalOrgID, aws:PrincipalOrgPaths, \
             aws:PrincipalAccount, aws:PrincipalArn, kms:ViaService) grants CloudTrail nothing and is ignored. \
             kms:CallerAccount alone does not count as such a key.",
    alike: &[
        "The encryption context of your own account's trails alone passes; the same condition with IfExists, or with \
         a pattern that also fits other accounts, fails.",
        "A statement for `*` under aws:PrincipalOrgID passes together with a correct one for CloudTrail; under \
         kms:CallerAccount alone it fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
    ],
    run: Run::Key(run),
};

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    // A policy that was read proves more than the metadata: only a key that is surely gone has none to judge.
    if let Ok(Err(gone)) = described(key) {
        return Ok(gone);
    }
    let Some(policy) = gap::key_policy(key)? else {
        return Ok(Verdict::not_applicable(
            "there is no key policy that grants CloudTrail access",
        ));
    };
    let any_key = "arn:*:kms:*:*:*";
    let uses = posture::service_grants(
        &policy,
        confused_deputy::CLOUDTRAIL,
        "kms:GenerateDataKey",
        any_key,
    );
    // Through a bucket's default encryption a key serves trails that do not name it: all of ours may use it.
    let trails = ctx.inventory.trails.keys();
    let sources = trails.chain(ctx.inventory.event_data_stores.keys());
    let ours = confused_deputy::Ours::new(sources.map(Arn::as_str), ctx);
    // Every condition of a statement must hold: one that only our trails meet is enough.
    confused_deputy::verdict(&uses, |statement| {
        let source = ours.admits_only_us(statement);
        let context = ours.admits_only_us(&by_encryption_context(statement));
        match (source, context) {
            (Ok(Ok(())), _) | (_, Ok(Ok(()))) => Ok(Ok(())),
            (Err(gaps), Err(more)) => Err(gaps.and(more)),
            (Err(gaps), Ok(Err(_))) | (Ok(Err(_)), Err(gaps)) => Err(gaps),
            (Ok(Err(source)), Ok(Err(context))) if source == context => Ok(Err(source)),
            (Ok(Err(source)), Ok(Err(context))) => Ok(Err(format!(
                "aws:SourceArn allows {source}, the encryption context allows {context}"
            ))),
        }
    })
}

/// The statement as if its encryption context were the source: CloudTrail writes the trail's ARN into it, and no
/// caller can choose it.
fn by_encryption_context(statement: &Statement) -> Statement {
    let mut copy = statement.clone();
    copy.conditions
        .retain(|it| it.key == "kms:encryptioncontext:aws:cloudtrail:arn");
    for condition in &mut copy.conditions {
        condition.key = "aws:sourcearn".to_owned();
    }
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const SOURCE: &str = r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}"#;

    fn only_if(conditions: &str) -> Case {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},
            "Action":"kms:GenerateDataKey*","Resource":"*","Condition":{{{conditions}}}}}}}"#
        );
        key(|k| k.policy = Known(Some(policy)))
    }

    /// With the source as it should be.
    fn context(operator: &str, name: &str, value: &str) -> Case {
        only_if(&format!(
            r#"{SOURCE},"{operator}":{{"kms:EncryptionContext:{name}":"{value}"}}"#
        ))
    }

    #[test]
    fn verdicts() {
        let trail = "aws:cloudtrail:arn";
        let own = "arn:aws:cloudtrail:*:111111111111:trail/*";
        let no_service = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}}"#;
        let only_context = |operator: &str, value: &str| {
            only_if(&format!(
                r#""{operator}":{{"kms:EncryptionContext:{trail}":"{value}"}}"#
            ))
        };
        let account =
            r#""StringLike":{"aws:SourceArn":"arn:aws:cloudtrail:*:111111111111:trail/*"}"#;
        let foreign = r#""StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:999999999999:trail/main"}"#;
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Pass, context("StringLike", trail, own)),
                // Each of the two alone shuts strangers out.
                (Pass, only_if(SOURCE)),
                (Pass, only_if(account)),
                (Pass, only_context("StringLike", own)),
                (Pass, context("StringLike", trail, "*")),
                (
                    Pass,
                    context("StringLike", "aws:s3:arn", "arn:aws:s3:::logs/*"),
                ),
                // One change each, and a stranger's trail meets them all.
                (Fail, only_if("")),
                (Fail, only_if(foreign)),
                (Fail, only_if(r#""StringLike":{"aws:SourceArn":"*"}"#)),
                (Fail, only_context("StringLike", "*")),
                (
                    Fail,
                    only_context("StringLike", "arn:aws:cloudtrail:*:*:trail/*"),
                ),
                (Fail, only_context("StringNotLike", own)),
                (Fail, only_context("StringLikeIfExists", own)),
                (
                    Fail,
                    only_context("StringLike", "arn:aws:cloudtrail:*:999999999999:trail/*"),
                ),
                (
                    Fail,
                    only_if(
                        r#""StringLike":{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::logs/*"}"#,
                    ),
                ),
                (
                    NotApplicable,
                    key(|k| k.policy = Known(Some(no_service.to_owned()))),
                ),
                (NotApplicable, key(|k| k.policy = Known(None))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
            ],
        );
    }

    #[test]
    fn a_statement_for_principals_is_none_for_cloudtrail() {
        let everyone = |condition: &str| {
            let more = format!(
                r#"{{"Sid":"All","Effect":"Allow","Principal":{{"AWS":"*"}},"Action":"kms:*","Resource":"*","Condition":{{{condition}}}}},{{"Sid":"Describe""#
            );
            let policy = KEY_POLICY.replace(r#"{"Sid":"Describe""#, &more);
            key(|k| k.policy = Known(Some(policy)))
        };
        table(
            &CHECK,
            [
                (
                    Pass,
                    everyone(r#""StringEquals":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Pass,
                    everyone(
                        r#""StringEquals":{"kms:ViaService":"logs.us-east-1.amazonaws.com","kms:CallerAccount":"111111111111"}"#,
                    ),
                ),
                (
                    Pass,
                    everyone(
                        r#""ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/AWSAccelerator-*"}"#,
                    ),
                ),
                (
                    Pass,
                    everyone(
                        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                (
                    Pass,
                    everyone(r#""StringLike":{"kms:ViaService":"s3.*.amazonaws.com"}"#),
                ),
                (
                    Pass,
                    everyone(r#""StringEquals":{"aws:PrincipalAccount":"111111111111"}"#),
                ),
                (
                    Fail,
                    everyone(
                        r#""ForAllValues:StringLike":{"aws:PrincipalOrgPaths":"o-test/r-root/*"}"#,
                    ),
                ),
                (
                    Fail,
                    everyone(
                        r#""StringNotEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#,
                    ),
                ),
                (
                    Fail,
                    everyone(r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Fail,
                    everyone(r#""StringEquals":{"kms:CallerAccount":"111111111111"}"#),
                ),
                (Fail, everyone("")),
            ],
        );
    }

    #[test]
    fn what_is_not_known() {
        let theirs = "arn:aws:cloudtrail:*:222222222222:trail/*";
        let hidden = |case: Case| {
            case.and(|inventory| {
                member(inventory, "222222222222", &[HOME]);
                let other = inventory
                    .accounts
                    .get_mut(&AccountId::from("222222222222"))
                    .unwrap();
                other.session = denied(calls::ASSUME_ROLE);
            })
        };
        let source = r#""StringEquals":{"aws:SourceAccount":"222222222222"}"#;
        let both = format!(
            r#"{source},"StringLike":{{"kms:EncryptionContext:aws:cloudtrail:arn":"{theirs}"}}"#
        );
        table_on(
            &CHECK,
            KEY_ARN,
            [
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (Unknown, key(|k| k.policy = Known(Some(String::new())))),
                (
                    Fail,
                    only_if("").and(|inventory| {
                        inventory.keys.values_mut().next().unwrap().metadata =
                            denied(calls::DESCRIBE_KEY);
                    }),
                ),
                (
                    Unknown,
                    hidden(only_if(&format!(
                        r#""StringLike":{{"kms:EncryptionContext:aws:cloudtrail:arn":"{theirs}"}}"#
                    ))),
                ),
                (Unknown, hidden(only_if(&both))),
                (Unknown, hidden(only_if(source))),
                (Pass, hidden(only_if(SOURCE))),
                (Fail, hidden(only_if(""))),
            ],
        );
    }
}
