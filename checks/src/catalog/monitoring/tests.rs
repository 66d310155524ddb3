//! The alarm chain: each link, the verdicts that other tools get wrong, and filters as people write them.

use serde::Deserialize;

use super::events::{self, Required};
use super::*;
use crate::fact::Reason;
use crate::finding::Status;
use crate::inventory::monitoring::{Alarm, MetricFilter};
use crate::patterns::{Comparison, Expr, covers, parse_event_pattern, parse_filter};
use crate::prelude::*;
use crate::testing::*;

const CHANGES: &Check = &alarm_cloudtrail_changes::CHECK;

const SETS: [(&str, &Required); 18] = [
    ("unauthorized-api-calls", &events::UNAUTHORIZED_API_CALLS),
    ("signin-without-mfa", &events::SIGNIN_WITHOUT_MFA),
    ("root-usage", &events::ROOT_USAGE),
    ("iam-policy-changes", &events::IAM_POLICY_CHANGES),
    ("cloudtrail-changes", &events::CLOUDTRAIL_CHANGES),
    ("console-auth-failures", &events::CONSOLE_AUTH_FAILURES),
    ("key-disable-delete", &events::KEY_DISABLE_DELETE),
    ("s3-policy-changes", &events::S3_POLICY_CHANGES),
    ("config-changes", &events::CONFIG_CHANGES),
    ("security-group-changes", &events::SECURITY_GROUP_CHANGES),
    ("nacl-changes", &events::NACL_CHANGES),
    ("network-gateway-changes", &events::NETWORK_GATEWAY_CHANGES),
    ("route-table-changes", &events::ROUTE_TABLE_CHANGES),
    ("vpc-changes", &events::VPC_CHANGES),
    ("organizations-changes", &events::ORGANIZATIONS_CHANGES),
    ("guardduty-changes", &events::GUARDDUTY_CHANGES),
    (
        "public-access-block-changes",
        &events::PUBLIC_ACCESS_BLOCK_CHANGES,
    ),
    ("tampering", &events::TAMPERING),
];

/// Every set can be read, is not empty, and says where it comes from.
#[test]
fn required_sets_are_sound() {
    for (name, set) in SETS {
        parse_filter(set.and).unwrap_or_else(|error| panic!("{name}: {error}"));
        let nothing = covers(&set.expr(), &Expr::NEVER);
        assert!(
            matches!(nothing, Comparison::Misses(_)),
            "{name}: {nothing:?}"
        );
        assert!(!set.source.is_empty(), "{name}");
    }
}

/// A filter or a rule of the world, and the set that it is meant for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    set: String,
    filter: Option<String>,
    rule: Option<serde_json::Value>,
    expected: String,
}

#[test]
fn filters_of_benchmarks_and_modules() {
    let cases: Vec<Written> = serde_json::from_str(include_str!(
        "../../../tests/patterns/monitoring/written.json"
    ))
    .unwrap();
    assert!(cases.len() > 60, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let set = SETS.iter().find(|(name, _)| *name == case.set);
        let required = set
            .unwrap_or_else(|| panic!("{}: no set", case.name))
            .1
            .expr();
        let pattern = match (&case.filter, &case.rule) {
            (Some(filter), None) => parse_filter(filter).map(|it| it.under("detail")),
            (None, Some(rule)) => parse_event_pattern(&rule.to_string()),
            _ => panic!("{}: a filter or a rule", case.name),
        };
        let (answer, told) = match pattern.map(|it| covers(&required, &it)) {
            Err(error) => ("error", error.to_string()),
            Ok(Comparison::Covers) => ("covers", String::new()),
            Ok(Comparison::Misses(witness)) => ("misses", witness.to_string()),
            Ok(Comparison::CannotTell(why) | Comparison::TooComplex(why)) => ("cannot_tell", why),
        };
        if answer != case.expected {
            wrong.push(format!(
                "{}: {answer} {told}, not {}",
                case.name, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The world is one in which every check of the group passes.
#[test]
fn all_pass_in_the_good_world() {
    let findings = inventory(|_| {}).findings(super::ALL);
    for finding in &findings {
        assert_eq!(
            finding.status, Pass,
            "{}: {}",
            finding.check, finding.message
        );
    }
    assert_eq!(findings.len(), super::ALL.len());
}

fn message(case: &Case) -> (Status, String) {
    let findings = case.findings(&[CHANGES]);
    (findings[0].status, findings[0].message.to_string())
}

/// One case for each link: the broken one is named, and an unknown one is unknown.
#[test]
fn the_first_broken_link_is_named() {
    let set = |change: fn(&mut Trail)| {
        filter("").and(|it| change(it.trails.values_mut().next().unwrap()))
    };
    let group = |change: fn(&mut LogGroup)| {
        filter("").and(|it| change(it.log_groups.values_mut().next().unwrap()))
    };
    let cases: [(Case, &str); 14] = [
        (
            set(|it| configuration(it).log_group = Known(None)),
            "delivers to a log group",
        ),
        (set(|it| status(it).logging = Known(false)), "are stopped"),
        (
            set(|it| it.selectors = Known(classic_selectors("ReadOnly", true, &[]))),
            "do not log every such event",
        ),
        (group(|it| it.configuration = Known(None)), "does not exist"),
        (
            group(|it| it.metric_filters = Known(Vec::new())),
            "no metric filter matches",
        ),
        (
            filter("{ $.eventName = StopLogging }"),
            "eventName = \"CreateTrail\"",
        ),
        (
            alarm(|it| it.metric = Known(Some("events".to_owned()))),
            "no alarm uses metric Audit/Events",
        ),
        (
            alarm(|it| it.namespace = Known(Some("Other".to_owned()))),
            "no alarm uses",
        ),
        (
            alarm(|it| it.threshold = Known(Some(5.0))),
            "does not trigger on one event",
        ),
        (
            alarm(|it| it.actions_enabled = Known(false)),
            "are disabled",
        ),
        (
            alarm(|it| it.alarm_actions = Known(Vec::new())),
            "has no action",
        ),
        (topic(|it| it.configuration = Known(None)), "does not exist"),
        (
            topic(|it| it.subscriptions = Known(Vec::new())),
            "no confirmed subscription",
        ),
        (
            topic(|it| known(&mut it.subscriptions)[0].confirmed = false),
            "no confirmed subscription",
        ),
    ];
    for (case, expected) in cases {
        let (status, told) = message(&case);
        assert_eq!(status, Fail, "{told}, not {expected}");
        assert!(told.contains(expected), "{told}, not {expected}");
    }
}

#[test]
fn what_is_not_known() {
    let first = |it: &mut Inventory| it.trails.keys().next().unwrap().clone();
    let trail = |change: fn(&mut Trail)| {
        filter("").and(|inventory| {
            let arn = first(inventory);
            change(inventory.trails.get_mut(&arn).unwrap());
        })
    };
    let broken = |case: Case| {
        case.and(|inventory| {
            inventory
                .topics
                .values_mut()
                .for_each(|it| it.subscriptions = Known(Vec::new()))
        })
    };
    table(
        CHANGES,
        [
            (
                Unknown,
                trail(|it| it.status = denied(calls::GET_TRAIL_STATUS)),
            ),
            (
                Unknown,
                trail(|it| it.selectors = denied(calls::GET_EVENT_SELECTORS)),
            ),
            (
                Unknown,
                alarm(|_| {}).and(|inventory| {
                    inventory
                        .regions
                        .values_mut()
                        .for_each(|it| it.alarms = denied(calls::DESCRIBE_ALARMS))
                }),
            ),
            (
                Unknown,
                topic(|it| it.configuration = denied(calls::GET_TOPIC_ATTRIBUTES)),
            ),
            (
                Unknown,
                topic(|it| it.subscriptions = denied(calls::LIST_SUBSCRIPTIONS)),
            ),
            (Unknown, topic(|_| {}).and(|it| it.topics.clear())),
            (Unknown, filter("StopLogging")),
            (
                Unknown,
                filter("{ $.eventName = StopLogging && $.resources[*].ARN = x }").and(
                    |inventory| {
                        let group = inventory.log_groups.values_mut().next().unwrap();
                        let mut rest = known(&mut group.metric_filters)[0].clone();
                        rest.pattern = any_of(&[
                            "CreateTrail",
                            "UpdateTrail",
                            "DeleteTrail",
                            "StartLogging",
                            "PutEventSelectors",
                        ]);
                        known(&mut group.metric_filters).push(rest);
                    },
                ),
            ),
            // What is known to be broken further on decides, whatever else is unknown.
            (
                Fail,
                broken(trail(|it| it.status = denied(calls::GET_TRAIL_STATUS))),
            ),
            (Fail, broken(filter("StopLogging"))),
            (
                Unknown,
                broken(unknown_filters()).and(|it| it.topics.clear()),
            ),
            // A rule may do the work.
            (
                Unknown,
                filter("{ $.a = b }").and(|inventory| {
                    inventory
                        .regions
                        .values_mut()
                        .for_each(|it| it.rules = denied(calls::LIST_RULES))
                }),
            ),
        ],
    );
}

/// Words without quotes are named as such: the answer of DescribeMetricFilters is whole, and is not blamed.
#[test]
fn unquoted_words_are_named() {
    for pattern in [
        "{ $.eventName = Stop Logging }",
        "{ ($.eventName = StopLogging) && ($.errorMessage = Failed authentication) }",
        "{ $.errorMessage != No such user }",
    ] {
        let findings = filter(pattern).findings(&[CHANGES]);
        let [finding] = findings.as_slice() else {
            panic!("{pattern}: {} findings", findings.len());
        };
        assert_eq!(finding.status, Unknown, "{pattern}");
        let ours: Vec<String> = finding
            .evidence
            .iter()
            .map(|it| serde_json::to_string(it).unwrap())
            .filter(|it| it.contains("unquoted words at byte"))
            .collect();
        assert_eq!(ours.len(), 1, "{:?}", finding.evidence);
        assert!(ours[0].contains("not_modelled"), "{}", ours[0]);
        assert!(!ours[0].contains("DescribeMetricFilters"), "{}", ours[0]);
    }
    // With the quotes it is a pattern like any other.
    let quoted = "{ $.eventName = \"StopLogging\" }";
    assert_ne!(message(&filter(quoted)).0, Unknown);
}

/// A filter that looks at less than its pattern says, or not at the record as CloudTrail wrote it.
#[test]
fn filters_that_see_less() {
    let with = |change: fn(&mut MetricFilter)| {
        filter("").and(|inventory| {
            let group = inventory.log_groups.values_mut().next().unwrap();
            change(&mut known(&mut group.metric_filters)[0]);
        })
    };
    let class = |name: Option<&str>| {
        let name = name.map(str::to_owned);
        filter("").and(|inventory| {
            let group = inventory.log_groups.values_mut().next().unwrap();
            known(&mut group.configuration).as_mut().unwrap().class = Known(name);
        })
    };
    let infrequent = class(Some("INFREQUENT_ACCESS"));
    let (_, told) = message(&infrequent);
    assert!(told.contains("INFREQUENT_ACCESS"), "{told}");
    table(
        CHANGES,
        [
            (Pass, with(|_| {})),
            (
                Unknown,
                with(|it| it.field_selection = Known(Some("@aws.account = \"1\"".to_owned()))),
            ),
            (
                Pass,
                with(|it| it.field_selection = Known(Some(String::new()))),
            ),
            (
                Unknown,
                with(|it| it.field_selection = denied(calls::DESCRIBE_METRIC_FILTERS)),
            ),
            (Unknown, with(|it| it.transformed = Known(true))),
            (
                Fail,
                with(|settings| {
                    settings.transformed = Known(true);
                    settings.pattern = "{ $.eventName = Nothing }".to_owned();
                }),
            ),
            (Pass, class(None)),
            (Pass, class(Some("STANDARD"))),
            (Fail, infrequent),
            (Fail, class(Some("DELIVERY"))),
        ],
    );
}

/// An unknown beside a chain that is proved makes no difference.
#[test]
fn a_proved_chain_passes_whatever_else_is_unknown() {
    let beside = |change: fn(&mut MetricFilter)| {
        filter("").and(|inventory| {
            let group = inventory.log_groups.values_mut().next().unwrap();
            let mut other = known(&mut group.metric_filters)[0].clone();
            change(&mut other);
            known(&mut group.metric_filters).insert(0, other);
        })
    };
    let second_action = alarm(|alarm| {
        known(&mut alarm.alarm_actions).insert(
            0,
            Arn::from("arn:aws:sns:us-east-1:111111111111:never-seen"),
        );
    });
    table(
        CHANGES,
        [
            (Pass, beside(|it| it.pattern = "cannot be read".to_owned())),
            (
                Pass,
                beside(|it| it.transformations[0].name = "Unwatched".to_owned()),
            ),
            (Pass, second_action),
            (
                Pass,
                inventory(|inventory| {
                    inventory
                        .regions
                        .values_mut()
                        .for_each(|it| it.rules = denied(calls::LIST_RULES))
                }),
            ),
        ],
    );
}

/// Filters may share the work, each with an alarm of its own.
#[test]
fn filters_may_share_the_work() {
    let both = |second: fn(&mut Alarm)| {
        filter(&any_of(&[
            "StopLogging",
            "StartLogging",
            "PutEventSelectors",
        ]))
        .and(|inventory| {
            let group = inventory.log_groups.values_mut().next().unwrap();
            let mut rest = known(&mut group.metric_filters)[0].clone();
            rest.pattern = any_of(&["CreateTrail", "UpdateTrail", "DeleteTrail"]);
            rest.transformations[0].name = "Rest".to_owned();
            known(&mut group.metric_filters).push(rest);
            let alarms = known(&mut inventory.regions.values_mut().next().unwrap().alarms);
            let mut other = alarms[0].clone();
            other.metric = Known(Some("Rest".to_owned()));
            second(&mut other);
            alarms.push(other);
        })
    };
    table(
        CHANGES,
        [
            (Pass, both(|_| {})),
            (Fail, both(|it| it.actions_enabled = Known(false))),
        ],
    );
}

/// EventBridge is accepted, where it sees the same events; not for the organization's other accounts and regions.
#[test]
fn a_rule_is_accepted_where_it_sees_all_events() {
    let all = any_of(&["Nothing"]);
    let with = |change: fn(&mut Inventory)| {
        filter(&all).and(|inventory| {
            inventory.regions.values_mut().next().unwrap().rules =
                rules(r#"{"source":["aws.cloudtrail"]}"#);
            change(inventory);
        })
    };
    let two = |second: bool| {
        filter(&all).and(|inventory| {
            add_region(inventory, ACCOUNT, "eu-west-1");
            for view in inventory
                .regions
                .values_mut()
                .take(if second { 2 } else { 1 })
            {
                view.rules = rules(r#"{"source":["aws.cloudtrail"]}"#);
            }
        })
    };
    table(
        CHANGES,
        [
            (Pass, with(|_| {})),
            (Pass, two(true)),
            (Fail, two(false)),
            (
                Fail,
                with(|settings| {
                    settings
                        .topics
                        .values_mut()
                        .for_each(|it| it.subscriptions = Known(Vec::new()))
                }),
            ),
        ],
    );
    let members = with(|it| member(it, "222222222222", &[HOME]));
    table_on(CHANGES, ACCOUNT, [(Fail, members)]);
}

/// Rules do not see calls that only read, but for one state.
#[test]
fn rules_do_not_see_reads() {
    let state = |state: &str| {
        rule(|rule| {
            rule.state = state.to_owned();
            rule.pattern = Some(r#"{"detail":{"userIdentity":{"type":["Root"]}}}"#.to_owned());
        })
    };
    table(
        &alarm_root_usage::CHECK,
        [
            (Fail, state("ENABLED")),
            (Pass, state("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")),
        ],
    );
}

/// Who is judged: the account that holds the log group.
#[test]
fn members_are_judged_where_their_events_go() {
    const MEMBER: &str = "222222222222";
    let member = |change: &dyn Fn(&mut Inventory)| {
        inventory(|inventory| {
            member(inventory, MEMBER, &[HOME]);
            change(inventory);
        })
    };
    let view = |inventory: &mut Inventory, trails: Fact<Vec<Arn>>| {
        let key = (AccountId::from(MEMBER), Region::from(HOME));
        inventory.regions.get_mut(&key).unwrap().trails = trails;
    };
    table_on(
        CHANGES,
        MEMBER,
        [
            (NotApplicable, member(&|_| {})),
            (Fail, member(&move |it| view(it, Known(Vec::new())))),
            (
                Unknown,
                member(&move |it| view(it, denied(calls::DESCRIBE_TRAILS))),
            ),
            (
                NotApplicable,
                member(&move |it| {
                    add_region(it, MEMBER, "eu-west-1");
                    view(it, gap(calls::DESCRIBE_TRAILS, Reason::DeniedByScp));
                }),
            ),
            (
                Unknown,
                member(&|it| {
                    it.trails
                        .values_mut()
                        .for_each(|it| it.configuration = denied(calls::DESCRIBE_TRAILS))
                }),
            ),
        ],
    );
}

/// A trail that records less than is asked for, and one that excludes the service.
#[test]
fn the_trail_must_record_the_events() {
    let selects = |selectors| {
        filter("").and(|it| it.trails.values_mut().next().unwrap().selectors = Known(selectors))
    };
    let kms = &alarm_key_disable_delete::CHECK;
    table(
        kms,
        [
            (Pass, selects(classic_selectors("WriteOnly", true, &[]))),
            (
                Fail,
                selects(classic_selectors("All", true, &["kms.amazonaws.com"])),
            ),
            (
                Fail,
                selects(self::selectors(&[&[
                    "eventCategory = Management",
                    "eventSource != kms.amazonaws.com",
                ]])),
            ),
            (
                Fail,
                selects(self::selectors(&[&[
                    "eventCategory = Management",
                    "userIdentity.arn != arn:aws:iam::111111111111:user/eve",
                ]])),
            ),
            (
                Fail,
                selects(self::selectors(&[&[
                    "eventCategory = Data",
                    "resources.type = AWS::S3::Object",
                ]])),
            ),
        ],
    );
    table(
        &alarm_root_usage::CHECK,
        [
            (Pass, selects(classic_selectors("All", true, &[]))),
            (Fail, selects(classic_selectors("WriteOnly", true, &[]))),
        ],
    );
}

/// Of the table of wrong verdicts: an alarm matched by the metric's name only, which tells nobody.
#[test]
fn an_alarm_that_tells_nobody_does_not_pass() {
    let case = alarm(|alarm| {
        alarm.alarm_actions = Known(Vec::new());
        alarm.namespace = Known(Some("Another".to_owned()));
    });
    table(CHANGES, [(Fail, case)]);
}

/// What cannot occur in the scope is not watched either: no answer, however the filters are.
/// Where the events are recorded was left out, or is none of the account's regions: whatever they are compared with
/// would match all of them.
#[test]
fn no_alarm_passes_on_an_empty_requirement() {
    let alarms = super::ALL
        .iter()
        .filter(|it| it.id.starts_with("monitoring-alarm-"));
    let alarms: Vec<&'static Check> = alarms.copied().collect();
    assert!(alarms.len() > 16, "{}", alarms.len());
    let alone = |partition: &str, excluded: bool| {
        filters(Known(Vec::new())).and(|inventory| {
            configuration(inventory.trails.values_mut().next().unwrap()).organization =
                Known(false);
            add_region(inventory, ACCOUNT, "eu-west-1");
            inventory.header.scope.partition = partition.to_owned();
            let account = inventory.accounts.values_mut().next().unwrap();
            known(&mut account.regions)[0].excluded = excluded;
        })
    };
    for case in [
        alone("aws", true),
        alone("aws-us-gov", false),
        alone("aws-cn", false),
        alone("aws-eusc", false),
        alone("aws-iso-z", false),
    ] {
        for finding in case.findings(&alarms) {
            assert_ne!(
                finding.status, Pass,
                "{}: {}",
                finding.check, finding.message
            );
        }
    }
}

#[test]
fn an_empty_requirement_is_no_pass() {
    const IAM: &Check = &alarm_iam_policy_changes::CHECK;
    let home = |case: Case, excluded: bool| {
        case.and(|inventory| {
            configuration(inventory.trails.values_mut().next().unwrap()).organization =
                Known(false);
            add_region(inventory, ACCOUNT, "eu-west-1");
            let account = inventory.accounts.values_mut().next().unwrap();
            known(&mut account.regions)[0].excluded = excluded;
        })
    };
    let elsewhere = |case: Case, partition: &str| {
        home(case, false).and(|it| it.header.scope.partition = partition.to_owned())
    };
    let none = || filters(Known(Vec::new()));
    let all = || filter(&any_of(events::IAM_POLICY_CHANGES.names));
    table(
        IAM,
        [
            (Fail, home(none(), false)),
            (Unknown, home(none(), true)),
            (Pass, home(all(), false)),
            (Unknown, home(all(), true)),
            // The region that is guessed for the partition is none of the account's.
            (Unknown, elsewhere(none(), "aws-us-gov")),
            (Unknown, elsewhere(all(), "aws-us-gov")),
        ],
    );
    let findings = home(none(), true).findings(&[IAM]);
    let told = format!("{:?}", findings[0].evidence);
    assert!(
        told.contains("excluded") && !told.contains("the run ended"),
        "{told}"
    );
}
