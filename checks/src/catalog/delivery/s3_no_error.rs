//! The last log file could be written.

use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "delivery-s3-no-error",
    title: "The last delivery of log files should have no error",
    severity: Severity::High,
    question: Some(Question::Delivered),
    why: "If the bucket denies delivery, CloudTrail retries for 30 days and then drops the events. A changed bucket \
          policy can so stop logging.",
    fix: "Correct what the error names. For AccessDenied the bucket policy must allow cloudtrail.amazonaws.com \
          s3:GetBucketAcl and s3:PutObject: `aws s3api put-bucket-policy --bucket LOG_BUCKET --policy \
          file://policy.json`. For NoSuchBucket set an existing bucket: `aws cloudtrail update-trail --name TRAIL \
          --s3-bucket-name LOG_BUCKET --region REGION`.",
    judged: "GetTrailStatus must give no delivery error for S3.",
    alike: &["An error text fails even when the latest delivery time is fresh."],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-s3-bucket-policy-for-cloudtrail.html",
    ],
    reads: &[calls::GET_TRAIL_STATUS],
    run: Run::Trail(run),
};

fn run(trail: &Trail, _: &Context<'_>) -> Outcome {
    let error = &trail.status.delivery.known()?.error;
    let verdict = match error.as_deref().filter(|error| !error.is_empty()) {
        None => Verdict::pass("the last delivery of log files had no error"),
        Some(error) => Verdict::fail(format!("the last delivery of log files failed: {error}")),
    };
    Ok(verdict.saw("LatestDeliveryError", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let set = |error: &str| {
            trail(|it| known(&mut status(it).delivery).error = Some(error.to_owned()))
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, set("")),
                (Fail, set("AccessDenied")),
                (
                    Pass,
                    trail(|trail| {
                        known(&mut status(trail).digest).error = Some("AccessDenied".to_owned())
                    }),
                ),
                (
                    Unknown,
                    trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
                ),
            ],
        );
    }
}
