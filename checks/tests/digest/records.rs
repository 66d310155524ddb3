//! Records that a tree is given lie where CloudTrail would put them, and its digests say when they happened.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trailaudit_checks::digest::{KeyRing, Kind, Limits, Logging, Window};

use crate::driver::{Outcome, Run};
use crate::tree::spec::Spec;
use crate::tree::{Tree, gunzip};

const ID: &str = "11111111-0000-4000-8000-000000000001";

fn tree(spec: Value) -> (Spec, Tree) {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let tree = Tree::new(&spec);
    (spec, tree)
}

fn verified(spec: &Spec, tree: &Tree) -> Outcome {
    Run {
        tree,
        keys: KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap(),
        window: Window {
            start: spec.start,
            end: spec.end(),
        },
        logging: Logging::Unknown,
        limits: Limits::default(),
        denied: Vec::new(),
        anchor: None,
        expected: false,
        buckets: vec![spec.bucket.clone()],
    }
    .verify()
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    outcome.problems().map(|problem| problem.kind).collect()
}

fn record(id: &str, time: &str) -> Value {
    json!({
        "eventVersion": "1.11", "userIdentity": {"type": "Root", "accountId": "111122223333"}, "eventTime": time,
        "eventName": "ConsoleLogin", "awsRegion": "eu-west-1", "eventID": id, "recipientAccountId": "111122223333",
    })
}

/// Event IDs by the key of the log that holds them, for logs with records that were given.
fn held(tree: &Tree) -> BTreeMap<String, Vec<String>> {
    let logs = tree
        .objects
        .iter()
        .filter(|(at, _)| at.1.contains("/CloudTrail/"));
    let logs = logs.filter(|(_, object)| object.bytes.starts_with(&[0x1f, 0x8b]));
    let logs = logs.map(|(at, object)| {
        let log: Value = serde_json::from_slice(&gunzip(&object.bytes)).unwrap();
        let records = log["Records"].as_array().unwrap().clone();
        let ids = records.iter().filter_map(|it| it["eventID"].as_str());
        (at.1.clone(), ids.map(ToOwned::to_owned).collect())
    });
    logs.collect()
}

fn entries(tree: &Tree) -> BTreeMap<String, Value> {
    let digests = tree
        .objects
        .iter()
        .filter(|(at, _)| at.1.contains("-Digest/"));
    let entries = digests.flat_map(|(_, object)| {
        let digest: Value = serde_json::from_slice(&gunzip(&object.bytes)).unwrap();
        digest["logFiles"].as_array().unwrap().clone()
    });
    entries
        .map(|it| (it["s3Object"].as_str().unwrap().to_owned(), it))
        .collect()
}

#[test]
fn a_record_is_delivered_after_it_happened_and_its_digest_says_when_it_did() {
    let other = "22222222-0000-4000-8000-000000000002";
    let late = "33333333-0000-4000-8000-000000000003";
    let (spec, tree) = tree(json!({
        "regions": ["eu-west-1", "us-east-1"], "logs_per_hour": 0, "hours": 3,
        "events": [
            record(ID, "2026-01-01T00:57:31Z"), record(other, "2026-01-01T00:59:59Z"),
            {"record": record(late, "2026-01-01T00:10:00Z"), "late": 120},
        ],
    }));
    assert_eq!(kinds(&verified(&spec, &tree)), []);
    let held = held(&tree);
    let keys: Vec<&String> = held.keys().collect();
    // 00:57:31 and 00:59:59 plus five minutes, to the next multiple of five; the last one came two hours late.
    assert_eq!(held.len(), 2, "{keys:?}");
    assert!(keys[0].contains("_eu-west-1_20260101T0105Z_"), "{keys:?}");
    assert!(keys[1].contains("_eu-west-1_20260101T0210Z_"), "{keys:?}");
    assert_eq!(held[keys[0]], [ID, other]);
    assert_eq!(held[keys[1]], [late]);
    let entry = &entries(&tree)[keys[0]];
    assert_eq!(entry["oldestEventTime"], "2026-01-01T00:57:31Z");
    assert_eq!(entry["newestEventTime"], "2026-01-01T00:59:59Z");
}

#[test]
fn digests_may_say_nothing_of_times_and_logs_may_be_small() {
    let records: Vec<Value> = (0..5)
        .map(|n| {
            record(
                &format!("11111111-0000-4000-8000-00000000000{n}"),
                "2026-01-01T00:01:00Z",
            )
        })
        .collect();
    let (spec, tree) = tree(json!({
        "logs_per_hour": 0, "hours": 1, "events": records, "records_per_log": 2, "timeless": [0],
    }));
    assert_eq!(kinds(&verified(&spec, &tree)), []);
    let mut counts: Vec<usize> = held(&tree).values().map(Vec::len).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 2]);
    let entries = entries(&tree);
    assert_eq!(entries.len(), 3);
    assert!(
        entries
            .values()
            .all(|it| it.get("oldestEventTime").is_none())
    );
}

#[test]
fn what_stops_a_trail_is_recorded_by_the_others_at_that_second() {
    let spec = |causes: Value| {
        json!({
            "seed": 3, "hours": 4, "logs_per_hour": 0, "regions": ["eu-west-1", "us-east-1"],
            "restarts": [{"before": 2, "off_minutes": 30}], "causes": causes,
            "also": [{"trails": ["second"], "hours": 5, "logs_per_hour": 0, "regions": ["eu-west-1"]}],
        })
    };
    let cause = |more: Value| {
        let mut cause = json!({"call": "StopLogging", "before": 2, "undo": "StartLogging"});
        cause
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!([cause])
    };
    let found = |causes: Value| -> Vec<(String, Value)> {
        let (spec, tree) = tree(spec(causes));
        assert_eq!(
            kinds(&verified(&spec, &tree)),
            [Kind::ChainGap, Kind::ChainGap]
        );
        let mut found = Vec::new();
        for chain in &tree.chains {
            for at in chain.events.values() {
                let log: Value = serde_json::from_slice(&gunzip(&tree.objects[at].bytes)).unwrap();
                let records = log["Records"].as_array().unwrap().iter().cloned();
                let of = format!("{}/{}", chain.region, chain.trail);
                found.extend(records.map(|it| (of.clone(), it)));
            }
        }
        found
    };
    let other = found(cause(json!({})));
    let shown: Vec<_> = other
        .iter()
        .map(|(of, it)| {
            (
                of.as_str(),
                it["eventName"].as_str().unwrap(),
                it["eventTime"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.contains(&("eu-west-1/second", "StopLogging", "2026-01-01T01:59:59Z")));
    assert!(shown.contains(&("eu-west-1/second", "StartLogging", "2026-01-01T02:30:01Z")));
    assert_eq!(
        other[0].1["requestParameters"]["name"],
        "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"
    );
    let refused = found(cause(
        json!({"error": "AccessDenied", "undo": null, "by_name": true}),
    ));
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].1["errorCode"], "AccessDenied");
    assert_eq!(refused[0].1["requestParameters"]["name"], "main");
    // The stopped trail itself: its stop with the last digest.
    let own = found(cause(json!({"seen_by": ["main"]})));
    let mut names: Vec<_> = own
        .iter()
        .map(|it| it.1["eventName"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["StartLogging", "StopLogging"]);
    // Nobody has it.
    assert_eq!(found(cause(json!({"seen_by": [""]}))), []);
    // Another account has no trail in the tree.
    assert_eq!(found(cause(json!({"owner": "444455556666"}))), []);
}

#[test]
fn faults_name_logs_by_the_record_in_them() {
    let case = |fault: Value| {
        let (spec, tree) = tree(json!({
            "hours": 2, "trails": ["main", "second"], "faults": [fault],
            "events": [record(ID, "2026-01-01T00:20:00Z"),
                record("22222222-0000-4000-8000-000000000002", "2026-01-01T00:20:01Z")],
        }));
        let kinds = kinds(&verified(&spec, &tree));
        let held = held(&tree);
        let count = held.values().flatten().filter(|id| *id == ID).count();
        (kinds, count)
    };
    let target = |more: Value| {
        let mut fault = json!({"event": ID, "trail": "second"});
        fault
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        fault
    };
    let missing = case(target(json!({"do": "delete"})));
    assert_eq!(missing, (vec![Kind::LogMissing], 1));
    let dropped = case(target(json!({"do": "drop-record"})));
    assert_eq!(dropped, (vec![Kind::LogHashMismatch], 1));
    let edited = case(json!({
        "do": "edit-record", "target": target(json!({})), "set": {"/eventName": "GetCallerIdentity"},
    }));
    assert_eq!(edited, (vec![Kind::LogHashMismatch], 2));
    let both = case(json!({"do": "delete", "event": ID}));
    assert_eq!(both, (vec![Kind::LogMissing; 2], 0));
    let planted = case(
        json!({"do": "add-log", "minute": 7, "records": [record(ID, "2026-01-01T00:02:00Z")]}),
    );
    assert_eq!(planted, (vec![Kind::LogUnlisted], 3));
    let (spec, tree) = tree(json!({
        "hours": 1, "events": [record(ID, "2026-01-01T00:20:00Z")],
        "faults": [{"do": "append-records", "target": {"event": ID}, "records": [record(ID, "2026-01-01T00:21:00Z")]}],
    }));
    assert_eq!(kinds(&verified(&spec, &tree)), [Kind::LogTrailingData]);
}
