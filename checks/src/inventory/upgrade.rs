//! From schema 1 to 2: one fact for each field where an answer holds several.
//!
//! Schema 1 knew such an answer as a whole or not at all, so that what it says of every field is the same.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::iam::{AuthorizationFacts, Group, Iam, ManagedPolicy, Role, User};
use super::{Record, SCHEMA};
use crate::fact::{Fact, Known, Unknown};
use crate::ids::AccountId;

/// The fields of an answer. What a file leaves out of them was not asked, as in every schema.
type Fields = &'static [&'static str];

const TRAIL: Fields = &[
    "bucket",
    "prefix",
    "sns_topic",
    "include_global_service_events",
    "multi_region",
    "organization",
    "log_file_validation",
    "log_group",
    "log_group_role",
    "kms_key",
];
const STATUS: Fields = &[
    "logging",
    "started",
    "stopped",
    "delivery",
    "digest",
    "log_group",
    "notification",
];
const STORE: Fields = &[
    "status",
    "multi_region",
    "organization",
    "retention_days",
    "termination_protection",
    "kms_key",
    "federation_status",
    "federation_role",
];
const KEY: Fields = &[
    "arn",
    "manager",
    "state",
    "origin",
    "spec",
    "multi_region",
    "deletion",
    "valid_to",
];
const ROTATION: Fields = &["enabled", "period_days"];
const LOG_GROUP: Fields = &["retention_days", "kms_key", "class", "deletion_protection"];
const TOPIC: Fields = &["policy", "kms_key"];
const VERSIONING: Fields = &["enabled", "mfa_delete"];
const IAM: Fields = &["users", "groups", "roles", "policies"];
const ALARM: Fields = &[
    "namespace",
    "metric",
    "statistic",
    "period",
    "evaluation_periods",
    "datapoints_to_alarm",
    "threshold",
    "comparison",
    "missing_data",
    "actions_enabled",
    "alarm_actions",
    "expressions",
    "metrics",
    "dimensions",
];

/// How the line of an IAM record begins when this program wrote it.
const IAM_LINE: &[u8] = br#"{"record":"iam","#;

/// The record on a line of schema 1.
pub fn from_1(line: &[u8]) -> serde_json::Result<Record> {
    if line.starts_with(IAM_LINE) {
        // By far the longest: read straight, without a copy in between.
        let Documents::Iam(iam) = serde_json::from_slice(line)?;
        return Ok(Record::Iam(Box::new(iam.upgraded())));
    }
    let mut old = serde_json::from_slice(line)?;
    upgrade(&mut old);
    Record::deserialize(old)
}

/// An IAM record of schema 1.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", tag = "record", content = "value")]
enum Documents {
    Iam(OldIam),
}

#[derive(Deserialize)]
struct OldIam {
    account: AccountId,
    #[serde(default)]
    details: Fact<OldDetails>,
}

#[derive(Deserialize)]
struct OldDetails {
    users: Option<Vec<User>>,
    groups: Option<Vec<Group>>,
    roles: Option<Vec<Role>>,
    policies: Option<Vec<ManagedPolicy>>,
}

impl OldIam {
    fn upgraded(self) -> Iam {
        fn fact<T>(list: Option<Vec<T>>) -> Fact<Vec<T>> {
            list.map_or_else(Fact::default, Known)
        }
        let details = match self.details {
            Known(all) => AuthorizationFacts {
                users: fact(all.users),
                groups: fact(all.groups),
                roles: fact(all.roles),
                policies: fact(all.policies),
            },
            Unknown(gap) => AuthorizationFacts {
                users: Unknown(gap.clone()),
                groups: Unknown(gap.clone()),
                roles: Unknown(gap.clone()),
                policies: Unknown(gap),
            },
        };
        Iam {
            account: self.account,
            details,
        }
    }
}

/// Turns a line of schema 1 into one of schema 2.
fn upgrade(record: &mut Value) {
    let kind = record.get("record").and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_owned();
    let Some(Value::Object(value)) = record.get_mut("value") else {
        return;
    };
    match kind.as_str() {
        "header" => drop(value.insert("schema".to_owned(), json!(SCHEMA))),
        "trail" => {
            whole(value, "configuration", TRAIL);
            whole(value, "status", STATUS);
        }
        "event_data_store" => whole(value, "configuration", STORE),
        "bucket" => {
            whole(value, "versioning", VERSIONING);
            never_suspended(value);
        }
        "key" => {
            optional(value, "metadata", KEY);
            optional(value, "rotation", ROTATION);
        }
        "log_group" => optional(value, "configuration", LOG_GROUP),
        "topic" => optional(value, "configuration", TOPIC),
        "region" => {
            let alarms = value.get_mut("alarms").and_then(|it| it.get_mut("known"));
            for alarm in alarms.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Value::Object(alarm) = alarm {
                    // Schema 1 did not write an empty list of them.
                    alarm.entry("metrics").or_insert_with(|| json!([]));
                    each_known(alarm, ALARM);
                }
            }
        }
        "iam" => whole(value, "details", IAM),
        // Nothing in them has changed but the form of a gap, which is read in both.
        _ => {}
    }
}

/// `{"known": {"a": 1}}` becomes `{"a": {"known": 1}}`; a gap becomes that of every field.
fn whole(record: &mut Map<String, Value>, name: &str, fields: Fields) {
    let Some(answer) = record.get_mut(name) else {
        return;
    };
    if let Some(Value::Object(known)) = answer.get_mut("known") {
        let mut known = std::mem::take(known);
        each_known(&mut known, fields);
        *answer = Value::Object(known);
    } else if answer.get("unknown").is_some() {
        let gap = answer.take();
        let all = fields.iter().map(|name| ((*name).to_owned(), gap.clone()));
        *answer = Value::Object(all.collect());
    }
}

/// `{"known": {"a": 1}}` becomes `{"known": {"a": {"known": 1}}}`; `null` and a gap stay.
fn optional(record: &mut Map<String, Value>, name: &str, fields: Fields) {
    let known = record.get_mut(name).and_then(|it| it.get_mut("known"));
    if let Some(Value::Object(known)) = known {
        each_known(known, fields);
    }
}

fn each_known(answer: &mut Map<String, Value>, fields: Fields) {
    for name in fields {
        if let Some(value) = answer.remove(*name) {
            answer.insert((*name).to_owned(), json!({ "known": value }));
        }
    }
}

/// Versioning that is on is not suspended; of versioning that is off schema 1 does not say which it is.
fn never_suspended(bucket: &mut Map<String, Value>) {
    if let Some(Value::Object(versioning)) = bucket.get_mut("versioning") {
        let enabled = versioning.get("enabled").and_then(|it| it.get("known"));
        if enabled == Some(&Value::Bool(true)) {
            versioning.insert("suspended".to_owned(), json!({ "known": false }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upgraded(mut record: Value) -> Value {
        upgrade(&mut record);
        record["value"].take()
    }

    #[test]
    fn an_answer_becomes_facts() {
        let known = json!({"record": "trail", "value": {"arn": "a", "status": {"known": {"logging": true}}}});
        let status = &upgraded(known)["status"];
        assert_eq!(status["logging"], json!({"known": true}));
        // What is left out was not asked: it is no "none".
        assert!(status.get("stopped").is_none());
        let gap = json!({"unknown": {"call": "cloudtrail:GetTrailStatus"}});
        let unknown = json!({"record": "trail", "value": {"status": gap}});
        assert_eq!(upgraded(unknown)["status"]["started"], gap);
    }

    #[test]
    fn what_is_not_there_stays_away() {
        let gone = json!({"record": "key", "value": {"metadata": {"known": null}}});
        assert_eq!(upgraded(gone)["metadata"], json!({"known": null}));
    }

    #[test]
    fn versioning_that_is_off_may_be_suspended() {
        let of = |on: bool| {
            let set = json!({"known": {"enabled": on, "mfa_delete": false}});
            upgraded(json!({"record": "bucket", "value": {"versioning": set}}))["versioning"].take()
        };
        assert_eq!(of(true)["suspended"], json!({"known": false}));
        assert!(of(false).get("suspended").is_none());
    }

    #[test]
    fn an_iam_record_reads_the_same_either_way() {
        let gap = r#"{"unknown":{"call":"iam:GetAccountAuthorizationDetails","account":"111122223333","region":"us-east-1","reason":"denied"}}"#;
        let some = r#"{"known":{"users":[],"groups":[{"arn":"arn:aws:iam::111122223333:group/g","name":"g","inline":[],"attached":[]}],"roles":[]}}"#;
        for details in [gap, some] {
            let fast = format!(
                r#"{{"record":"iam","value":{{"account":"111122223333","details":{details}}}}}"#
            );
            let slow = fast.replacen("{", "{ ", 1);
            let (fast, slow) = (
                from_1(fast.as_bytes()).unwrap(),
                from_1(slow.as_bytes()).unwrap(),
            );
            assert_eq!(fast, slow);
            let Record::Iam(iam) = fast else {
                panic!("another record")
            };
            assert!(
                iam.details.policies.gap().is_some(),
                "a list that is left out is not an empty one"
            );
        }
    }
}
