//! Somebody listens where alarms on the record send to.

use super::alarms;
use super::links::{Link, listener};
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-alarm-action-subscribed",
    title: "Alarms on the trail's log group send to a topic with a confirmed subscription",
    severity: Severity::High,
    question: Some(Question::Watched),
    why: "A topic that was deleted, or whose only subscriber never clicked the link in the mail, takes the alarm and \
          tells nobody. From the alarm's side all looks well.",
    fix: "Subscribe to the topic and confirm (`aws sns subscribe --topic-arn TOPIC_ARN --protocol email \
          --notification-endpoint ADDRESS`); a topic that is gone is made again with CreateTopic.",
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
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    let judge = |it: &alarms::Watch<'_>| {
        let told = format!("the alarm {}", it.alarm.name);
        let actions = match it.alarm.alarm_actions.known() {
            Ok(actions) => actions.iter(),
            Err(gaps) => return Some(Link::Unknown(gaps)),
        };
        let ends = actions.map(|to| join(listener(to, &told, ctx)));
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
        "somebody listens to every alarm",
        judge,
        |_, _| None,
    )
}

fn join([exists, heard]: [Link; 2]) -> Link {
    match (exists, heard) {
        (Link::Broken(why), _) | (_, Link::Broken(why)) => Link::Broken(why),
        (Link::Unknown(gaps), _) | (_, Link::Unknown(gaps)) => Link::Unknown(gaps),
        (Link::Holds, Link::Holds) => Link::Holds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

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
