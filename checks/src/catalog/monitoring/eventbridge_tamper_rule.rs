//! EventBridge tells of tampering within seconds, without a log group.

use super::events::TAMPERING;
use super::judge;
use crate::prelude::*;

pub(super) const CHECK: Check = Check {
    id: "monitoring-eventbridge-tamper-rule",
    title: "An EventBridge rule with a working target should match calls that stop or change trails",
    severity: Severity::Medium,
    question: Some(Question::Watched),
    why: "A rule reacts within seconds. A metric filter depends on the delivery to the log group and on the alarm \
          period. A rule can also start the trail again.",
    fix: "In the home region of the trail, create a rule for the source aws.cloudtrail with StopLogging, DeleteTrail, \
          UpdateTrail and PutEventSelectors as `detail.eventName`: `aws events put-rule --name NAME --event-pattern \
          file://pattern.json --region REGION`. Add a topic with a confirmed subscription as target: `aws events \
          put-targets --rule NAME --targets Id=1,Arn=TOPIC_ARN --region REGION`.",
    judged: "An enabled rule of the default bus with a working target must match every call that stops or changes a \
             trail. A topic works if its policy and its key allow events.amazonaws.com for this rule and it has a \
             confirmed subscription. Targets whose own policy is not assessed, and targets without a dead-letter \
             queue, are named in the evidence.",
    alike: &[
        "A rule that has no targets, or is disabled, fails.",
        "An account whose only trails are stopped while a running organization trail records their events is not \
         applicable.",
        "A topic whose policy names events.amazonaws.com passes; one with the default policy of SNS fails.",
    ],
    references: &[
        "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html",
    ],
    reads: &[
        calls::LIST_REGIONS,
        calls::DESCRIBE_TRAILS,
        calls::GET_TRAIL_STATUS,
        calls::GET_EVENT_SELECTORS,
        calls::HEAD_BUCKET,
        calls::DESCRIBE_LOG_GROUPS,
        calls::DESCRIBE_METRIC_FILTERS,
        calls::DESCRIBE_ALARMS,
        calls::GET_TOPIC_ATTRIBUTES,
        calls::LIST_SUBSCRIPTIONS,
        calls::GET_SUBSCRIPTION_ATTRIBUTES,
        calls::DESCRIBE_KEY,
        calls::GET_KEY_POLICY,
        calls::LIST_RULES,
        calls::LIST_TARGETS_BY_RULE,
    ],
    run: Run::Account(run),
};

fn run(account: &Account, ctx: &Context<'_>) -> Outcome {
    judge::ruled(account, &TAMPERING, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::TopicConfiguration;
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
                    rule(|_| {}).and(|inventory| {
                        inventory
                            .topics
                            .values_mut()
                            .for_each(|it| it.configuration = Known(None))
                    }),
                ),
                (
                    Unknown,
                    rule(|_| {}).and(|inventory| {
                        inventory.regions.values_mut().next().unwrap().rules =
                            denied(calls::LIST_RULES)
                    }),
                ),
                // EventBridge hands on what a trail records.
                (
                    Fail,
                    rule(|_| {}).and(|inventory| {
                        status(inventory.trails.values_mut().next().unwrap()).logging = Known(false)
                    }),
                ),
            ],
        );
    }

    /// The policy that SNS gives a new topic admits no rule; nor does the key that AWS manages for it.
    #[test]
    fn topics_that_keep_rules_out() {
        let set = |change: &dyn Fn(&mut TopicConfiguration)| {
            rule(|_| {}).and(|inventory| {
                let topic = inventory.topics.values_mut().next().unwrap();
                change(known(&mut topic.configuration).as_mut().unwrap());
            })
        };
        let default = TOPIC_POLICY.replace("events.amazonaws.com", "s3.amazonaws.com");
        let limited = |arn: &str| {
            let end = r#""Resource":"arn:aws:sns:us-east-1:111111111111:audit"}]}"#;
            let more = format!(r#","Condition":{{"ArnEquals":{{"aws:SourceArn":"{arn}"}}}}}}]}}"#);
            TOPIC_POLICY.replace(end, &end.replace("}]}", &more))
        };
        // A rule may send to another account by a role that the topic's policy names.
        let abroad = |role: Option<&str>, named: &str| {
            let arn = Arn::from("arn:aws:sns:us-east-1:222222222222:central");
            let role = role.map(Arn::from);
            let policy = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{named}"}},"Action":"sns:Publish","Resource":"{arn}"}}]}}"#
            );
            rule(|rule| {
                rule.targets = Known(vec![arn.clone()]);
                known(&mut rule.deliveries)[0].target = arn.clone();
                known(&mut rule.deliveries)[0].role = role;
            })
            .and(|inventory| {
                let mut topic = inventory.topics.values().next().unwrap().clone();
                topic.arn = arn.clone();
                known(&mut topic.configuration).as_mut().unwrap().policy = Known(Some(policy));
                inventory.topics.insert(arn.clone(), topic);
            })
        };
        let sender = "arn:aws:iam::111111111111:role/sender";
        let unknown_role = abroad(Some(sender), sender).and(|inventory| {
            let view = inventory.regions.values_mut().next().unwrap();
            known(&mut view.rules)[0].deliveries = denied(calls::LIST_TARGETS_BY_RULE);
        });
        table(
            &CHECK,
            [
                (Fail, set(&|it| it.policy = Known(Some(default.clone())))),
                (
                    Pass,
                    set(&|it| {
                        it.policy = Known(Some(limited(
                            "arn:aws:events:us-east-1:111111111111:rule/tamper",
                        )));
                    }),
                ),
                (
                    Fail,
                    set(&|it| {
                        it.policy = Known(Some(limited(
                            "arn:aws:events:us-east-1:111111111111:rule/other",
                        )));
                    }),
                ),
                (
                    Fail,
                    set(&|it| it.kms_key = Known(Some("alias/aws/sns".to_owned()))),
                ),
                (
                    Unknown,
                    set(&|it| it.kms_key = Known(Some("alias/mine".to_owned()))),
                ),
                (Pass, abroad(Some(sender), sender)),
                (Fail, abroad(None, sender)),
                (
                    Fail,
                    abroad(Some(sender), "arn:aws:iam::111111111111:role/other"),
                ),
                (Unknown, unknown_role),
            ],
        );
    }

    /// The finding names where an event may get lost.
    #[test]
    fn dead_letters() {
        let told = |case: Case| {
            let finding = case.findings(&[&CHECK]).remove(0);
            let what = finding.evidence.iter().map(|it| it.what.clone());
            what.collect::<Vec<_>>()
        };
        assert!(!told(rule(|_| {})).contains(&"TargetsWithoutDeadLetterQueue".to_owned()));
        let lost = rule(|it| known(&mut it.deliveries)[0].dead_letters = None);
        assert!(told(lost).contains(&"TargetsWithoutDeadLetterQueue".to_owned()));
    }

    #[test]
    fn the_rule_is_in_the_home_region_of_the_trail() {
        let elsewhere =
            || filter("{ $.eventName = Nothing }").and(|it| add_region(it, ACCOUNT, "eu-west-1"));
        let at = |region: &str| {
            let key = (AccountId::from(ACCOUNT), Region::from(region));
            elsewhere().and(|inventory| {
                inventory.regions.get_mut(&key).unwrap().rules =
                    rules(r#"{"source":["aws.cloudtrail"]}"#)
            })
        };
        table(&CHECK, [(Pass, at(HOME)), (Fail, at("eu-west-1"))]);
    }

    #[test]
    fn an_account_without_trails_has_nothing_to_watch() {
        let case = inventory(|it| member(it, "222222222222", &[HOME]));
        table_on(&CHECK, "222222222222", [(NotApplicable, case)]);
        // Nor has one whose trail was left over when the organization got one of its own.
        let own = |logging: bool, of_organization: fn(&mut Trail)| {
            inventory(|inventory| {
                of_organization(inventory.trails.values_mut().next().unwrap());
                member(inventory, "222222222222", &[HOME]);
                add_trail(inventory, "222222222222", HOME, "old", |trail| {
                    configuration(trail).organization = Known(false);
                    status(trail).logging = Known(logging);
                });
            })
        };
        let unread = || {
            own(false, |_| {}).and(|inventory| {
                let organization = inventory.trails.get_mut(&Arn::from(TRAIL_ARN)).unwrap();
                organization.selectors = denied(calls::GET_EVENT_SELECTORS);
            })
        };
        table_on(
            &CHECK,
            "222222222222",
            [
                (NotApplicable, own(false, |_| {})),
                (Fail, own(true, |_| {})),
                (Fail, own(false, |it| status(it).logging = Known(false))),
                (
                    Fail,
                    own(false, |it| configuration(it).organization = Known(false)),
                ),
                (Unknown, unread()),
                // A trail that surely runs needs a rule, whatever is unknown of another.
                (
                    Fail,
                    unread().and(|inventory| {
                        add_trail(inventory, "222222222222", HOME, "other", |trail| {
                            configuration(trail).organization = Known(false);
                        });
                    }),
                ),
            ],
        );
    }
}
