//! Each delivery is announced.

use crate::catalog::confused_deputy::CLOUDTRAIL;
use crate::catalog::receivers::{self, Sender};
use crate::context::not_seen;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-sns-notifications",
    title: "Trails should notify an existing SNS topic that allows CloudTrail to publish",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Tools that process log files on arrival need a notification of each delivery. Missing notifications are \
          also an early sign of a stopped trail.",
    fix: "Set a topic whose policy allows cloudtrail.amazonaws.com sns:Publish: `aws cloudtrail update-trail --name \
          TRAIL --sns-topic-name TOPIC --region REGION` (Terraform: `sns_topic_name` of `aws_cloudtrail`).",
    judged: "The trail must have an existing SNS topic, whose policy allows cloudtrail.amazonaws.com to publish for \
             this trail, and whose key (if any) allows it kms:GenerateDataKey and kms:Decrypt.",
    alike: &[
        "A topic that was deleted is still configured in the trail, and fails.",
        "A topic with the default policy of SNS grants access to alarms but not to CloudTrail, and fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html",
    ],
    reads: &[
        calls::DESCRIBE_TRAILS,
        calls::GET_TOPIC_ATTRIBUTES,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        // The RCPs over a topic's key.
        calls::DESCRIBE_ORGANIZATION,
        calls::LIST_ACCOUNTS,
        calls::LIST_ROOTS,
        calls::LIST_POLICIES,
    ],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let Some(arn) = trail.configuration.sns_topic.known()? else {
        return Ok(Verdict::fail("the trail has no SNS topic"));
    };
    let Some(topic) = ctx.inventory.topics.get(arn) else {
        let gap = not_seen(
            calls::GET_TOPIC_ATTRIBUTES,
            &arn.account(),
            &arn.region(),
            ctx,
        );
        return Err(gap.into());
    };
    let Some(set) = topic.configuration.known()? else {
        let gone = Verdict::fail(format!("SNS topic {arn} of the trail does not exist"));
        return Ok(gone.saw("SnsTopicARN", arn));
    };
    let sender = Sender {
        name: format!("the trail {}", trail.name),
        service: CLOUDTRAIL,
        source: &trail.arn,
        account: trail.account.clone(),
        role: None,
    };
    let verdict = match receivers::refuses(topic, set, &sender, ctx)? {
        None => Verdict::pass(format!("the trail sends notifications to SNS topic {arn}")),
        Some(why) => Verdict::fail(format!(
            "notifications to SNS topic {arn} are not delivered: {why}"
        )),
    };
    Ok(verdict.saw("SnsTopicARN", arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::TopicConfiguration;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let topic = |change: fn(&mut crate::inventory::Topic)| {
            inventory(|it| change(it.topics.values_mut().next().unwrap()))
        };
        let set = |change: &dyn Fn(&mut TopicConfiguration)| {
            inventory(|inventory| {
                let topic = inventory.topics.values_mut().next().unwrap();
                change(known(&mut topic.configuration).as_mut().unwrap());
            })
        };
        let policy = |text: &str| set(&|it| it.policy = Known(Some(text.to_owned())));
        let encrypted = |id: &str| set(&|it| it.kms_key = Known(Some(id.to_owned())));
        let with = |condition: &str| {
            let services = r#""Resource":"arn:aws:sns:us-east-1:111111111111:audit"}]}"#;
            let limited = services.replace("}]}", &format!(r#","Condition":{condition}}}]}}"#));
            TOPIC_POLICY.replace(services, &limited)
        };
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Fail, trail(|it| configuration(it).sns_topic = Known(None))),
                (Fail, topic(|it| it.configuration = Known(None))),
                (
                    Unknown,
                    topic(|it| it.configuration = denied(calls::GET_TOPIC_ATTRIBUTES)),
                ),
                // SNS's own policy admits alarms, and no trail.
                (Fail, policy(&TOPIC_POLICY.replace("cloudtrail.amazonaws.com", "s3.amazonaws.com"))),
                (Fail, policy(&TOPIC_POLICY.replace("sns:Publish", "sns:Subscribe"))),
                (
                    Pass,
                    policy(&with(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/main"}}"#)),
                ),
                (
                    Fail,
                    policy(&with(r#"{"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:us-east-1:111111111111:trail/gone"}}"#)),
                ),
                (Unknown, policy("{")),
                (Fail, encrypted("alias/aws/sns")),
                (Unknown, encrypted("never-seen")),
                (Fail, encrypted(KEY_ARN)),
                (
                    Pass,
                    encrypted(KEY_ARN).and(|inventory| {
                        let key = inventory.keys.values_mut().next().unwrap();
                        let more = r#"["kms:GenerateDataKey*","kms:Decrypt"]"#;
                        let open = format!(r#""Statement":[{{"Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":{more},"Resource":"*"}},"#);
                        let policy = KEY_POLICY.replace(r#""Statement":["#, &open);
                        key.policy = Known(Some(policy));
                    }),
                ),
                (Unknown, inventory(|it| it.topics.clear())),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
