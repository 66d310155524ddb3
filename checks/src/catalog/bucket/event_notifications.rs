//! What happens in the bucket can be reacted to.

use super::gone;
use crate::catalog::ours;
use crate::inventory::bucket::Notifications;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-event-notifications",
    title: "Log buckets should send event notifications, and only to targets in the organization",
    severity: Severity::Info,
    question: Some(Question::Watched),
    why: "An event notification reports a new or deleted log file within seconds; server access logs take hours. Log \
          pipelines and alarms on deletions depend on it. A queue or topic in an external account receives the name \
          and size of every log file.",
    fix: "Send events to EventBridge: `aws s3api put-bucket-notification-configuration --bucket BUCKET \
          --notification-configuration '{\"EventBridgeConfiguration\":{}}'`. The call replaces the whole \
          configuration, so include the existing targets.",
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_NOTIFICATION,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
    ],
    run: Run::Bucket(run),
};

fn run(bucket: &Bucket, ctx: &Context<'_>) -> Outcome {
    if let Some(gone) = gone(bucket) {
        return Ok(gone);
    }
    let Notifications {
        event_bridge,
        targets,
    } = bucket.notifications.known()?;
    let (mut foreign, mut gaps) = (Vec::new(), Vec::new());
    for target in targets {
        match ours::is_ours(&target.account(), ctx) {
            Ok(true) => {}
            Ok(false) => foreign.push(target),
            Err(missing) => gaps.push(missing),
        }
    }
    if !foreign.is_empty() {
        let names: Vec<&str> = foreign.iter().map(|it| it.as_str()).collect();
        let verdict = Verdict::fail(format!(
            "event notifications are sent to targets in external accounts: {}",
            names.join(", ")
        ));
        return Ok(verdict
            .saw("EventBridgeConfiguration", event_bridge)
            .saw("Targets", targets));
    }
    if let Some(gaps) = Gaps::collect(gaps) {
        return Err(gaps);
    }
    let verdict = Verdict::pass_if(
        *event_bridge || !targets.is_empty(),
        "event notifications are configured",
        "no event notifications are configured (EventBridge, topic, queue or function)",
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
                // Each goes to nobody of ours.
                (
                    Fail,
                    sends(false, &["arn:aws:sqs:us-east-1:999999999999:theirs"]),
                ),
                (
                    Fail,
                    sends(true, &["arn:aws:sns:us-east-1:999999999999:theirs"]),
                ),
                (
                    Fail,
                    sends(
                        true,
                        &[
                            "arn:aws:sns:us-east-1:111111111111:new-logs",
                            "arn:aws:lambda:us-east-1:999999999999:function:theirs",
                        ],
                    ),
                ),
                (
                    Pass,
                    sends(false, &["arn:aws:sqs:us-east-1:222222222222:ours"])
                        .and(|it| member(it, "222222222222", &[HOME])),
                ),
                (
                    Unknown,
                    bucket(|b| b.notifications = denied(calls::GET_BUCKET_NOTIFICATION)),
                ),
                (NotApplicable, bucket(|b| b.exists = Known(false))),
            ],
        );
    }

    #[test]
    fn whose_a_target_is_may_be_hidden() {
        let unlisted = |target: &str| {
            let targets = vec![Arn::from(target)];
            bucket(|b| {
                b.notifications = Known(Notifications {
                    event_bridge: true,
                    targets,
                });
            })
            .and(|it| {
                let of = known(&mut it.organization).as_mut().unwrap();
                of.accounts = denied(calls::LIST_ACCOUNTS);
            })
        };
        table_on(
            &CHECK,
            BUCKET_ARN,
            [
                (
                    Unknown,
                    unlisted("arn:aws:sqs:us-east-1:222222222222:whose"),
                ),
                (Pass, unlisted("arn:aws:sqs:us-east-1:111111111111:ours")),
            ],
        );
    }
}
