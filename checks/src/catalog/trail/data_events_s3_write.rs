//! Who wrote or deleted which object: the record of damage.

use super::objects;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-write",
    title: "Trail records write events of every S3 object, or of those in the required buckets",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "PutObject and DeleteObject are no management events. Without S3 write events ransom and deletion leave no \
          trace but the loss, not even in the trail's own bucket.",
    fix: "Add a selector for S3 object writes, in a multi-region trail that is running: `aws cloudtrail \
          put-event-selectors --trail-name TRAIL --advanced-event-selectors` with eventCategory Data, \
          resources.type AWS::S3::Object and readOnly false; or name the buckets that matter in \
          `required_data_event_resources`.",
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
