//! What happens in the bucket can be reacted to.

use super::gone;
use crate::inventory::bucket::Notifications;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-event-notifications",
    title: "Log bucket sends event notifications",
    severity: Severity::Info,
    question: Some(Question::Watched),
    why: "A notification tells of a new or a removed log file within seconds, where server access logs take hours. \
          Pipelines that read log files hang on it, and so can an alarm on deletions.",
    fix: "Send them to EventBridge: `aws s3api put-bucket-notification-configuration --bucket BUCKET \
          --notification-configuration '{\"EventBridgeConfiguration\":{}}'` (repeat what is configured already, the \
          call replaces it).",
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_NOTIFICATION,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, _: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Notifications {
        event_bridge,
        targets,
    } = bucket.notifications.known()?;
    let verdict = Verdict::pass_if(
        *event_bridge || !targets.is_empty(),
        "events are sent",
        "no events are sent, neither to EventBridge nor to a topic, queue or function",
    );
    Ok(verdict
        .saw("EventBridgeConfiguration", event_bridge)
        .saw("Targets", targets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let sends = |event_bridge, targets: &[&str]| {
            let targets = targets.iter().copied().map(Arn::from).collect();
            bucket(|b| {
                b.notifications = Known(Notifications {
                    event_bridge,
                    targets,
                });
            })
        };
        table(
            &CHECK,
            [
                (Pass, sends(true, &[])),
                (
                    Pass,
                    sends(false, &["arn:aws:sns:us-east-1:111111111111:new-logs"]),
                ),
                (Fail, sends(false, &[])),
                (
                    Unknown,
                    bucket(|b| b.notifications = denied(calls::GET_BUCKET_NOTIFICATION)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }
}
