//! OSCAL, judged by NIST's schema; and whether its references lead somewhere.

use std::collections::BTreeSet;

use serde_json::Value;
use trailaudit_reports::Options;

use crate::every_format::Totals;
use crate::{errors, sample, told};

const SCHEMA: &str = include_str!("../data/oscal-assessment-results-1.2.1.json");

/// Nothing wrong by the schema; every UUID stands for one thing, and every reference for one that is there.
pub(crate) fn accept(report: &str) {
    let document: Value = serde_json::from_str(report).unwrap();
    let wrong = errors(SCHEMA, std::slice::from_ref(&document));
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (mut ids, mut references) = (BTreeSet::new(), BTreeSet::new());
    walk(&document, &mut ids, &mut references);
    let lost: Vec<_> = references.difference(&ids).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

fn walk<'a>(value: &'a Value, ids: &mut BTreeSet<&'a str>, references: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, it) in fields {
                match (name.as_str(), it) {
                    ("uuid", Value::String(id)) => assert!(ids.insert(id), "{id} twice"),
                    ("href", Value::String(id)) => {
                        references.insert(id.strip_prefix('#').unwrap());
                    }
                    (name, Value::String(id)) if name.ends_with("-uuid") => {
                        references.insert(id);
                    }
                    (_, it) => walk(it, ids, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|it| walk(it, ids, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn prop<'a>(of: &'a Value, name: &str) -> Option<&'a str> {
    let props = of["props"].as_array()?;
    props.iter().find(|it| it["name"] == name)?["value"].as_str()
}

pub(crate) fn read(report: &str) -> (Totals, BTreeSet<String>) {
    accept(report);
    let document: Value = serde_json::from_str(report).unwrap();
    let result = &document["assessment-results"]["results"][0];
    let total = |name: &str| -> u64 { prop(result, name).unwrap().parse().unwrap() };
    let totals = ["pass", "fail", "waived", "unknown", "not-applicable"].map(total);
    let none = Vec::new();
    let observations = result["observations"].as_array().unwrap_or(&none);
    let risks = result["risks"].as_array().unwrap_or(&none);
    let open: BTreeSet<_> = risks
        .iter()
        .filter(|it| it["status"] == "open")
        .collect::<Vec<_>>()
        .into_iter()
        .map(|it| {
            it["related-observations"][0]["observation-uuid"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(risks.len() as u64, totals[1]);
    let count = |status| {
        observations
            .iter()
            .filter(|it| prop(it, "status") == Some(status))
            .count() as u64
    };
    let counted = ["pass", "fail", "unknown", "not_applicable"].map(count);
    assert_eq!(counted, [totals[0], totals[1], totals[3], totals[4]]);
    let open = observations
        .iter()
        .filter(|it| open.contains(it["uuid"].as_str().unwrap()));
    (
        totals,
        open.map(|it| prop(it, "fingerprint").unwrap().to_owned())
            .collect(),
    )
}

#[test]
fn snapshot() {
    let report = told("oscal", &sample::audit(), &Options::default());
    let document: Value = serde_json::from_str(&report).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap());
}

/// Control and state, as the findings say.
fn states(report: &str) -> Vec<(String, String)> {
    let document: Value = serde_json::from_str(report).unwrap();
    let findings = document["assessment-results"]["results"][0]["findings"].clone();
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let state = |it: &Value| {
        (
            text(&it["target"]["target-id"]),
            text(&it["target"]["status"]["reason"]),
        )
    };
    findings
        .as_array()
        .unwrap_or(&Vec::new())
        .iter()
        .map(state)
        .collect()
}

#[test]
fn controls_without_a_framework_that_was_asked_for() {
    let mut audit = sample::audit();
    audit.frameworks.clear();
    let cis = |id: &str, reason: &str| {
        (
            format!("cis-aws-foundations-3.0_{id}_obj"),
            reason.to_owned(),
        )
    };
    let expected = vec![
        cis("2.1.1", "fail"),
        cis("3.1", "fail"),
        cis("3.2", "fail"),
        cis("3.4", "fail"),
        ("au-12_obj".to_owned(), "fail".to_owned()),
    ];
    assert_eq!(
        states(&told("oscal", &audit, &Options::default())),
        expected
    );
    // What is unknown is not satisfied, for another reason; and a selection alone satisfies nothing.
    let reason = |audit: &_| {
        states(&told("oscal", audit, &Options::default()))[0]
            .1
            .clone()
    };
    for finding in &mut audit.findings {
        finding.status = trailaudit_checks::finding::Status::Pass;
        finding.waiver = None;
    }
    assert_eq!(reason(&audit), "pass");
    audit.scope.selection = vec!["trail-*".to_owned()];
    assert_eq!(reason(&audit), "other");
    audit.scope.selection.clear();
    for finding in &mut audit.findings {
        finding.status = trailaudit_checks::finding::Status::Unknown;
    }
    assert_eq!(reason(&audit), "other");
    for finding in &mut audit.findings {
        finding.status = trailaudit_checks::finding::Status::NotApplicable;
    }
    assert!(states(&told("oscal", &audit, &Options::default())).is_empty());
}
