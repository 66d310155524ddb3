//! The day of records of the sample organization, 2026-11-15 04:00 to 2026-11-16 04:00 UTC.
//!
//! Dana, who administers the platform, takes on one role after another, stops the organization trail, reads the log
//! bucket, deletes the log in which she took on the first of them, and starts the trail three hours later. The second
//! trail, which watches the log bucket, recorded all of it. Beside that an ordinary day: releases, a person on call
//! whose attempt to stop the trail is refused, services, and the auditor.
//!
//! `src/events/demo.jsonl.zst` holds the objects of the log bucket, and is compared with what is made here.

mod ordinary;
mod story;

pub(crate) use story::ADMIN;

use std::io::Read as _;

use serde_json::{Map, Value, json};
use trailaudit_checks::digest::LogKey;
use trailaudit_checks::events::who::{Chase, Cover, Found, Place, Start};
use trailaudit_checks::events::{Proof, Record};

use super::{HOME, LOG_ARCHIVE, MANAGEMENT, ORGANIZATION, PAYMENTS};
use crate::tree::events::{Event, id_of};
use crate::tree::spec::Spec;
use crate::tree::{Tree, gunzip};

pub(crate) const BUCKET: &str = "example-organization-trail-222222222222";
pub(crate) const FRANKFURT: &str = "eu-central-1";
/// Hours of the organization trail: the tenth digest is its last before the stop and covers five minutes, the next
/// begins at 16:00.
const HOURS: usize = 22;
const LAST: usize = 9;
const OFF_MINUTES: i64 = 175;
/// The digest of payments in the home region that somebody deleted: 21:00 to 22:00.
const DELETED: usize = 15;

/// Account, region and service of a record, and who made the call.
struct At<'a>(&'a str, &'a str, &'a str, Value);

/// A record of that day: its number makes its event ID.
fn record(number: u32, time: &str, at: &At<'_>, name: &str, more: Value) -> Value {
    let date = if time < "04" {
        "2026-11-16"
    } else {
        "2026-11-15"
    };
    let At(account, region, source, identity) = at;
    let reads = [
        "Get",
        "List",
        "Describe",
        "Head",
        "AssumeRoleWith",
        "ConsoleLogin",
    ];
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": format!("{date}T{time}Z"),
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "198.51.100.23",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": null,
        "responseElements": null,
        "requestID": format!("req-{number:05}"),
        "eventID": id(number),
        "readOnly": reads.iter().any(|it| name.starts_with(it)),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    });
    set(&mut record, more);
    record
}

/// The event ID of a record: `00000000-0000-4000-8000-000000000017` is the 17th.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn set(value: &mut Value, more: Value) {
    let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) else {
        panic!("objects only");
    };
    value.extend(more);
}

/// A role's session since a time of that day.
fn session(account: &str, role: &str, name: &str, key: &str, since: &str, more: Value) -> Value {
    let principal = role_id(role);
    let mut context = json!({
        "sessionIssuer": {
            "type": "Role", "principalId": principal, "arn": role_arn(account, role), "accountId": account,
            "userName": role,
        },
        "attributes": {"creationDate": format!("2026-11-15T{since}Z"), "mfaAuthenticated": "false"},
    });
    let mut identity = json!({
        "type": "AssumedRole",
        "principalId": format!("{principal}:{name}"),
        "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
        "accountId": account,
        "accessKeyId": key,
    });
    let mut more: Map<String, Value> = more.as_object().unwrap().clone();
    if let Some(inner) = more.remove("sessionContext") {
        set(&mut context, inner);
    }
    set(&mut identity, json!({"sessionContext": context}));
    set(&mut identity, more.into());
    identity
}

pub(crate) fn role_arn(account: &str, role: &str) -> String {
    let path = if role.starts_with("AWSReservedSSO") {
        "aws-reserved/sso.amazonaws.com/"
    } else {
        ""
    };
    format!("arn:aws:iam::{account}:role/{path}{role}")
}

/// As the sample's roles have them.
pub(crate) fn role_id(role: &str) -> String {
    let letters: String = role.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("AROA{:0>16.16}", letters.to_uppercase())
}

/// The answer of AssumeRole.
fn assumed(account: &str, role: &str, name: &str, key: &str, until: &str) -> Value {
    json!({
        "credentials": {
            "accessKeyId": key, "sessionToken": "HIDDEN_DUE_TO_SECURITY_REASONS",
            "expiration": format!("Nov 15, 2026, {until}"),
        },
        "assumedRoleUser": {
            "assumedRoleId": format!("{}:{name}", role_id(role)),
            "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{name}"),
        },
    })
}

/// The tree: what CloudTrail delivered that day, and what was done to it.
pub(crate) fn spec() -> Spec {
    // The keys of logs are known when they have been laid down, and the second trail recorded who read them.
    let laid = Tree::new(&spec_with(&[]));
    let mut logs: Vec<String> = laid.objects.keys().map(|at| at.1.clone()).collect();
    logs.retain(|key| LogKey::parse(key).is_some());
    let chain = &laid.chains[1];
    assert_eq!(
        (chain.account.as_str(), chain.region.as_str()),
        (MANAGEMENT, HOME)
    );
    let taken_on = chain.events[&id(story::TOOK_ON)].1.clone();
    spec_with(&story::in_the_log_bucket(&logs, &taken_on))
}

fn spec_with(reads: &[Value]) -> Spec {
    let events: Vec<Event> = story::records()
        .into_iter()
        .chain(ordinary::records())
        .chain(reads.iter().cloned())
        .map(Event::from)
        .collect();
    let second = json!({
        "bucket": BUCKET, "organization": ORGANIZATION, "accounts": [MANAGEMENT, LOG_ARCHIVE], "regions": [HOME],
        "trails": ["log-bucket-audit"], "home_region": HOME, "start": "2026-11-15T04:00:00Z", "hours": 24,
        "logs_per_hour": 0,
    });
    let spec = json!({
        "bucket": BUCKET, "organization": ORGANIZATION, "accounts": [MANAGEMENT, PAYMENTS],
        "regions": [FRANKFURT, HOME], "trails": ["organization-trail"], "home_region": HOME,
        "start": "2026-11-15T04:00:00Z", "hours": HOURS, "logs_per_hour": 0,
        "short": [{"hour": LAST, "minutes": 5}],
        "restarts": [{"before": LAST + 1, "off_minutes": OFF_MINUTES}],
        "also": [second],
        "faults": [
            // The log in which she took on the role that stopped the trail.
            {"do": "delete", "event": id(story::TOOK_ON), "trail": "organization-trail"},
            // What was released, and by whom.
            {"do": "edit-record", "target": {"event": id(ordinary::RELEASED)},
                "set": {"/userIdentity/userName": "builder", "/userIdentity/arn": "arn:aws:iam::444444444444:user/builder"}},
            {"do": "delete", "chain": 3, "digest": DELETED},
        ],
    });
    let mut spec: Spec = serde_json::from_value(spec).unwrap();
    // Whether a stopped trail delivers its own stop is not known: this one did not.
    let only_second = |event: Event| match id_of(&event.record) == Some(&id(story::STOPPED)) {
        true => event.seen_by(&["log-bucket-audit"]),
        false => event,
    };
    spec.events = events.into_iter().map(only_second).collect();
    spec
}

/// The archive: one line of JSON with the bucket and the public keys, and one for each object, its content inflated.
fn archive(tree: &Tree) -> String {
    let mut text = json!({"bucket": BUCKET, "public_keys": tree.public_keys()}).to_string();
    text.push('\n');
    for ((_, key), object) in &tree.objects {
        let content = String::from_utf8(gunzip(&object.bytes)).unwrap();
        let mut line = json!({"key": key, "content": content});
        if !object.metadata.is_empty() {
            line["metadata"] = json!(object.metadata);
        }
        text.push_str(&format!("{line}\n"));
    }
    text
}

/// The file, and how to make it anew.
#[test]
fn the_sample_day_is_what_its_story_makes() {
    let text = archive(&Tree::new(&spec()));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/events/demo.jsonl.zst");
    if std::env::var("TRAILAUDIT_RENEW").is_ok_and(|it| it == "1") {
        let bytes = zstd::encode_all(text.as_bytes(), 19).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.len() < 100 << 10, "{} bytes", bytes.len());
    let mut kept = String::new();
    let mut decoder = zstd::Decoder::new(bytes.as_slice()).unwrap();
    decoder.read_to_string(&mut kept).unwrap();
    assert!(
        kept == text,
        "src/events/demo.jsonl.zst is not what tests/demo/day makes; renew it with \
         `TRAILAUDIT_RENEW=1 cargo test --no-default-features --test main sample_day`"
    );
}

/// State, actor and the names of the hops of one record, where everything is there and verified.
fn who(number: u32) -> (String, String, Vec<String>) {
    let records = spec()
        .events
        .into_iter()
        .map(|it| it.record.to_string().into_bytes());
    let records: Vec<Vec<u8>> = records.collect();
    let found = |wanted: &dyn Fn(&Record<'_>) -> bool| -> Vec<Found> {
        let records = records.iter().filter_map(|it| Record::read(it));
        let wanted = records.filter(|it| wanted(it));
        wanted
            .map(|it| Found::of(&it, Place::default(), Proof::Verified))
            .collect()
    };
    let start = Start::parse(&id(number)).unwrap();
    let first = start.pick(found(&|it| start.fits(it)));
    let mut chase = Chase::new(&first[0]).unwrap();
    while let Some(need) = chase.wants() {
        let given = found(&|it| {
            let account = it.account().map(|it| it.to_string());
            need.fits(it) && (need.account.is_none() || need.account == account)
        });
        let cover = Cover {
            complete: true,
            ..Cover::default()
        };
        chase.give(&given, cover);
    }
    let who = chase.finish();
    assert_eq!(who.contradictions, []);
    let hops = who.hops.iter().map(|it| it.event.name.clone());
    let actor = who.actor.name.unwrap_or(who.actor.id);
    (who.state.word().to_owned(), actor, hops.collect())
}

#[test]
fn the_sample_day_tells_who_did_what() {
    let dana = |hops: &[&str]| {
        let hops = hops.iter().map(|it| (*it).to_owned()).collect();
        ("resolved".to_owned(), "dana@example.com".to_owned(), hops)
    };
    let by_operator = ["AssumeRole", "AssumeRoleWithSAML"];
    assert_eq!(
        who(story::STOPPED),
        dana(&["StopLogging", by_operator[0], by_operator[1]])
    );
    assert_eq!(
        who(story::STARTED),
        dana(&["StartLogging", by_operator[0], by_operator[1]])
    );
    // Into the other account: its copy of the call, and the caller's own.
    let hops = [
        "DeleteObject",
        "AssumeRole",
        "AssumeRole",
        "AssumeRole",
        "AssumeRoleWithSAML",
    ];
    assert_eq!(who(story::DELETED), dana(&hops));
    let (state, erin, hops) = who(ordinary::REFUSED);
    assert_eq!((state.as_str(), erin.as_str()), ("resolved", "erin"));
    assert_eq!(hops, ["StopLogging", "AssumeRole", "ConsoleLogin"]);
    // What is released runs with credentials of its function.
    let (state, function, _) = who(ordinary::RELEASED + 3);
    assert_eq!(state, "resolved");
    assert!(
        function.ends_with(":function:payments-release"),
        "{function}"
    );
}
