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
