//! Objects that break parsers, and what must come out of each. The objects were made for this.

use trailaudit_checks::events::filter::{self, Subject};
use trailaudit_checks::events::{
    Field, FormatKind, Input, Proof, Raw, Reason, Record, Unread, Value, read, scan,
};

fn bytes(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/events/shapes/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    #[expect(clippy::disallowed_methods, reason = "a test")]
    std::fs::read(path).unwrap()
}

/// How many records match, and the problems.
fn searched(name: &str, expression: &str) -> (u64, Vec<FormatKind>) {
    let log = bytes(name);
    let expression = filter::parse(expression).unwrap();
    let mut count = 0;
    let scanned = scan(&log, &mut |record| {
        let proof = Proof::Verified;
        count += u64::from(expression.matches(&Subject { record, proof }));
    });
    assert!(count == 0 || expression.may_match(&log));
    let kinds = scanned.problems.iter().map(|it| it.kind).collect();
    (count, kinds)
}

fn first<T>(name: &str, ask: impl Fn(&Record<'_>) -> T) -> T {
    let mut found = None;
    scan(&bytes(name), &mut |record| {
        if found.is_none() {
            found = Some(ask(record));
        }
    });
    found.unwrap()
}

#[test]
fn records_and_problems() {
    use FormatKind::*;
    for (name, records, problems) in [
        ("empty-records", 0, vec![]),
        ("null-records", 0, vec![NullRecords]),
        ("pretty", 1, vec![]),
        ("decoy", 1, vec![]),
        ("duplicate-key", 1, vec![DuplicateKey]),
        ("lookup-events", 0, vec![NoRecords]),
        ("eventbridge", 0, vec![NoRecords]),
        ("trailing-garbage", 1, vec![TrailingBytes]),
        ("cut", 1, vec![Cut]),
        ("nul", 1, vec![]),
        ("surrogate", 1, vec![LossyText]),
        ("bad-utf8", 1, vec![LossyText]),
        ("deep", 1, vec![TooDeep]),
        ("version-number", 1, vec![]),
        ("version-2", 1, vec![UnknownVersion]),
        ("no-identity", 1, vec![]),
        ("params-string", 1, vec![]),
        ("times", 8, vec![]),
        ("no-time", 1, vec![]),
        ("formula", 1, vec![]),
    ] {
        assert_eq!(searched(name, ""), (records, problems), "{name}");
    }
}

#[test]
fn every_search_finds_what_is_meant() {
    for (name, expression, count) in [
        ("pretty", "name = StopLogging", 1),
        (
            "pretty",
            "requestParameters.name = main and ip = 203.0.113.10",
            1,
        ),
        ("decoy", "eventName = StopLogging", 0),
        ("decoy", "requestParameters.eventName = StopLogging", 1),
        ("duplicate-key", "name = StopLogging", 1),
        ("duplicate-key", "eventName = GetObject", 1),
        ("duplicate-key", "name = PutObject", 0),
        ("nul", "agent = \"a\\u0000b\\u001b[31mred*\"", 1),
        ("surrogate", "name = StopLogging and agent = \"?x\"", 1),
        (
            "bad-utf8",
            "name = StopLogging and agent startswith aws-",
            1,
        ),
        ("deep", "name = StopLogging", 1),
        (
            "version-number",
            "eventVersion = 1.11 and readOnly = false and managementEvent = false",
            0,
        ),
        (
            "version-number",
            "eventVersion = 1.11 and readOnly = false and managementEvent = true",
            1,
        ),
        ("version-2", "name = StopLogging", 1),
        ("no-identity", "name = StopLogging and actor = unknown", 1),
        ("params-string", "requestParameters.name = main", 1),
        (
            "params-string",
            "requestParameters contains '\"name\":\"main\"'",
            1,
        ),
        ("times", "time = 2026-02-04T00:00:00Z", 4),
        ("times", "time = 2026-02-04T00:00:00.123Z", 1),
        ("times", "time >= 2026-02-04T00:00:00Z", 5),
        ("times", "time < 2026-02-04T00:00:00Z", 0),
        ("formula", "errorMessage = '<script>*'", 1),
    ] {
        assert_eq!(searched(name, expression).0, count, "{name}: {expression}");
    }
}

#[test]
fn what_a_record_says() {
    assert!(first("surrogate", |it| it.agent().unwrap().lossy));
    assert_eq!(
        first("bad-utf8", |it| it.agent().unwrap().to_string()),
        "aws-\u{FFFD}\u{FFFD}"
    );
    assert_eq!(
        first("duplicate-key", |it| it.values(Field::EventName).count()),
        2
    );
    let unread = first("deep", |it| {
        it.get(Field::AdditionalEventData).unwrap().open().unread()
    });
    assert_eq!(unread, Some(Unread::TooDeep));
    assert_eq!(first("no-time", |it| it.time()), None);
    assert_eq!(first("no-identity", |it| it.actor().kind.word()), "unknown");
    let opened = first("params-string", |it| {
        let text = it.json_text(Field::RequestParameters).unwrap();
        Raw::nested(text.as_bytes()).unwrap().open().to_json()
    });
    assert_eq!(opened, r#"{"name":"main"}"#);
    let mut times = Vec::new();
    scan(&bytes("times"), &mut |it| {
        times.push(it.time().map(|it| it.as_millisecond()))
    });
    let at = 1_770_163_200_000;
    assert_eq!(
        times,
        [
            Some(at),
            Some(at + 123),
            Some(at),
            Some(at),
            Some(at),
            None,
            None,
            None
        ]
    );
}

#[test]
fn services_without_identity_are_told_as_such() {
    for (json, kind, id) in [
        (
            r#"{"eventType":"AwsServiceEvent","eventSource":"kms.amazonaws.com","userIdentity":null}"#,
            "service",
            "kms.amazonaws.com",
        ),
        (r#"{"eventType":"AwsServiceEvent"}"#, "service", "unknown"),
        (r#"{"eventType":"AwsApiCall"}"#, "unknown", "unknown"),
        (
            r#"{"eventType":"AwsCloudTrailInsight","insightDetails":{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances"}}"#,
            "service",
            "ec2.amazonaws.com",
        ),
    ] {
        let record = Record::read(json.as_bytes()).unwrap();
        let actor = record.actor();
        assert_eq!((actor.kind.word(), &*actor.id), (kind, id), "{json}");
    }
}

#[test]
fn numbers_lose_nothing() {
    let log = r#"{"Records":[{"requestParameters":{"a":1e999,"b":184467440737095516160.25}}]}"#;
    let mut count = 0;
    let scanned = scan(log.as_bytes(), &mut |record| {
        let holds = |text: &str| {
            let proof = Proof::Unverified(Reason::NotDelivered);
            filter::parse(text)
                .unwrap()
                .matches(&Subject { record, proof })
        };
        assert!(holds(
            "requestParameters.a > 1e998 and requestParameters.a < 1e1000"
        ));
        assert!(holds("requestParameters.a = 10e998"));
        assert!(holds("requestParameters.b > 184467440737095516160.2499"));
        assert!(!holds("requestParameters.b = 184467440737095516160"));
        let opened = record
            .path(Field::RequestParameters, &["a"])
            .unwrap()
            .open();
        assert_eq!(opened, Value::Number("1e999"));
        count += 1;
    });
    assert_eq!((count, scanned.problems), (1, vec![]));
}

const RECORD: &str =
    r#"{"eventVersion":"1.11","eventName":"StopLogging","eventTime":"2026-02-04T00:00:00Z"}"#;

#[test]
fn other_inputs() {
    let quoted = serde_json::to_string(RECORD).unwrap();
    let bridge = format!(
        r#"{{"version":"0","detail-type":"x","source":"aws.cloudtrail","detail":{RECORD}}}"#
    );
    let stop = |n: usize| vec!["StopLogging"; n];
    for (text, input, names, problems) in [
        (
            format!(r#"{{"Records":[{RECORD}]}}"#),
            Some(Input::Log),
            stop(1),
            vec![],
        ),
        (
            format!("\u{feff}{{\"Records\":[{RECORD}]}}\n{{\"Records\":[{RECORD},{RECORD}]}}"),
            Some(Input::Log),
            stop(3),
            vec![],
        ),
        (
            format!("{RECORD}\n{RECORD}\n"),
            Some(Input::Lines),
            stop(2),
            vec![],
        ),
        (
            format!("{RECORD}{RECORD}"),
            Some(Input::Lines),
            stop(2),
            vec![],
        ),
        (
            format!("[{RECORD}, {RECORD}]"),
            Some(Input::Lines),
            stop(2),
            vec![],
        ),
        ("[]".to_owned(), Some(Input::Lines), vec![], vec![]),
        (
            format!("{RECORD}\n{{\"eventName\":\n{RECORD}\n"),
            Some(Input::Lines),
            stop(2),
            vec![FormatKind::Cut],
        ),
        (
            format!("{RECORD}\nnot json\n{RECORD}"),
            Some(Input::Lines),
            stop(2),
            vec![FormatKind::Malformed],
        ),
        (
            format!(
                r#"{{"Events":[{{"EventId":"x","EventName":"n","CloudTrailEvent":{quoted}}}],"NextToken":"t"}}"#
            ),
            Some(Input::LookupEvents),
            stop(1),
            vec![],
        ),
        (
            r#"{"Events":[]}"#.to_owned(),
            Some(Input::LookupEvents),
            vec![],
            vec![],
        ),
        (bridge.clone(), Some(Input::EventBridge), stop(1), vec![]),
        (
            format!("{bridge}\n{bridge}"),
            Some(Input::EventBridge),
            stop(2),
            vec![],
        ),
        (
            format!(r#"{{"message":{quoted},"timestamp":1}}"#),
            Some(Input::CloudWatchLogs),
            stop(1),
            vec![],
        ),
        (
            format!(
                r#"{{"events":[{{"timestamp":1,"message":{quoted}}},{{"message":{quoted}}}]}}"#
            ),
            Some(Input::CloudWatchLogs),
            stop(2),
            vec![],
        ),
        (
            format!(
                r#"{{"messageType":"DATA_MESSAGE","logEvents":[{{"id":"1","message":{quoted}}}]}}"#
            ),
            Some(Input::CloudWatchLogs),
            stop(1),
            vec![],
        ),
        (
            format!("2026-02-04T00:00:00.000Z {RECORD}\n2026-02-04T00:00:01.000Z {RECORD}\n"),
            Some(Input::CloudWatchLogs),
            stop(2),
            vec![],
        ),
        (
            "Event ID,Event name,Event time,Event source\n1,StopLogging,2026-02-04T00:00:00Z,s\n"
                .to_owned(),
            Some(Input::ConsoleCsv),
            stop(1),
            vec![],
        ),
        (
            r#"{"Records":null}"#.to_owned(),
            Some(Input::Log),
            vec![],
            vec![FormatKind::NullRecords],
        ),
        (
            format!(r#"{{"Records":[{RECORD},{{"a"#),
            Some(Input::Log),
            stop(1),
            vec![FormatKind::Cut],
        ),
        (
            r#"{"Records"#.to_owned(),
            None,
            vec![],
            vec![FormatKind::Cut],
        ),
        (
            r#"{"a":1}"#.to_owned(),
            None,
            vec![],
            vec![FormatKind::NoRecords],
        ),
        (String::new(), None, vec![], vec![FormatKind::NotAnObject]),
        (
            "nothing".to_owned(),
            None,
            vec![],
            vec![FormatKind::Malformed],
        ),
    ] {
        let mut found = Vec::new();
        let got = read(text.as_bytes(), &mut |it| {
            found.push(it.name().unwrap().to_string())
        });
        let kinds: Vec<_> = got.scanned.problems.iter().map(|it| it.kind).collect();
        assert_eq!(
            (got.input, found, kinds),
            (
                input,
                names.iter().map(|it| (*it).to_owned()).collect(),
                problems
            ),
            "{text}"
        );
    }
    for (name, input) in [
        ("lookup-events", Input::LookupEvents),
        ("eventbridge", Input::EventBridge),
        ("pretty", Input::Log),
    ] {
        let mut names = Vec::new();
        let got = read(&bytes(name), &mut |it| {
            names.push(it.name().unwrap().to_string())
        });
        assert_eq!(
            (got.input, got.scanned.problems),
            (Some(input), vec![]),
            "{name}"
        );
        assert_eq!(names, ["StopLogging"], "{name}");
    }
}
