//! Log files are no web pages.

use super::gone;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-website-disabled",
    title: "Log buckets should not host a static website",
    severity: Severity::Medium,
    question: Some(Question::Guarded),
    why: "A website endpoint serves objects over plain HTTP to unauthenticated clients. Log files do not need one. An \
          enabled endpoint may indicate an attempt to publish them.",
    fix: "Disable static website hosting: `aws s3api delete-bucket-website --bucket BUCKET`. Then search the \
          CloudTrail logs for the principal that called PutBucketWebsite.",
    judged: "Fails when static website hosting is enabled.",
    alike: &[
        "A website on a bucket that blocks public access also fails: Block Public Access can be disabled later.",
    ],
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteHosting.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_WEBSITE,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let on = *bucket.website.known()?;
    let verdict = Verdict::pass_if(
        !on,
        "static website hosting is disabled",
        "static website hosting is enabled",
    );
    Ok(verdict.saw("WebsiteConfiguration", on).expected(false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        table(
            &CHECK,
            [
                (Pass, bucket(|b| b.website = Known(false))),
                (Fail, bucket(|b| b.website = Known(true))),
                (
                    Unknown,
                    bucket(|b| b.website = denied(calls::GET_BUCKET_WEBSITE)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
