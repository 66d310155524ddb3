//! Each delivery is announced.

use crate::context::not_seen;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "trail-sns-notifications",
    title: "Trail announces its deliveries to a topic that exists",
    severity: Severity::Low,
    question: Some(Question::Watched),
    why: "Whoever works on log files as they come needs to be told of each one; silence on the topic is also the first \
          sign that a trail was stopped. Announcements to a deleted topic reach nobody.",
    fix: "Name a topic whose policy lets cloudtrail.amazonaws.com publish: `aws cloudtrail update-trail --name TRAIL \
          --sns-topic-name TOPIC`.",
    references: &[
        "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html",
    ],
    reads: &[calls::DESCRIBE_TRAILS, calls::GET_TOPIC_ATTRIBUTES],
    run: Run::Trail(run),
};

fn run(trail: &Trail, ctx: &Context<'_>) -> Outcome {
    let Some(arn) = trail.configuration.sns_topic.known()? else {
        return Ok(Verdict::fail("the trail names no topic"));
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
    let verdict = Verdict::pass_if(
        topic.configuration.known()?.is_some(),
        "deliveries are announced to a topic",
        "the topic that the trail names is gone",
    );
    Ok(verdict.saw("SnsTopicARN", arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn verdicts() {
        let topic = |change: fn(&mut crate::inventory::Topic)| {
            inventory(|it| change(it.topics.values_mut().next().unwrap()))
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
                (Unknown, inventory(|it| it.topics.clear())),
                (
                    Unknown,
                    trail(|it| it.configuration = denied(calls::DESCRIBE_TRAILS)),
                ),
            ],
        );
    }
}
