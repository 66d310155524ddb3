//! Audits of schema 1 are still read: by `report`, `diff` and `--baseline`.

use serde_json::{Value, json};

use crate::binary::Place;

const OLD: &str = include_str!("data/audits/schema-1.json");

fn place() -> (Place, Value) {
    let place = Place::new();
    place.write("old.json", OLD);
    let old: Value = serde_json::from_str(OLD).unwrap();
    assert_eq!(old["schema"], 1);
    (place, old)
}

/// Each control's status.
fn controls(audit: &Value) -> Vec<&str> {
    let frameworks = audit["frameworks"].as_array().unwrap().iter();
    let controls = frameworks.flat_map(|it| it["controls"].as_array().unwrap());
    controls.map(|it| it["status"].as_str().unwrap()).collect()
}

#[test]
fn old_words_are_read_as_the_new_ones() {
    let (place, old) = place();
    let new = place
        .run(&["report", "old.json", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(new["schema"], 2);
    let words: Vec<&str> = controls(&old)
        .into_iter()
        .map(|word| match word {
            "not_supported" => "failing",
            "undecided" => "not_evaluated",
            "supported" => "passing",
            "not_covered" => "not_covered",
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(controls(&new), words);
    for word in ["failing", "not_evaluated", "passing"] {
        assert!(words.contains(&word), "no control is {word}");
    }
    // No answer is made up.
    assert_eq!(
        (&new["answers"], &new["do_first"]),
        (&json!([]), &json!([]))
    );
    // The rest is as it was, fingerprints included.
    for key in [
        "findings", "summary", "coverage", "scope", "run", "chains", "problems",
    ] {
        assert_eq!(new[key], old[key], "{key}");
    }
}

#[test]
fn every_format_says_that_there_are_no_answers_or_leaves_them_out() {
    let (place, _) = place();
    for format in trailaudit_reports::FORMATS {
        let ended = place
            .run(&["report", "old.json", "-f", format.name])
            .code(0);
        let told = ended
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let shown = ["text", "html", "markdown"].contains(&format.name);
        assert_eq!(told.contains("holds no answers"), shown, "{}", format.name);
        assert!(!told.contains("not supported"), "{}", format.name);
    }
}

#[test]
fn it_can_be_compared_with() {
    let (place, old) = place();
    let same = place
        .run(&["diff", "old.json", "old.json", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(same["worse"], false);
    let checks = old["checks"].as_array().unwrap().iter();
    let checks: Vec<&str> = checks.map(|it| it["id"].as_str().unwrap()).collect();
    let checks = checks.join(",");
    let scan = ["scan", "--demo", "--check", &checks, "-f", "json"];
    let audit = place
        .run(&[&scan[..], &["--baseline", "old.json"]].concat())
        .code(1)
        .json();
    let prints = |audit: &Value| -> Vec<String> {
        let findings = audit["findings"].as_array().unwrap().iter();
        findings
            .map(|it| it["fingerprint"].as_str().unwrap().to_owned())
            .collect()
    };
    let now = prints(&audit);
    for print in prints(&old) {
        assert!(now.contains(&print), "{print} is gone");
    }
    let findings = audit["findings"].as_array().unwrap();
    let known = findings.iter().filter(|it| it["baseline"] != "new").count();
    assert!(known >= prints(&old).len() / 2, "{known}");
}
