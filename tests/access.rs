//! `trailaudit access` on the sample organization, through the binary.

use serde_json::Value;

use crate::binary::Place;

const STUDENT: &str = "arn:aws:iam::666666666666:user/student";
const DEPLOY: &str = "arn:aws:iam::444444444444:user/deploy";
const ORGANIZATION_TRAIL: &str =
    "arn:aws:cloudtrail:us-east-1:111111111111:trail/organization-trail";
const OWN_TRAIL: &str = "arn:aws:cloudtrail:eu-central-1:444444444444:trail/payments-audit";

fn json(arguments: &[&str]) -> Value {
    let place = Place::new();
    let all = [&["access", "--demo", "-f", "json"], arguments].concat();
    place.run(&all).code(0).json()
}

fn holders<'v>(listing: &'v Value, action: &str, target: &str) -> Vec<&'v str> {
    let rows = listing["holders"].as_array().unwrap().iter();
    rows.filter(|row| row["action"] == action && row["target"] == target)
        .map(|row| row["principal"]["id"].as_str().unwrap())
        .collect()
}

#[test]
fn the_sample_tells_who_can() {
    let listing = json(&[]);
    let own = holders(&listing, "cloudtrail:StopLogging", OWN_TRAIL);
    assert!(own.contains(&DEPLOY), "{own:?}");
    // Its right over the organization's trail is harmless, and said so.
    let all = holders(&listing, "cloudtrail:StopLogging", ORGANIZATION_TRAIL);
    let operator = "arn:aws:iam::111111111111:role/platform-operator";
    assert!(
        all.contains(&operator) && !all.contains(&DEPLOY) && !all.contains(&STUDENT),
        "{all:?}"
    );
    let harmless = listing["harmless"].as_array().unwrap().iter();
    let harmless: Vec<&Value> = harmless
        .filter(|it| it["target"] == ORGANIZATION_TRAIL && it["principal"]["id"] == DEPLOY)
        .collect();
    assert!(
        harmless
            .iter()
            .any(|it| it["action"] == "cloudtrail:StopLogging"),
        "{harmless:?}"
    );
    // What could not be read is told.
    assert!(
        listing["unread"]["333333333333"].is_string()
            && listing["unread"]["555555555555"].is_string()
    );
    assert!(listing["coverage"]["accounts"].as_array().unwrap().len() == 6);
}

#[test]
fn rows_have_what_is_promised_and_come_worst_first() {
    let listing = json(&[]);
    let rows = listing["holders"].as_array().unwrap();
    assert!(!rows.is_empty());
    let rank = |row: &Value| match row["severity"].as_str().unwrap() {
        "critical" => 0,
        "high" => 1,
        "medium" => 2,
        "low" => 3,
        other => panic!("{other} is not told unless asked for"),
    };
    let ranks: Vec<u8> = rows.iter().map(rank).collect();
    assert!(ranks.is_sorted());
    for row in rows {
        for key in [
            "principal",
            "action",
            "harm",
            "target",
            "verdict",
            "direct",
            "condition",
            "path",
            "statements",
        ] {
            assert!(row.get(key).is_some(), "{key} is missing in {row}");
        }
        assert_eq!(
            row["direct"].as_bool().unwrap(),
            row["path"].as_array().unwrap().is_empty()
        );
        assert!(["allowed", "conditional"].contains(&row["verdict"].as_str().unwrap()));
    }
    assert_eq!(listing, json(&[]));
}

#[test]
fn filters() {
    let listing = json(&["--principal", "deploy", "--action", "CloudTrail:stop*"]);
    let rows = listing["holders"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["target"], OWN_TRAIL);
    let reading = json(&["--action", "s3:GetObject", "--principal", "deploy"]);
    assert!(!reading["holders"].as_array().unwrap().is_empty());
    assert!(
        json(&["--target", "nowhere"])["holders"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn other_forms() {
    let place = Place::new();
    let text = place
        .run(&["access", "--demo"])
        .code(0)
        .says("could not be read")
        .stdout;
    assert!(
        text.contains("can tamper with this record") && text.contains("student"),
        "{text}"
    );
    assert!(
        text.contains("Harmless:") && text.contains("Not read:"),
        "{text}"
    );
    let text = place
        .run(&["access", "--demo", "--by", "target"])
        .code(0)
        .stdout;
    assert!(text.lines().any(|line| line == OWN_TRAIL), "{text}");
    let explained = ["access", "--demo", "--principal", "deploy", "--explain"];
    let text = place.run(&explained).code(0).stdout;
    assert!(
        text.contains("\"Effect\": \"Deny\"") && text.contains("cloudtrail:StopLogging"),
        "{text}"
    );
    assert!(!text.contains("cloudtrail:Get"), "{text}");
    let csv = place.run(&["access", "--demo", "-f", "csv"]).code(0).stdout;
    assert!(
        csv.starts_with("principal,kind,account,action,harm,"),
        "{csv}"
    );
}

#[test]
fn one_request() {
    let place = Place::new();
    let ask = |principal: &str, resource: &str, more: &[&str]| {
        let mut all = vec!["access", "simulate", "--demo", "--principal", principal];
        all.extend(["--action", "cloudtrail:StopLogging", "--resource", resource]);
        all.extend(more);
        place.run(&all)
    };
    let own = ask(DEPLOY, OWN_TRAIL, &["--json"]).code(0).json();
    assert_eq!(
        (&own["verdict"], &own["harmless"]),
        (&Value::from("allowed"), &Value::Null)
    );
    assert!(own["statements"][0].as_str().unwrap().contains("pipeline"));
    let all = ask(DEPLOY, ORGANIZATION_TRAIL, &["--json"]).code(0).json();
    assert!(
        all["harmless"]
            .as_str()
            .unwrap()
            .contains("only the management account")
    );
    let region = ["--json", "--context", "aws:RequestedRegion=eu-west-1"];
    let closed = ask(
        STUDENT,
        "arn:aws:cloudtrail:eu-west-1:666666666666:*",
        &region,
    )
    .code(0)
    .json();
    assert_eq!(closed["verdict"], "denied", "{closed}");
    ask("arn:aws:iam::444444444444:user/nobody", OWN_TRAIL, &[])
        .code(2)
        .says("no principal");
    place
        .run(&[
            "access",
            "simulate",
            "--principal",
            DEPLOY,
            "--action",
            "a:b",
        ])
        .code(2);
}

const LOGS: &str = "arn:aws:s3:::example-organization-trail-222222222222";

/// What stands in a request and is not there is never answered with "denied".
#[test]
fn requests_that_cannot_be_answered() {
    let place = Place::new();
    let run = |principal: &str, action: &str, resource: &str, more: &[&str]| {
        let mut all = vec!["access", "simulate", "--demo", "--principal", principal];
        all.extend(["--action", action, "--resource", resource]);
        all.extend(more);
        place.run(&all)
    };
    let stop = "cloudtrail:StopLogging";
    for (principal, action, resource, more, says) in [
        ("deploy", stop, OWN_TRAIL, &[][..], DEPLOY),
        ("user/deploy", stop, OWN_TRAIL, &[], DEPLOY),
        (
            "arn:aws:iam::444444444444:user/deplox",
            stop,
            OWN_TRAIL,
            &[],
            DEPLOY,
        ),
        (
            "arn:aws:iam::444444444444:usr/deploy",
            stop,
            OWN_TRAIL,
            &[],
            DEPLOY,
        ),
        (
            "arn:aws:sts::444444444444:assumed-role/nobody/x",
            stop,
            OWN_TRAIL,
            &[],
            "no principal",
        ),
        (
            DEPLOY,
            "cloudtrail:StopLoging",
            OWN_TRAIL,
            &[],
            "cloudtrail:StopLogging",
        ),
        (
            DEPLOY,
            "cloudtrial:StopLogging",
            OWN_TRAIL,
            &[],
            "cloudtrail:StopLogging",
        ),
        (DEPLOY, "cloudtrail:*", OWN_TRAIL, &[], "no action"),
        (
            DEPLOY,
            stop,
            "arn:aws:cloudtrail:eu-central-1:444444444444:trail/payments-audot",
            &[],
            OWN_TRAIL,
        ),
        (
            DEPLOY,
            "s3:PutBucketPolicy",
            "arn:aws:s3:::example-organization-trail-222222222223",
            &[],
            LOGS,
        ),
        (
            DEPLOY,
            stop,
            OWN_TRAIL,
            &["--context", "aws:SorceIp=192.0.2.1"],
            "aws:SourceIp",
        ),
        (DEPLOY, stop, "payments-audit", &[], OWN_TRAIL),
        (
            DEPLOY,
            stop,
            "arn:aws:cloudtrial:eu-central-1:444444444444:trail/payments-audit",
            &[],
            OWN_TRAIL,
        ),
        (
            DEPLOY,
            stop,
            "arn:aws:cloudtrail:eu-central-1:444444444444:tral/payments-audit",
            &[],
            OWN_TRAIL,
        ),
        (
            "cloudtrial.amazonaws.com",
            "s3:PutObject",
            LOGS,
            &[],
            "cloudtrail.amazonaws.com",
        ),
    ] {
        run(principal, action, resource, more).code(2).says(says);
    }
}

/// Sessions and services are understood, and a log group has one answer by both forms of its ARN.
#[test]
fn requests_of_sessions_and_services() {
    let place = Place::new();
    let run = |principal: &str, action: &str, resource: &str| {
        let all = ["access", "simulate", "--demo", "--principal", principal];
        let all = [&all[..], &["--action", action, "--resource", resource]].concat();
        let text = place.run(&all).code(0).stdout;
        text.lines().next().unwrap_or_default().to_owned()
    };
    let operator = "arn:aws:sts::111111111111:assumed-role/platform-operator/ann";
    let as_role = "arn:aws:iam::111111111111:role/platform-operator";
    let stop = "cloudtrail:StopLogging";
    assert_eq!(
        run(operator, stop, ORGANIZATION_TRAIL),
        run(as_role, stop, ORGANIZATION_TRAIL)
    );
    let file = format!("{LOGS}/AWSLogs/o-example/111111111111/x.json.gz");
    let delivers = run("cloudtrail.amazonaws.com", "s3:PutObject", &file);
    assert!(
        delivers.starts_with("allowed") || delivers.starts_with("conditional"),
        "{delivers}"
    );
    assert_eq!(
        run("config.amazonaws.com", "s3:DeleteObject", &file),
        "denied"
    );
    let listing = json(&["--action", "logs:DeleteLogGroup"]);
    let rows = listing["holders"].as_array().unwrap().iter();
    let rows: Vec<&Value> = rows.filter(|row| row["direct"] == true).collect();
    assert!(!rows.is_empty());
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let principal = row["principal"]["id"].as_str().unwrap();
        for form in [text("target"), format!("{}:*", text("target"))] {
            let first = run(principal, "logs:DeleteLogGroup", &form);
            assert!(
                first.starts_with(&text("verdict")),
                "{principal} {form}: {first}"
            );
        }
    }
}
