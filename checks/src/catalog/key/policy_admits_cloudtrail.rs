//! CloudTrail can encrypt with the key of its trails.

use super::described;
use crate::catalog::admits::{Answer, ask, context, undocumented};
use crate::catalog::gap;
use crate::policy::Target;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-policy-admits-cloudtrail",
    title: "The key policy should allow CloudTrail to encrypt the files of its trails",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "CloudTrail cannot deliver log files that it cannot encrypt: where the key policy refuses it, nothing arrives in \
          the bucket.",
    fix: "In the key policy (`aws kms put-key-policy --key-id KEY_ARN --policy file://policy.json`), allow \
          cloudtrail.amazonaws.com kms:GenerateDataKey* and kms:DescribeKey, each with aws:SourceArn of the trail, and \
          except services from every Deny.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
    ],
    run: Run::Key(run),
};

/// What CloudTrail calls: to encrypt each file, and to know the key when a trail is made or changed.
const CALLS: [&str; 2] = ["kms:GenerateDataKey", "kms:DescribeKey"];

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    if let Ok(Err(gone)) = described(key) {
        return Ok(gone);
    }
    // A trail whose key is not known may encrypt with this one.
    let hidden = ctx.inventory.trails.values();
    let hidden = hidden.filter_map(|it| it.configuration.kms_key.known().err());
    let hidden = Gaps::collect(hidden);
    let trails = ctx.encryptors(key);
    if trails.is_empty() {
        let none = Verdict::not_applicable("no trail encrypts with this key");
        return hidden.map_or(Ok(none), Err);
    }
    let Some(policy) = gap::key_policy(key)? else {
        return Ok(Verdict::fail(
            "there is no key policy that allows CloudTrail to encrypt",
        ));
    };
    let (mut refused, mut gaps) = (Vec::new(), Vec::from_iter(hidden));
    for trail in trails {
        let mut request = context(trail, ctx)
            .with("aws:ResourceAccount", key.account.as_str())
            .with(
                "kms:EncryptionContext:aws:cloudtrail:arn",
                trail.arn.as_str(),
            )
            .with_list(
                "kms:EncryptionContextKeys",
                ["aws:cloudtrail:arn", "aws:s3:arn"],
            );
        if let Some(bucket) = trail.configuration.bucket.ok() {
            let file = format!("{}/AWSLogs/file.json.gz", bucket_of(bucket, ctx));
            request = request.with("kms:EncryptionContext:aws:s3:arn", &file);
        }
        for action in CALLS {
            let target = Target::One(key.arn.to_string());
            match ask(&policy, action, target, &key.account, request.clone()) {
                Answer::Allowed => {}
                Answer::Refused(why) => {
                    refused.push(format!("{action} for trail {} ({why})", trail.name));
                }
                Answer::Open(keys) => gaps.push(undocumented(&keys, &key.account, &key.region)),
            }
        }
    }
    let verdict = match refused.first() {
        None => Verdict::pass("the key policy allows CloudTrail to encrypt for all its trails"),
        Some(first) => Verdict::fail(format!("CloudTrail is refused {first}")),
    };
    let verdict = verdict.saw("refused", refused).expected(CALLS);
    verdict.unless_open(Gaps::collect(gaps))
}

fn bucket_of(name: &str, ctx: &Context<'_>) -> Arn {
    Arn::bucket(&ctx.inventory.header.scope.partition, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn changed(change: impl FnOnce(String) -> String) -> Case {
        let policy = change(KEY_POLICY.to_owned());
        key(|k| k.policy = Known(Some(policy)))
    }

    fn deny(condition: &str) -> Case {
        let statement = format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{{{condition}}}}}"#
        );
        changed(|it| it.replace(r#""Statement":["#, &format!(r#""Statement":[{statement},"#)))
    }

    #[test]
    fn verdicts() {
        let admin = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}]}"#;
        table(
            &CHECK,
            [
                (Pass, key(|_| {})),
                (Fail, changed(|_| admin.to_owned())),
                // CloudTrail's call comes through no other service.
                (
                    Fail,
                    changed(|_| {
                        admin.replace(
                            r#"{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*""#,
                            r#""*","Action":"kms:*","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}}"#,
                        )
                    }),
                ),
                (
                    Fail,
                    changed(|it| it.replace("kms:DescribeKey", "kms:ListGrants")),
                ),
                (
                    Fail,
                    changed(|it| it.replace("kms:GenerateDataKey*", "kms:Encrypt")),
                ),
                (Fail, changed(|it| it.replace("trail/main", "trail/other"))),
                // StringEquals compares the star as a letter.
                (Fail, changed(|it| it.replace("trail/main", "trail/*"))),
                (
                    Fail,
                    changed(|it| it.replace("*:111111111111:trail/*", "*:222222222222:trail/*")),
                ),
                (
                    Fail,
                    deny(r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"}"#),
                ),
                (
                    Fail,
                    deny(r#""StringNotEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#),
                ),
                (
                    Pass,
                    deny(
                        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-test"},"Bool":{"aws:PrincipalIsAWSService":"false"}"#,
                    ),
                ),
                (
                    Pass,
                    deny(r#""StringNotEquals":{"aws:SourceOrgID":"o-test"}"#),
                ),
                (Unknown, deny(r#""StringEquals":{"aws:UserAgent":"x"}"#)),
                (Unknown, key(|k| k.policy = denied(calls::GET_KEY_POLICY))),
                (NotApplicable, key(|k| k.metadata = Known(None))),
                (
                    NotApplicable,
                    trail(|t| configuration(t).kms_key = Known(None)),
                ),
            ],
        );
    }
}
