//! CloudTrail can encrypt with the key of its trails.

use super::described;
use crate::catalog::admits::{Above, Answer, ask, context, delivering, undocumented};
use crate::catalog::log_paths::Area;
use crate::catalog::{gap, recording};
use crate::control_policies::Control;
use crate::policy::{Context as RequestContext, Key as Value, Target};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "key-policy-admits-cloudtrail",
    title: "Policies of keys that encrypt logs should allow CloudTrail to encrypt log files",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "CloudTrail does not deliver log files that it cannot encrypt. If the key policy denies CloudTrail access, \
          no log files arrive in the bucket.",
    fix: "In the key policy, allow cloudtrail.amazonaws.com kms:GenerateDataKey* and kms:DescribeKey, each with \
          aws:SourceArn of the trail, and exempt AWS services from every Deny: `aws kms put-key-policy --key-id KEY \
          --policy-name default --policy file://policy.json --region REGION`.",
    judged: "Evaluates the key policy for kms:GenerateDataKey and kms:DescribeKey as cloudtrail.amazonaws.com calls \
             them for each trail that names the key, with the trail in aws:SourceArn and, for kms:GenerateDataKey, in \
             the encryption context. Where a policy depends on the file in that context, the files of every account \
             and kind are evaluated. Not applicable to keys that no trail names.",
    alike: &[
        "A policy that grants the account's root principal kms:* but does not name CloudTrail fails: identity \
         policies do not apply to services.",
        "A grant under kms:ViaService fails, since CloudTrail calls AWS KMS directly.",
        "A condition on kms:EncryptionContext:aws:s3:arn that matches one account's files fails; one that matches \
         everything below AWSLogs/ passes for a trail without prefix.",
        "kms:DescribeKey under a condition on the encryption context fails: that call has no encryption context.",
    ],
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
const CALLS: [&str; 2] = [ENCRYPTS, DESCRIBES];
const ENCRYPTS: &str = "kms:GenerateDataKey";
const DESCRIBES: &str = "kms:DescribeKey";

/// The file that CloudTrail encrypts, and the trail, in the encryption context.
const FILE: &str = "kms:EncryptionContext:aws:s3:arn";
const TRAIL: &str = "kms:EncryptionContext:aws:cloudtrail:arn";

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
    let documents = control.iter().flat_map(Control::documents);
    let mut conditions = documents.chain([&policy]).flat_map(|it| &it.statements);
    let by_file = conditions.any(|condition| {
        let mut keys = condition.conditions.iter().map(|it| it.key.as_str());
        keys.any(|key| key.eq_ignore_ascii_case(FILE))
    });
    let all: Vec<&Trail> = by_name.iter().copied().chain(by_default).collect();
    for trail in delivering(&all) {
        let named = by_name.iter().any(|it| it.arn == trail.arn);
        let base = request(trail, named, key, ctx);
        let mut ask = |action: &str, request: RequestContext, file: Option<&str>| {
            let target = Target::One(key.arn.to_string());
            let answer = ask(&policy, &above, action, target, &key.account, request);
            let of = file.map_or_else(String::new, |path| format!(" on {path}"));
            match answer {
                Answer::Allowed => {}
                Answer::Refused(why) => {
                    refused.push(format!("{action}{of} for trail {} ({why})", trail.name));
                }
                // Only a sure refusal counts where it is the bucket that names the key.
                Answer::Open(_) if !named => {}
                // Of the files of one folder the policy admits some.
                Answer::Open(keys) if file.is_some() && keys.eq_ignore_ascii_case(FILE) => {
                    let why = format!("its condition on {FILE} matches other files");
                    refused.push(format!("{action}{of} for trail {} ({why})", trail.name));
                }
                Answer::Open(keys) => gaps.push(undocumented(&keys, &key.account, &key.region)),
                Answer::Unread(unread) => gaps.push(unread),
            }
        };
        ask(DESCRIBES, without_file(base.clone()), None);
        let (files, hidden) = match named && by_file {
            true => files(trail, ctx),
            false => (Vec::new(), None),
        };
        for file in &files {
            let mut request = base.clone();
            request.set(FILE, Value::Like(format!("{file}*")));
            ask(ENCRYPTS, request, Some(file));
        }
        if files.is_empty() {
            ask(ENCRYPTS, base, None);
        }
        gaps.extend(hidden);
    }
    if by_name.is_empty() && refused.is_empty() {
        let none = Verdict::not_applicable(
            "the key is only a bucket's default key, and its policy does not deny CloudTrail",
        );
        return Gaps::collect(gaps).map_or(Ok(none), Err);
    }
    let verdict = match refused.as_slice() {
        [] => Verdict::pass(
            "the key policy allows CloudTrail to encrypt the log files of all its trails",
        ),
        [first, more @ ..] => {
            let more = match more.len() {
                0 => String::new(),
                count => format!(", and {count} more"),
            };
            Verdict::fail(format!("CloudTrail is denied {first}{more}"))
        }
    };
    let some: Vec<&String> = refused.iter().take(25).collect();
    let verdict = verdict.saw("refused", some).expected(CALLS);
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
    request = request.with(TRAIL, trail.arn.as_str()).with_list(
        "kms:EncryptionContextKeys",
        ["aws:cloudtrail:arn", "aws:s3:arn"],
    );
    // Which file it is, where a policy depends on it, is tried one folder after the other.
    request.set(
        FILE,
        Value::Any {
            may_be_absent: false,
        },
    );
    request
}

/// The same request without an encryption context: DescribeKey has none ("kms:EncryptionContext:context-key", KMS
/// Developer Guide, lists the calls that have one).
fn without_file(mut request: RequestContext) -> RequestContext {
    for key in [FILE, TRAIL, "kms:EncryptionContextKeys"] {
        request.set(key, Value::Absent);
    }
    request.close("kms:EncryptionContext:");
    request
}

/// What the files of each folder that the trail writes begin with, as ARNs.
fn files(trail: &Trail, ctx: &Context<'_>) -> (Vec<String>, Option<Gaps>) {
    let found = trail.configuration.bucket.known();
    let found = found.and_then(|bucket| Area::of(trail, ctx).map(|area| (bucket, area)));
    let (bucket, area) = match found {
        Ok(found) => found,
        Err(gaps) => return (Vec::new(), Some(gaps)),
    };
    let bucket = Arn::bucket(&ctx.inventory.header.scope.partition, bucket);
    let (folders, gaps) = area.folders(trail);
    let files = folders.iter().map(|it| format!("{bucket}/{it}"));
    (files.collect(), gaps)
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
        trail(|t| configuration(t).kms_key = Known(None)).and(|inventory| {
            inventory.keys.values_mut().next().unwrap().policy = Known(Some(policy));
            let bucket = inventory
                .buckets
                .get_mut(&Arn::bucket("aws", "logs"))
                .unwrap();
            bucket.encryption = Known(Some(DefaultEncryption {
                algorithm: "aws:kms".to_owned(),
                kms_key: Some(KEY_ARN.to_owned()),
                bucket_key: true,
            }));
        })
    }

    /// The encryption context names the file: a policy may depend on where it is stored.
    #[test]
    fn which_files() {
        let only = |file: &str| {
            let file = format!(
                r#""StringLike":{{"kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::logs/{file}","#
            );
            changed(|it| it.replace(r#""StringLike":{"#, &file))
                .and(|it| member(it, "222222222222", &[HOME]))
        };
        let below = |prefix: &str, file: &str| {
            let prefix = prefix.to_owned();
            only(file).and(move |inventory| {
                configuration(inventory.trails.values_mut().next().unwrap()).prefix =
                    Known(Some(prefix));
            })
        };
        table_on(
            &CHECK,
            KEY_ARN,
            [
                (Pass, only("*")),
                (Pass, only("AWSLogs/*")),
                (Pass, only("AWSLogs/o-test/*")),
                (Pass, only("AWSLogs/*/CloudTrail*")),
                // One account, no digests, one region, another organization's, one file.
                (Fail, only("AWSLogs/o-test/111111111111/*")),
                (Fail, only("AWSLogs/o-test/*/CloudTrail/*")),
                (Fail, only("AWSLogs/o-test/*/us-east-1/*")),
                (Fail, only("AWSLogs/o-else/*")),
                (Fail, only("AWSLogs/file.json.gz")),
                (Pass, below("org", "org/AWSLogs/*")),
                (Pass, below("org/", "org/AWSLogs/o-test/*")),
                (Fail, below("org", "AWSLogs/*")),
                (
                    Unknown,
                    only("AWSLogs/o-test/222222222222/*").and(|inventory| {
                        let of = known(&mut inventory.organization).as_mut().unwrap();
                        of.accounts = denied(calls::LIST_ACCOUNTS);
                    }),
                ),
            ],
        );
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
            .and(move |inventory| {
                let mut key = inventory.keys.pop_first().unwrap().1;
                (key.arn, key.account) = (moved.clone(), AccountId::from(member));
                for trail in inventory.trails.values_mut() {
                    configuration(trail).kms_key = Known(Some(moved.clone()));
                }
                inventory.keys.insert(moved, key);
                let of = known(&mut inventory.organization).as_mut().unwrap();
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
                // DescribeKey has no encryption context: a condition on it shuts that call out.
                (
                    Fail,
                    changed(|it| {
                        it.replace(
                            r#""Action":"kms:GenerateDataKey*""#,
                            r#""Action":["kms:GenerateDataKey*","kms:DescribeKey"]"#,
                        )
                        .replace(
                            r#""Action":"kms:DescribeKey""#,
                            r#""Action":"kms:ListGrants""#,
                        )
                    }),
                ),
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
