//! Who wrote or deleted which object: the record of damage.

use super::objects;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-write",
    title: "Trails should log write events of all S3 objects, or of those in the required buckets",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "PutObject and DeleteObject are data events. Without S3 write events the deletion or encryption of objects \
          is not logged.",
    fix: "In a multi-region trail that is logging, add a selector with eventCategory Data and resources.type \
          AWS::S3::Object, without readOnly or with readOnly false: `aws cloudtrail put-event-selectors \
          --trail-name TRAIL --advanced-event-selectors file://selectors.json --region REGION`. Keep the present \
          selectors, the call replaces them. Or list the buckets that matter in `required_data_event_resources`.",
    judged: "The selectors must include write events of all objects, or of the required buckets.",
    alike: &[
        "One bucket, reads alone, or a stopped trail fail; classic `arn:aws:s3` is all buckets and passes.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::HEAD_BUCKET,
        calls::GET_EVENT_SELECTORS,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    objects::judge(trail, false, ctx)
}

#[cfg(test)]
#[test]
fn verdicts() {
    objects::cases::all(&CHECK, false);
}
