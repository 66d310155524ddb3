//! EventBridge tells of tampering within seconds, without a log group.

use super::events::TAMPERING;
use super::judge;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-eventbridge-tamper-rule",
    title: "An EventBridge rule with a live target sees calls that stop or change trails",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "A rule reacts within seconds, where a metric filter waits for the log group and for the alarm's period. It \
          can also switch the trail on again.",
    fix: "In the home region of the trail, call PutRule with a pattern for the source aws.cloudtrail and StopLogging, \
          DeleteTrail, UpdateTrail, PutEventSelectors as `detail.eventName`, and PutTargets with a topic that has a \
          confirmed subscription.",
    references: &[
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    ],
    reads: judge::READS,
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::ruled(account, &TAMPERING, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const TAMPER: &str = r#"["StopLogging","DeleteTrail","UpdateTrail","PutEventSelectors"]"#;

    fn names(list: &str) -> Case {
        pattern(&format!(
            r#"{{"source":["aws.cloudtrail"],"detail":{{"eventName":{list}}}}}"#
        ))
    }

    /// No filter does the rule's work, and only the rule has this pattern.
    fn pattern(text: &str) -> Case {
        filter("{ $.eventName = Nothing }")
            .and(|it| it.regions.values_mut().next().unwrap().rules = rules(text))
    }

    #[test]
    fn patterns() {
        table(
            &CHECK,
            [
                (Pass, inventory(|_| {})),
                (Pass, names(TAMPER)),
                (
                    Fail,
                    names(r#"["StopLogging","DeleteTrail","UpdateTrail"]"#),
                ),
                (
                    Pass,
                    names(r#"[{"anything-but":{"prefix":["Get","List","Describe"]}}]"#),
                ),
                (Fail, names(r#"[{"suffix":"Trail"}]"#)),
                (
                    Pass,
                    names(r#"[{"suffix":"Trail"},{"wildcard":"*Logging"},{"prefix":"Put"}]"#),
                ),
                (
                    Pass,
                    pattern(r#"{"detail-type":["AWS API Call via CloudTrail"]}"#),
                ),
                (
                    Fail,
                    pattern(r#"{"detail-type":["AWS Service Event via CloudTrail"]}"#),
                ),
                (Fail, pattern(r#"{"source":["aws.iam"]}"#)),
                (
                    Fail,
                    pattern(
                        r#"{"source":["aws.cloudtrail"],"detail":{"userIdentity":{"arn":[{"anything-but":"x"}]}}}"#,
                    ),
                ),
                (
                    Fail,
                    pattern(
                        r#"{"source":["aws.cloudtrail"],"detail":{"errorCode":[{"exists":false}]}}"#,
                    ),
                ),
                (Unknown, pattern(r#"{"source":"aws.cloudtrail"}"#)),
                (NotApplicable, filter(&any_of(TAMPERING.names))),
                (Fail, filter(&any_of(&["StopLogging"]))),
            ],
        );
    }

    #[test]
    fn state_and_targets() {
        let to = |arn: &str| rule(|it| it.targets = Known(vec![Arn::from(arn)]));
        table(
            &CHECK,
            [
                (Fail, rule(|it| it.state = "DISABLED".to_owned())),
                (Fail, rule(|it| it.pattern = None)),
                (Fail, rule(|it| it.targets = Known(Vec::new()))),
                (
                    Unknown,
                    rule(|it| it.targets = denied(calls::LIST_TARGETS_BY_RULE)),
                ),
                (
                    Fail,
                    to("arn:aws:logs:us-east-1:111111111111:log-group:kept"),
                ),
                (
                    Pass,
                    to("arn:aws:lambda:us-east-1:111111111111:function:restart"),
                ),
                (
                    Unknown,
                    to("arn:aws:events:us-east-1:222222222222:event-bus/central"),
                ),
                (
                    Fail,
                    rule(|_| {}).and(|it| {
                        it.topics
                            .values_mut()
                            .for_each(|it| it.configuration = Known(None))
                    }),
                ),
                (
                    Unknown,
                    rule(|_| {}).and(|it| {
                        it.regions.values_mut().next().unwrap().rules = denied(calls::LIST_RULES)
                    }),
                ),
                // EventBridge hands on what a trail records.
                (
                    Fail,
                    rule(|_| {}).and(|it| {
                        status(it.trails.values_mut().next().unwrap()).logging = Known(false)
                    }),
                ),
            ],
        );
    }

    #[test]
    fn the_rule_is_in_the_home_region_of_the_trail() {
        let elsewhere =
            || filter("{ $.eventName = Nothing }").and(|it| add_region(it, ACCOUNT, "eu-west-1"));
        let at = |region: &str| {
            let key = (AccountId::from(ACCOUNT), Region::from(region));
            elsewhere().and(|it| {
                it.regions.get_mut(&key).unwrap().rules = rules(r#"{"source":["aws.cloudtrail"]}"#)
            })
        };
        table(&CHECK, [(Pass, at(HOME)), (Fail, at("eu-west-1"))]);
    }

    #[test]
    fn an_account_without_trails_has_nothing_to_watch() {
        let case = inventory(|it| member(it, "222222222222", &[HOME]));
        table_on(&CHECK, "222222222222", [(NotApplicable, case)]);
    }
}
