//! What is no plan, or one that nobody made: refused in words, or read without harm.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trailaudit_checks::terraform::{BadPlan, Plan};

use super::{alone, audit, json as read, text};

#[test]
fn what_is_no_plan_is_refused() {
    let error = |bytes: &[u8]| Plan::read("x", bytes).err();
    assert_eq!(error(b"PK\x03\x04\x14\x00rest"), Some(BadPlan::Binary));
    let events = br#"{"@level":"info","type":"version"}
{"@level":"info","type":"planned_change"}"#;
    assert_eq!(error(events), Some(BadPlan::Stream));
    assert_eq!(
        error(br#"{"@level":"info","type":"version"}"#),
        Some(BadPlan::Stream)
    );
    let state = br#"{"version": 4, "serial": 3, "lineage": "x", "resources": []}"#;
    assert_eq!(error(state), Some(BadPlan::State));
    let version = br#"{"format_version": "2.0", "resource_changes": []}"#;
    assert_eq!(error(version), Some(BadPlan::Version("2.0".to_owned())));
    assert!(matches!(error(b""), Some(BadPlan::Json(_))));
    assert!(matches!(
        error(b"Terraform will perform"),
        Some(BadPlan::Json(_))
    ));
    assert!(matches!(error(b"[]"), Some(BadPlan::Shape(_))));
    assert!(matches!(
        error(br#"{"format_version": "1.2"}"#),
        Some(BadPlan::Shape(_))
    ));
    assert!(matches!(error(b"\xff\xfea"), Some(BadPlan::Encoding)));
    let deep = "[".repeat(100_000);
    assert!(matches!(error(deep.as_bytes()), Some(BadPlan::Json(_))));
    let actions = br#"{"format_version": "1.2", "resource_changes": [{"address": "a.b", "type": "a", "name": "b",
        "change": {"actions": ["explode"]}}]}"#;
    assert!(matches!(error(actions), Some(BadPlan::Shape(_))));
}

#[test]
fn encodings_of_windows_are_read() {
    let text = text("no-op");
    let wide: Vec<u16> = text.encode_utf16().collect();
    let little = [0xff, 0xfe]
        .into_iter()
        .chain(wide.iter().flat_map(|it| it.to_le_bytes()));
    let big = [0xfe, 0xff]
        .into_iter()
        .chain(wide.iter().flat_map(|it| it.to_be_bytes()));
    let marked = [0xef, 0xbb, 0xbf].into_iter().chain(text.bytes());
    for bytes in [little.collect::<Vec<u8>>(), big.collect(), marked.collect()] {
        let plan = Plan::read("x", &bytes).unwrap();
        assert_eq!(plan.file.format_version, "1.2");
    }
}

/// Old and new forms differ in what they say beside the changes.
#[test]
fn every_minor_version_is_read() {
    for version in ["0.1", "0.2", "1.0", "1.1", "1.2", "1.99"] {
        let mut plan = read("create");
        plan["format_version"] = json!(version);
        for key in ["applyable", "complete", "errored", "timestamp"] {
            plan.as_object_mut().unwrap().remove(key);
        }
        plan["something_new"] = json!({"a": [1]});
        let audit = audit(&alone(&plan, false));
        assert!(audit.findings.len() > 20, "{version}");
    }
}

/// Values of every wrong type, in every attribute.
#[test]
fn wrong_types_do_no_harm() {
    let plan = read("split-create");
    let wrong = [
        json!(7),
        json!("x\u{0}\u{1b}[31m"),
        json!([]),
        json!([[[]]]),
        json!({"a": {"b": true}}),
        json!(true),
        json!(-1e300),
    ];
    for value in wrong {
        for part in ["after", "after_unknown", "before", "after_sensitive"] {
            let mut plan = plan.clone();
            for it in plan["resource_changes"].as_array_mut().unwrap() {
                let change = &mut it["change"];
                match change[part].as_object_mut() {
                    Some(fields) => fields.values_mut().for_each(|it| *it = value.clone()),
                    None => change[part] = value.clone(),
                }
            }
            let inventory = alone(&plan, true);
            assert!(
                !inventory
                    .records()
                    .any(|it| serde_json::to_string(&it).is_err())
            );
        }
    }
    let mut strange = plan;
    strange["configuration"] = json!([1, {"root_module": []}]);
    strange["prior_state"] =
        json!({"values": {"root_module": {"resources": [1], "child_modules": 3}}});
    strange["variables"] = json!(false);
    audit(&alone(&strange, true));
}

/// Outputs and variables that refer to each other in a circle.
#[test]
fn circles_end() {
    let mut plan = read("split-create");
    let root = &mut plan["configuration"]["root_module"];
    let circle = json!({"references": ["module.a.x", "module.a"]});
    for it in root["resources"].as_array_mut().unwrap() {
        if it["expressions"].get("bucket").is_some() {
            it["expressions"]["bucket"] = circle.clone();
        }
    }
    root["module_calls"]["a"] = json!({
        "expressions": {"in": {"references": ["module.a.x", "module.a"]}},
        "module": {"outputs": {"x": {"expression": {"references": ["var.in"]}}}}
    });
    audit(&alone(&plan, true));
}

/// The work grows with the plan, and not with its square.
#[test]
fn a_large_plan_is_read() {
    let mut changes = String::new();
    for at in 0..20_000 {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(
            changes,
            r#"{comma}{{"address": "aws_s3_bucket.b[{at}]", "mode": "managed", "type": "aws_s3_bucket", "name": "b",
            "index": {at}, "change": {{"actions": ["create"], "before": null, "after": {{"bucket": "b-{at}"}},
            "after_unknown": {{"arn": true}}}}}}"#
        );
    }
    let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{changes}]}}"#);
    let plan: Value = serde_json::from_str(&text).unwrap();
    let inventory = alone(&plan, false);
    assert_eq!(inventory.buckets.len(), 20_000);
}

/// A sensitive value is evaluated, and neither shown nor written.
#[test]
fn sensitive_values_are_not_shown() {
    let mut plan = read("split-create");
    for it in plan["resource_changes"].as_array_mut().unwrap() {
        if it["type"] == "aws_s3_bucket_object_lock_configuration" {
            it["change"]["after"]["rule"] =
                json!([{"default_retention": [{"days": 31, "mode": "COMPLIANCE"}]}]);
            it["change"]["after_sensitive"] = json!({"rule": true});
        }
    }
    let audit = audit(&alone(&plan, false));
    let finding = audit
        .findings
        .iter()
        .find(|it| &*it.check == "bucket-object-lock-retention-days")
        .unwrap();
    assert_eq!(finding.status, trailaudit_checks::finding::Status::Fail);
    let shown = serde_json::to_string(finding).unwrap();
    assert!(
        !shown.contains("31 days") && shown.contains("sensitive"),
        "{shown}"
    );
    let mut reading = super::reading(true);
    reading.redact = true;
    let written = trailaudit_checks::terraform::alone(&[super::plan(&plan)], &reading);
    let bucket = written.buckets.values().next().unwrap();
    assert!(bucket.default_retention.ok().is_none());
}
