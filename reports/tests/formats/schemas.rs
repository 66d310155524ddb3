//! The published JSON Schemas are those of the types, and accept what is written.

use std::path::Path;

use schemars::{JsonSchema, schema_for};
use serde_json::Value;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::audit::compare::{Comparison, compare};
use trailaudit_checks::finding::Status;
use trailaudit_checks::inventory::Record;
use trailaudit_reports::{Options, events};

use crate::{sample, told};

/// Compares the file with the type; with `TRAILAUDIT_RENEW=1` writes it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test may read and write the repository"
)]
fn published<T: JsonSchema>(name: &str) -> Value {
    let mut schema = schema_for!(T).to_value();
    without_defaults(&mut schema);
    schema["$id"] =
        format!("https://github.com/trailaudit/trailaudit/blob/main/docs/schemas/{name}").into();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/schemas")
        .join(name);
    let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
    if std::env::var("TRAILAUDIT_RENEW").is_ok_and(|it| it == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/schemas/{name} is not the schema of the types; renew it with\n    \
         TRAILAUDIT_RENEW=1 cargo test -p trailaudit-reports schemas"
    );
    schema
}

/// What is taken for a field that is not there is no part of the form.
fn without_defaults(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields
                .get("default")
                .is_some_and(|it| it.get("$ref").is_none() && it.get("type").is_none())
            {
                fields.remove("default");
            }
            fields.values_mut().for_each(without_defaults);
        }
        Value::Array(items) => items.iter_mut().for_each(without_defaults),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn audit() {
    let schema = published::<Audit>("audit.schema.json");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for audit in [
        sample::audit(),
        sample::only(Status::Pass),
        sample::only(Status::Unknown),
    ] {
        let report: Value =
            serde_json::from_str(&told("json", &audit, &Options::default())).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut wrong: Value = serde_json::to_value(sample::audit()).unwrap();
    wrong["findings"][0]["status"] = "perhaps".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn inventory() {
    let schema = published::<Record>("inventory.schema.json");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let header = serde_json::json!({"record": "header", "value": {
        "schema": 1, "tool": {"name": "trailaudit", "version": "0.1.0"}, "taken_at": "2026-03-01T12:00:00Z",
        "scope": {"organization": null, "management_account": null, "caller_arn": "arn:aws:iam::111111111111:user/a",
                  "partition": "aws", "accounts": [], "regions": []}}});
    assert!(validator.is_valid(&header));
    assert!(!validator.is_valid(&serde_json::json!({"record": "surprise", "value": {}})));
}

#[test]
fn diff() {
    let schema = published::<Comparison>("diff.schema.json");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let audits = [sample::audit(), sample::only(Status::Pass)];
    for (before, after) in [(0, 1), (1, 0), (0, 0)] {
        let comparison = compare(&audits[before], &audits[after]);
        let value = serde_json::to_value(comparison).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|it| it.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// What the binary writes is compared with these in `tests/events`.
#[test]
fn answers_about_records() {
    let schema = published::<events::Answer>("events.schema.json");
    assert!(jsonschema::validator_for(&schema).is_ok());
    let schema = published::<events::Line>("event-record.schema.json");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let line = serde_json::json!({
        "record": {"eventName": "StopLogging"}, "at": {"bucket": null, "key": "a.json", "index": 0},
        "proof": "unverified", "digest": null, "actor": {"kind": "user", "id": "x"},
    });
    assert!(validator.is_valid(&line));
    assert!(!validator.is_valid(&serde_json::json!({"record": {}})));
}
