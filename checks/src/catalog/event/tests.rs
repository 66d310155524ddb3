//! Cases of each check: what fires it, what looks alike and does not, and what becomes of it where it was refused or
//! where nothing is proved. `cases.json` has the records, each on top of the same call of a user.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::events::key::{At, Detector, Gather, Local, Stores};
use crate::events::{Hours, Proof, Reason as Why, Record, RestsOn};
use crate::finding::Finding;
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
    serde_json::from_str(include_str!("cases.json")).unwrap()
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
        rows.extend(local.into_rows());
    }
    rows.sort();
    let mut gather = Gather::new(&keys());
    for (sort, row) in &rows {
        gather.row(sort, row).unwrap();
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
        complete: true,
        ..RestsOn::default()
    }
}

/// The findings of one check.
fn findings(id: &str, records: &[(Value, Proof)], rests_on: RestsOn) -> Vec<Finding> {
    let events = EventsRead::of(rests_on, found(records, stores()));
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
        for record in &case.misses {
            let all = findings(&id, &proven(std::slice::from_ref(record)), verified());
            let [one] = all.as_slice() else {
                panic!("{id} {record}: {all:#?}");
            };
            assert_eq!(one.status, Pass, "{id} {record}: {}", one.message);
        }
        let none = findings(&id, &[], verified());
        assert_eq!(none.len(), 1, "{id}");
        assert_eq!(none[0].status, Pass, "{id}");
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

fn denied(name: &str, minute: u32, id: u32) -> Value {
    json!({"eventSource": "iam.amazonaws.com", "eventName": name, "errorCode": "AccessDenied", "eventID": format!("e-{id}"),
        "eventTime": format!("2026-03-01T10:{minute:02}:00Z")})
}

/// Ten different ones within ten minutes: not nine, not ten times one, not ten within eleven minutes.
#[test]
fn bursts() {
    let id = "event-denied-burst";
    let status = |records: &[Value]| findings(id, &proven(records), verified())[0].status;
    let many = |count: u32| -> Vec<Value> {
        (0..count)
            .map(|it| denied(&format!("Get{it}"), it, it))
            .collect()
    };
    assert_eq!(status(&many(10)), Fail);
    assert_eq!(status(&many(9)), Pass);
    let same: Vec<Value> = (0..20).map(|it| denied("GetUser", it / 2, it)).collect();
    assert_eq!(status(&same), Pass);
    let slow: Vec<Value> = (0..10)
        .map(|it| denied(&format!("Get{it}"), it * 2, it))
        .collect();
    assert_eq!(status(&slow), Pass);
    // A copy that another trail delivered is no second call.
    let mut twice = many(9);
    twice.extend(many(9));
    assert_eq!(status(&twice), Pass);
    // A burst that rests on what nothing proves is not proved.
    let mut weak = proven(&many(10));
    weak[3].1 = Proof::Unverified(Why::NoDigest);
    assert_eq!(findings(id, &weak, verified())[0].status, Unknown);
    let all = findings(id, &proven(&many(12)), verified());
    let count = all[0]
        .evidence
        .iter()
        .find(|it| it.what == "events")
        .unwrap();
    assert_eq!(count.seen, Some(json!(12)));
}

#[test]
fn buckets_are_enumerated_by_many_reads_or_from_an_instance() {
    let id = "event-buckets-enumerated";
    let read = |name: &str, bucket: u32| {
        json!({"eventSource": "s3.amazonaws.com", "eventName": name, "eventID": format!("{name}{bucket}"),
            "requestParameters": {"bucketName": format!("b{bucket}")}, "readOnly": true})
    };
    let status = |records: &[Value]| findings(id, &proven(records), verified())[0].status;
    let reads: Vec<Value> = (0..5).map(|it| read("GetBucketAcl", it)).collect();
    assert_eq!(status(&reads), Fail);
    assert_eq!(status(&reads[..4]), Pass);
    let mut list = read("ListBuckets", 0);
    assert_eq!(status(std::slice::from_ref(&list)), Pass);
    list["userIdentity"] = instance("198.51.100.1", "10:00")["userIdentity"].clone();
    assert_eq!(status(&[list]), Fail);
}

#[test]
fn objects_are_deleted_in_bulk_within_one_bucket() {
    let id = "event-objects-deleted-in-bulk";
    let delete = |bucket: u32, key: u32| {
        json!({"eventSource": "s3.amazonaws.com", "eventName": "DeleteObject", "eventID": format!("{bucket}-{key}"),
            "requestParameters": {"bucketName": format!("b{bucket}"), "key": format!("k{key}")}})
    };
    let status = |records: &[Value]| findings(id, &proven(records), verified())[0].status;
    let one: Vec<Value> = (0..100).map(|it| delete(0, it)).collect();
    assert_eq!(status(&one), Fail);
    assert_eq!(status(&one[..99]), Pass);
    let two: Vec<Value> = (0..100).map(|it| delete(it % 2, it)).collect();
    assert_eq!(status(&two), Pass);
}

fn instance(ip: &str, time: &str) -> Value {
    json!({"eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances", "readOnly": true,
        "eventID": format!("{ip}{time}"), "sourceIPAddress": ip, "eventTime": format!("2026-03-01T{time}:00Z"),
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE1234567890:i-0123456789abcdef0",
            "arn": "arn:aws:sts::111122223333:assumed-role/r/i-0123456789abcdef0", "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::111122223333:role/r",
                "accountId": "111122223333", "userName": "r"}, "attributes": {"creationDate": "2026-03-01T09:00:00Z"}}}})
}

#[test]
fn credentials_of_an_instance_are_used_from_one_public_address() {
    let id = "event-role-credentials-off-instance";
    let status = |records: &[Value]| findings(id, &proven(records), verified())[0].status;
    let home = instance("198.51.100.1", "10:00");
    assert_eq!(
        status(&[home.clone(), instance("203.0.113.9", "11:00")]),
        Fail
    );
    // VPC endpoints show private addresses, services their names.
    for other in [
        "10.0.0.7",
        "198.51.100.1",
        "ec2.amazonaws.com",
        "2001:db8::1",
        "fd00::1",
    ] {
        assert_eq!(
            status(&[home.clone(), instance(other, "11:00")]),
            Pass,
            "{other}"
        );
    }
    let all = findings(
        id,
        &proven(&[home, instance("203.0.113.9", "11:00")]),
        verified(),
    );
    assert_eq!(all[0].subject.id, "arn:aws:iam::111122223333:role/r");
}

#[test]
fn the_first_is_the_earliest_whatever_the_order() {
    let id = "event-denied-first";
    let records = [
        denied("B", 5, 1),
        denied("A", 1, 2),
        denied("C", 9, 3),
        denied("D", 3, 4),
    ];
    let all = findings(id, &proven(&records), verified());
    assert!(all[0].message.starts_with("A by"), "{}", all[0].message);
    let count = all[0]
        .evidence
        .iter()
        .find(|it| it.what == "events")
        .unwrap();
    assert_eq!(count.seen, Some(json!(1)));
}

/// What makes an event worse or better than usual, by meaning.
#[test]
fn grades() {
    let policy = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]});
    let text = |it: Value| Value::String(it.to_string());
    let bucket = |statement: Value| {
        json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketPolicy",
        "requestParameters": {"bucketName": "data", "bucketPolicy": policy(statement)}})
    };
    let iam = |name: &str, parameters: Value| json!({"eventSource": "iam.amazonaws.com", "eventName": name, "requestParameters": parameters});
    let put = |statement: Value| {
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        iam(
            "PutRolePolicy",
            json!({"roleName": "r", "policyDocument": document}),
        )
    };
    let guard = |source: &str, name: &str, parameters: Value| json!({"eventSource": format!("{source}.amazonaws.com"), "eventName": name, "requestParameters": parameters});
    let s3 = |name: &str, parameters: Value| guard("s3", name, parameters);
    let open = json!({"eventSource": "ec2.amazonaws.com", "eventName": "AuthorizeSecurityGroupIngress",
        "requestParameters": {"groupId": "sg-1", "ipPermissions": {"items": [{"ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}]}}});
    let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    for (id, record, severity) in [
        (
            "event-bucket-policy-changed",
            bucket(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"})),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}),
            ),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}),
            ),
            "high",
        ),
        (
            "event-bucket-policy-changed",
            bucket(json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            bucket(
                json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/app"}}),
            ),
            "medium",
        ),
        (
            "event-permissions-widened",
            iam(
                "PutRolePolicy",
                json!({"roleName": "r", "policyDocument": text(policy(all.clone()))}),
            ),
            "critical",
        ),
        (
            "event-permissions-widened",
            iam(
                "PutRolePolicy",
                json!({"roleName": "r", "policyDocument": text(policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*"})))}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachUserPolicy",
                json!({"userName": "u", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            ),
            "critical",
        ),
        (
            "event-permissions-widened",
            put(
                json!({"Effect": "Allow", "Action": ["dynamodb:GetItem", "s3:Get*"], "Resource": "*"}),
            ),
            "medium",
        ),
        (
            "event-permissions-widened",
            put(
                json!([{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            put(
                json!({"Effect": "Allow", "Action": ["s3:GetObject", "iam:PassRole"], "Resource": "*"}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            put(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
            "high",
        ),
        (
            "event-permissions-widened",
            put(json!({"Effect": "Allow", "Action": [], "Resource": "*"})),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachRolePolicy",
                json!({"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
            ),
            "medium",
        ),
        // A policy of the account may have any path, and a user is no role.
        (
            "event-permissions-widened",
            iam(
                "AttachRolePolicy",
                json!({"roleName": "r", "policyArn": "arn:aws:iam::111122223333:policy/service-role/x"}),
            ),
            "high",
        ),
        (
            "event-permissions-widened",
            iam(
                "AttachUserPolicy",
                json!({"userName": "u", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}),
            ),
            "high",
        ),
        (
            "event-bucket-policy-changed",
            s3("PutBucketCors", json!({"bucketName": "data"})),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "private"}),
            ),
            "medium",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "public-read"}),
            ),
            "critical",
        ),
        (
            "event-bucket-policy-changed",
            s3(
                "PutBucketAcl",
                json!({"bucketName": "data", "x-amz-acl": "private", "AccessControlPolicy": {"AccessControlList": {}}}),
            ),
            "high",
        ),
        (
            "event-guardduty-blinded",
            guard("guardduty", "ArchiveFindings", json!({"detectorId": "d"})),
            "medium",
        ),
        (
            "event-securityhub-off",
            guard(
                "securityhub",
                "BatchUpdateFindings",
                json!({"Workflow": {"Status": "RESOLVED"}}),
            ),
            "medium",
        ),
        (
            "event-securityhub-off",
            guard(
                "securityhub",
                "BatchUpdateFindings",
                json!({"Workflow": {"Status": "SUPPRESSED"}}),
            ),
            "high",
        ),
        (
            "event-log-group-deleted",
            guard(
                "logs",
                "PutRetentionPolicy",
                json!({"logGroupName": "g", "retentionInDays": 14}),
            ),
            "medium",
        ),
        (
            "event-log-group-deleted",
            guard(
                "logs",
                "PutRetentionPolicy",
                json!({"logGroupName": "g", "retentionInDays": 1}),
            ),
            "high",
        ),
        (
            "event-secret-deleted",
            json!({"eventSource": "rds.amazonaws.com", "eventName": "DeleteDBSnapshot", "requestParameters": {"dBSnapshotIdentifier": "s"},
                "userIdentity": {"type": "AssumedRole", "invokedBy": "backup.amazonaws.com"}}),
            "medium",
        ),
        (
            "event-secret-deleted",
            guard(
                "rds",
                "DeleteDBSnapshot",
                json!({"dBSnapshotIdentifier": "s"}),
            ),
            "high",
        ),
        (
            "event-role-created-or-trust-changed",
            iam(
                "CreateRole",
                json!({"roleName": "r", "assumeRolePolicyDocument": text(policy(json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})))}),
            ),
            "medium",
        ),
        (
            "event-role-created-or-trust-changed",
            iam(
                "CreateRole",
                json!({"roleName": "r", "assumeRolePolicyDocument": text(policy(json!({"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"})))}),
            ),
            "high",
        ),
        (
            "event-mfa-removed",
            iam("EnableMFADevice", json!({"userName": "u"})),
            "medium",
        ),
        (
            "event-password-policy-weakened",
            iam("ChangePassword", Value::Null),
            "low",
        ),
        ("event-security-group-opened", open, "high"),
        (
            "event-image-or-snapshot-shared",
            json!({"eventSource": "ec2.amazonaws.com", "eventName": "ModifySnapshotAttribute",
            "requestParameters": {"snapshotId": "s", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}}),
            "critical",
        ),
        (
            "event-function-changed",
            json!({"eventSource": "lambda.amazonaws.com", "eventName": "AddPermission20150331v2",
            "requestParameters": {"functionName": "f", "principal": "*"}}),
            "high",
        ),
        (
            "event-trail-selectors-changed",
            json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": "PutEventSelectors",
            "requestParameters": {"trailName": "t", "eventSelectors": [{"readWriteType": "All", "includeManagementEvents": true}]}}),
            "medium",
        ),
    ] {
        let all = findings(id, &proven(std::slice::from_ref(&record)), verified());
        assert_eq!(
            (all[0].status, all[0].severity.as_str()),
            (Fail, severity),
            "{id} {record}"
        );
    }
    // Which keys encrypt logs is not known: any may, and counts less.
    let key = call(
        &json!({"eventSource": "kms.amazonaws.com", "eventName": "DisableKey", "requestParameters": {"keyId": "k"}}),
    );
    let all = found(&[(key, Proof::Verified)], Stores::default());
    let of_key = all
        .iter()
        .find(|it| it.check == "event-log-key-closed")
        .unwrap();
    assert_eq!(of_key.step, -1);
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
