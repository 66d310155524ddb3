//! OCSF 1.8.0, class 6003 API Activity: a line for each record, what is proved of it in `unmapped.trailaudit`.
//!
//! Sign-ins and changes of users are of this class too: every record is a call. What has no place in the class is in
//! `unmapped`, as it is in the log.

use std::io::{self, BufWriter, Write};
use std::net::IpAddr;

use serde_json::{Map, Value, json};
use trailaudit_checks::events::{Actor, ActorKind, Field, Raw, Record, Text, mask};

use super::json::reason;
use super::{Found, Match};
use crate::sanitize;

const VERSION: &str = "1.8.0";
const CLASS: u32 = 6003;

pub(super) fn write(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    found.rows.each(&mut |it| {
        sanitize::compact(&event(it), &mut out)?;
        out.write_all(b"\n")
    })?;
    out.flush()
}

/// The activity that the first word of a call's name says.
fn activity(name: &str) -> (u32, &'static str) {
    let begins = |words: &[&str]| words.iter().any(|it| name.starts_with(it));
    if begins(&["Create", "Run", "Import", "Register", "Upload", "Allocate"]) {
        (1, "Create")
    } else if begins(&[
        "Get", "List", "Describe", "Head", "Lookup", "Search", "Select", "Query", "Scan",
        "BatchGet", "Check", "Test", "Validate",
    ]) {
        (2, "Read")
    } else if begins(&[
        "Update",
        "Modify",
        "Put",
        "Set",
        "Add",
        "Attach",
        "Associate",
        "Enable",
        "Disable",
        "Start",
        "Stop",
        "Change",
        "Authorize",
        "Replace",
        "Tag",
        "Untag",
    ]) {
        (3, "Update")
    } else if begins(&[
        "Delete",
        "Terminate",
        "Remove",
        "Deregister",
        "Detach",
        "Disassociate",
        "Revoke",
        "Release",
    ]) {
        (4, "Delete")
    } else {
        (99, "Other")
    }
}

fn text(it: Option<Text<'_>>) -> Option<String> {
    let text = it?.as_str().to_owned();
    (!text.is_empty()).then_some(text)
}

/// An object of the members that are there.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn event(it: &Match<'_>) -> Value {
    let proof = json!({
        "proof": it.proof.word(),
        "reason": reason(it),
        "bucket": it.bucket,
        "key": it.key,
        "index": it.index,
        "digest": it.digest,
        "copies": it.copies,
    });
    let Some(record) = Record::read(it.raw) else {
        let text = String::from_utf8_lossy(it.raw).into_owned();
        let mut event = bare(99, "Other");
        event.extend(object([
            (
                "actor",
                Some(json!({"user": {"uid": "unknown", "type_id": 0}})),
            ),
            ("api", Some(json!({"operation": "unknown"}))),
            ("src_endpoint", Some(json!({"name": "unknown"}))),
            ("time", Some(json!(0))),
            (
                "unmapped",
                Some(json!({"trailaudit": proof, "record": text})),
            ),
        ]));
        return Value::Object(event);
    };
    let name = text(record.name()).unwrap_or_else(|| "unknown".to_owned());
    let (number, word) = activity(&name);
    let mut event = bare(number, word);
    let failed = record.failed();
    let (status_id, status) = match failed {
        true => (2, "Failure"),
        false => (1, "Success"),
    };
    let error = text(record.error());
    let detail = text(record.text(Field::ErrorMessage));
    let mut metadata = json!({
        "event_code": text(record.text(Field::EventType)),
        "product": {"name": "CloudTrail", "vendor_name": "AWS", "feature": {"name": record.category().name}},
        "profiles": ["cloud"],
        "uid": text(record.event_id()),
        "version": VERSION,
    });
    without_nulls(&mut metadata);
    let api = object([
        ("operation", Some(json!(name))),
        (
            "service",
            text(record.source()).map(|it| json!({"name": it})),
        ),
        (
            "request",
            text(record.text(Field::RequestId)).map(|it| json!({"uid": it})),
        ),
        (
            "response",
            error.as_ref().map(|code| {
                Value::Object(object([
                    ("error", Some(json!(code))),
                    ("error_message", detail.clone().map(Value::from)),
                ]))
            }),
        ),
        (
            "version",
            text(record.text(Field::ApiVersion)).map(Value::from),
        ),
    ]);
    let mut resources = Vec::new();
    record.resources(&mut |it| {
        let uid = it.as_str().to_owned();
        if resources.len() < 100 && !resources.contains(&uid) {
            resources.push(uid);
        }
    });
    let resources: Vec<Value> = resources.into_iter().map(|it| json!({"uid": it})).collect();
    let account =
        text(record.account()).map(|it| json!({"uid": it, "type": "AWS Account", "type_id": 10}));
    let cloud = object([
        ("provider", Some(json!("AWS"))),
        ("region", text(record.region()).map(Value::from)),
        ("account", account),
    ]);
    event.extend(object([
        ("actor", Some(actor(&record))),
        ("api", Some(Value::Object(api))),
        ("cloud", Some(Value::Object(cloud))),
        (
            "http_request",
            text(record.agent()).map(|it| json!({"user_agent": it})),
        ),
        ("metadata", Some(metadata)),
        (
            "resources",
            (!resources.is_empty()).then_some(Value::Array(resources)),
        ),
        ("src_endpoint", Some(endpoint(&record))),
        ("status", Some(json!(status))),
        ("status_id", Some(json!(status_id))),
        ("status_code", error.map(Value::from)),
        ("status_detail", detail.map(Value::from)),
        (
            "time",
            Some(json!(
                record.time().map_or(0, |it| it.as_millisecond().max(0))
            )),
        ),
        ("unmapped", Some(unmapped(it, proof))),
    ]));
    Value::Object(event)
}

/// What every event has.
fn bare(activity: u32, word: &str) -> Map<String, Value> {
    object([
        ("activity_id", Some(json!(activity))),
        ("activity_name", Some(json!(word))),
        ("category_name", Some(json!("Application Activity"))),
        ("category_uid", Some(json!(6))),
        ("class_name", Some(json!("API Activity"))),
        ("class_uid", Some(json!(CLASS))),
        ("cloud", Some(json!({"provider": "AWS"}))),
        (
            "metadata",
            Some(json!({
                "product": {"name": "CloudTrail", "vendor_name": "AWS"}, "profiles": ["cloud"], "version": VERSION,
            })),
        ),
        ("severity", Some(json!("Informational"))),
        ("severity_id", Some(json!(1))),
        ("type_name", Some(json!(format!("API Activity: {word}")))),
        ("type_uid", Some(json!(CLASS * 100 + activity))),
    ])
}

fn actor(record: &Record<'_>) -> Value {
    let identity = record.identity();
    let Actor { kind, id, name } = record.actor();
    let (type_id, word) = match kind {
        ActorKind::Root => (2, "Admin"),
        ActorKind::Service | ActorKind::Resource => (3, "System"),
        ActorKind::Unknown => (0, "Unknown"),
        ActorKind::User
        | ActorKind::Role
        | ActorKind::IdentityCenterUser
        | ActorKind::Federated
        | ActorKind::Principal
        | ActorKind::Account
        | ActorKind::Anonymous
        | ActorKind::Other => (1, "User"),
    };
    let account = text(identity.account_id())
        .map(|it| json!({"uid": it, "type": "AWS Account", "type_id": 10}));
    let user = object([
        ("uid", Some(json!(id))),
        ("name", name.map(|it| json!(it))),
        ("type", Some(json!(word))),
        ("type_id", Some(json!(type_id))),
        ("account", account),
        (
            "credential_uid",
            text(identity.access_key_id()).map(Value::from),
        ),
    ]);
    let session = record.session_of(identity).map(|it| {
        Value::Object(object([
            ("uid", text(it.principal_id).map(Value::from)),
            ("issuer", text(it.issuer).map(Value::from)),
            (
                "created_time",
                it.since.map(|it| json!(it.as_millisecond().max(0))),
            ),
            ("is_mfa", it.mfa.map(Value::from)),
        ]))
    });
    Value::Object(object([
        ("user", Some(Value::Object(user))),
        ("session", session),
        ("invoked_by", text(identity.invoked_by()).map(Value::from)),
    ]))
}

/// Where the call came from: an address, or the name that AWS writes in its place.
fn endpoint(record: &Record<'_>) -> Value {
    let Some(from) = text(record.ip()) else {
        return json!({"name": "unknown"});
    };
    match from.parse::<IpAddr>() {
        Ok(_) => json!({"ip": from}),
        Err(_) => json!({"svc_name": from}),
    }
}

/// The members of the record that have no place in the class, and what is proved.
fn unmapped(it: &Match<'_>, proof: Value) -> Value {
    const MAPPED: [&str; 14] = [
        "eventid",
        "eventname",
        "eventsource",
        "eventtype",
        "awsregion",
        "sourceipaddress",
        "useragent",
        "errorcode",
        "errormessage",
        "requestid",
        "apiversion",
        "recipientaccountid",
        "eventcategory",
        "eventtime",
    ];
    let masked = mask(Raw::new(it.raw));
    let mut rest = match serde_json::from_slice::<Value>(&masked) {
        Ok(Value::Object(members)) => {
            let kept = members.into_iter();
            kept.filter(|(name, _)| !MAPPED.contains(&name.to_ascii_lowercase().as_str()))
                .collect()
        }
        // What cannot be opened is kept as text.
        _ => object([(
            "record",
            Some(Value::String(String::from_utf8_lossy(&masked).into_owned())),
        )]),
    };
    rest.insert("trailaudit".to_owned(), proof);
    Value::Object(rest)
}

fn without_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, it| !it.is_null());
    }
}
