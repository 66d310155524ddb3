//! Who reads and removes log files is itself logged.

use super::gone;
use crate::catalog::gap;
use crate::fact::Reason;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-access-logging",
    title: "Log bucket's requests are logged to another bucket",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "Server access logs show who read, copied or deleted log files, from where. Written into the \
          same bucket they feed themselves and go the way of what they watch; a target that is gone \
          receives nothing.",
    fix: "Call PutBucketLogging with another bucket of the same account and region as target: `aws s3api \
          put-bucket-logging --bucket BUCKET --bucket-logging-status \
          'LoggingEnabled={TargetBucket=OTHER,TargetPrefix=BUCKET/}'`; its policy must let \
          logging.s3.amazonaws.com write.",
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_LOGGING,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Some(logging) = bucket.access_logging.known()? else {
        return Ok(Verdict::fail("requests to the bucket are not logged"));
    };
    let target = &logging.target_bucket;
    let verdict = if *target == bucket.name {
        Verdict::fail("the bucket logs its requests into itself")
    } else if exists(target, bucket, ctx)? {
        Verdict::pass("requests are logged to another bucket")
    } else {
        Verdict::fail("requests are logged to a bucket that does not exist")
    };
    Ok(verdict.saw("TargetBucket", target))
}

fn exists(target: &str, of: &Bucket, ctx: &Context<'_>) -> Result<bool, Gaps> {
    match ctx.inventory.bucket(target) {
        Some(target) => target.exists.known().copied(),
        None => Err(gap::of_bucket(
            of,
            ctx,
            calls::HEAD_BUCKET,
            Reason::NotAsked,
            format!("whether {target} exists was not asked"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::bucket::AccessLogging;
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
            to("access-logs").and(|it| {
                it.buckets
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
}
