//! Who read which object: the record of a theft.

use super::objects;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-data-events-s3-read",
    title: "Trail records read events of every S3 object, or of those in the required buckets",
    severity: Severity::Medium,
    question: Some(Question::Recorded),
    why: "GetObject is no management event. Without S3 read events nobody can say which objects left with a stolen \
          credential, and every record counts as lost.",
    fix: "Add a selector for S3 object reads (a selector without readOnly takes reads and writes): `aws cloudtrail \
          put-event-selectors --trail-name TRAIL --advanced-event-selectors` with eventCategory Data, \
          resources.type AWS::S3::Object and readOnly true; or name the buckets that matter in \
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
    objects::judge(trail, true, ctx)
}

#[cfg(test)]
#[test]
fn verdicts() {
    objects::cases::all(&CHECK, true);
}
