//! CloudTrail uses the key for our own trails only.

use super::described;
use crate::catalog::{deputy, gap};
use crate::policy::{Condition, Statement, posture};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-cloudtrail-source-arn",
    title: "CloudTrail may encrypt with the key for our own trails only",
    severity: Severity::High,
    question: Some(Question::Guarded),
    why: "Anybody can make a trail that names your key. Unless the key policy says for which trails \
          CloudTrail may use it, a stranger encrypts with your key and at your cost.",
    fix: "Add to the statement for cloudtrail.amazonaws.com in the key policy (`aws kms put-key-policy`) the \
          conditions `StringEquals: {aws:SourceArn: TRAIL_ARN}` and `StringLike: \
          {kms:EncryptionContext:aws:cloudtrail:arn: arn:aws:cloudtrail:*:ACCOUNT:trail/*}`. (Where only S3 \
          encrypts with it: `kms:EncryptionContext:aws:s3:arn` of the log bucket.)",
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
            "there is no key policy to let CloudTrail in",
        ));
    };
    let any_key = "arn:*:kms:*:*:*";
    let uses = posture::service_grants(&policy, deputy::CLOUDTRAIL, "kms:GenerateDataKey", any_key);
    // Through a bucket's default encryption a key serves trails that do not name it: all of ours may use it.
    let trails = ctx.inventory.trails.keys();
    let sources = trails.chain(ctx.inventory.event_data_stores.keys());
    let ours = deputy::Ours::new(sources.map(Arn::as_str), ctx);
    deputy::verdict(&uses, |statement| {
        let source = ours.admits_only_us(statement);
        let context = ours.admits_only_us(&by_encryption_context(statement, ctx));
        match (source, context) {
            (Ok(Err(others)), _) => Ok(Err(format!("aws:SourceArn admits {others}"))),
            (_, Ok(Err(others))) => Ok(Err(format!("the encryption context admits {others}"))),
            (Ok(Ok(())), Ok(Ok(()))) => Ok(Ok(())),
            (Err(gaps), Err(more)) => Err(gaps.and(more)),
            (Err(gaps), Ok(Ok(()))) | (Ok(Ok(())), Err(gaps)) => Err(gaps),
        }
    })
}

/// The statement as if its encryption context were the source: that names the trail in the same way.
fn by_encryption_context(statement: &Statement, ctx: &Context<'_>) -> Statement {
    let mut copy = statement.clone();
    if statement
        .conditions
        .iter()
        .any(|it| names_our_bucket(it, ctx))
    {
        return copy;
    }
    copy.conditions
        .retain(|it| it.key == "kms:encryptioncontext:aws:cloudtrail:arn");
    for condition in &mut copy.conditions {
        condition.key = "aws:sourcearn".to_owned();
    }
    copy
}

/// S3 encrypts with another context: the bucket's.
fn names_our_bucket(condition: &Condition, ctx: &Context<'_>) -> bool {
    let ours = |value: &String| {
        let bucket = value.split('/').next().unwrap_or(value);
        ctx.inventory.buckets.contains_key(&Arn::from(bucket))
    };
    condition.key == "kms:encryptioncontext:aws:s3:arn"
        && posture::restricts(condition)
        && condition.values.iter().all(ours)
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
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Pass, context("StringLike", trail, own)),
                (Fail, only_if(SOURCE)),
                (
                    Fail,
                    only_if(&format!(
                        r#""StringLike":{{"kms:EncryptionContext:{trail}":"{own}"}}"#
                    )),
                ),
                (Fail, context("StringLike", trail, "*")),
                (
                    Fail,
                    context("StringLike", trail, "arn:aws:cloudtrail:*:*:trail/*"),
                ),
                (Fail, context("StringNotLike", trail, own)),
                (
                    Fail,
                    context(
                        "StringLike",
                        trail,
                        "arn:aws:cloudtrail:*:999999999999:trail/*",
                    ),
                ),
                (
                    Pass,
                    context("StringLike", "aws:s3:arn", "arn:aws:s3:::logs/*"),
                ),
                (
                    Pass,
                    context("StringLike", "aws:s3:arn", "arn:aws:s3:::logs"),
                ),
                (
                    Fail,
                    context("StringLike", "aws:s3:arn", "arn:aws:s3:::other/*"),
                ),
                (
                    Fail,
                    context("StringNotLike", "aws:s3:arn", "arn:aws:s3:::logs/*"),
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
    fn what_is_not_known() {
        let theirs = "arn:aws:cloudtrail:*:222222222222:trail/*";
        let hidden = |case: Case| {
            case.and(|it| {
                member(it, "222222222222", &[HOME]);
                let other = it
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
                    only_if(SOURCE).and(|it| {
                        it.keys.values_mut().next().unwrap().metadata = denied(calls::DESCRIBE_KEY);
                    }),
                ),
                (
                    Unknown,
                    hidden(context("StringLike", "aws:cloudtrail:arn", theirs)),
                ),
                (Unknown, hidden(only_if(&both))),
                (Fail, hidden(only_if(source))),
            ],
        );
    }
}
