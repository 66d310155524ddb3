//! Who read which object: the record of a theft.

use super::objects;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-read",
    title: "Trails should log read events of all S3 objects, or of those in the required buckets",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "GetObject is a data event. Without S3 read events the logs do not show which objects were read with stolen \
          credentials.",
    fix: "Add a selector with eventCategory Data and resources.type AWS::S3::Object, without readOnly or with \
          readOnly true: `aws cloudtrail put-event-selectors --trail-name TRAIL --advanced-event-selectors \
          file://selectors.json --region REGION`. The call replaces all selectors: include the present ones. Or \
          list the buckets that matter in `required_data_event_resources`.",
    judged: "The selectors must include read events of all objects, or of the required buckets.",
    alike: &["readOnly false looks like S3 events, records writes alone, and fails."],
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
    objects::judge(trail, true, ctx)
}

#[cfg(test)]
#[test]
fn verdicts() {
    objects::cases::all(&CHECK, true);
}
