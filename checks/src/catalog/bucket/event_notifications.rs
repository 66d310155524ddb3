//! What happens in the bucket can be reacted to.
//!
//! A topic's policy, and that of its key, are read: they must let S3 send. Those of queues and functions are not, and the
//! finding names such targets. S3 itself sends a test message when a target is set, but not later.

use super::gone;
use crate::catalog::own_accounts;
use crate::catalog::receivers::{self, S3, Sender};
use crate::context::not_seen;
use crate::inventory::bucket::Notifications;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "bucket-event-notifications",
    title: "Log buckets should send event notifications, and only to working targets in the organization",
    severity: Severity::Info,
    question: Some(Question::Watched),
    why: "An event notification reports a new or deleted log file within seconds; server access logs take hours. Log \
          pipelines and alarms on deletions depend on it. A queue or topic in an external account receives the name \
          and size of every log file. A topic whose policy or key denies S3 receives nothing.",
    fix: "Send events to EventBridge: `aws s3api put-bucket-notification-configuration --bucket BUCKET \
          --notification-configuration '{\"EventBridgeConfiguration\":{}}'`. The call replaces the whole \
          configuration, so include the existing targets. For a topic, allow s3.amazonaws.com sns:Publish in the \
          topic policy: `aws sns set-topic-attributes --topic-arn TOPIC_ARN --attribute-name Policy \
          --attribute-value file://policy.json --region REGION`. In the policy of its KMS key, allow \
          kms:GenerateDataKey* and kms:Decrypt.",
    judged: "Passes when events go to EventBridge, a topic, a queue or a function, and every target belongs to an \
             account of the organization. A topic must exist, and its policy and the policy of its key must let \
             s3.amazonaws.com send for this bucket, with the RCPs over the key. Policies of queues and functions are \
             not read: the evidence names them.",
    alike: &[
        "An empty configuration fails.",
        "A queue of an external account fails, whatever other targets there are.",
        "A topic with the policy that SNS gives a new topic fails: it lets alarms of the account send, and no bucket.",
    ],
    references: &["https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html"],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::HEAD_BUCKET,
        calls::GET_BUCKET_NOTIFICATION,
        calls::GET_TOPIC_ATTRIBUTES,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        // The RCPs over a topic's key.
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
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
        match own_accounts::is_ours(&target.account(), ctx) {
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
    let (mut lost, mut unread) = (Vec::new(), Vec::new());
    for target in targets {
        match target.service() {
            "sns" => match keeps_out(bucket, target, ctx) {
                Ok(None) => {}
                Ok(Some(why)) => lost.push(format!("{target}: {why}")),
                Err(missing) => gaps.push(missing),
            },
            _ => unread.push(target),
        }
    }
    let verdict = match lost.as_slice() {
        [] => Verdict::pass_if(
            *event_bridge || !targets.is_empty(),
            "event notifications are configured",
            "no event notifications are configured (EventBridge, topic, queue or function)",
        ),
        lost => Verdict::fail(format!(
            "event notifications cannot be delivered to {}",
            lost.join("; ")
        )),
    };
    let mut verdict = verdict
        .saw("EventBridgeConfiguration", event_bridge)
        .saw("Targets", targets);
    if !unread.is_empty() {
        verdict = verdict.saw("Targets whose policy was not assessed", unread);
    }
    verdict.unless_open(Gaps::collect(gaps))
}

/// What keeps the notifications out of a topic; none where they are let in.
fn keeps_out(bucket: &Bucket, arn: &Arn, ctx: &Context<'_>) -> Result<Option<String>, Gaps> {
    let Some(topic) = ctx.inventory.topics.get(arn) else {
        let call = calls::GET_TOPIC_ATTRIBUTES;
        return Err(not_seen(call, &arn.account(), &arn.region(), ctx).into());
    };
    let Some(set) = topic.configuration.known()? else {
        return Ok(Some("the topic does not exist".to_owned()));
    };
    // Who owns the bucket is part of the request.
    let owner = bucket.owner.known();
    let caller = ctx.inventory.header.scope.caller_arn.account();
    let account = owner.clone().ok().and_then(Option::as_ref).cloned();
    let sender = Sender {
        name: format!("the bucket {}", bucket.name),
        service: S3,
        source: &bucket.arn,
        account: account.unwrap_or(caller),
        role: None,
    };
    match (receivers::refuses(topic, set, &sender, ctx)?, owner) {
        (why, Ok(_)) => Ok(why),
        (_, Err(gaps)) => Err(gaps),
    }
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
                (Pass, admitting(S3_SENDS, sends(false, &[TOPIC]))),
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

    const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:audit";
    const S3_SENDS: &str = r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111111111111:audit"}"#;

    fn admitting(statement: &str, case: Case) -> Case {
        let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        case.and(|inventory| {
            let topic = inventory.topics.get_mut(&Arn::from(TOPIC)).unwrap();
            known(&mut topic.configuration).as_mut().unwrap().policy = Known(Some(policy));
        })
    }

    /// By S3's user guide, "Granting permissions to publish event notification messages to a destination".
    #[test]
    fn topics_that_do_not_let_s3_send() {
        let to = |event_bridge| {
            bucket(|b| {
                let targets = vec![Arn::from(TOPIC)];
                b.notifications = Known(Notifications {
                    event_bridge,
                    targets,
                });
            })
        };
        let with = |statement: &str| admitting(statement, to(false));
        let only = |condition: &str| {
            with(&S3_SENDS.replace(
                r#""Resource":"#,
                &format!(r#""Condition":{condition},"Resource":"#),
            ))
        };
        let key = |id: &str| {
            let id = id.to_owned();
            with(S3_SENDS).and(|inventory| {
                let topic = inventory.topics.get_mut(&Arn::from(TOPIC)).unwrap();
                known(&mut topic.configuration).as_mut().unwrap().kms_key = Known(Some(id));
            })
        };
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}"#;
        table(
            &CHECK,
            [
                // SNS's own policy admits the account's alarms, and no bucket.
                (Fail, to(false)),
                // A receiver that hears nothing is one, whatever EventBridge hears.
                (Fail, to(true)),
                (Pass, with(S3_SENDS)),
                (
                    Pass,
                    only(
                        r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs"},"StringEquals":{"aws:SourceAccount":"111111111111"}}"#,
                    ),
                ),
                (
                    Fail,
                    only(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::other"}}"#),
                ),
                (
                    Fail,
                    only(r#"{"StringEquals":{"aws:SourceAccount":"222222222222"}}"#),
                ),
                // Of S3's requests the key is not there.
                (
                    Fail,
                    only(r#"{"StringEquals":{"AWS:SourceOwner":"111111111111"}}"#),
                ),
                (
                    Fail,
                    with(&S3_SENDS.replace("s3.amazonaws.com", "sns.amazonaws.com")),
                ),
                (
                    Fail,
                    with(&S3_SENDS.replace(r#""Action""#, r#""NotAction""#)),
                ),
                (Fail, with(&format!("{S3_SENDS},{deny}"))),
                (Fail, key("alias/aws/sns")),
                (Fail, key(KEY_ARN)),
                (Unknown, key("never-seen")),
                (
                    Fail,
                    to(false).and(|inventory| {
                        inventory.topics.values_mut().next().unwrap().configuration = Known(None)
                    }),
                ),
                (
                    Unknown,
                    to(true).and(|inventory| {
                        inventory.topics.values_mut().next().unwrap().configuration =
                            denied(calls::GET_TOPIC_ATTRIBUTES);
                    }),
                ),
                (Unknown, to(false).and(|it| it.topics.clear())),
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
            .and(|inventory| {
                let of = known(&mut inventory.organization).as_mut().unwrap();
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
