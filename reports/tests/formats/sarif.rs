//! SARIF by the schema, by GitHub's limits, and by our own rules.

use std::collections::BTreeSet;

use serde_json::Value;
use trailaudit_checks::finding::{Severity, Status};
use trailaudit_reports::{Options, Profile};

use crate::{every_format::large, sample, told};

const SCHEMA: &str = include_str!("../data/sarif-schema-2.1.0.json");

fn full() -> Options {
    Options {
        sarif_profile: Profile::Full,
        ..Options::default()
    }
}

/// The log, when the schema and the rules accept it.
pub(crate) fn accept(report: &str) -> Value {
    let log: Value = serde_json::from_str(report).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&log)
        .map(|it| format!("{it} at {}", it.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let run = &log["runs"][0];
    for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
        for (text, max) in [
            (&rule["name"], 255),
            (&rule["shortDescription"]["text"], 1_024),
            (&rule["fullDescription"]["text"], 1_024),
            (&rule["help"]["text"], 10_000),
        ] {
            let text = text.as_str().unwrap();
            assert!(!text.is_empty() && text.chars().count() <= max, "{text}");
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
    }
    let mut prints = BTreeSet::new();
    for result in run["results"].as_array().unwrap() {
        assert!(
            result["kind"] == "fail" || result["level"] == "none",
            "{result}"
        );
        assert!(result["message"]["text"].as_str().unwrap().chars().count() <= 1_100);
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().unwrap();
        assert!(
            !uri.starts_with('/') && !uri.split('/').any(|it| it == ".." || it.is_empty()),
            "{uri}"
        );
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._~/%-".contains(c);
        assert!(uri.chars().all(allowed), "{uri}");
        assert!(
            ["startLine", "startColumn", "endLine", "endColumn"]
                .iter()
                .all(|it| location["region"][it].is_u64())
        );
        let print = result["partialFingerprints"]["primaryLocationLineHash"]
            .as_str()
            .unwrap();
        assert!(prints.insert(print), "{print} twice");
        let index = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
    log
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

fn pretty(report: &str) -> String {
    serde_json::to_string_pretty(&accept(report)).unwrap()
}

#[test]
fn snapshot_for_github() {
    insta::assert_snapshot!(pretty(&told(
        "sarif",
        &sample::audit(),
        &Options::default()
    )));
}

#[test]
fn snapshot_in_full() {
    insta::assert_snapshot!(pretty(&told("sarif", &sample::audit(), &full())));
}

#[test]
fn github_gets_open_failures_and_unknowns_only() {
    let audit = sample::audit();
    let log = accept(&told("sarif", &audit, &Options::default()));
    let expected = audit.summary.fail - audit.summary.waived + audit.summary.unknown;
    assert_eq!(results(&log).len() as u64, expected);
    assert!(
        results(&log)
            .iter()
            .all(|it| it.get("suppressions").is_none())
    );
    let log = accept(&told("sarif", &audit, &full()));
    assert_eq!(results(&log).len(), audit.findings.len());
}

#[test]
fn an_unknown_stands_where_the_failure_would() {
    let checks = sample::audit().checks;
    let one = |status| {
        let subject = (*sample::audit().findings[1].subject).clone();
        let finding = sample::finding(&checks[1], status, subject, "said");
        let log = accept(&told(
            "sarif",
            &sample::of(checks.clone(), vec![finding]),
            &Options::default(),
        ));
        results(&log)[0].clone()
    };
    let (fail, unknown) = (one(Status::Fail), one(Status::Unknown));
    for same in ["ruleId", "locations", "partialFingerprints"] {
        assert_eq!(fail[same], unknown[same]);
    }
    assert_eq!(
        (&fail["level"], &unknown["level"]),
        (&"error".into(), &"note".into())
    );
    assert!(
        unknown["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with("could not be evaluated")
    );
}

#[test]
fn every_check_is_a_rule() {
    let mut audit = sample::audit();
    audit.findings.clear();
    let log = accept(&told("sarif", &audit, &Options::default()));
    assert_eq!(
        log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap()
            .len(),
        audit.checks.len()
    );
}

#[test]
fn results_point_to_the_anchor() {
    let options = Options {
        sarif_anchor: Some("infra/my trail.tf:7".parse().unwrap()),
        ..Options::default()
    };
    let log = accept(&told("sarif", &sample::audit(), &options));
    for result in results(&log) {
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "infra/my%20trail.tf");
        assert_eq!(location["region"]["startLine"], 7);
    }
}

#[test]
fn a_subject_in_the_map_points_to_its_own_file() {
    let audit = sample::audit();
    let id = audit
        .findings
        .iter()
        .find(|it| it.is_open_failure())
        .unwrap()
        .subject
        .id
        .clone();
    let options = Options {
        sarif_anchor: Some("main.tf".parse().unwrap()),
        sarif_map: serde_json::json!({&id: "infra/trail.tf:12"})
            .to_string()
            .parse()
            .unwrap(),
        ..Options::default()
    };
    let log = accept(&told("sarif", &audit, &options));
    let mut mapped = 0;
    for result in results(&log) {
        let location = &result["locations"][0];
        let place = &location["physicalLocation"];
        let at = (
            place["artifactLocation"]["uri"].as_str().unwrap(),
            &place["region"]["startLine"],
        );
        if location["logicalLocations"][0]["fullyQualifiedName"] == id.as_str() {
            assert_eq!(at, ("infra/trail.tf", &12.into()));
            mapped += 1;
        } else {
            assert_eq!(at, ("main.tf", &1.into()));
        }
    }
    assert!(mapped > 0 && mapped < results(&log).len());
}

#[test]
fn a_narrower_run_is_of_another_category() {
    let category = |selection: &[&str], now: &str| {
        let mut audit = sample::audit();
        audit.scope.selection = selection.iter().map(|it| (*it).to_owned()).collect();
        audit.now = now.parse().unwrap();
        let log = accept(&told("sarif", &audit, &Options::default()));
        let id = log["runs"][0]["automationDetails"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        id.rsplit_once('/').unwrap().0.to_owned()
    };
    let whole = category(&[], "2026-03-01T00:00:00Z");
    assert_eq!(whole, category(&[], "2026-03-02T00:00:00Z"));
    assert_ne!(whole, category(&["trail-*"], "2026-03-01T00:00:00Z"));
}

#[test]
fn what_the_limits_cut_is_said_and_is_not_the_worst() {
    let audit = large(12_000);
    let report = told("sarif", &audit, &Options::default());
    assert!(report.len() <= 10_000_000, "{}", report.len());
    let log = accept(&report);
    let kept = results(&log);
    assert!(kept.len() <= 5_000 && kept.len() > 4_000, "{}", kept.len());
    let count = |severity: Severity| {
        let of_it = |it: &&Value| {
            it["properties"]["severity"] == severity.as_str()
                && it["properties"]["status"] == "fail"
        };
        kept.iter().filter(of_it).count() as u64
    };
    for severity in [Severity::Critical, Severity::High, Severity::Medium] {
        assert_eq!(
            count(severity),
            audit.summary.by_severity[&severity],
            "{severity}"
        );
    }
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    let cut = notes
        .iter()
        .find(|it| it["descriptor"]["id"] == "results-cut")
        .unwrap();
    let open = audit.summary.fail + audit.summary.unknown;
    let left_out = trailaudit_number(open - kept.len() as u64);
    assert!(
        cut["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{left_out} results left out")),
        "{cut}"
    );
    assert_eq!(
        accept(&told("sarif", &audit, &full()))["runs"][0]["results"]
            .as_array()
            .unwrap()
            .len(),
        12_000
    );
}

fn trailaudit_number(count: u64) -> String {
    format!("{},{:03}", count / 1_000, count % 1_000)
}
