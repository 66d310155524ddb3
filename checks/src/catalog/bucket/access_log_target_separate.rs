//! Where the access logs lie, nobody can tidy them up.

use super::{block, gone, log_target};
use crate::catalog::gap;
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-access-log-target-separate",
    title: "Server access logs of log buckets should go to a separate, private bucket that can receive them",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Server access logs contain the name of every object and the identity of every requester. In a public bucket \
          they disclose both. S3 does not deliver access logs to a bucket with a default retention or with SSE-KMS \
          as default encryption.",
    fix: "Create a bucket for access logs with all four Block Public Access settings, SSE-S3 (AES256) as default \
          encryption and no default retention. Then set it as the target: `aws s3api put-bucket-logging --bucket \
          BUCKET --bucket-logging-status 'LoggingEnabled={TargetBucket=ACCESS_LOG_BUCKET,TargetPrefix=BUCKET/}'`.",
    judged: "Passes when the access logs go to another bucket that exists, allows S3 log delivery and blocks public \
             access. It must have no default retention and no SSE-KMS default: S3 does not deliver access logs to \
             such buckets. Not applicable where server access logging is disabled.",
    alike: &["A target with SSE-S3 passes; one with SSE-KMS receives no access logs, and fails."],
    references: &[
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOGGING,
        calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK,
        calls::GET_ACCOUNT_PUBLIC_ACCESS_BLOCK,
        calls::GET_OBJECT_LOCK,
        calls::GET_BUCKET_ENCRYPTION,
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
        let off = "server access logging is disabled: see bucket-access-logging";
        return Ok(Verdict::not_applicable(off));
    };
    let name = &logging.target_bucket;
    if *name == bucket.name {
        return Ok(
            Verdict::fail("server access logs are delivered to the log bucket itself")
                .saw("TargetBucket", name),
        );
    }
    let Some(target) = ctx.inventory.bucket(name) else {
        let detail = format!("bucket {name} was not assessed");
        let call = calls::HEAD_BUCKET;
        return Err(gap::of_bucket(bucket, ctx, call, Reason::NotAsked, detail));
    };
    if target.exists.ok() == Some(&false) {
        return Ok(
            Verdict::fail("the target bucket of server access logging does not exist")
                .saw("TargetBucket", name),
        );
    }
    let (mut flaws, mut gaps) = flaws(target, ctx);
    match log_target::keeps_out(bucket, logging, target, ctx) {
        Ok(why) => flaws.extend(why),
        Err(open) => gaps.push(open),
    }
    let verdict = Verdict::pass_if(
        flaws.is_empty(),
        "server access logs go to a separate bucket that blocks public access",
        flaws.join("; "),
    );
    verdict
        .saw("TargetBucket", name)
        .unless_open(Gaps::collect(gaps))
}

/// What is wrong with the target, and what is not known of it.
fn flaws(target: &Bucket, ctx: &Context<'_>) -> (Vec<String>, Vec<Gaps>) {
    let (mut flaws, mut gaps) = (Vec::new(), Vec::from_iter(target.exists.known().err()));
    match target.default_retention.known() {
        Ok(None) => {}
        Ok(Some(_)) => flaws.push(
            "the target bucket has a default retention, so S3 does not deliver access logs to it"
                .to_owned(),
        ),
        Err(gap) => gaps.push(gap),
    }
    match target.encryption.known() {
        Ok(Some(default)) if default.algorithm != "AES256" => {
            flaws.push(
                "the target bucket's default encryption is not SSE-S3, so S3 does not deliver access logs to \
                 it".to_owned(),
            );
        }
        Ok(_) => {}
        Err(gap) => gaps.push(gap),
    }
    let switches = [
        (
            "BlockPublicAcls",
            block::switched_on(target, ctx, |it| it.block_public_acls),
        ),
        (
            "IgnorePublicAcls",
            block::switched_on(target, ctx, |it| it.ignore_public_acls),
        ),
        (
            "BlockPublicPolicy",
            block::switched_on(target, ctx, |it| it.block_public_policy),
        ),
        (
            "RestrictPublicBuckets",
            block::switched_on(target, ctx, |it| it.restrict_public_buckets),
        ),
    ];
    let mut off = Vec::new();
    for (name, place) in switches {
        match place {
            Ok(Some(_)) => {}
            Ok(None) => off.push(name),
            Err(gap) => gaps.push(gap),
        }
    }
    if !off.is_empty() {
        flaws.push(format!(
            "Block Public Access settings disabled for the target bucket and its account: {}",
            off.join(", ")
        ));
    }
    (flaws, gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PublicAccessBlock;
    use crate::inventory::bucket::{AccessLogging, DefaultEncryption};
    use crate::testing::*;

    fn target(change: impl FnOnce(&mut Bucket)) -> Case {
        inventory(|inventory| {
            change(
                inventory
                    .buckets
                    .get_mut(&Arn::bucket("aws", "access-logs"))
                    .unwrap(),
            )
        })
    }

    fn to(name: &str) -> Case {
        let logging = AccessLogging {
            target_bucket: name.to_owned(),
            target_prefix: String::new(),
        };
        bucket(|b| b.access_logging = Known(Some(logging)))
    }

    #[test]
    fn verdicts() {
        let retention = Retention {
            mode: RetentionMode::Governance,
            days: Some(1),
            years: None,
        };
        let encrypted = |algorithm: &str| {
            let default = DefaultEncryption {
                algorithm: algorithm.to_owned(),
                kms_key: None,
                bucket_key: false,
            };
            target(|b| b.encryption = Known(Some(default)))
        };
        let open = PublicAccessBlock {
            block_public_policy: false,
            ..PublicAccessBlock::ALL
        };
        let alone = |case: Case| {
            case.and(|inventory| {
                inventory
                    .accounts
                    .values_mut()
                    .next()
                    .unwrap()
                    .public_access_block = Known(None)
            })
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, to("logs")),
                (Unknown, to("never-seen")),
                (Fail, target(|b| b.exists = Known(false))),
                (
                    Fail,
                    target(|b| b.default_retention = Known(Some(retention))),
                ),
                (Fail, encrypted("aws:kms")),
                (Pass, encrypted("AES256")),
                (Pass, alone(inventory(|_| {}))),
                (
                    Fail,
                    alone(target(|b| b.public_access_block = Known(Some(open)))),
                ),
                // Its account closes it as well.
                (Pass, target(|b| b.public_access_block = Known(Some(open)))),
                (
                    Unknown,
                    alone(target(|b| {
                        b.public_access_block = denied(calls::GET_BUCKET_PUBLIC_ACCESS_BLOCK)
                    })),
                ),
                (
                    Unknown,
                    target(|b| b.default_retention = denied(calls::GET_OBJECT_LOCK)),
                ),
                (
                    Unknown,
                    target(|b| b.encryption = denied(calls::GET_BUCKET_ENCRYPTION)),
                ),
                (Unknown, target(|b| b.exists = denied(calls::HEAD_BUCKET))),
                (
                    Fail,
                    target(|b| {
                        b.default_retention = Known(Some(retention));
                        b.encryption = denied(calls::GET_BUCKET_ENCRYPTION);
                    }),
                ),
                (NotApplicable, bucket(|b| b.access_logging = Known(None))),
                (
                    Unknown,
                    bucket(|b| b.access_logging = denied(calls::GET_BUCKET_LOGGING)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
