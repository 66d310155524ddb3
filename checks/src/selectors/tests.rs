//! What trails record, as questions and answers.

use super::*;
use crate::fact::Reason;
use crate::inventory::Selectors;
use crate::inventory::trail::{DataResource, EventSelector};
use crate::testing::{self, Case, advanced};

const BOTH: &str = "All";

fn classic(read_write: &str, management: bool) -> EventSelector {
    EventSelector {
        read_write: read_write.to_owned(),
        management,
        excluded_sources: Vec::new(),
        data: Vec::new(),
    }
}

fn of_buckets(read_write: &str, values: &[&str]) -> EventSelector {
    EventSelector {
        data: vec![DataResource {
            kind: "AWS::S3::Object".to_owned(),
            values: values.iter().map(ToString::to_string).collect(),
        }],
        ..classic(read_write, false)
    }
}

fn sets(selectors: Selectors) -> Vec<Events> {
    let Case { mut inventory, .. } = testing::inventory(|_| {});
    let trail = inventory.trails.values_mut().next().unwrap();
    trail.selectors = crate::fact::Fact::Known(selectors);
    recorded(trail).unwrap()
}

fn ask(asked: &Events, selectors: Selectors) -> String {
    match judge(asked, &sets(selectors)) {
        Answer::Covers => "covers".to_owned(),
        Answer::Lacks(hole) => hole.to_string(),
        Answer::CannotTell(gaps) => gaps.iter().map(|gap| gap.detail.clone()).collect(),
    }
}

fn of_classic<const N: usize>(asked: &Events, list: [EventSelector; N]) -> String {
    ask(asked, Selectors::Classic(list.to_vec()))
}

fn of_advanced(asked: &Events, list: &[&[&str]]) -> String {
    ask(asked, testing::selectors(list))
}

const MANAGEMENT: &str = "eventCategory = Management";
const OBJECTS: [&str; 2] = ["eventCategory = Data", "resources.type = AWS::S3::Object"];

fn objects() -> Events {
    let all = Pattern::starts_with("arn:aws:s3:::");
    Events::data("AWS::S3::Object").with(Field::ResourceArn, [all])
}

fn data(more: &[&'static str]) -> Vec<&'static str> {
    OBJECTS.iter().chain(more).copied().collect()
}

#[test]
fn classic_management() {
    let asked = Events::management();
    let not = |sources: &[&str]| EventSelector {
        excluded_sources: sources.iter().map(ToString::to_string).collect(),
        ..classic(BOTH, true)
    };
    assert_eq!(of_classic(&asked, []), "covers");
    assert_eq!(of_classic(&asked, [classic(BOTH, true)]), "covers");
    assert_eq!(
        of_classic(&asked, [classic(BOTH, false)]),
        "none of these events is logged"
    );
    let read = classic("ReadOnly", true);
    let write = classic("WriteOnly", true);
    assert_eq!(
        of_classic(&asked, [read.clone()]),
        "write events are not logged"
    );
    assert_eq!(
        of_classic(&asked, [write.clone()]),
        "read events are not logged"
    );
    assert_eq!(of_classic(&asked, [read, write.clone()]), "covers");
    let kms = "kms.amazonaws.com";
    assert_eq!(
        of_classic(&asked, [not(&[kms])]),
        "events from kms.amazonaws.com are not logged"
    );
    assert_eq!(
        of_classic(&asked, [not(&[kms, "rdsdata.amazonaws.com"])]),
        "events from kms.amazonaws.com, rdsdata.amazonaws.com are not logged"
    );
    assert_eq!(
        of_classic(&asked, [not(&[kms]), write]),
        "read events from kms.amazonaws.com are not logged"
    );
    assert_eq!(
        of_classic(&asked, [classic("Some", true)]),
        "ReadWriteType \"Some\" is not understood"
    );
}

#[test]
fn classic_objects() {
    let asked = objects();
    for all in ["arn:aws:s3", "arn:aws:s3:::"] {
        assert_eq!(of_classic(&asked, [of_buckets(BOTH, &[all])]), "covers");
    }
    assert_eq!(
        of_classic(&asked, [of_buckets(BOTH, &["arn:aws:s3:::one/"])]),
        "events with resources.ARN other than arn:aws:s3:::one/ are not logged"
    );
    assert_eq!(
        of_classic(&asked, [of_buckets(BOTH, &[])]),
        "none of these events is logged"
    );
    assert_eq!(
        of_classic(&asked, [classic(BOTH, true)]),
        "none of these events is logged"
    );
    let write = asked.clone().reading(false);
    assert_eq!(
        of_classic(&write, [of_buckets("WriteOnly", &["arn:aws:s3"])]),
        "covers"
    );
    assert_eq!(
        of_classic(&write, [of_buckets("ReadOnly", &["arn:aws:s3"])]),
        "none of these events is logged"
    );
    let one = Events::data("AWS::S3::Object").with(
        Field::ResourceArn,
        [Pattern::starts_with("arn:aws:s3:::one/a/")],
    );
    assert_eq!(
        of_classic(&one, [of_buckets(BOTH, &["arn:aws:s3:::one/"])]),
        "covers"
    );
    let china = of_buckets(BOTH, &["arn:aws-cn:s3:::"]);
    assert_eq!(
        of_classic(&asked, [china]),
        "none of these events is logged"
    );
}

#[test]
fn a_classic_value_of_another_type_names_one_resource() {
    let of = |value: &str| EventSelector {
        data: vec![DataResource {
            kind: "AWS::Lambda::Function".to_owned(),
            values: vec![value.to_owned()],
        }],
        ..classic(BOTH, false)
    };
    let function = |name: &str| {
        let arn = format!("arn:aws:lambda:us-east-1:111111111111:function:{name}");
        Events::data("AWS::Lambda::Function").with(Field::ResourceArn, [Pattern::Equals(arn)])
    };
    assert_eq!(
        of_classic(
            &Events::data("AWS::Lambda::Function"),
            [of("arn:aws:lambda")]
        ),
        "events with resources.ARN other than arn:aws:lambda are not logged"
    );
    let one = of("arn:aws:lambda:us-east-1:111111111111:function:hello");
    assert_eq!(
        of_classic(&function("hello"), [of("arn:aws:lambda")]),
        "covers"
    );
    assert_eq!(of_classic(&function("hello"), [one.clone()]), "covers");
    assert_ne!(of_classic(&function("hello2"), [one]), "covers");
}

#[test]
fn advanced_management() {
    let asked = Events::management();
    assert_eq!(of_advanced(&asked, &[&[MANAGEMENT]]), "covers");
    assert_eq!(
        of_advanced(&asked, &[&["eventCategory = Data|Management"]]),
        "covers"
    );
    assert_eq!(
        of_advanced(&asked, &[&data(&[])]),
        "none of these events is logged"
    );
    assert_eq!(
        of_advanced(&asked, &[&[MANAGEMENT, "readOnly = true"]]),
        "write events are not logged"
    );
    assert_eq!(
        of_advanced(
            &asked,
            &[&[
                MANAGEMENT,
                "eventSource != kms.amazonaws.com|rdsdata.amazonaws.com"
            ]]
        ),
        "events from kms.amazonaws.com, rdsdata.amazonaws.com are not logged"
    );
    assert_eq!(
        of_advanced(&asked, &[&[MANAGEMENT, "eventSource = iam.amazonaws.com"]]),
        "events from sources other than iam.amazonaws.com are not logged"
    );
    assert_eq!(
        of_advanced(
            &asked,
            &[&[
                MANAGEMENT,
                "userIdentity.arn != arn:aws:iam::111111111111:user/eve"
            ]]
        ),
        "events with userIdentity.arn arn:aws:iam::111111111111:user/eve are not logged"
    );
    assert_eq!(
        of_advanced(
            &asked,
            &[&[MANAGEMENT, "sessionCredentialFromConsole != true"]]
        ),
        "events with sessionCredentialFromConsole true are not logged"
    );
}

#[test]
fn a_name_means_nothing() {
    let mut named = advanced(&[MANAGEMENT, "readOnly = true"]);
    named.name = Some("Management events selector".to_owned());
    let selectors = Selectors::Advanced(vec![named]);
    assert_eq!(
        ask(&Events::management(), selectors),
        "write events are not logged"
    );
}

#[test]
fn blind_alone_but_not_together() {
    let asked = Events::management();
    let pairs: [[&[&str]; 2]; 6] = [
        [
            &[MANAGEMENT, "readOnly = true"],
            &[MANAGEMENT, "readOnly = false"],
        ],
        [
            &[MANAGEMENT, "eventName != Decrypt"],
            &[MANAGEMENT, "eventName = Decrypt"],
        ],
        [
            &[MANAGEMENT, "eventName !^ Get"],
            &[MANAGEMENT, "eventName ^ G"],
        ],
        [
            &[MANAGEMENT, "eventName !$ Key"],
            &[MANAGEMENT, "eventName $ y"],
        ],
        [
            &[MANAGEMENT, "eventName ^ Get"],
            &[MANAGEMENT, "eventName !^ Get"],
        ],
        [
            &[MANAGEMENT, "eventName $ Key"],
            &[MANAGEMENT, "eventName !$ Key"],
        ],
    ];
    for pair in pairs {
        assert_eq!(of_advanced(&asked, &pair), "covers", "{pair:?}");
        for alone in pair {
            assert_ne!(of_advanced(&asked, &[alone]), "covers", "{alone:?}");
        }
    }
    // Three, each of which covers for another.
    let three: [&[&str]; 3] = [
        &[MANAGEMENT, "eventName != A", "readOnly = true"],
        &[MANAGEMENT, "eventName = A"],
        &[MANAGEMENT, "readOnly = false"],
    ];
    assert_eq!(of_advanced(&asked, &three), "covers");
    assert_eq!(
        of_advanced(&asked, &[three[0], three[2]]),
        "read events with eventName A are not logged"
    );
}

#[test]
fn near_misses_stay_holes() {
    let asked = Events::management();
    let of = |a: &'static str, b: &'static str| {
        of_advanced(&asked, &[&[MANAGEMENT, a], &[MANAGEMENT, b]])
    };
    assert_eq!(
        of("eventName !^ Get", "eventName ^ GetO"),
        "events with eventName Get* are not logged"
    );
    assert_eq!(
        of("eventName != A|B", "eventName = A"),
        "events with eventName B are not logged"
    );
    assert_eq!(
        of("eventName ^ A", "eventName $ Z"),
        "events with eventName other than A, Z are not logged"
    );
    // A value that begins and ends as told is one case more.
    assert_eq!(
        of_advanced(
            &asked,
            &[
                &[MANAGEMENT, "eventName !^ A"],
                &[MANAGEMENT, "eventName ^ A", "eventName !$ Z"],
            ]
        ),
        "events with eventName A*Z are not logged"
    );
    // The same hole in reads and writes is told once.
    assert_eq!(
        of_advanced(
            &asked,
            &[
                &[MANAGEMENT, "readOnly = true", "eventName != A"],
                &[MANAGEMENT, "readOnly = false", "eventName != A"],
            ]
        ),
        "events with eventName A are not logged"
    );
}

#[test]
fn operators_on_one_field() {
    // What is wanted is joined by OR, what is refused takes away from it.
    let mut both = advanced(&[MANAGEMENT, "eventName ^ Get"]);
    both.fields[1].equals = vec!["List".to_owned()];
    both.fields[1].not_ends_with = vec!["Key".to_owned()];
    let of = |name: &str| {
        let asked = Events::management().with(Field::EventName, [Pattern::equals(name)]);
        ask(&asked, Selectors::Advanced(vec![both.clone()]))
    };
    assert_eq!(of("List"), "covers");
    assert_eq!(of("GetUser"), "covers");
    assert_ne!(of("GetKey"), "covers");
    assert_ne!(of("ListUsers"), "covers");
}

#[test]
fn advanced_objects() {
    let write = objects().reading(false);
    assert_eq!(of_advanced(&write, &[&data(&[])]), "covers");
    assert_eq!(
        of_advanced(&write, &[&data(&["resources.ARN ^ arn:aws:s3:::"])]),
        "covers"
    );
    assert_eq!(
        of_advanced(&write, &[&data(&["readOnly = true"])]),
        "none of these events is logged"
    );
    assert_eq!(
        of_advanced(
            &write,
            &[&data(&[
                "resources.ARN ^ arn:aws:s3:::one/|arn:aws:s3:::two/"
            ])]
        ),
        "events with resources.ARN other than arn:aws:s3:::one/, arn:aws:s3:::two/ are not logged"
    );
    assert_eq!(
        of_advanced(&write, &[&data(&["resources.ARN !^ arn:aws:s3:::one/"])]),
        "events with resources.ARN arn:aws:s3:::one/* are not logged"
    );
    assert_eq!(
        of_advanced(&write, &[&data(&["resources.ARN !^ arn:aws:s3:::"])]),
        "none of these events is logged"
    );
    assert_eq!(
        of_advanced(&write, &[&data(&["eventName = DeleteObject"])]),
        "events with eventName other than DeleteObject are not logged"
    );
    let two = ["arn:aws:s3:::one/", "arn:aws:s3:::two/"].map(Pattern::starts_with);
    let two = Events::data("AWS::S3::Object").with(Field::ResourceArn, two);
    assert_eq!(
        of_advanced(&two, &[&data(&["resources.ARN !^ arn:aws:s3:::one/"])]),
        "events with resources.ARN arn:aws:s3:::one/ are not logged"
    );
    let lambda = [
        "eventCategory = Data",
        "resources.type = AWS::Lambda::Function",
    ];
    assert_eq!(
        of_advanced(&write, &[&lambda]),
        "none of these events is logged"
    );
}

#[test]
fn what_is_not_understood_cannot_be_told() {
    let asked = Events::management();
    let new = "a condition on \"userAgent\" is not understood";
    let strange: &[&str] = &[MANAGEMENT, "userAgent != curl"];
    assert_eq!(of_advanced(&asked, &[strange]), new);
    assert_eq!(of_advanced(&asked, &[strange, &[MANAGEMENT]]), "covers");
    assert_eq!(
        of_advanced(&asked, &[strange, &[MANAGEMENT, "readOnly = true"]]),
        new
    );
    // What it says that we do understand may settle the matter.
    assert_eq!(
        of_advanced(
            &asked,
            &[&[MANAGEMENT, "userAgent != curl", "readOnly = true"]]
        ),
        "write events are not logged"
    );
    assert_eq!(
        of_advanced(&asked, &[]),
        "an empty list of advanced selectors is not understood"
    );
    assert_eq!(
        of_advanced(&asked, &[&["readOnly = true|false"]]),
        "a selector without eventCategory is not understood"
    );
    let mut empty = advanced(&[MANAGEMENT, "readOnly = true"]);
    empty.fields[1].equals.clear();
    assert_eq!(
        ask(&asked, Selectors::Advanced(vec![empty])),
        "a condition on \"readOnly\" is not understood"
    );
}

#[test]
fn exclusions_undone_keep_what_kind_of_event_it_is() {
    let list = sets(Selectors::Advanced(vec![advanced(&[
        MANAGEMENT,
        "readOnly != true",
        "eventName != A",
        "userIdentity.arn = eve",
    ])]));
    let undone: Vec<Events> = list
        .into_iter()
        .map(Events::with_exclusions_undone)
        .collect();
    let asked = Events::management().reading(false);
    let asked = asked.with(Field::UserArn, [Pattern::equals("eve")]);
    assert_eq!(judge(&asked, &undone), Answer::Covers);
    assert_ne!(
        judge(&Events::management().reading(false), &undone),
        Answer::Covers
    );
    assert_ne!(
        judge(&Events::management().reading(true), &undone),
        Answer::Covers
    );
}

#[test]
fn sets_that_share_an_event_overlap() {
    let set = |tests: &[&str]| sets(testing::selectors(&[tests])).remove(0);
    let share = |one: &[&str], other: &[&str]| {
        let answer = overlap(&set(one), &set(other));
        assert_eq!(overlap(&set(other), &set(one)), answer, "{one:?} {other:?}");
        answer
    };
    let (read, write) = ("readOnly = true", "readOnly = false");
    assert!(share(&[MANAGEMENT], &[MANAGEMENT, read]));
    assert!(!share(&[MANAGEMENT, write], &[MANAGEMENT, read]));
    assert!(!share(&[MANAGEMENT], &OBJECTS));
    let (kms, not_kms) = (
        "eventSource = kms.amazonaws.com",
        "eventSource != kms.amazonaws.com",
    );
    assert!(!share(&[MANAGEMENT, kms], &[MANAGEMENT, not_kms]));
    assert!(share(
        &[MANAGEMENT, not_kms],
        &[MANAGEMENT, "eventSource != sts.amazonaws.com"]
    ));
    let under = |start: &'static str| data(&[start]);
    let logs = under("resources.ARN ^ arn:aws:s3:::logs/");
    assert!(share(
        &logs,
        &under("resources.ARN ^ arn:aws:s3:::logs/AWS")
    ));
    assert!(share(&logs, &under("resources.ARN $ .gz")));
    assert!(!share(&logs, &under("resources.ARN ^ arn:aws:s3:::logs2/")));
    assert!(!share(&logs, &under("resources.ARN !^ arn:aws:s3:::log")));
    // Nothing is in a contradiction, not even itself.
    let none = [MANAGEMENT, "eventCategory = Data"];
    assert!(!share(&none, &none));
}

/// A selector compares letter by letter: a `*` in what is excluded names nothing that there is.
#[test]
fn an_exclusion_with_a_star_excludes_nothing() {
    let log = "arn:aws:s3:::logs/AWSLogs/x";
    for (field, expected) in [
        ("resources.ARN != arn:aws:s3:::logs/*", "covers"),
        ("resources.ARN != *", "covers"),
    ] {
        assert_eq!(
            of_advanced(&objects(), &[&data(&[field])]),
            expected,
            "{field}"
        );
    }
    let one = format!("resources.ARN != {log}");
    let one: &'static str = Box::leak(one.into_boxed_str());
    assert_ne!(of_advanced(&objects(), &[&data(&[one])]), "covers");
    // As what is chosen it matches nothing either.
    let chosen = data(&["resources.ARN = arn:aws:s3:::logs/*"]);
    assert_ne!(of_advanced(&objects(), &[&chosen]), "covers");
    let role = [
        MANAGEMENT,
        "userIdentity.arn != arn:aws:iam::111111111111:role/*",
    ];
    assert_eq!(of_advanced(&Events::management(), &[&role]), "covers");
    let one = [
        MANAGEMENT,
        "userIdentity.arn != arn:aws:iam::111111111111:role/a",
    ];
    assert_ne!(of_advanced(&Events::management(), &[&one]), "covers");
}

/// Sets that differ in every field make cases without number: the answer is unknown, and says why.
#[test]
fn what_takes_too_much_work_is_unknown() {
    let fields = [
        Field::EventSource,
        Field::EventName,
        Field::EventType,
        Field::ResourceArn,
        Field::UserArn,
        Field::ErrorCode,
        Field::VpcEndpoint,
    ];
    let sets: Vec<Events> = (0..70)
        .map(|n| {
            let mut set = Events::management();
            for (at, field) in fields.into_iter().enumerate() {
                set = set.except(field, [Pattern::equals(format!("{at}-{}", n % (at + 9)))]);
            }
            set
        })
        .collect();
    let asked = Events::management();
    match judge(&asked, &sets) {
        Answer::CannotTell(gaps) => {
            assert!(
                gaps.iter().all(|it| it.reason == Reason::TooComplex),
                "{gaps}"
            );
        }
        other @ (Answer::Covers | Answer::Lacks(_)) => panic!("{other:?}"),
    }
}

/// What a trail records twice, and what has another category, changes nothing.
#[test]
fn equal_sets_and_other_categories_change_nothing() {
    let without =
        Events::management().except(Field::EventSource, [Pattern::equals("kms.amazonaws.com")]);
    let data = Events::data("AWS::S3::Object");
    let one = judge(&Events::management(), std::slice::from_ref(&without));
    assert!(matches!(one, Answer::Lacks(_)), "{one:?}");
    let many = [
        data.clone(),
        without.clone(),
        data,
        without.clone(),
        without,
    ];
    assert_eq!(judge(&Events::management(), &many), one);
}

/// AWS takes 500 values. What has far more comes from somebody else, and is asked about in every account and region.
#[test]
fn more_than_a_trail_can_have_is_unknown() {
    let excluding = |count: usize| {
        let mut one = advanced(&[MANAGEMENT]);
        let mut test = one.fields[0].clone();
        test.field = "eventName".to_owned();
        test.equals.clear();
        test.not_equals = (0..count).map(|it| it.to_string()).collect();
        one.fields.push(test);
        Selectors::Advanced(vec![one])
    };
    let asked = Events::management();
    assert!(matches!(
        judge(&asked, &sets(excluding(500))),
        Answer::Lacks(_)
    ));
    let objects = |count: usize| {
        let values: Vec<String> = (0..count).map(|it| format!("arn:aws:s3:::{it}/")).collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        Selectors::Classic(vec![of_buckets(BOTH, &values), classic(BOTH, true)])
    };
    assert_eq!(judge(&asked, &sets(objects(250))), Answer::Covers);
    for too_many in [excluding(5_000), objects(5_000)] {
        let all = sets(too_many);
        assert_eq!(all.len(), 1);
        match judge(&asked, &all) {
            Answer::CannotTell(gaps) => assert!(gaps.too_complex(), "{gaps}"),
            other @ (Answer::Covers | Answer::Lacks(_)) => panic!("{other:?}"),
        }
    }
}
