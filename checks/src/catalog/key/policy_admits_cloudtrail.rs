//! CloudTrail can encrypt with the key of its trails.

use super::described;
use crate::catalog::admits::{Above, Answer, ask, context, delivering, undocumented};
use crate::catalog::{gap, recording};
use crate::policy::{Context as RequestContext, Key as Value, Target};
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
        calls::GET_TRAIL_STATUS,
        calls::GET_BUCKET_ENCRYPTION,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Key(run),
};

/// What CloudTrail calls: to encrypt each file, and to know the key when a trail is made or changed.
const CALLS: [&str; 2] = ["kms:GenerateDataKey", "kms:DescribeKey"];

fn run(key: &Key, ctx: &Context<'_>) -> Outcome {
    if let Ok(Err(gone)) = described(key) {
        return Ok(gone);
    }
    // A trail that was not seen, or whose settings were not, may encrypt with this one.
    let hidden = recording::hidden_anywhere(ctx);
    let by_name = ctx.encryptors(key);
    let by_default = encrypted_by_bucket(key, ctx);
    if by_name.is_empty() && by_default.is_empty() {
        let none = Verdict::not_applicable("no trail encrypts with this key");
        return hidden.map_or(Ok(none), Err);
    }
    let Some(policy) = gap::key_policy(key)? else {
        return Ok(Verdict::fail(
            "there is no key policy that allows CloudTrail to encrypt",
        ));
    };
    let (mut refused, mut gaps) = (Vec::new(), Vec::from_iter(hidden));
    let organization = ctx.organization();
    let control = organization.as_ref().ok().copied().flatten();
    let control = control.map(|it| ctx.control_of(it));
    gaps.extend(organization.err());
    let above = Above::of(control.as_ref(), &key.account, ctx);
    let all: Vec<&Trail> = by_name.iter().copied().chain(by_default).collect();
    for trail in delivering(&all) {
        let named = by_name.iter().any(|it| it.arn == trail.arn);
        let request = request(trail, named, key, ctx);
        for action in CALLS {
            let target = Target::One(key.arn.to_string());
            match ask(
                &policy,
                &above,
                action,
                target,
                &key.account,
                request.clone(),
            ) {
                Answer::Allowed => {}
                Answer::Refused(why) => {
                    refused.push(format!("{action} for trail {} ({why})", trail.name));
                }
                // Only a sure refusal counts where it is the bucket that names the key.
                Answer::Open(_) if !named => {}
                Answer::Open(keys) => gaps.push(undocumented(&keys, &key.account, &key.region)),
                Answer::Unread(unread) => gaps.push(unread),
            }
        }
    }
    if by_name.is_empty() && refused.is_empty() {
        let none = Verdict::not_applicable(
            "no trail names this key; the bucket does, and its policy does not surely refuse CloudTrail",
        );
        return Gaps::collect(gaps).map_or(Ok(none), Err);
    }
    let verdict = match refused.first() {
        None => Verdict::pass("the key policy allows CloudTrail to encrypt for all its trails"),
        Some(first) => Verdict::fail(format!("CloudTrail is refused {first}")),
    };
    let verdict = verdict.saw("refused", refused).expected(CALLS);
    verdict.unless_open(Gaps::collect(gaps))
}

/// Trails without a key of their own whose bucket encrypts with this one by default.
///
/// Assumed about AWS ("Configure AWS KMS key policies for CloudTrail"): for such a bucket too CloudTrail must be allowed
/// kms:GenerateDataKey and kms:DescribeKey, or the trail can be neither created nor changed.
fn encrypted_by_bucket<'a>(key: &Key, ctx: &Context<'a>) -> Vec<&'a Trail> {
    let default = |bucket: &Bucket| {
        let encryption = bucket.encryption.ok()?.as_ref()?;
        Some(encryption.kms_key.as_deref()? == key.arn.as_str())
    };
    let buckets = ctx.inventory.buckets.values();
    let buckets = buckets.filter(|it| default(it) == Some(true));
    let trails = buckets.flat_map(|it| ctx.deliverers(it).iter().copied());
    let without = trails.filter(|it| matches!(it.configuration.kms_key, Known(None)));
    without.collect()
}

/// What CloudTrail's request says of a trail. `named`: it is the trail that names the key.
///
/// Where the bucket names it, what the request carries is not documented: it may come through S3, and its encryption
/// context may be S3's.
fn request(trail: &Trail, named: bool, key: &Key, ctx: &Context<'_>) -> RequestContext {
    let mut request = context(trail, ctx).with("aws:ResourceAccount", key.account.as_str());
    if !named {
        request.set(
            "kms:ViaService",
            Value::Any {
                may_be_absent: true,
            },
        );
        return request;
    }
    request = request
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
    request
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

    /// The trail names no key, and its bucket encrypts with this one.
    fn by_default(policy: &str) -> Case {
        use crate::inventory::bucket::DefaultEncryption;
        let policy = policy.to_owned();
        trail(|t| configuration(t).kms_key = Known(None)).and(|it| {
            it.keys.values_mut().next().unwrap().policy = Known(Some(policy));
            let bucket = it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
            bucket.encryption = Known(Some(DefaultEncryption {
                algorithm: "aws:kms".to_owned(),
                kms_key: Some(KEY_ARN.to_owned()),
                bucket_key: true,
            }));
        })
    }

    #[test]
    fn keys_of_buckets() {
        let allow = |condition: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":["kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"*","Condition":{{{condition}}}}}}}"#
            )
        };
        let admin = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}}"#;
        table_on(
            &CHECK,
            KEY_ARN,
            [
                (Fail, by_default(admin)),
                (NotApplicable, by_default(&allow(""))),
                (
                    NotApplicable,
                    by_default(&allow(
                        r#""StringEquals":{"aws:SourceAccount":"111111111111"}"#,
                    )),
                ),
                (
                    Fail,
                    by_default(&allow(
                        r#""StringEquals":{"aws:SourceAccount":"999999999999"}"#,
                    )),
                ),
                // What such a request carries is documented nowhere: only a sure refusal counts.
                (
                    NotApplicable,
                    by_default(&allow(
                        r#""StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com"}"#,
                    )),
                ),
            ],
        );
    }

    /// RCPs bind services as well, on keys of member accounts.
    #[test]
    fn refused_by_an_rcp() {
        use crate::inventory::ControlPolicyKind;
        let member = "222222222222";
        let moved = Arn::from(KEY_ARN.replace("111111111111", member));
        let under = |condition: &str| {
            let moved = moved.clone();
            scp(&format!(
                r#"{{"Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*","Condition":{{{condition}}}}}"#
            ))
            .and(move |it| {
                let mut key = it.keys.pop_first().unwrap().1;
                (key.arn, key.account) = (moved.clone(), AccountId::from(member));
                for trail in it.trails.values_mut() {
                    configuration(trail).kms_key = Known(Some(moved.clone()));
                }
                it.keys.insert(moved, key);
                let of = known(&mut it.organization).as_mut().unwrap();
                known(&mut of.policies)[1].kind = ControlPolicyKind::ResourceControlPolicy;
            })
        };
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#;
        let services = r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        table_on(
            &CHECK,
            moved.as_str(),
            [
                (Fail, under(ours)),
                (Pass, under(&format!("{ours},{services}"))),
            ],
        );
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
        // The bucket encrypts with it by default: it is in use, by whatever trail.
        let unsure =
            trail(|t| configuration(t).kms_key = denied(calls::DESCRIBE_TRAILS)).and(|it| {
                use crate::inventory::bucket::DefaultEncryption;
                let bucket = it.buckets.get_mut(&Arn::bucket("aws", "logs")).unwrap();
                bucket.encryption = Known(Some(DefaultEncryption {
                    algorithm: "aws:kms".to_owned(),
                    kms_key: Some(KEY_ARN.to_owned()),
                    bucket_key: false,
                }));
            });
        let statuses = statuses(&CHECK, &unsure);
        assert!(
            statuses.contains(&(KEY_ARN.to_owned(), Unknown)),
            "{statuses:?}"
        );
    }
}
