//! OCSF, judged by the projection of its schema.

use std::collections::BTreeSet;

use serde_json::Value;
use trailaudit_checks::audit::{Audit, Summary};
use trailaudit_checks::finding::BaselineState;
use trailaudit_reports::Options;

use crate::every_format::{Totals, totals};
use crate::{errors, sample, told};

const SCHEMA: &str = include_str!("../data/ocsf-compliance_finding-1.8.0.schema.json");

fn events(report: &str) -> Vec<Value> {
    report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Nothing wrong by the schema, nor by what it cannot say.
pub(crate) fn accept(report: &str) {
    let events = events(report);
    let wrong = errors(SCHEMA, &events);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let mut ids = BTreeSet::new();
    for event in &events {
        assert!(
            event["time"].as_i64().unwrap() > 1_000_000_000_000,
            "milliseconds"
        );
        assert_eq!(
            event["type_uid"],
            200_300 + event["activity_id"].as_i64().unwrap()
        );
        assert!(ids.insert(event["metadata"]["uid"].as_str().unwrap()));
    }
}

pub(crate) fn read(report: &str) -> (Totals, BTreeSet<String>) {
    accept(report);
    let mut events = events(report);
    let last = events.pop().unwrap();
    let summary: Summary = serde_json::from_value(last["unmapped"]["summary"].clone()).unwrap();
    let id = |status: u64| {
        events
            .iter()
            .filter(move |it| it["compliance"]["status_id"] == status)
    };
    let waived = id(3).filter(|it| it["status_id"] == 3).count() as u64;
    let counted = [id(1), id(3), id(2), id(99)].map(|it| it.count() as u64);
    let [pass, fail, unknown, not_applicable] = counted;
    assert_eq!(
        totals(&summary),
        [pass, fail, waived, unknown, not_applicable]
    );
    let open = id(3).filter(|it| it["status_id"] == 1);
    let open = open.map(|it| it["finding_info"]["uid"].as_str().unwrap().to_owned());
    (totals(&summary), open.collect())
}

#[test]
fn snapshot() {
    let events = events(&told("ocsf", &sample::audit(), &Options::default()));
    // A waived failure, a new one, an unknown, a pass, one that does not apply, the totals.
    let some: Vec<&Value> = [0, 1, 2, 5, 11, 16].map(|at| &events[at]).to_vec();
    insta::assert_snapshot!(serde_json::to_string_pretty(&some).unwrap());
}

#[test]
fn the_schema_refuses() {
    let event = events(&told("ocsf", &sample::audit(), &Options::default())).remove(0);
    for (pointer, wrong) in [
        ("/severity_id", 7.into()),
        ("/resources/0/uid", Value::Null),
        ("/compliance", Value::Null),
        ("/time", "now".into()),
    ] {
        let mut event = event.clone();
        *event.pointer_mut(pointer).unwrap() = wrong;
        assert!(!errors(SCHEMA, &[event]).is_empty(), "{pointer}");
    }
    let mut event = event;
    event["surprise"] = true.into();
    assert!(!errors(SCHEMA, &[event]).is_empty());
}

#[test]
fn a_baseline_makes_updates() {
    let activity = |state| {
        let mut audit: Audit = sample::audit();
        audit.findings[1].baseline = Some(state);
        let event = events(&told("ocsf", &audit, &Options::default())).remove(1);
        (
            event["activity_id"].clone(),
            event["finding_info"].get("first_seen_time").is_some(),
        )
    };
    assert_eq!(activity(BaselineState::New), (1.into(), true));
    assert_eq!(activity(BaselineState::Unchanged), (2.into(), false));
    assert_eq!(activity(BaselineState::Updated), (2.into(), false));
}
