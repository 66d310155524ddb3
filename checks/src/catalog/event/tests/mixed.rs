//! Whoever can put a log where nothing proves it must not be able to hide what is proved.

use super::*;

const OPEN: Proof = Proof::Unverified(Why::NoDigest);

/// The same record at another time, from another address, or as another event.
fn variants(record: &Value) -> Vec<Value> {
    let with = |name: &str, value: &str| {
        let mut other = record.clone();
        other[name] = json!(value);
        other
    };
    let mut all = vec![record.clone()];
    for time in [
        "2026-02-28T09:00:00Z",
        "2026-03-01T09:59:59Z",
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:01Z",
        "2026-03-01T11:00:00Z",
    ] {
        all.push(with("eventTime", time));
    }
    all.push(with("eventID", "e-0"));
    all.push(with("sourceIPAddress", "192.0.2.200"));
    all
}

#[test]
fn what_is_not_proved_hides_nothing_that_is() {
    for (id, case) in cases() {
        for record in &case.fires {
            let record = call(record);
            let alone = findings(&id, &[(record.clone(), Proof::Verified)], verified());
            for other in variants(&record) {
                let beside = [
                    vec![(other.clone(), OPEN), (record.clone(), Proof::Verified)],
                    vec![(record.clone(), Proof::Verified), (other.clone(), OPEN)],
                    vec![
                        (other.clone(), OPEN),
                        (other.clone(), OPEN),
                        (record.clone(), Proof::Verified),
                    ],
                ];
                for records in beside {
                    let all = findings(&id, &records, verified());
                    let found = all.iter().find(|it| it.status == Fail);
                    let found = found.unwrap_or_else(|| panic!("{id}: {records:#?} {all:#?}"));
                    assert_eq!(found.subject.id, case.subject);
                    assert_eq!(found.severity, alone[0].severity, "{id} {records:#?}");
                    assert_eq!(seen(found, "events"), seen(&alone[0], "events"), "{id}");
                }
            }
        }
    }
}

/// What a finding says of itself.
fn seen(finding: &Finding, what: &str) -> Value {
    let mut all = finding.evidence.iter();
    let one = all.find(|it| it.what == what);
    serde_json::to_value(one.map(|it| &it.seen)).unwrap()
}

/// Different calls that were refused, each at its second.
fn refused(number: usize, second: usize) -> Value {
    call(&json!({
        "eventID": format!("e-{number}-{second}"), "eventName": format!("Describe{number}"), "eventSource": "ec2.amazonaws.com",
        "errorCode": "AccessDenied", "readOnly": true, "eventTime": format!("2026-03-01T10:{:02}:{:02}Z", second / 60, second % 60),
    }))
}

#[test]
fn a_burst_is_proved_by_its_proved_records_whatever_is_put_between_them() {
    let burst =
        |from: usize, until: usize| (from..until).map(|it| (refused(it, it * 10), Proof::Verified));
    let judged = |records: Vec<(Value, Proof)>| {
        let all = findings("event-denied-burst", &records, verified());
        assert_eq!(all.len(), 1);
        (all[0].status, seen(&all[0], "events"))
    };
    let expected = (Fail, json!(10));
    assert_eq!(judged(burst(0, 10).collect()), expected);
    for shift in [0, 1, 5, 9] {
        // The same calls, before each, at the same time, or after it.
        let same = (0..10).map(|it| (refused(it, (it * 10 + shift).saturating_sub(5)), OPEN));
        assert_eq!(
            judged(burst(0, 10).chain(same).collect()),
            expected,
            "{shift}"
        );
        // More values than are kept at hand.
        let flood = (0..1_200).map(|it| (refused(100 + it, shift), OPEN));
        assert_eq!(
            judged(flood.chain(burst(0, 10)).collect()),
            expected,
            "{shift}"
        );
    }
    // Nine proved ones and another are a burst of which nobody is sure; what is proved of it is not called unproved.
    let mixed = judged(burst(0, 9).chain([(refused(9, 90), OPEN)]).collect());
    assert_eq!(mixed.0, Unknown);
    // Without it there is none.
    assert_eq!(judged(burst(0, 9).collect()).0, Status::Pass);
}

#[test]
fn credentials_of_an_instance_are_used_elsewhere_whatever_is_put_before() {
    let used = |id: &str, ip: &str, time: &str| {
        call(&json!({
            "eventID": id, "eventName": "DescribeInstances", "sourceIPAddress": ip, "eventTime": time, "readOnly": true,
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROAEXAMPLE:i-0123456789abcdef0",
                "arn": "arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0", "accountId": "111122223333",
            },
        }))
    };
    let status = |records: &[(Value, Proof)]| {
        let all = findings("event-role-credentials-off-instance", records, verified());
        assert_eq!(all.len(), 1, "{all:#?}");
        all[0].status
    };
    let home = (
        used("e-1", "198.51.100.1", "2026-03-01T10:00:00Z"),
        Proof::Verified,
    );
    let stolen = (
        used("e-2", "203.0.113.9", "2026-03-01T11:00:00Z"),
        Proof::Verified,
    );
    assert_eq!(status(&[home.clone(), stolen.clone()]), Fail);
    for ip in ["198.51.100.1", "203.0.113.9", "192.0.2.77"] {
        for time in [
            "2026-03-01T09:00:00Z",
            "2026-03-01T10:30:00Z",
            "2026-03-01T12:00:00Z",
        ] {
            let put = (used("e-0", ip, time), OPEN);
            assert_eq!(
                status(&[home.clone(), stolen.clone(), put.clone()]),
                Fail,
                "{ip} {time}"
            );
            // By itself the instance was at home; beside what nothing proves nobody knows.
            let expected = match ip {
                "198.51.100.1" => Status::Pass,
                _ => Unknown,
            };
            assert_eq!(status(&[home.clone(), put]), expected, "{ip} {time}");
        }
    }
}
