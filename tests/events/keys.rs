//! Key events through the binary: published attacks fire what they must, an ordinary day does not, and nothing that was
//! planted or altered makes another finding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::events;
use crate::binary::Place;
use crate::verify::{END, lay};

fn records() -> Vec<Value> {
    let lines = include_str!("../data/events/records.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The findings of these records, as files.
fn detect(records: &[Value]) -> Value {
    let place = Place::new();
    let text = json!({"Records": records}).to_string();
    place.write("log.json", text);
    let ended = place.run(&["events", "detect", "log.json", "-f", "json"]);
    // Nothing proves files: whatever is found is open.
    ended.code(3).json()
}

/// What files show is unknown, as nothing proves them; the records of each are in its message and the subject is its own.
fn fired(audit: &Value) -> BTreeSet<String> {
    let findings = audit["findings"].as_array().unwrap();
    let own = findings
        .iter()
        .filter(|it| it["subject"]["id"] != "all accounts of the logs");
    own.map(|it| it["check"].as_str().unwrap().to_owned())
        .collect()
}

/// Each technique fires what it must, as far as its records are here: bursts need more of them than are published in
/// part.
#[test]
fn each_technique_fires_what_it_must() {
    let expected: Value =
        serde_json::from_str(include_str!("../data/events/techniques.json")).unwrap();
    let all = records();
    for (technique, checks) in expected["techniques"].as_object().unwrap() {
        let own = all.iter().filter(|it| {
            let source = it["source"].as_str().unwrap();
            source.ends_with(&format!("/{technique}.json"))
        });
        let own: Vec<Value> = own.map(|it| it["record"].clone()).collect();
        assert!(!own.is_empty(), "{technique} has no records");
        let fired = fired(&detect(&own));
        let mut checks: BTreeSet<String> = checks.as_object().unwrap().keys().cloned().collect();
        // Of twenty secrets that were read, two records are here.
        if technique.ends_with("secretsmanager-retrieve-secrets") {
            checks.remove("event-secrets-read-in-bulk");
        }
        let missing: Vec<&String> = checks.difference(&fired).collect();
        assert!(
            missing.is_empty(),
            "{technique}: {missing:?} not in {fired:?}"
        );
    }
}

/// A tree of verified logs in which somebody does this, in its second hour.
fn tree_with(spec: &str) -> Value {
    let place = Place::new();
    lay(&place, spec);
    events(&place, "detect", &["--until", END, "-f", "json"]).json()
}

fn statuses(audit: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in audit["findings"].as_array().unwrap() {
        let status = finding["status"].as_str().unwrap().to_owned();
        let check = finding["check"].as_str().unwrap().to_owned();
        all.entry(status).or_default().insert(check);
    }
    all
}

/// Calls of services, which fire nothing: one that reads, and is of KMS, one that changes something, and a write of an
/// object.
fn of_services() -> [Value; 3] {
    let call = |category: &str, source: &str, name: &str, read_only: bool| {
        json!({
            "eventVersion": "1.11", "eventID": "e-1", "eventTime": "2026-01-01T01:00:00Z", "eventType": "AwsApiCall",
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventCategory": category,
            "managementEvent": category == "Management", "readOnly": read_only, "awsRegion": "us-east-1",
            "recipientAccountId": "111122223333", "sourceIPAddress": "198.51.100.1",
            "requestParameters": {"bucketName": "data", "key": "k"},
            "userIdentity": {"type": "AWSService", "invokedBy": "delivery.logs.amazonaws.com"},
        })
    };
    [
        call("Management", "kms", "Decrypt", true),
        call("Management", "logs", "CreateLogStream", false),
        call("Data", "s3", "PutObject", false),
    ]
}

/// All is verified, and nothing fires: records of each kind show what is logged.
#[test]
fn verified_ordinary_records_pass_every_check() {
    let audit = tree_with(&json!({"records": 3, "templates": of_services()}).to_string());
    let all = statuses(&audit);
    assert_eq!(
        all.keys().collect::<Vec<_>>(),
        ["not_applicable", "pass"],
        "{:#?}",
        all.get("fail")
    );
    assert_eq!(all["pass"].len(), 64);
    assert_eq!(audit["run"]["exit_code"], 0);
    assert_eq!(audit["events"]["complete"], true);
}

/// No trail logs writes of objects unless it is told to: that there are none says nothing.
#[test]
fn without_a_write_of_an_object_nobody_knows_whether_some_were_deleted() {
    let [read, change, _] = of_services();
    let audit = tree_with(&json!({"records": 2, "templates": [read, change]}).to_string());
    let all = statuses(&audit);
    let unknown: Vec<&str> = all["unknown"].iter().map(String::as_str).collect();
    let of_objects = ["event-log-objects-deleted", "event-objects-deleted-in-bulk"];
    assert_eq!(unknown, of_objects);
    assert_eq!((all.len(), all["pass"].len()), (3, 62));
    assert_eq!(audit["run"]["exit_code"], 3);
    assert_eq!(audit["events"]["complete"], true);
}

/// A trail may log calls that read alone.
#[test]
fn without_a_call_that_changes_something_nobody_knows_whether_there_was_one() {
    let audit = tree_with(r#"{"records": 3}"#);
    let all = statuses(&audit);
    let pass: Vec<&str> = all["pass"].iter().map(String::as_str).collect();
    let expected = [
        "event-buckets-enumerated",
        "event-log-altered",
        "event-log-planted",
        "event-secrets-read-in-bulk",
    ];
    assert_eq!(pass, expected);
    assert_eq!((all.len(), all["unknown"].len()), (3, 60));
    assert_eq!(audit["run"]["exit_code"], 3);
    assert_eq!(audit["events"]["complete"], true);
}

/// What was planted or altered is a finding of its own; the hours that it leaves open are unknown, never a pass.
#[test]
fn planted_and_altered_logs_make_their_own_finding_alone() {
    for (fault, check) in [
        (r#"{"do": "tamper", "log": [1, 0]}"#, "event-log-altered"),
        (
            r#"{"do": "add-log", "minute": 130, "records": [{"eventName": "DeleteTrail", "eventSource": "cloudtrail.amazonaws.com",
                "eventTime": "2026-01-01T02:05:00Z", "eventID": "x", "requestParameters": {"name": "main"}}]}"#,
            "event-log-planted",
        ),
    ] {
        let spec = format!(r#"{{"records": 3, "faults": [{fault}]}}"#);
        let all = statuses(&tree_with(&spec));
        let fail: Vec<&String> = all["fail"].iter().collect();
        assert_eq!(fail, [check], "{fault}");
        assert!(!all.contains_key("pass"), "{fault}");
    }
}

#[test]
fn the_sample_shows_who_stopped_the_trail() {
    let place = Place::new();
    let audit = place
        .run(&["events", "detect", "--demo", "-f", "json"])
        .code(1)
        .json();
    let fails = statuses(&audit)["fail"].clone();
    for check in [
        "event-trail-logging-stopped",
        "event-log-objects-deleted",
        "event-log-altered",
    ] {
        assert!(fails.contains(check), "{check} is not in {fails:?}");
    }
    let posture = place.run(&["scan", "--demo", "-f", "json"]).code(1).json();
    let both = place
        .run(&["scan", "--demo", "--events", "-f", "json"])
        .code(1)
        .json();
    let ids = |audit: &Value| -> BTreeSet<String> {
        let checks = audit["checks"].as_array().unwrap().iter();
        checks
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let more: BTreeSet<String> = ids(&both).difference(&ids(&posture)).cloned().collect();
    assert_eq!(more.len(), 65);
    assert!(more.iter().all(|it| it.starts_with("event-")));
    // They answer none of the five questions.
    assert_eq!(both["answers"], posture["answers"]);
}

/// Flags of a scan are written the same.
#[test]
fn flags_that_need_no_value() {
    let place = Place::new();
    for (flag, code) in [
        ("--exit-zero", 0),
        ("--exit-zero=true", 0),
        ("--exit-zero=false", 1),
        ("--allow-incomplete", 1),
    ] {
        let args = ["events", "detect", "--demo", flag, "-f", "json"];
        place.run(&args).code(code);
    }
}

/// A day later the same finding is not fixed: it is out of what was read.
#[test]
fn what_leaves_the_window_is_never_fixed() {
    let place = Place::new();
    let whole = ["events", "detect", "--demo", "-f", "json=whole.json"];
    place.run(&whole).code(1);
    let args = [
        "events",
        "detect",
        "--demo",
        "--since",
        "2026-11-15T18:00:00Z",
        "--baseline",
        "whole.json",
        "-f",
        "json",
    ];
    let audit = place.run(&args).json();
    let counts = &audit["baseline"]["counts"];
    assert_eq!(counts["fixed"], 0, "{counts}");
    assert!(counts["out_of_window"].as_u64().unwrap() > 5, "{counts}");
    let absent = audit["baseline"]["absent"].as_array().unwrap();
    let stopped = absent
        .iter()
        .filter(|it| it["check"] == "event-trail-logging-stopped");
    for it in stopped {
        assert_eq!(it["kind"], "out_of_window", "{it}");
    }
}

/// What a bundle holds of events is what its findings follow from.
#[test]
fn a_bundle_with_events_verifies() {
    let place = Place::new();
    let create = [
        "evidence", "create", "--demo", "--events", "--output", "bundle",
    ];
    place.run(&create).code(0);
    let lines = std::fs::read_to_string(place.path("bundle/events/key-events.jsonl")).unwrap();
    assert!(lines.contains("event-trail-logging-stopped"));
    let verified = place.run(&["evidence", "verify", "bundle"]);
    let text = format!("{}{}", verified.stdout, verified.stderr);
    assert!(!text.contains("WRONG"), "{text}");
}
