//! Causes of holes in trees: found in another trail, in another account, refused, or nowhere.

use serde_json::{Value, json};

use super::events;
use crate::binary::Place;
use crate::verify::{END, lay, verify};

const ACCOUNT: &str = "111122223333";

fn call(name: &str, time: &str, more: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11", "eventTime": time, "eventName": name, "eventSource": "cloudtrail.amazonaws.com",
        "awsRegion": "eu-west-1", "sourceIPAddress": "203.0.113.9", "userAgent": "x", "eventType": "AwsApiCall",
        "eventID": format!("00000000-0000-4000-8000-{:012}", time.bytes().map(u64::from).sum::<u64>()),
        "recipientAccountId": ACCOUNT, "managementEvent": true, "eventCategory": "Management", "readOnly": false,
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::{ACCOUNT}:user/eve"), "userName": "eve",
            "principalId": "AIDAXEVE", "accountId": ACCOUNT},
        "requestParameters": {"name": "main"}, "responseElements": null,
    });
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

/// Two trails, of which `main` was off between the third and the fourth digest.
fn stopped(record: Value) -> Value {
    let place = Place::new();
    let spec = json!({
        "trails": ["main"], "hours": 5, "restarts": [{"before": 3, "off_minutes": 60}],
        "also": [{"trails": ["second"], "hours": 6, "events": [{"record": record, "trails": ["second"]}]}],
    });
    lay(&place, &spec.to_string());
    let answer = events(&place, "coverage", &["--until", END, "-f", "json"]).json();
    // The same in verify's own problems.
    let audit = verify(&place, &["--explain-gaps"]).json();
    let problems = audit["problems"].as_array().unwrap().clone();
    let gap = problems
        .iter()
        .find(|it| it["kind"] == "chain-gap")
        .unwrap();
    let chains = answer["chains"].as_array().unwrap().clone();
    let holes = chains
        .iter()
        .flat_map(|it| it["holes"].as_array().unwrap().clone());
    let hole = holes
        .into_iter()
        .find(|it| it["kind"] == "chain-gap")
        .unwrap();
    let cause = hole["cause"].clone();
    assert_eq!(cause["event"]["id"], gap["cause"]["event"]["id"]);
    cause
}

#[test]
fn another_trail_has_the_call() {
    let cause = stopped(call("StopLogging", "2026-01-01T02:59:30Z", &json!({})));
    assert_eq!(cause["certainty"], "caused");
    assert_eq!(cause["kind"], "stopped");
    assert!(cause["actor"].as_str().unwrap().contains("eve"), "{cause}");
}

#[test]
fn an_attempt_is_no_cause() {
    let refused = json!({"errorCode": "AccessDenied"});
    let cause = stopped(call("StopLogging", "2026-01-01T02:59:30Z", &refused));
    assert_eq!(
        (&cause["certainty"], &cause["event"]["error"]),
        (&json!("refused"), &json!("AccessDenied"))
    );
}

#[test]
fn a_call_that_does_not_fit_is_none() {
    for (name, time, more) in [
        // Another trail, another time, a call that changes nothing.
        (
            "StopLogging",
            "2026-01-01T02:59:30Z",
            json!({"requestParameters": {"name": "second"}}),
        ),
        ("StopLogging", "2026-01-01T00:30:00Z", json!({})),
        ("GetTrailStatus", "2026-01-01T02:59:30Z", json!({})),
    ] {
        let cause = stopped(call(name, time, &more));
        assert!(cause.is_null(), "{name} {time} {more}: {cause}");
    }
}

#[test]
fn a_trail_of_the_same_name_elsewhere_is_not_this_one_for_certain() {
    let arn = |account: &str| json!({"requestParameters": {"name": format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/main")}});
    let own = call("StopLogging", "2026-01-01T02:59:30Z", &arn(ACCOUNT));
    let other = call("StopLogging", "2026-01-01T02:58:10Z", &arn("999988887777"));
    let place = Place::new();
    let spec = json!({
        "trails": ["main"], "hours": 5, "restarts": [{"before": 3, "off_minutes": 60}],
        "also": [{"trails": ["second"], "hours": 6, "events": [own, other]}],
    });
    lay(&place, &spec.to_string());
    let answer = events(&place, "coverage", &["--until", END, "-f", "json"]).json();
    let chains = answer["chains"].as_array().unwrap();
    let mut holes = chains.iter().flat_map(|it| it["holes"].as_array().unwrap());
    let hole = holes.find(|it| it["kind"] == "chain-gap").unwrap();
    assert_eq!(hole["cause"]["certainty"], "possible", "{hole}");
}

#[test]
fn the_trail_may_be_named_by_its_arn() {
    let arn = format!("arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main");
    let cause = stopped(call(
        "DeleteTrail",
        "2026-01-01T02:59:30Z",
        &json!({"requestParameters": {"name": arn}}),
    ));
    assert_eq!(
        (&cause["certainty"], &cause["kind"]),
        (&json!("caused"), &json!("deleted"))
    );
    let other = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main");
    let none = stopped(call(
        "DeleteTrail",
        "2026-01-01T02:59:30Z",
        &json!({"requestParameters": {"name": other}}),
    ));
    assert!(none.is_null(), "{none}");
}

#[test]
fn the_deletion_of_the_very_log_is_its_cause() {
    let place = Place::new();
    let tree = lay(&place, r#"{"trails": ["main"], "records": 3}"#);
    let key = tree.chains[0].logs[1][0].1.clone();
    let delete = |key: &str| {
        call(
            "DeleteObject",
            "2026-01-01T03:10:00Z",
            &json!({
                "eventSource": "s3.amazonaws.com", "eventCategory": "Data", "managementEvent": false,
                "requestParameters": {"bucketName": "logs", "key": key},
            }),
        )
    };
    for (named, certainty) in [
        (key.as_str(), json!("caused")),
        ("AWSLogs/other.json.gz", Value::Null),
    ] {
        let place = Place::new();
        let spec = json!({
            "trails": ["main"], "records": 3, "events": [delete(named)],
            "faults": [{"do": "delete", "log": [1, 0]}],
        });
        lay(&place, &spec.to_string());
        let answer = events(&place, "coverage", &["--until", END, "-f", "json"]).json();
        let hole = answer["chains"][0]["holes"][0].clone();
        assert_eq!(hole["kind"], "log-missing");
        assert_eq!(hole["cause"]["certainty"], certainty, "{named}: {hole}");
    }
}

#[test]
fn a_planted_call_is_no_certain_cause() {
    let place = Place::new();
    let planted = call("StopLogging", "2026-01-01T02:59:30Z", &json!({}));
    let spec = json!({
        "trails": ["main"], "hours": 5, "restarts": [{"before": 3, "off_minutes": 60}],
        "faults": [{"do": "add-log", "minute": 130, "records": [planted]}],
    });
    lay(&place, &spec.to_string());
    let answer = events(&place, "coverage", &["--until", END, "-f", "json"]).json();
    let holes = answer["chains"][0]["holes"].as_array().unwrap();
    let hole = holes.iter().find(|it| it["kind"] == "chain-gap").unwrap();
    let cause = &hole["cause"];
    assert_eq!(
        (&cause["certainty"], &cause["proof"]),
        (&json!("possible"), &json!("unlisted")),
        "{hole}"
    );
}
