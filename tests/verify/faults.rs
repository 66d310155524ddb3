//! Every kind of fault, alone and with others; and trees without any.

use super::{kinds, lay, status, verify};
use crate::binary::Place;

#[track_caller]
fn finds(spec: &str, code: i32, expected: &[(&str, u64)]) {
    let place = Place::new();
    lay(&place, spec);
    let audit = verify(&place, &[]).code(code).json();
    let expected = expected
        .iter()
        .map(|(kind, count)| ((*kind).to_owned(), *count));
    assert_eq!(kinds(&audit), expected.collect(), "{spec}");
}

#[test]
fn clean_trees() {
    let place = Place::new();
    lay(&place, "{}");
    let audit = verify(&place, &[]).code(0).json();
    assert_eq!(audit["chains"][0]["verdict"], "verified");
    assert_eq!(audit["chains"][0]["logs"]["valid"], 12);
    assert_eq!(audit["summary"]["fail"], 0);
    for spec in [
        r#"{"prefix": "a/b", "organization": "o-abc", "trails": ["my_trail_1"], "home_region": "us-east-1"}"#,
        r#"{"accounts": ["111122223333", "444455556666"], "regions": ["eu-west-1", "us-east-1"], "trails": ["a", "b"]}"#,
        r#"{"empty": [0, 3, 5], "late": [1, 4]}"#,
        r#"{"backfills": [{"hour": 1, "linked": true}, {"hour": 3, "linked": true}]}"#,
        r#"{"faults": [{"do": "recompress", "log": [1, 0]}, {"do": "recompress", "digest": 2}]}"#,
    ] {
        finds(spec, 0, &[]);
    }
}

#[test]
fn each_fault_of_a_log() {
    for (fault, kind) in [
        (r#"{"do": "tamper", "log": [1, 0]}"#, "log-hash-mismatch"),
        (r#"{"do": "delete", "log": [1, 0]}"#, "log-missing"),
        (r#"{"do": "corrupt", "log": [1, 0]}"#, "log-corrupt"),
        (r#"{"do": "truncate", "log": [1, 0]}"#, "log-corrupt"),
        (r#"{"do": "append", "log": [1, 0]}"#, "log-trailing-data"),
        (r#"{"do": "add-log", "minute": 130}"#, "log-unlisted"),
    ] {
        finds(&format!(r#"{{"faults": [{fault}]}}"#), 1, &[(kind, 1)]);
    }
}

#[test]
fn each_fault_of_a_digest() {
    for (fault, kind) in [
        (r#"{"do": "delete", "digest": 2}"#, "digest-missing"),
        (
            r#"{"do": "tamper", "digest": 2}"#,
            "digest-signature-invalid",
        ),
        (r#"{"do": "forge", "digest": 2}"#, "digest-key-unknown"),
        (r#"{"do": "append", "digest": 2}"#, "digest-trailing-data"),
        (r#"{"do": "truncate", "digest": 2}"#, "digest-format"),
    ] {
        let spec = format!(r#"{{"empty": [2], "faults": [{fault}]}}"#);
        finds(&spec, 1, &[(kind, 1)]);
    }
    // The successor proves it: a note, and nothing fails.
    finds(
        r#"{"faults": [{"do": "strip", "digest": 2}]}"#,
        0,
        &[("digest-signature-missing", 1)],
    );
    finds(
        r#"{"logs_per_hour": 0, "faults": [{"do": "delete", "digest": 5}]}"#,
        1,
        &[("chain-tail-missing", 1)],
    );
    finds(
        r#"{"hours": 5, "restarts": [{"before": 3, "off_minutes": 60}]}"#,
        1,
        &[("chain-gap", 1)],
    );
    finds(
        r#"{"restarts": [{"before": 3}]}"#,
        1,
        &[("chain-restart", 1)],
    );
    finds(
        r#"{"backfills": [{"hour": 1}], "faults": [{"do": "tamper", "backfill": 0}]}"#,
        1,
        &[("digest-signature-invalid", 1), ("log-unverified", 1)],
    );
}

#[test]
fn several_at_once_keep_their_counts() {
    finds(
        r#"{"faults": [{"do": "tamper", "log": [0, 0]}, {"do": "delete", "log": [1, 0]}, {"do": "delete", "digest": 3},
            {"do": "delete", "digest": 4}, {"do": "append", "log": [5, 0]}]}"#,
        1,
        &[
            ("digest-missing", 2),
            ("log-hash-mismatch", 1),
            ("log-missing", 1),
            ("log-trailing-data", 1),
            ("log-unverified", 4),
        ],
    );
}

#[test]
fn a_digest_moved_to_another_region_is_missing_at_home() {
    let spec = r#"{"regions": ["eu-west-1", "us-east-1"], "logs_per_hour": 0, "faults":
        [{"do": "move", "target": {"digest": 5}, "from": "/eu-west-1/2026", "to": "/us-east-1/2026"}]}"#;
    finds(spec, 1, &[("digest-missing", 1), ("digest-moved", 1)]);
}

#[test]
fn nothing_there_is_never_clean() {
    for spec in [
        r#"{"faults": [{"do": "delete", "digests": true}]}"#,
        r#"{"logs_per_hour": 0, "faults": [{"do": "delete", "digests": true}]}"#,
    ] {
        let place = Place::new();
        lay(&place, spec);
        let audit = verify(&place, &[]).code(1).json();
        assert_eq!(kinds(&audit)["chain-missing"], 1);
        assert_eq!(status(&audit, "delivery-digest-chain-unbroken"), "fail");
        assert_eq!(
            status(&audit, "delivery-digest-signature-valid"),
            "not_applicable"
        );
    }
    let place = Place::new();
    lay(&place, "{}");
    let other = verify(&place, &["--accounts", "999922223333"])
        .code(1)
        .json();
    assert_eq!(kinds(&other)["chain-missing"], 1);
}

#[test]
fn what_is_not_read_is_not_called_valid() {
    let place = Place::new();
    lay(&place, "{}");
    let digests = verify(&place, &["--depth", "digests"]).code(3).json();
    assert_eq!(digests["chains"][0]["digests"]["valid"], 6);
    assert_eq!(digests["chains"][0]["logs"]["unverified"], 12);
    assert_eq!(status(&digests, "delivery-log-file-hash-valid"), "unknown");
    let listing = verify(&place, &["--depth", "listing"]).code(3).json();
    assert_eq!(listing["chains"][0]["digests"]["unverified"], 6);
    assert_eq!(listing["summary"]["pass"], 0);
    let plan = verify(&place, &["--plan"]).code(0);
    assert!(
        plan.stdout.contains("GetObject calls: 18"),
        "{}",
        plan.stdout
    );
}

#[test]
fn one_trail_of_two() {
    let place = Place::new();
    lay(
        &place,
        r#"{"trails": ["a", "b"], "faults": [{"do": "tamper", "chain": 1, "log": [1, 0]}]}"#,
    );
    let good = verify(&place, &["--trail", "a"]).code(0).json();
    assert_eq!(good["chains"].as_array().unwrap().len(), 1);
    verify(&place, &["--trail", "b"]).code(1);
}

#[test]
fn hours_are_drawn() {
    let place = Place::new();
    let spec = r#"{"empty": [3], "faults": [{"do": "tamper", "log": [1, 0]}, {"do": "delete", "digest": 3}]}"#;
    lay(&place, spec);
    let text = verify(&place, &["-f", "text=report.txt"]).code(1);
    drop(text);
    let text = String::from_utf8(place.read("report.txt")).unwrap();
    assert!(text.contains("hours     #X#.##"), "{text}");
    assert!(text.contains("CRITICAL  digest-missing"), "{text}");
}

#[test]
fn an_organization() {
    let accounts: Vec<String> = (1..=20).map(|n| format!("{n:012}")).collect();
    let spec = serde_json::json!({
        "accounts": accounts, "regions": ["eu-west-1", "us-east-1", "us-east-2", "us-west-2"],
        "organization": "o-abc", "hours": 24, "logs_per_hour": 1, "records": 1,
    });
    let place = Place::new();
    lay(&place, &spec.to_string());
    let keys = [
        "--public-keys",
        "keys.json",
        "--now",
        "2026-01-02T02:00:00Z",
    ];
    let audit = place.run(&[&["verify", "tree", "-f", "json"][..], &keys].concat());
    let audit = audit.code(0).json();
    assert_eq!(audit["chains"].as_array().unwrap().len(), 80);
    assert_eq!(audit["summary"]["fail"], 0);
}
