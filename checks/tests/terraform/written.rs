//! Policies of which a plan says nothing, or not all: what the configuration says of them, and what stays open.

use serde_json::{Value, json};
use std::sync::Arc;
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::Status;
use trailaudit_checks::terraform::{self, Plan, SourceFile, Sources};

use super::{audit, json as read, plan, reading, status};

const MAIN: &str = include_str!("plans/source/main.tf");
const LOGS: &str = include_str!("plans/source/modules/log-bucket/main.tf");
const DOCUMENT: &str = "policy = data.aws_iam_policy_document.this.json";

fn sources(main: &str, logs: &str) -> Arc<Sources> {
    let file = |name: &str, text: &str| SourceFile {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let mut sources = Sources::default();
    sources.add("", vec![file("main.tf", main)]);
    sources.add("logs", vec![file("modules/log-bucket/main.tf", logs)]);
    Arc::new(sources)
}

fn judged(json: &Value, sources: Arc<Sources>) -> Audit {
    let mut plan: Plan = plan(json);
    plan.with_sources(sources);
    audit(&terraform::alone(&[plan], &reading(false)))
}

/// The policy of the bucket is written so, and refers to these.
fn with_policy(policy: &str, references: &[&str]) -> Audit {
    let mut plan = read("create");
    let inner = &mut plan["configuration"]["root_module"]["module_calls"]["logs"]["module"];
    for it in inner["resources"].as_array_mut().unwrap() {
        if it["type"] == "aws_s3_bucket_policy" {
            it["expressions"]["policy"] = json!({ "references": references });
        }
    }
    let logs = LOGS.replace(DOCUMENT, &format!("policy = {policy}"));
    assert_ne!(logs, LOGS);
    judged(&plan, sources(MAIN, &logs))
}

/// After apply, the policy is known: the plan of a later change holds it. What the configuration says is the same.
#[test]
fn what_is_written_is_what_it_will_be() {
    let written = judged(&read("create"), sources(MAIN, LOGS));
    let applied = audit(&super::alone(&read("validation-off"), true));
    let mut decided = 0;
    for check in [
        "bucket-policy-admits-cloudtrail",
        "bucket-cloudtrail-source-arn",
        "bucket-tls-only",
        "bucket-min-tls-version",
        "bucket-policy-denies-delete",
        "bucket-policy-writers-only-cloudtrail",
        "bucket-policy-services-scoped",
        "bucket-policy-cross-account",
    ] {
        let (now, later) = (status(&written, check), status(&applied, check));
        assert_ne!(now, Some(Status::Unknown), "{check}");
        // What only a scan settles is folded away on both sides.
        if now.is_some() {
            assert_eq!(now, later, "{check}");
            decided += 1;
        }
    }
    assert!(decided > 3, "{decided}");
    assert!(
        !written
            .plan
            .unwrap()
            .unresolved
            .iter()
            .any(|it| it.contains("policy"))
    );
}

/// `zone` is known only after apply, whatever it is.
#[test]
fn an_unknown_part_never_makes_a_check_pass() {
    use Status::{Fail, Pass, Unknown};
    let deny = |resource: &str, more: &str| {
        format!(
            r#"jsonencode({{ Version = "2012-10-17", Statement = [
                {{ Effect = "Deny", Principal = "*", Action = "s3:*", Resource = {resource},
                  Condition = {{ Bool = {{ "aws:SecureTransport" = "false" }} }} }},
                {more}
            ] }})"#
        )
    };
    let own = r#"[aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]"#;
    let zone = "aws_s3_bucket.this.hosted_zone_id";
    let arn: &[&str] = &["aws_s3_bucket.this.arn", "aws_s3_bucket.this"];
    let both: &[&str] = &[
        "aws_s3_bucket.this.arn",
        "aws_s3_bucket.this",
        "aws_s3_bucket.this.hosted_zone_id",
    ];
    let only: &[&str] = &["aws_s3_bucket.this.hosted_zone_id", "aws_s3_bucket.this"];
    let tls = "bucket-tls-only";
    let across = "bucket-policy-cross-account";
    let allow = |principal: &str| {
        format!(
            r#"{{ Effect = "Allow", Principal = {principal}, Action = "s3:GetObject", Resource = "*" }}"#
        )
    };
    let cases: Vec<(&str, String, &[&str], &str, Status)> = vec![
        ("all is known", deny(own, ""), arn, tls, Pass),
        ("everything is meant", deny(r#""*""#, ""), &[], tls, Pass),
        (
            "a resource",
            deny(&format!(r#""arn:aws:s3:::${{{zone}}}/*""#), ""),
            only,
            tls,
            Unknown,
        ),
        (
            "one of two resources",
            deny(&format!("[aws_s3_bucket.this.arn, {zone}]"), ""),
            both,
            tls,
            Unknown,
        ),
        (
            "an Allow beside it",
            deny(own, &allow(&format!("{{ AWS = {zone} }}"))),
            both,
            tls,
            Pass,
        ),
        (
            "whom an Allow names",
            deny(own, &allow(&format!("{{ AWS = {zone} }}"))),
            both,
            across,
            Unknown,
        ),
        (
            "whom an Allow names, one of two",
            deny(
                own,
                &allow(&format!(r#"{{ AWS = ["999999999999", {zone}] }}"#)),
            ),
            both,
            across,
            Unknown,
        ),
        (
            "nothing denied",
            format!(
                "jsonencode({{ Version = \"2012-10-17\", Statement = [{}] }})",
                allow(&format!("{{ AWS = {zone} }}"))
            ),
            only,
            tls,
            Fail,
        ),
        (
            "a condition",
            deny(own, "").replace(r#""false""#, zone),
            both,
            tls,
            Unknown,
        ),
        (
            "the effect",
            deny(own, "").replace(r#"Effect = "Deny""#, &format!("Effect = {zone}")),
            both,
            tls,
            Unknown,
        ),
        (
            "whom it spares",
            deny(own, "").replace(
                r#"Principal = "*""#,
                &format!("NotPrincipal = {{ AWS = {zone} }}"),
            ),
            both,
            tls,
            Unknown,
        ),
        (
            "a statement",
            format!("jsonencode({{ Version = \"2012-10-17\", Statement = [{zone}] }})"),
            only,
            tls,
            Unknown,
        ),
        (
            "all statements",
            format!("jsonencode({{ Version = \"2012-10-17\", Statement = {zone} }})"),
            only,
            tls,
            Unknown,
        ),
        (
            "the version",
            format!("jsonencode({{ Version = {zone}, Statement = [] }})"),
            only,
            tls,
            Unknown,
        ),
        ("all", zone.to_owned(), only, tls, Unknown),
        (
            "a function that is not known",
            format!("file({own}[0])"),
            arn,
            tls,
            Unknown,
        ),
        (
            "a configuration of another day",
            deny(own, ""),
            only,
            tls,
            Unknown,
        ),
        (
            "what is made of a document",
            r#"replace(data.aws_iam_policy_document.this.json, "/x/", "")"#.to_owned(),
            &[
                "data.aws_iam_policy_document.this.json",
                "data.aws_iam_policy_document.this",
            ],
            "bucket-policy-admits-cloudtrail",
            Unknown,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, policy, references, check, expected) in cases {
        let found = status(&with_policy(&policy, references), check);
        if found != Some(expected) {
            wrong.push(format!("{name}: {check} {found:?}, {expected} expected"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Without the configuration, a document that is referred to may have been changed on its way: it proves no pass.
#[test]
fn a_document_that_is_only_referred_to_proves_no_pass() {
    let without = audit(&super::alone(&read("create"), false));
    assert_eq!(status(&without, "bucket-tls-only"), Some(Status::Fail));
    let mut plan = read("create");
    for it in plan["resource_changes"].as_array_mut().unwrap() {
        if it["type"] == "aws_iam_policy_document" {
            it["change"]["after"]["statement"] = json!([{
                "effect": "Deny", "actions": ["s3:*"], "resources": ["*"], "sid": null,
                "principals": [{"type": "*", "identifiers": ["*"]}],
                "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}]}]);
            it["change"]["after_unknown"] = json!({"id": true, "json": true});
        }
    }
    let audit = audit(&super::alone(&plan, false));
    assert_eq!(status(&audit, "bucket-tls-only"), Some(Status::Unknown));
}

/// Locals are in no plan: where the configuration is given, a setting is joined through them.
#[test]
fn settings_are_joined_through_locals() {
    let mut plan = read("split-create");
    let resources = plan["configuration"]["root_module"]["resources"]
        .as_array_mut()
        .unwrap();
    let mut name = String::new();
    for it in resources {
        if it["type"] == "aws_s3_bucket" {
            name = it["name"].as_str().unwrap().to_owned();
        }
        if it["type"] == "aws_s3_bucket_public_access_block" {
            it["expressions"]["bucket"] = json!({"references": ["local.bucket"]});
        }
    }
    let of_block = plan["resource_changes"].as_array().unwrap().iter();
    let block = of_block
        .clone()
        .find(|it| it["type"] == "aws_s3_bucket_public_access_block");
    let block = block.unwrap()["name"].as_str().unwrap();
    let text = format!(
        "locals {{\n  bucket = aws_s3_bucket.{name}.id\n}}\nresource \"aws_s3_bucket_public_access_block\" \"{block}\" {{\n  \
         bucket = local.bucket\n}}\n"
    );
    let audit = judged(&plan, sources(&text, ""));
    assert_eq!(
        status(&audit, "bucket-public-access-block"),
        Some(Status::Pass)
    );
}
