//! The bucket that a trail delivers to is there.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-bucket-exists",
    title: "The bucket that trails deliver to exists",
    severity: Severity::Critical,
    question: Some(Question::Delivered),
    why: "Bucket names are free for all once the bucket is deleted. Whoever claims the name next receives the \
          organization's log files, and until then nothing is delivered at all.",
    fix: "Make the bucket again under the same name, in an account of yours, before someone else does \
          (`aws s3api create-bucket`), or move the trail: `aws cloudtrail update-trail --name TRAIL \
          --s3-bucket-name BUCKET`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::HEAD_BUCKET],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    let exists = *bucket.exists.known()?;
    let verdict = Verdict::pass_if(
        exists,
        "the bucket is there",
        "the bucket is gone: its name is free to be claimed",
    );
    let trails: Vec<&Arn> = ctx
        .deliverers(bucket)
        .iter()
        .map(|trail| &trail.arn)
        .collect();
    Ok(verdict
        .saw("Exists", exists)
        .expected(true)
        .saw("DeliveredToBy", trails))
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
                (Pass, bucket(|it| it.exists = Known(true))),
                (Fail, bucket(|it| it.exists = Known(false))),
                (Unknown, bucket(|it| it.exists = denied(calls::HEAD_BUCKET))),
                // It exists, whoever owns it: that is another check's question.
                (Pass, bucket(|it| it.owner = Known(None))),
            ],
        );
    }
}
