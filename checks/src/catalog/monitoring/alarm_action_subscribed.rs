//! Somebody listens where alarms on the record send to.

use super::alarms;
use super::links::{self, Link};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-action-subscribed",
    title: "Alarms on CloudTrail logs should send to a topic that accepts them and has a confirmed subscription",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "A deleted topic, or one without a confirmed subscription, notifies nobody. CloudWatch cannot publish to a \
          topic whose policy or KMS key does not allow it. The state of the alarm does not show this.",
    fix: "Subscribe to the topic and confirm the subscription: `aws sns subscribe --topic-arn TOPIC_ARN --protocol \
          email --notification-endpoint ADDRESS --region REGION`. Recreate a deleted topic (CreateTopic). Allow \
          cloudwatch.amazonaws.com sns:Publish in the topic policy, and kms:GenerateDataKey* and kms:Decrypt in the \
          policy of its key. The key must be customer managed: `aws sns set-topic-attributes --topic-arn TOPIC_ARN \
          --attribute-name KmsMasterKeyId --attribute-value KEY_ARN --region REGION`.",
    judged: "Every alarm on the trail's log group must send to a topic that exists, whose policy allows \
             cloudwatch.amazonaws.com to publish for this alarm, whose key (if any) allows it kms:GenerateDataKey and \
             kms:Decrypt, and that has a confirmed subscription whose filter policy does not reject the message. The \
             policy evaluator decides on both policies. The policies of functions and other receivers are not read: \
             the checks on whole chains name them in their evidence.",
    alike: &[
        "A subscription that is pending confirmation fails.",
        "The default policy of a new topic allows the account's alarms and passes; a policy for EventBridge alone \
         fails.",
        "A topic under a key of your own whose policy names CloudWatch passes; one under alias/aws/sns fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/sns/latest/dg/sns-create-subscribe-endpoint-to-topic.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::DESCRIBE_METRIC_FILTERS,
        calls::DESCRIBE_ALARMS,
        calls::GET_TOPIC_ATTRIBUTES,
        calls::LIST_SUBSCRIPTIONS,
        calls::GET_SUBSCRIPTION_ATTRIBUTES,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        // The RCPs over a topic's key.
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let judge = |watch: &alarms::Watch<'_>| {
        let sender = links::sender(watch.alarm);
        let actions = match watch.alarm.alarm_actions.known() {
            Ok(actions) => actions.iter(),
            Err(gaps) => return Some(Link::Unknown(gaps)),
        };
        let ends = actions.map(|to| join(links::listener(to, &sender, ctx)));
        // One that listens is enough; else what is not known may.
        let ends: Vec<Link> = ends.collect();
        let unknown = |it: &&Link| matches!(it, Link::Unknown(_));
        let best = ends
            .iter()
            .find(|it| **it == Link::Holds)
            .or_else(|| ends.iter().find(unknown));
        best.or(ends.first()).cloned()
    };
    alarms::each(
        account,
        ctx,
        "every alarm sends to a topic with a confirmed subscription",
        judge,
        |_, _| None,
    )
}

fn join(links: [Link; 3]) -> Link {
    let broken = links.iter().find(|it| matches!(it, Link::Broken(_)));
    let unknown = links.iter().find(|it| matches!(it, Link::Unknown(_)));
    broken.or(unknown).cloned().unwrap_or(Link::Holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::TopicConfiguration;
    use crate::inventory::monitoring::MessageFilter;
    use crate::testing::*;

    fn set(change: impl FnOnce(&mut TopicConfiguration)) -> Case {
        topic(|it| change(known(&mut it.configuration).as_mut().unwrap()))
    }

    fn policy(text: &str) -> Case {
        let text = text.to_owned();
        set(|it| it.policy = Known(Some(text)))
    }

    fn only(statement: &str) -> Case {
        policy(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
        ))
    }

    /// By the documentation of SNS and CloudWatch: who may publish, on whose behalf.
    #[test]
    fn topics_that_keep_alarms_out() {
        let service = |name: &str, condition: &str| {
            only(&format!(
                r#"{{"Effect":"Allow","Principal":{{"Service":"{name}"}},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111111111111:audit"{condition}}}"#
            ))
        };
        let source =
            |arn: &str| format!(r#","Condition":{{"ArnLike":{{"aws:SourceArn":"{arn}"}}}}"#);
        let cloudwatch = "cloudwatch.amazonaws.com";
        let alarms = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:*";
        let deny = r#"{"Effect":"Deny","Principal":"*","Action":"sns:Publish","Resource":"*"}"#;
        let after = |statement: &str| {
            policy(
                &TOPIC_POLICY.replace(r#""Statement":["#, &format!(r#""Statement":[{statement},"#)),
            )
        };
        let theirs = TOPIC_POLICY.replace(
            r#""AWS:SourceOwner":"111111111111""#,
            r#""AWS:SourceOwner":"222222222222""#,
        );
        table(
            &CHECK,
            [
                // What SNS gives a new topic admits the account's own alarms.
                (Pass, policy(TOPIC_POLICY)),
                (Fail, policy(&theirs)),
                (Pass, service(cloudwatch, "")),
                (Pass, service(cloudwatch, &source(alarms))),
                (
                    Fail,
                    service(
                        cloudwatch,
                        &source("arn:aws:cloudwatch:us-east-1:222222222222:alarm:*"),
                    ),
                ),
                (Fail, service("events.amazonaws.com", "")),
                (Fail, service("budgets.amazonaws.com", "")),
                (Fail, only(deny)),
                (Fail, after(deny)),
                (
                    Fail,
                    after(&deny.replace(
                        r#""*","Action""#,
                        r#"{"Service":"cloudwatch.amazonaws.com"},"Action""#,
                    )),
                ),
                (Fail, set(|it| it.policy = Known(None))),
                (
                    Unknown,
                    set(|it| it.policy = denied(calls::GET_TOPIC_ATTRIBUTES)),
                ),
                (Unknown, policy("no JSON")),
            ],
        );
    }

    #[test]
    fn keys_that_keep_alarms_out() {
        let encrypted = |id: &str| {
            let id = id.to_owned();
            set(|it| it.kms_key = Known(Some(id)))
        };
        let own = "11111111-1111-1111-1111-111111111111";
        let open = |actions: &str| {
            let statement = format!(
                r#""Statement":[{{"Effect":"Allow","Principal":{{"Service":"cloudwatch.amazonaws.com"}},"Action":{actions},"Resource":"*"}},"#
            );
            let policy = KEY_POLICY.replace(r#""Statement":["#, &statement);
            move |inventory: &mut Inventory| {
                inventory.keys.values_mut().next().unwrap().policy = Known(Some(policy));
            }
        };
        let both = r#"["kms:GenerateDataKey*","kms:Decrypt"]"#;
        table(
            &CHECK,
            [
                (Fail, encrypted("alias/aws/sns")),
                (
                    Fail,
                    encrypted("arn:aws:kms:us-east-1:111111111111:alias/aws/sns"),
                ),
                (Fail, encrypted(own)),
                (Pass, encrypted(own).and(open(both))),
                (Pass, encrypted(KEY_ARN).and(open(both))),
                (Fail, encrypted(own).and(open(r#""kms:Decrypt""#))),
                (
                    Fail,
                    encrypted(own).and(open(both)).and(|inventory| {
                        let key = inventory.keys.values_mut().next().unwrap();
                        known(&mut key.metadata).as_mut().unwrap().state =
                            Known("Disabled".to_owned());
                    }),
                ),
                (
                    Fail,
                    encrypted(own)
                        .and(|it| it.keys.values_mut().next().unwrap().metadata = Known(None)),
                ),
                (Unknown, encrypted("alias/never-seen")),
                (
                    Unknown,
                    encrypted(own).and(|inventory| {
                        inventory.keys.values_mut().next().unwrap().policy =
                            denied(calls::GET_KEY_POLICY);
                    }),
                ),
                (Pass, encrypted("")),
                (
                    Unknown,
                    set(|it| it.kms_key = denied(calls::GET_TOPIC_ATTRIBUTES)),
                ),
            ],
        );
    }

    /// The key of another account: its policy names CloudWatch, and no RCP over that account shuts it out.
    #[test]
    fn keys_of_other_accounts() {
        const KEY: &str =
            "arn:aws:kms:us-east-1:222222222222:key/99999999-9999-9999-9999-999999999999";
        let ours = r#""StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-test"}"#;
        let services = format!(r#"{ours},"BoolIfExists":{{"aws:PrincipalIsAWSService":"false"}}"#);
        let keyed = |case: Case, condition: &str| {
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"cloudwatch.amazonaws.com"}},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*"{condition}}}]}}"#
            );
            case.and(|inventory| {
                let mut key = inventory.keys.values().next().unwrap().clone();
                key.arn = Arn::from(KEY);
                key.account = AccountId::from("222222222222");
                key.policy = Known(Some(policy));
                inventory.keys.insert(key.arn.clone(), key);
                let topic = inventory.topics.values_mut().next().unwrap();
                known(&mut topic.configuration).as_mut().unwrap().kms_key =
                    Known(Some(KEY.to_owned()));
            })
        };
        let plain = |condition: &str| {
            keyed(
                inventory(|it| member(it, "222222222222", &[HOME])),
                condition,
            )
        };
        let source =
            |id: &str| format!(r#","Condition":{{"StringEquals":{{"aws:SourceAccount":"{id}"}}}}"#);
        let unread = keyed(rcp(&services), "").and(|inventory| {
            let of = known(&mut inventory.organization).as_mut().unwrap();
            of.policies = denied(calls::LIST_POLICIES);
        });
        table_on(
            &CHECK,
            ACCOUNT,
            [
                (Pass, plain("")),
                (Pass, plain(&source(ACCOUNT))),
                // The source is the alarm, and not the key's account.
                (Fail, plain(&source("222222222222"))),
                (Fail, keyed(rcp(ours), "")),
                (Pass, keyed(rcp(&services), "")),
                (Unknown, unread),
                (
                    Unknown,
                    plain("").and(|inventory| {
                        inventory.keys.get_mut(&Arn::from(KEY)).unwrap().policy =
                            denied(calls::GET_KEY_POLICY);
                    }),
                ),
                (
                    Unknown,
                    plain("").and(|it| drop(it.keys.remove(&Arn::from(KEY)))),
                ),
            ],
        );
    }

    /// Alarms send without attributes, and say their state in the body.
    #[test]
    fn subscriptions_that_filter_alarms_away() {
        let filtered = |policy: &str, on_body| {
            let filter = MessageFilter {
                policy: policy.to_owned(),
                on_body,
            };
            topic(|it| known(&mut it.subscriptions)[0].filter = Known(Some(filter)))
        };
        table(
            &CHECK,
            [
                (Fail, filtered(r#"{"severity":["high"]}"#, false)),
                (
                    Fail,
                    filtered(r#"{"severity":[{"exists":false}],"team":["a"]}"#, false),
                ),
                (Pass, filtered(r#"{"severity":[{"exists":false}]}"#, false)),
                (Pass, filtered("{}", false)),
                (Unknown, filtered("[]", false)),
                (Pass, filtered(r#"{"NewStateValue":["ALARM"]}"#, true)),
                (Fail, filtered(r#"{"NewStateValue":["OK"]}"#, true)),
                (Fail, filtered(r#"{"AlarmName":["another"]}"#, true)),
                (
                    Unknown,
                    filtered(r#"{"Region":["US East (N. Virginia)"]}"#, true),
                ),
                (
                    Unknown,
                    topic(|topic| {
                        known(&mut topic.subscriptions)[0].filter =
                            denied(calls::GET_SUBSCRIPTION_ATTRIBUTES);
                    }),
                ),
                // One that hears all is enough.
                (
                    Pass,
                    filtered(r#"{"severity":["high"]}"#, false).and(|inventory| {
                        let topic = inventory.topics.values_mut().next().unwrap();
                        let mut other = known(&mut topic.subscriptions)[0].clone();
                        other.filter = Known(None);
                        known(&mut topic.subscriptions).push(other);
                    }),
                ),
            ],
        );
    }

    #[test]
    fn verdicts() {
        let lost = || denied(calls::LIST_SUBSCRIPTIONS);
        let to = |arn: &str| alarm(|it| it.alarm_actions = Known(vec![Arn::from(arn)]));
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, topic(|it| it.configuration = Known(None))),
                (
                    Fail,
                    topic(|it| known(&mut it.subscriptions)[0].confirmed = false),
                ),
                (Fail, topic(|it| it.subscriptions = Known(Vec::new()))),
                (Unknown, topic(|it| it.subscriptions = lost())),
                (
                    Unknown,
                    topic(|it| it.configuration = denied(calls::GET_TOPIC_ATTRIBUTES)),
                ),
                (Unknown, to("arn:aws:sns:us-east-1:111111111111:never-seen")),
                (
                    Pass,
                    to("arn:aws:lambda:us-east-1:111111111111:function:tell"),
                ),
                (Fail, to("arn:aws:automate:us-east-1:ec2:stop")),
                (
                    NotApplicable,
                    alarm(|it| it.alarm_actions = Known(Vec::new())),
                ),
            ],
        );
    }
}
