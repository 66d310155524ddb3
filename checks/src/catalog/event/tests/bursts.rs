//! Key events that take several records: bursts, the first of a kind, another address.

use super::*;

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

/// By the rule alone: ten different names within ten minutes.
fn is_burst(records: &[(usize, usize)]) -> bool {
    records.iter().any(|(start, _)| {
        let within = records
            .iter()
            .filter(|it| (*start..=start + 600).contains(&it.0));
        let names: std::collections::BTreeSet<usize> = within.map(|it| it.1).collect();
        names.len() >= 10
    })
}

/// Refused calls of one actor at any time, some of them in logs that nothing proves.
#[test]
fn any_refused_calls() {
    let mut number = 11_usize;
    let mut next = |below: usize| {
        number = number
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (number >> 33) % below
    };
    let mut told = [0; 3];
    for _ in 0..200 {
        let (count, length, names) = (5 + next(40), 200 + next(4_000), 9 + next(8));
        let open = next(4);
        let calls: Vec<(usize, usize, Proof)> = (0..count)
            .map(|_| {
                let proof = match next(4) < open {
                    true => Proof::Unverified(Why::NoDigest),
                    false => Proof::Verified,
                };
                (next(length), next(names), proof)
            })
            .collect();
        let records: Vec<(Value, Proof)> = calls
            .iter()
            .enumerate()
            .map(|(at, (second, name, proof))| {
                let (minute, rest) = (second / 60 % 60, second % 60);
                let record = json!({
                    "eventSource": "iam.amazonaws.com", "eventName": format!("Get{name}"), "errorCode": "AccessDenied",
                    "eventID": format!("e-{at}"),
                    "eventTime": format!("2026-03-01T{:02}:{minute:02}:{rest:02}Z", 10 + second / 3600),
                });
                (call(&record), *proof)
            })
            .collect();
        let of = |proven: bool| {
            let calls = calls.iter().filter(|it| !proven || it.2.is_proven());
            is_burst(&calls.map(|it| (it.0, it.1)).collect::<Vec<_>>())
        };
        let expected = match (of(true), of(false)) {
            (true, _) => Fail,
            (false, true) => Unknown,
            (false, false) => Pass,
        };
        let all = findings("event-denied-burst", &records, verified());
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0].status, expected, "{calls:?}");
        told[[Pass, Unknown, Fail]
            .iter()
            .position(|it| *it == expected)
            .unwrap()] += 1;
    }
    assert!(told.iter().all(|it| *it > 10), "{told:?}");
}
