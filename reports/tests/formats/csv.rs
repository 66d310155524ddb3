//! CSV, read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use csv::ReaderBuilder;
use trailaudit_reports::Options;

use crate::every_format::Totals;
use crate::{sample, told};

type Row = BTreeMap<String, String>;

/// Every row has every column.
fn rows(report: &str) -> Vec<Row> {
    let mut reader = ReaderBuilder::new().from_reader(report.as_bytes());
    reader.deserialize().map(|row| row.unwrap()).collect()
}

pub(crate) fn read(report: &str) -> (Totals, BTreeSet<String>) {
    let rows = rows(report);
    let total = |status: &str| {
        let mut of_it = rows
            .iter()
            .filter(|it| it["record"] == "total" && it["status"] == status);
        of_it.next().unwrap()["count"].parse().unwrap()
    };
    let totals = ["pass", "fail", "waived", "unknown", "not_applicable"].map(total);
    let open = rows.iter().filter(|it| {
        it["record"] == "finding" && it["status"] == "fail" && it["waiver_expires"].is_empty()
    });
    (totals, open.map(|it| it["fingerprint"].clone()).collect())
}

#[test]
fn snapshot() {
    let report = told("csv", &sample::audit(), &Options::default());
    insta::assert_snapshot!(report.replace("\r\n", "\n"));
}

#[test]
fn every_line_ends_as_rfc_4180_wants_it() {
    let report = told("csv", &sample::audit(), &Options::default());
    assert_eq!(report.matches('\n').count(), report.matches("\r\n").count());
}

#[test]
fn nothing_is_calculated() {
    for formula in [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "x;=1", " =1", "＝1",
    ] {
        let mut audit = sample::audit();
        for finding in &mut audit.findings {
            formula.clone_into(&mut Arc::make_mut(&mut finding.subject).name);
            finding.message = formula.into();
        }
        for row in rows(&told("csv", &audit, &Options::default())) {
            for cell in row.values().flat_map(|it| it.split(';')) {
                let cell = cell.trim_start();
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝']),
                    "{cell}"
                );
            }
        }
    }
}

#[test]
fn every_check_control_account_and_region() {
    let audit = sample::audit();
    let rows = rows(&told("csv", &audit, &Options::default()));
    let count = |record: &str| rows.iter().filter(|it| it["record"] == record).count();
    assert_eq!(count("finding"), audit.findings.len());
    assert_eq!(count("check"), audit.checks.len());
    assert_eq!(count("control"), audit.frameworks[0].controls.len());
    assert_eq!(count("account"), audit.coverage.accounts.len());
    assert_eq!(count("region"), audit.coverage.regions.len());
}
