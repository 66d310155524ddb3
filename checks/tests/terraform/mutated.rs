//! One attribute changed: what becomes unknown never gets better, and what gets worse is seen.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trailaudit_checks::context::Context;
use trailaudit_checks::evaluate::evaluate;
use trailaudit_checks::finding::{Status, SubjectKind};
use trailaudit_checks::inventory::Inventory;

use super::{alone, audit, json as read, rules, status};

/// Every finding before anything is folded, by check and the address of what it is about: names may become unknown.
fn raw(inventory: &Inventory) -> BTreeMap<(String, String), (Status, SubjectKind)> {
    let rules = rules();
    let context = Context::new(inventory, &rules.settings, rules.now);
    let plan = inventory.plan.as_ref().unwrap();
    let name = |id: String| plan.origin(&id).map_or(id, |it| it.address.clone());
    let findings = evaluate(&rules.selection.checks, &context);
    let each = findings.into_iter();
    each.map(|it| {
        (
            (it.check.to_string(), name(it.subject.id.clone())),
            (it.status, it.subject.kind),
        )
    })
    .collect()
}

/// The attributes of resources that the plan creates: address, name.
fn attributes(plan: &Value) -> Vec<(usize, String)> {
    let mut all = Vec::new();
    for (at, it) in plan["resource_changes"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        let after = it["change"]["after"].as_object();
        for (name, value) in after.into_iter().flatten() {
            if it["mode"] == "managed" && !value.is_null() {
                all.push((at, name.clone()));
            }
        }
    }
    all
}

#[test]
fn what_becomes_unknown_never_gets_better() {
    let mut better = Vec::new();
    for name in ["create", "split-create", "validation-off"] {
        let plan = read(name);
        let before = raw(&alone(&plan, true));
        for (at, attribute) in attributes(&plan) {
            let mut less = plan.clone();
            let change = &mut less["resource_changes"][at]["change"];
            change["after"][&attribute] = Value::Null;
            change["after_unknown"][&attribute] = Value::Bool(true);
            let after = raw(&alone(&less, true));
            let is_hole = |check: &str| {
                let mut all = after.iter();
                all.any(|((it, _), (status, kind))| {
                    let wide = matches!(
                        kind,
                        SubjectKind::Account | SubjectKind::Region | SubjectKind::Organization
                    );
                    it == check && wide && *status == Status::Unknown
                })
            };
            for ((check, subject), (old, _)) in &before {
                let new = after.get(&(check.clone(), subject.clone())).map(|it| it.0);
                // What a plan does to the logging may get worse by what it leaves open.
                let worse = after
                    .iter()
                    .any(|((it, _), (status, _))| it == check && *status == Status::Fail);
                if check.starts_with("plan-") && worse {
                    continue;
                }
                let fine = match new {
                    Some(Status::Unknown) => true,
                    Some(new) => new == *old,
                    None => is_hole(check),
                };
                if !fine {
                    better.push(format!(
                        "{name}: {check} {subject} {old} -> {new:?} without {attribute}"
                    ));
                }
            }
        }
    }
    assert!(better.is_empty(), "{} {better:#?}", better.len());
}

/// Which change of one attribute makes which check fail.
#[test]
fn one_attribute_makes_one_check_fail() {
    let cases: &[(&str, &str, &str, Value, &str)] = &[
        (
            "create",
            "aws_cloudtrail",
            "enable_log_file_validation",
            json!(false),
            "trail-log-file-validation",
        ),
        (
            "create",
            "aws_kms_key",
            "enable_key_rotation",
            json!(false),
            "key-rotation",
        ),
        (
            "create",
            "aws_kms_key",
            "is_enabled",
            json!(false),
            "key-enabled",
        ),
        (
            "create",
            "aws_s3_bucket",
            "versioning",
            json!([{"enabled": false, "mfa_delete": false}]),
            "bucket-versioning",
        ),
        (
            "create",
            "aws_s3_bucket_public_access_block",
            "block_public_policy",
            json!(false),
            "bucket-public-access-block",
        ),
        (
            "split-create",
            "aws_s3_bucket_versioning",
            "versioning_configuration",
            json!([{"status": "Suspended"}]),
            "bucket-versioning",
        ),
        (
            "split-create",
            "aws_s3_bucket_public_access_block",
            "restrict_public_buckets",
            json!(false),
            "bucket-public-access-block",
        ),
        (
            "split-create",
            "aws_s3_bucket_object_lock_configuration",
            "rule",
            json!([{"default_retention": [{"days": 400, "mode": "GOVERNANCE"}]}]),
            "bucket-object-lock-compliance-mode",
        ),
        (
            "split-create",
            "aws_s3_bucket_object_lock_configuration",
            "rule",
            json!([{"default_retention": [{"days": 30, "mode": "COMPLIANCE"}]}]),
            "bucket-object-lock-retention-days",
        ),
        (
            "split-create",
            "aws_s3_bucket_object_lock_configuration",
            "rule",
            json!([]),
            "bucket-object-lock-default-retention",
        ),
        (
            "split-create",
            "aws_cloudtrail",
            "is_multi_region_trail",
            json!(false),
            "trail-multi-region",
        ),
        (
            "split-create",
            "aws_cloudtrail",
            "enable_log_file_validation",
            json!(false),
            "trail-log-file-validation",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, kind, attribute, value, check) in cases {
        let good = audit(&alone(&read(name), false));
        let mut plan = read(name);
        for it in plan["resource_changes"].as_array_mut().unwrap() {
            if it["type"] == *kind {
                it["change"]["after"][attribute] = value.clone();
            }
        }
        let bad = audit(&alone(&plan, false));
        let (before, after) = (status(&good, check), status(&bad, check));
        if (before, after) != (Some(Status::Pass), Some(Status::Fail)) {
            wrong.push(format!(
                "{name} {kind}.{attribute}: {check} {before:?} -> {after:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A setting whose bucket cannot be told may be of any bucket.
#[test]
fn a_setting_without_a_bucket_leaves_every_bucket_unknown() {
    let mut plan = read("split-create");
    let resources = plan["configuration"]["root_module"]["resources"]
        .as_array_mut()
        .unwrap();
    for it in resources {
        if it["type"] == "aws_s3_bucket_public_access_block" {
            it["expressions"]["bucket"] = json!({"references": ["local.bucket"]});
        }
    }
    let audit = audit(&alone(&plan, false));
    assert_eq!(
        status(&audit, "bucket-public-access-block"),
        Some(Status::Unknown)
    );
    assert_eq!(status(&audit, "bucket-versioning"), Some(Status::Pass));
}
