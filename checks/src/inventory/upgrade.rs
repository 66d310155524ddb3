//! From schema 1 to 2: one fact for each field where an answer holds several.
//!
//! Schema 1 knew such an answer as a whole or not at all, so that what it says of every field is the same.

use serde_json::{Map, Value, json};

/// The fields of an answer, each with what it is where schema 1 left it out.
type Fields = &'static [(&'static str, &'static str)];

const NULL: &str = "null";
const LIST: &str = "[]";

const TRAIL: Fields = &[
    ("bucket", NULL),
    ("prefix", NULL),
    ("sns_topic", NULL),
    ("include_global_service_events", NULL),
    ("multi_region", NULL),
    ("organization", NULL),
    ("log_file_validation", NULL),
    ("log_group", NULL),
    ("log_group_role", NULL),
    ("kms_key", NULL),
];
const STATUS: Fields = &[
    ("logging", NULL),
    ("started", NULL),
    ("stopped", NULL),
    ("delivery", NULL),
    ("digest", NULL),
    ("log_group", NULL),
    ("notification", NULL),
];
const STORE: Fields = &[
    ("status", NULL),
    ("multi_region", NULL),
    ("organization", NULL),
    ("retention_days", NULL),
    ("termination_protection", NULL),
    ("kms_key", NULL),
    ("federation_status", NULL),
    ("federation_role", NULL),
];
const KEY: Fields = &[
    ("arn", NULL),
    ("manager", NULL),
    ("state", NULL),
    ("origin", NULL),
    ("spec", NULL),
    ("multi_region", NULL),
    ("deletion", NULL),
    ("valid_to", NULL),
];
const ROTATION: Fields = &[("enabled", NULL), ("period_days", NULL)];
const LOG_GROUP: Fields = &[
    ("retention_days", NULL),
    ("kms_key", NULL),
    ("class", NULL),
    ("deletion_protection", NULL),
];
const TOPIC: Fields = &[("policy", NULL), ("kms_key", NULL)];
const VERSIONING: Fields = &[("enabled", NULL), ("mfa_delete", NULL)];
const IAM: Fields = &[
    ("users", LIST),
    ("groups", LIST),
    ("roles", LIST),
    ("policies", LIST),
];
const ALARM: Fields = &[
    ("namespace", NULL),
    ("metric", NULL),
    ("statistic", NULL),
    ("period", NULL),
    ("evaluation_periods", NULL),
    ("datapoints_to_alarm", NULL),
    ("threshold", NULL),
    ("comparison", NULL),
    ("missing_data", NULL),
    ("actions_enabled", NULL),
    ("alarm_actions", LIST),
    ("expressions", LIST),
    ("metrics", LIST),
    ("dimensions", "{}"),
];

/// Turns a line of schema 1 into one of schema 2.
pub fn from_1(record: &mut Value) {
    let kind = record.get("record").and_then(Value::as_str);
    let kind = kind.unwrap_or_default().to_owned();
    let Some(Value::Object(value)) = record.get_mut("value") else {
        return;
    };
    match kind.as_str() {
        "header" => drop(value.insert("schema".to_owned(), json!(super::SCHEMA))),
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
        let all = fields
            .iter()
            .map(|(name, _)| ((*name).to_owned(), gap.clone()));
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
    for (name, absent) in fields {
        let value = answer.remove(*name).unwrap_or_else(|| match *absent {
            LIST => json!([]),
            "{}" => json!({}),
            _ => Value::Null,
        });
        answer.insert((*name).to_owned(), json!({ "known": value }));
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
        from_1(&mut record);
        record["value"].take()
    }

    #[test]
    fn an_answer_becomes_facts() {
        let known = json!({"record": "trail", "value": {"arn": "a", "status": {"known": {"logging": true}}}});
        let status = &upgraded(known)["status"];
        assert_eq!(status["logging"], json!({"known": true}));
        assert_eq!(status["stopped"], json!({"known": null}));
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
}
