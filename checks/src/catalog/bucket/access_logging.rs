//! Who reads and removes log files is itself logged.

use super::{gone, log_target};
use crate::inventory::bucket::AccessLogging;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-access-logging",
    title: "Log buckets should have server access logging enabled, with another bucket as target",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "Server access logs show who read, copied or deleted log files, and from which address. If the target is the \
          same bucket, each delivery creates more log entries, and an attacker who empties the bucket deletes both. \
          A target bucket that does not exist or does not allow S3 log delivery receives nothing.",
    fix: "Enable server access logging with another bucket of the same account and region as target: `aws s3api \
          put-bucket-logging --bucket BUCKET --bucket-logging-status \
          'LoggingEnabled={TargetBucket=ACCESS_LOG_BUCKET,TargetPrefix=BUCKET/}'`. The target's bucket policy must \
          grant s3:PutObject to logging.s3.amazonaws.com. In Terraform: resource `aws_s3_bucket_logging`.",
    judged: "Fails when server access logging is disabled, or its target is the bucket itself, does not exist, is in \
             another account or region, or does not allow logging.s3.amazonaws.com to write. The target can allow it \
             by its policy or, if ACLs are enabled, by a grant to the group LogDelivery.",
    alike: &[
        "Logging to another bucket passes; to itself it fails.",
        "A grant to LogDelivery passes if ACLs are enabled; with BucketOwnerEnforced it has no effect, and fails.",
    ],
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOGGING,
        log_target::READS[0],
        log_target::READS[1],
        log_target::READS[2],
        log_target::READS[3],
        log_target::READS[4],
        log_target::READS[5],
        log_target::READS[6],
        log_target::READS[7],
        log_target::READS[8],
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(logging) = bucket.access_logging.known()? else {
        return Ok(Verdict::fail("server access logging is disabled"));
    };
    let target = &logging.target_bucket;
    let verdict = if *target == bucket.name {
        Verdict::fail("server access logs are delivered to the log bucket itself")
    } else {
        arrives(bucket, logging, ctx)?
    };
    Ok(verdict.saw("TargetBucket", target))
}

fn arrives(bucket: &Bucket, logging: &AccessLogging, ctx: &Context<'_>) -> Outcome {
    let name = &logging.target_bucket;
    let Some(target) = ctx.inventory.bucket(name) else {
        return Err(log_target::not_asked(bucket, name, ctx));
    };
    if !*target.exists.known()? {
        let gone = "the target bucket of server access logging does not exist";
        return Ok(Verdict::fail(gone));
    }
    Ok(match log_target::keeps_out(bucket, logging, target, ctx)? {
        None => Verdict::pass("server access logging delivers to another bucket"),
        Some(why) => Verdict::fail(format!("server access logs cannot be delivered: {why}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::bucket::AclGrant;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let to = |target: &str| {
            let target_bucket = target.to_owned();
            let target_prefix = String::new();
            bucket(|b| {
                b.access_logging = Known(Some(AccessLogging {
                    target_bucket,
                    target_prefix,
                }))
            })
        };
        let target = |exists| {
            to("access-logs").and(|inventory| {
                inventory
                    .buckets
                    .get_mut(&Arn::bucket("aws", "access-logs"))
                    .unwrap()
                    .exists = exists;
            })
        };
        table(
            &CHECK,
            [
                (Pass, target(Known(true))),
                (Fail, target(Known(false))),
                (Unknown, target(denied(calls::HEAD_BUCKET))),
                (Unknown, to("never-seen")),
                (Fail, to("logs")),
                (Fail, bucket(|b| b.access_logging = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.access_logging = denied(calls::GET_BUCKET_LOGGING)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    /// RCPs bind S3's log delivery as well, unless they except services.
    #[test]
    fn refused_by_an_rcp() {
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#;
        let services = r#""BoolIfExists":{"aws:PrincipalIsAWSService":"false"}"#;
        let owned = |condition: &str, by: &str| {
            rcp(condition).and(|inventory| {
                for name in ["logs", "access-logs"] {
                    let bucket = inventory
                        .buckets
                        .get_mut(&Arn::bucket("aws", name))
                        .unwrap();
                    bucket.owner = Known(Some(AccountId::from(by)));
                }
            })
        };
        let but = |more: &str| owned(&format!("{ours},{more}"), "222222222222");
        let unread = |case: Case| {
            case.and(|inventory| {
                let of = known(&mut inventory.organization).as_mut().unwrap();
                known(&mut of.policies)[1].document = denied(calls::DESCRIBE_POLICY);
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (Fail, owned(ours, "222222222222")),
                (Pass, but(services)),
                (Pass, but(r#""Null":{"aws:PrincipalOrgID":"false"}"#)),
                // The other way round it binds services alone.
                (Fail, but(r#""Bool":{"aws:PrincipalIsAWSService":"true"}"#)),
                (
                    Fail,
                    owned(
                        r#""StringNotEquals":{"aws:SourceAccount":"111111111111"}"#,
                        "222222222222",
                    ),
                ),
                (
                    Pass,
                    owned(
                        r#""StringNotEquals":{"aws:SourceOrgID":"o-test"}"#,
                        "222222222222",
                    ),
                ),
                // None reaches the management account.
                (Pass, owned(ours, ACCOUNT)),
                (Unknown, unread(but(services))),
                (
                    Unknown,
                    but(services).and(|it| it.organization = denied(calls::DESCRIBE_ORGANIZATION)),
                ),
            ],
        );
    }

    fn received(change: impl FnOnce(&mut Bucket)) -> Case {
        inventory(|inventory| {
            let target = inventory
                .buckets
                .get_mut(&Arn::bucket("aws", "access-logs"));
            change(target.unwrap());
        })
    }

    fn policy(principal: &str, action: &str, condition: &str) -> Fact<Option<String>> {
        Known(Some(format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"arn:aws:s3:::access-logs/*"{condition}}}]}}"#
        )))
    }

    /// By S3's user guide: its policy for log delivery, and the older grant.
    #[test]
    fn a_target_that_receives_nothing() {
        const SERVICE: &str = r#"{"Service":"logging.s3.amazonaws.com"}"#;
        let source = |operator: &str, arn: &str| {
            format!(r#","Condition":{{"{operator}":{{"aws:SourceArn":"{arn}"}}}}"#)
        };
        let account =
            |id: &str| format!(r#","Condition":{{"StringEquals":{{"aws:SourceAccount":"{id}"}}}}"#);
        let group = |permission: &str| {
            let grants = vec![AclGrant {
                grantee: "http://acs.amazonaws.com/groups/s3/LogDelivery".to_owned(),
                kind: "Group".to_owned(),
                permission: permission.to_owned(),
                of_owner: None,
            }];
            move |b: &mut Bucket| {
                b.policy = Known(None);
                b.ownership = Known(None);
                b.acl = Known(grants);
            }
        };
        let denies = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::access-logs/*"}]}"#;
        let allowed = |condition: &str| {
            let policy = policy(SERVICE, "s3:PutObject", condition);
            received(|b| b.policy = policy)
        };
        table(
            &CHECK,
            [
                (Pass, allowed("")),
                (Pass, allowed(&source("ArnLike", "arn:aws:s3:::logs"))),
                (Fail, allowed(&source("ArnLike", "arn:aws:s3:::other"))),
                (Pass, allowed(&account(ACCOUNT))),
                (Fail, allowed(&account("222222222222"))),
                (Fail, received(|b| b.policy = Known(None))),
                (
                    Fail,
                    received(|b| b.policy = policy(SERVICE, "s3:GetObject", "")),
                ),
                (
                    Fail,
                    received(|b| {
                        b.policy = policy(r#"{"Service":"s3.amazonaws.com"}"#, "s3:PutObject", "");
                    }),
                ),
                (
                    Unknown,
                    received(|b| b.policy = denied(calls::GET_BUCKET_POLICY)),
                ),
                (Pass, received(group("WRITE"))),
                (Fail, received(group("READ_ACP"))),
                (
                    Fail,
                    received(|b| {
                        group("WRITE")(b);
                        b.ownership = Known(Some("BucketOwnerEnforced".to_owned()));
                    }),
                ),
                (
                    Fail,
                    received(|b| {
                        group("WRITE")(b);
                        b.policy = Known(Some(denies.to_owned()));
                    }),
                ),
                (
                    Unknown,
                    received(|b| {
                        group("WRITE")(b);
                        b.ownership = denied(calls::GET_BUCKET_OWNERSHIP);
                    }),
                ),
                (
                    Fail,
                    received(|b| b.region = Known(Region::from("eu-west-1"))),
                ),
                (
                    Fail,
                    received(|b| b.owner = Known(Some(AccountId::from("222222222222")))),
                ),
                (Fail, received(|b| b.owner = Known(None))),
                (
                    Unknown,
                    received(|b| b.region = denied(calls::GET_BUCKET_LOCATION)),
                ),
            ],
        );
    }
}
