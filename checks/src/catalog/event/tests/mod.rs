//! Cases of each check: what fires it, what looks alike and does not, and what becomes of it where it was refused or
//! where nothing is proved. `cases.json` has the records, each on top of the same call of a user.

mod bursts;
mod grades;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::events::key::{At, Detector, Gather, Local, Stores};
use crate::events::{Hours, Proof, Reason as Why, Record, Records, RestsOn};
use crate::fact::Fact;
use crate::finding::{Finding, Status};
use crate::inventory::EventsRead;
use crate::testing::*;

#[derive(Deserialize)]
struct Cases {
    severity: String,
    subject: String,
    fires: Vec<Value>,
    misses: Vec<Value>,
}

fn cases() -> BTreeMap<String, Cases> {
    serde_json::from_str(include_str!("../cases.json")).unwrap()
}

/// A call of a user, with these members instead.
fn call(change: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventID": "e-1", "eventTime": "2026-03-01T10:00:00Z",
        "eventType": "AwsApiCall", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "sourceIPAddress": "198.51.100.1", "eventCategory": "Management",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDAEXAMPLE123456789",
            "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333",
            "userName": "alice",
        },
    });
    for (name, value) in change.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

/// What these records come to; in two logs, the later one first.
fn found(records: &[(Value, Proof)], stores: Stores) -> Vec<KeyEvents> {
    let detector = Detector::new(&keys(), stores).unwrap();
    let mut rows = Vec::new();
    let (one, two) = records.split_at(records.len() / 2);
    for log in [two, one] {
        let mut local = Local::default();
        for (value, proof) in log {
            let text = value.to_string();
            let record = Record::read(text.as_bytes()).unwrap();
            let at = At {
                bucket: "logs",
                key: "AWSLogs/111122223333/CloudTrail/us-east-1/x.json.gz",
                account: "111122223333",
                region: "us-east-1",
            };
            detector.record(&mut local, &record, *proof, at);
        }
        let (bytes, common, places) = local.into_rows();
        rows.extend(places.map(|(sort, row, end)| {
            let part = |start: usize, end: usize| bytes[start..end].to_vec();
            [part(sort, row), part(row, end), part(common, bytes.len())]
        }));
    }
    rows.sort();
    let mut gather = Gather::new(&keys());
    for [sort, own, common] in &rows {
        gather.row(sort, [own, common]).unwrap();
    }
    gather.finish()
}

fn stores() -> Stores {
    Stores {
        buckets: ["logs".to_owned()].into(),
        keys: Some(["log-key".to_owned()].into()),
    }
}

fn verified() -> RestsOn {
    RestsOn {
        hours: Hours {
            verified: 24,
            ..Hours::default()
        },
        records: Records {
            verified: 7,
            ..Records::default()
        },
        complete: true,
        ..RestsOn::default()
    }
}

/// The findings of one check.
fn findings(id: &str, records: &[(Value, Proof)], rests_on: RestsOn) -> Vec<Finding> {
    let events = EventsRead::of(rests_on, found(records, stores()), true);
    let case = inventory(|it| it.events = Some(events));
    case.findings(&[crate::catalog::find(id).unwrap()])
}

fn proven(values: &[Value]) -> Vec<(Value, Proof)> {
    values
        .iter()
        .map(|it| (call(it), Proof::Verified))
        .collect()
}

#[test]
fn each_has_cases() {
    let ids: Vec<&str> = keys()
        .iter()
        .map(|it| it.id)
        .filter(|it| ![ALTERED, PLANTED].contains(it))
        .collect();
    assert_eq!(cases().keys().collect::<Vec<_>>(), ids);
}

#[test]
fn what_fires_is_a_fail_of_its_subject() {
    for (id, case) in cases() {
        for record in &case.fires {
            let all = findings(&id, &proven(std::slice::from_ref(record)), verified());
            let [one] = all.as_slice() else {
                panic!("{id} {record}: {all:#?}");
            };
            assert_eq!(one.status, Fail, "{id} {record}: {}", one.message);
            assert_eq!(one.subject.id, case.subject, "{id} {record}");
            assert_eq!(one.severity.as_str(), case.severity, "{id} {record}");
            let shown = one.evidence.iter().filter(|it| it.what == "record").count();
            assert!(shown > 0, "{id}");
        }
    }
}

#[test]
fn what_looks_alike_is_a_pass_where_all_is_verified() {
    for (id, case) in cases() {
        // Nobody knows whether Insights are on.
        let expected = match id.as_str() {
            "event-insight" => Status::NotApplicable,
            _ => Status::Pass,
        };
        for record in &case.misses {
            let all = findings(&id, &proven(std::slice::from_ref(record)), verified());
            let [one] = all.as_slice() else {
                panic!("{id} {record}: {all:#?}");
            };
            assert_eq!(one.status, expected, "{id} {record}: {}", one.message);
        }
        let none = findings(&id, &[], verified());
        assert_eq!(none.len(), 1, "{id}");
        assert_eq!(none[0].status, expected, "{id}");
    }
}

#[test]
fn an_open_hour_is_no_pass() {
    for key in keys() {
        for rests_on in [
            RestsOn::default(),
            // An empty period says nothing.
            RestsOn {
                complete: true,
                ..RestsOn::default()
            },
            RestsOn {
                complete: false,
                ..verified()
            },
        ] {
            let all = findings(key.id, &[], rests_on);
            assert_eq!(all.len(), 1, "{}", key.id);
            assert_eq!(all[0].status, Unknown, "{}", key.id);
        }
    }
}

/// Nothing is said where no records were read: not a pass, and no row.
#[test]
fn without_records_there_is_no_finding() {
    for key in keys() {
        let check = crate::catalog::find(key.id).unwrap();
        assert_eq!(inventory(|_| {}).findings(&[check]), [], "{}", key.id);
    }
}

#[test]
fn what_nothing_proves_is_unknown() {
    for (id, case) in cases() {
        for record in &case.fires {
            let unproven = Proof::Unverified(Why::NoDigest);
            let all = findings(&id, &[(call(record), unproven)], verified());
            let [one] = all.as_slice() else {
                panic!("{id} {record}: {all:#?}");
            };
            assert_eq!(one.status, Unknown, "{id} {record}");
            assert_eq!(one.subject.id, case.subject, "{id}");
        }
    }
}

/// Altered and planted records are evidence of that, and of nothing else.
#[test]
fn altered_and_planted_records_fire_nothing_else() {
    for (id, case) in cases() {
        for record in &case.fires {
            for (proof, check) in [(Proof::Altered, ALTERED), (Proof::Unlisted, PLANTED)] {
                let all = found(&[(call(record), proof)], stores());
                let checks: Vec<&str> = all.iter().map(|it| it.check.as_str()).collect();
                assert_eq!(checks, [check], "{id} {record}");
                let [one] = &findings(check, &[(call(record), proof)], verified())[..] else {
                    panic!("{check}");
                };
                assert_eq!((one.status, one.severity), (Fail, Severity::Critical));
            }
        }
    }
}

#[test]
fn a_refused_attempt_is_one_step_lower() {
    for (id, case) in cases() {
        let key = keys().into_iter().find(|it| it.id == id).unwrap();
        let own = ["event-console-login", "event-insight"];
        if key.failures || own.iter().any(|it| id.starts_with(it)) {
            continue;
        }
        for record in &case.fires {
            let mut refused = call(record);
            refused["errorCode"] = json!("AccessDenied");
            let all = findings(&id, &[(refused.clone(), Proof::Verified)], verified());
            let one = all.first().unwrap();
            assert_eq!(one.status, Fail, "{id} {record}");
            let full = crate::catalog::find(&id).unwrap().severity;
            let full = match id.as_str() {
                "event-region-first-used" => full.stepped(-1),
                _ => full,
            };
            assert_eq!(one.severity, full.stepped(-1), "{id} {record}");
            assert!(one.message.contains("refused"), "{id}: {}", one.message);
            // One that succeeded beside it counts in full.
            let both = [(refused, Proof::Verified), (call(record), Proof::Verified)];
            let all = findings(&id, &both, verified());
            assert_eq!(all[0].severity, full, "{id} {record}");
        }
    }
}

/// Names, NULs and lengths of an attacker neither mix subjects nor hide events.
#[test]
fn hostile_records() {
    let stop = |name: &str, id: u32| {
        json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "eventID": format!("{id}\u{0}x"), "requestParameters": {"name": name}})
    };
    let long = "x".repeat(100_000);
    let records: Vec<Value> = ["a\u{0}b", "a", "a\u{0}", &long, "\u{202e}evil", ""]
        .iter()
        .zip(0..)
        .map(|(name, id)| stop(name, id))
        .collect();
    let all = found(&proven(&records), stores());
    let stopped: Vec<&KeyEvents> = all
        .iter()
        .filter(|it| it.check == "event-trail-logging-stopped")
        .collect();
    assert_eq!(stopped.iter().map(|it| it.count).sum::<u64>(), 6);
    assert!(stopped.iter().all(|it| it.subject.id.len() < 1_000));
    assert_eq!(stopped.len(), 6);
}

/// References lead to the techniques.
#[test]
fn the_table_is_whole() {
    for entry in entries() {
        assert_eq!(entry.check.id, entry.key.id);
        assert!(entry.check.id.starts_with("event-"));
        assert!(!entry.attack.is_empty(), "{}", entry.check.id);
        for id in entry.attack {
            let url = format!(
                "https://attack.mitre.org/techniques/{}/",
                id.replace('.', "/")
            );
            assert!(
                entry.check.references.contains(&url.as_str()),
                "{}: {url}",
                entry.check.id
            );
        }
        for name in entry.key.names {
            assert!(
                name.starts_with(|it: char| it.is_ascii_uppercase()),
                "{name}"
            );
        }
    }
}

#[test]
fn none_of_what_may_not_be_logged_is_no_pass() {
    for check in all() {
        let outcome = |object_writes: bool, bucket: Option<&str>| {
            let events = EventsRead::of(verified(), Vec::new(), object_writes);
            let case = inventory(|it| {
                it.events = Some(events);
                for trail in it.trails.values_mut() {
                    trail.configuration.bucket = match bucket {
                        Some(bucket) => Fact::Known(bucket.to_owned()),
                        None => denied(calls::DESCRIBE_TRAILS),
                    };
                }
            });
            let all = case.findings(&[check]);
            let [one] = all.as_slice() else {
                panic!("{all:#?}");
            };
            (one.status, one.message.clone())
        };
        let of_objects = ["event-log-objects-deleted", "event-objects-deleted-in-bulk"];
        let of_objects = of_objects.contains(&check.id);
        let of_buckets = [
            "event-log-objects-deleted",
            "event-log-bucket-exposed-or-weakened",
        ];
        let of_buckets = of_buckets.contains(&check.id);
        let expected = |unknown: bool| match unknown {
            true => Status::Unknown,
            false => Status::Pass,
        };
        if check.id == "event-insight" {
            assert_eq!(outcome(true, Some("logs")).0, Status::NotApplicable);
            continue;
        }
        assert_eq!(outcome(true, Some("logs")).0, Status::Pass, "{}", check.id);
        let (status, message) = outcome(false, Some("logs"));
        assert_eq!(status, expected(of_objects), "{}", check.id);
        // It is asked of all places at once: none is named.
        let told = message.ends_with("is not recorded, as far as the logs show");
        assert_eq!(told, of_objects, "{message}");
        // Nobody knows whether it is the log bucket that a record is about.
        assert_eq!(outcome(true, None).0, expected(of_buckets), "{}", check.id);
    }
}

#[test]
fn none_of_no_record_is_no_pass() {
    for check in all() {
        let rests_on = RestsOn {
            records: Records::default(),
            ..verified()
        };
        let events = EventsRead::of(rests_on, Vec::new(), false);
        let all = inventory(|it| it.events = Some(events)).findings(&[check]);
        let [one] = all.as_slice() else {
            panic!("{all:#?}");
        };
        let expected = match check.id {
            // These look at logs, not at records.
            ALTERED | PLANTED => Status::Pass,
            "event-insight" => Status::NotApplicable,
            _ => Status::Unknown,
        };
        assert_eq!(one.status, expected, "{}", check.id);
    }
}

#[test]
fn only_a_proved_write_of_an_object_shows_that_they_are_logged() {
    let write = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutObject", "eventCategory": "Data", "readOnly": false,
        "requestParameters": {"bucketName": "data", "key": "k"},
    });
    let saw = |change: (&str, Value), proof: Proof| {
        let mut record = call(&write);
        record[change.0] = change.1;
        let detector = Detector::new(&keys(), stores()).unwrap();
        let text = record.to_string();
        let record = Record::read(text.as_bytes()).unwrap();
        let at = At {
            bucket: "logs",
            key: "k",
            account: "111122223333",
            region: "us-east-1",
        };
        detector.record(&mut Local::default(), &record, proof, at);
        detector.saw_object_writes()
    };
    assert!(saw(("eventName", json!("PutObject")), Proof::Verified));
    for change in [
        ("readOnly", json!(true)),
        ("readOnly", Value::Null),
        ("eventCategory", json!("Management")),
        ("eventSource", json!("lambda.amazonaws.com")),
    ] {
        assert!(!saw(change, Proof::Verified));
    }
    for proof in [
        Proof::Altered,
        Proof::Unlisted,
        Proof::Unverified(Why::NoDigest),
    ] {
        assert!(!saw(("eventName", json!("PutObject")), proof));
    }
}
