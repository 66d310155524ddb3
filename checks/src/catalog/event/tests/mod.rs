//! Cases of each check: what fires it, what looks alike and does not, and what becomes of it where it was refused or
//! where nothing is proved. `cases.json` has the records, each on top of the same call of a user.

mod bursts;
mod grades;
mod mixed;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::events::key::{At, Detector, Gather, Kind, Local, Stores, lone};
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

/// What these records come to; in two logs, the later one first, and each proof in logs of its own.
fn found(records: &[(Value, Proof)], stores: Stores) -> Vec<KeyEvents> {
    let detector = Detector::new(&keys(), stores).unwrap();
    let (mut rows, mut chances) = (Vec::new(), Vec::new());
    let (one, two) = records.split_at(records.len() / 2);
    let is_proven = |it: &&(Value, Proof)| it.1.is_proven();
    for (log, proven) in [two, one]
        .into_iter()
        .flat_map(|it| [(it, true), (it, false)])
    {
        let mut local = Local::default();
        for (value, proof) in log.iter().filter(|it| is_proven(it) == proven) {
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
        chances.extend(local.chances().map(|it| it.behind(rows.len())));
        let (bytes, common, places) = local.into_rows();
        rows.extend(places.map(|(sort, row, end)| {
            let part = |start: usize, end: usize| bytes[start..end].to_vec();
            [part(sort, row), part(row, end), part(common, bytes.len())]
        }));
    }
    let gathered = |mut rows: Vec<[Vec<u8>; 3]>| {
        rows.sort();
        let mut gather = Gather::new(&keys());
        for [sort, own, common] in &rows {
            gather.row(sort, [own, common]).unwrap();
        }
        gather.finish()
    };
    // What is left out makes no difference.
    let mut fewer = rows.clone();
    let lone = lone(chances);
    for place in lone.iter().rev() {
        fewer.remove(usize::try_from(*place).unwrap());
    }
    let found = gathered(rows);
    assert_eq!(gathered(fewer), found, "{lone:?}");
    found
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
    let events = EventsRead::of(rests_on, found(records, stores()), Kind::ALL.into());
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

/// The finding of a check that found no record.
fn of_none(check: &'static Check, logged: &[Kind], bucket: Option<&str>) -> Finding {
    let logged = logged.iter().copied().collect();
    let events = EventsRead::of(verified(), Vec::new(), logged);
    let case = inventory(|it| {
        it.events = Some(events);
        for trail in it.trails.values_mut() {
            trail.configuration.bucket = match bucket {
                Some(bucket) => Fact::Known(bucket.to_owned()),
                None => denied(calls::DESCRIBE_TRAILS),
            };
        }
    });
    let mut all = case.findings(&[check]);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn none_of_what_may_not_be_logged_is_no_pass() {
    // What each kind of calls is needed for; all others need those that change something.
    let of_logs = [ALTERED, PLANTED];
    let of_objects = ["event-log-objects-deleted", "event-objects-deleted-in-bulk"];
    let of_reads = ["event-buckets-enumerated", "event-secrets-read-in-bulk"];
    // Any call, or calls of both kinds, or such as CloudTrail has of both.
    let of_both = [
        "event-root-used",
        "event-root-session",
        "event-denied-first",
        "event-denied-burst",
        "event-role-credentials-off-instance",
        "event-role-assumed-cross-account",
        "event-session-token",
        "event-signin-token",
        "event-console-login-failed",
        "event-instance-entered",
    ];
    let of_kms = ["event-log-key-closed"];
    for check in all().filter(|it| it.id != "event-insight") {
        let id = check.id;
        assert_eq!(
            of_none(check, &Kind::ALL, Some("logs")).status,
            Status::Pass,
            "{id}"
        );
        for without in Kind::ALL {
            let needed = match without {
                Kind::ObjectWrites => of_objects.contains(&id),
                Kind::Kms => of_kms.contains(&id),
                Kind::Reads => of_reads.contains(&id) || of_both.contains(&id),
                Kind::Writes => {
                    let mut others = of_logs.iter().chain(&of_objects).chain(&of_reads);
                    !others.any(|it| *it == id)
                }
            };
            let mut logged = Kind::ALL.to_vec();
            logged.retain(|it| *it != without);
            let finding = of_none(check, &logged, Some("logs"));
            let expected = match needed {
                true => Status::Unknown,
                false => Status::Pass,
            };
            assert_eq!(finding.status, expected, "{id} without {without:?}");
            // It is asked of all places at once: none is named.
            let told = finding
                .message
                .ends_with("is not recorded, as far as the logs show");
            assert_eq!(
                told,
                finding.status == Status::Unknown,
                "{}",
                finding.message
            );
        }
    }
}

#[test]
fn a_bucket_that_may_keep_logs_is_no_pass() {
    let of_buckets = [
        "event-log-objects-deleted",
        "event-log-bucket-exposed-or-weakened",
    ];
    for check in all().filter(|it| it.id != "event-insight") {
        let expected = match of_buckets.contains(&check.id) {
            true => Status::Unknown,
            false => Status::Pass,
        };
        assert_eq!(
            of_none(check, &Kind::ALL, None).status,
            expected,
            "{}",
            check.id
        );
    }
}

#[test]
fn none_of_no_record_is_no_pass() {
    for check in all() {
        let rests_on = RestsOn {
            records: Records::default(),
            ..verified()
        };
        let events = EventsRead::of(rests_on, Vec::new(), Kind::ALL.into());
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
fn a_proved_record_shows_what_is_logged() {
    let saw = |record: &Value, proof: Proof| {
        let detector = Detector::new(&keys(), stores()).unwrap();
        let text = call(record).to_string();
        let record = Record::read(text.as_bytes()).unwrap();
        let at = At {
            bucket: "logs",
            key: "k",
            account: "111122223333",
            region: "us-east-1",
        };
        detector.record(&mut Local::default(), &record, proof, at);
        Vec::from_iter(detector.logged())
    };
    let event = |category: &str, source: &str, name: &str, read_only: Value| {
        json!({
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "eventCategory": category,
            "readOnly": read_only, "requestParameters": {"bucketName": "data", "key": "k"},
        })
    };
    let (reads, changes, unsaid) = (json!(true), json!(false), Value::Null);
    for (record, expected) in [
        (
            event("Data", "s3", "PutObject", changes.clone()),
            vec![Kind::ObjectWrites],
        ),
        (event("Data", "s3", "GetObject", reads.clone()), vec![]),
        (event("Data", "s3", "PutObject", unsaid.clone()), vec![]),
        (event("Data", "lambda", "Invoke", changes.clone()), vec![]),
        (
            event("NetworkActivity", "s3", "PutObject", changes.clone()),
            vec![],
        ),
        (
            event("Insight", "s3", "PutBucketPolicy", changes.clone()),
            vec![],
        ),
        (
            event("Management", "s3", "PutBucketPolicy", changes.clone()),
            vec![Kind::Writes],
        ),
        (
            event("Management", "s3", "ListBuckets", reads.clone()),
            vec![Kind::Reads],
        ),
        (
            event("Management", "kms", "Decrypt", reads),
            vec![Kind::Reads, Kind::Kms],
        ),
        (
            event("Management", "kms", "DisableKey", changes),
            vec![Kind::Writes, Kind::Kms],
        ),
        // The name tells where the record does not, if it tells.
        (
            event("Management", "ec2", "DescribeInstances", unsaid.clone()),
            vec![Kind::Reads],
        ),
        (
            event("Management", "ec2", "RunInstances", unsaid.clone()),
            vec![Kind::Writes],
        ),
        (
            event("Management", "sts", "AssumeRole", unsaid.clone()),
            vec![],
        ),
        (event("Management", "sts", "", unsaid), vec![]),
    ] {
        for proof in [Proof::Verified, Proof::Version] {
            assert_eq!(saw(&record, proof), expected, "{record}");
        }
        for proof in [
            Proof::Altered,
            Proof::Unlisted,
            Proof::Unverified(Why::NoDigest),
        ] {
            assert_eq!(saw(&record, proof), [], "{record}");
        }
    }
}
