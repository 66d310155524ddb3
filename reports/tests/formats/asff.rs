//! ASFF, by the limits and words of the API.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use trailaudit_checks::finding::BaselineState;
use trailaudit_reports::Options;

use crate::every_format::{Totals, large};
use crate::{sample, told};

fn batches(report: &str) -> Vec<Vec<Value>> {
    let batch = |line: &str| {
        let mut request: Value = serde_json::from_str(line).unwrap();
        serde_json::from_value(request["Findings"].take()).unwrap()
    };
    report.lines().map(batch).collect()
}

/// What the API refuses. The harness of the Python tests has the same, and botocore's own judgement.
pub(crate) fn accept(report: &str) {
    let mut ids = BTreeSet::new();
    for (line, batch) in report.lines().zip(batches(report)) {
        assert!((1..=100).contains(&batch.len()) && line.len() <= 6_000_000);
        let places: BTreeSet<_> = batch.iter().map(|it| it["ProductArn"].as_str()).collect();
        assert_eq!(places.len(), 1, "one account and region");
        for finding in &batch {
            assert!(finding.to_string().len() <= 240_000);
            for (field, max) in [
                ("/Title", 256),
                ("/Description", 1_024),
                ("/Id", 512),
                ("/GeneratorId", 512),
                ("/Remediation/Recommendation/Text", 512),
                ("/Resources/0/Id", 512),
            ] {
                let Some(text) = finding.pointer(field) else {
                    assert!(field.starts_with("/Remediation"), "{field}");
                    continue;
                };
                let count = text.as_str().unwrap().chars().count();
                assert!((1..=max).contains(&count), "{field}: {count}");
            }
            let fields = finding["ProductFields"].as_object().unwrap();
            let is_short = |it: &Value| it.as_str().is_some_and(|it| it.chars().count() <= 2_048);
            assert!(fields.len() <= 50 && fields.values().all(is_short));
            let status = finding["Compliance"]["Status"].as_str().unwrap();
            assert!(["PASSED", "WARNING", "FAILED", "NOT_AVAILABLE"].contains(&status));
            assert!(ids.insert(finding["Id"].as_str().unwrap().to_owned()));
        }
    }
}

pub(crate) fn read(report: &str) -> (Totals, BTreeSet<String>) {
    accept(report);
    let mut findings: Vec<Value> = batches(report).into_iter().flatten().collect();
    let last = findings.pop().unwrap();
    let total = |name: &str| -> u64 {
        let field = &last["ProductFields"][format!("trailaudit/{name}")];
        field.as_str().unwrap().parse().unwrap()
    };
    let totals = ["Pass", "Fail", "Waived", "Unknown", "NotApplicable"].map(total);
    let of = |status: &'static str| {
        findings
            .iter()
            .filter(move |it| it["Compliance"]["Status"] == status)
    };
    let is_waived = |it: &&Value| it["ProductFields"].get("trailaudit/Waiver").is_some();
    let counted = ["PASSED", "FAILED", "WARNING", "NOT_AVAILABLE"].map(|it| of(it).count() as u64);
    let [pass, fail, unknown, not_applicable] = counted;
    let waived = of("FAILED").filter(is_waived).count() as u64;
    assert_eq!(totals, [pass, fail, waived, unknown, not_applicable]);
    let open = of("FAILED").filter(|it| !is_waived(it));
    let print = |it: &Value| {
        it["ProductFields"]["trailaudit/Fingerprint"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    (totals, open.map(print).collect())
}

#[test]
fn snapshot() {
    let batches = batches(&told("asff", &sample::audit(), &Options::default()));
    insta::assert_snapshot!(serde_json::to_string_pretty(&batches).unwrap());
}

#[test]
fn a_thousand_findings_of_one_account() {
    let mut audit = large(1_000);
    for finding in &mut audit.findings {
        Arc::make_mut(&mut finding.subject).account = Some("111111111111".into());
    }
    let report = told("asff", &audit, &Options::default());
    accept(&report);
    let sizes: Vec<usize> = batches(&report).iter().map(Vec::len).collect();
    assert_eq!(sizes, [[100].repeat(10), vec![1]].concat());
}

#[test]
fn the_workflow_is_set_at_first_sight_only() {
    let workflow = |baseline| {
        let mut audit = sample::audit();
        audit.findings[0].baseline = baseline;
        let batches = batches(&told("asff", &audit, &Options::default()));
        let mut waived = batches.into_iter().flatten();
        let waived = waived
            .find(|it| it["ProductFields"].get("trailaudit/Waiver").is_some())
            .unwrap();
        waived
            .get("Workflow")
            .map(|it| it["Status"].as_str().unwrap().to_owned())
    };
    assert_eq!(workflow(None).as_deref(), Some("SUPPRESSED"));
    assert_eq!(
        workflow(Some(BaselineState::New)).as_deref(),
        Some("SUPPRESSED")
    );
    assert_eq!(workflow(Some(BaselineState::Unchanged)), None);
}
