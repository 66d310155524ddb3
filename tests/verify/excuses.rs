//! What may excuse a fault: a stop, a move, a second trail, a copy. Each tree has the exit code that the rule gives.

use super::{kinds, lay, status, unaltered, verify, verify_until};
use crate::binary::Place;

/// The window, the tree, the exit code and the problems.
#[track_caller]
fn ends(
    spec: &str,
    until: &str,
    more: &[&str],
    code: i32,
    expected: &[(&str, u64)],
) -> serde_json::Value {
    let place = Place::new();
    lay(&place, spec);
    let audit = verify_until(&place, until, more).code(code).json();
    let expected = expected
        .iter()
        .map(|(kind, count)| ((*kind).to_owned(), *count));
    assert_eq!(
        kinds(&audit),
        expected.collect(),
        "{spec} {}",
        audit["problems"]
    );
    let answer = match code {
        0 => "yes",
        1 => "no",
        _ => "unknown",
    };
    assert_eq!(unaltered(&audit), answer, "{spec}");
    audit
}

const STOPPED: &str = r#"{"hours": 4, "short": [{"hour": 3, "minutes": 20}]}"#;

#[test]
fn a_stop_is_a_hole() {
    // Within the window, before it, days before it.
    for since in ["2026-01-01", "2026-01-01T05:00:00Z"] {
        let more = ["--since", since];
        let audit = ends(STOPPED, super::END, &more, 1, &[("chain-gap", 1)]);
        assert!(
            audit["problems"]
                .to_string()
                .contains("logging stopped at 2026-01-01T03:20:00Z")
        );
        assert_ne!(audit["chains"][0]["verdict"], "verified");
    }
    let place = Place::new();
    lay(&place, STOPPED);
    let late = [
        "--since",
        "2026-01-05",
        "--now",
        "2026-01-06T02:00:00Z",
        "--until",
        "2026-01-06",
    ];
    let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
    let audit = place.run(&[&keys[..], &late].concat()).code(1).json();
    assert_eq!(kinds(&audit), [("chain-gap".to_owned(), 1)].into());
    assert!(
        audit["problems"]
            .to_string()
            .contains("2026-01-01T03:20:00Z")
    );
    assert_eq!(audit["summary"]["pass"], 0, "nothing was read");
}

const SUCCESSION: &str = r#"{"trails": ["a", "b"], "short": [{"hour": 1, "minutes": 20, "trail": "a"}], "only": [{"trail": "a", "to": 2}, {"trail": "b", "from": FROM}]}"#;

#[test]
fn another_trail_may_cover_a_stop() {
    let covered = SUCCESSION.replace("FROM", "0");
    let audit = ends(
        &covered,
        super::END,
        &["--since", "2026-01-01"],
        0,
        &[("chain-gap", 1)],
    );
    assert_eq!(audit["problems"][0]["severity"], "info");
    let audit = ends(
        &covered,
        super::END,
        &["--since", "2026-01-01T03:00:00Z"],
        0,
        &[("chain-gap", 1)],
    );
    let of_a = audit["findings"].as_array().unwrap().iter().find(|it| {
        it["check"] == "delivery-digest-chain-unbroken" && it["subject"].to_string().contains("/a@")
    });
    assert_eq!(of_a.unwrap()["status"], "not_applicable");
    // Hours between them are covered by nobody.
    let between = SUCCESSION.replace("FROM", "4");
    for since in ["2026-01-01", "2026-01-01T03:00:00Z"] {
        ends(
            &between,
            super::END,
            &["--since", since],
            1,
            &[("chain-gap", 1)],
        );
    }
    // Also when the other trail begins days later, where a listing of the window does not show the stop.
    let place = Place::new();
    lay(
        &place,
        &SUCCESSION.replace("FROM", "104").replacen(
            '{',
            r#"{"hours": 110, "logs_per_hour": 0, "#,
            1,
        ),
    );
    let window = [
        "--since",
        "2026-01-05",
        "--until",
        "2026-01-05T14:00:00Z",
        "--now",
        "2026-01-05T16:00:00Z",
    ];
    let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
    let audit = place.run(&[&keys[..], &window].concat()).code(1).json();
    assert_eq!(kinds(&audit), [("chain-gap".to_owned(), 1)].into());
}

#[test]
fn nothing_due_is_nothing_verified() {
    let more = ["--since", "2026-01-01T06:00:00Z"];
    let audit = ends(
        "{}",
        "2026-01-01T06:30:00Z",
        &more,
        3,
        &[("digest-unverified", 1)],
    );
    assert_eq!(audit["summary"]["pass"], 0);
}

#[test]
fn moves() {
    for spec in [
        r#"{"moves": [{"before": 3, "prefix": "new"}]}"#,
        r#"{"moves": [{"before": 3, "prefix": "new", "old_logs": 2}]}"#,
        r#"{"hours": 7, "short": [{"hour": 3, "minutes": 25}, {"hour": 4, "minutes": 35}], "moves": [{"before": 4, "prefix": "a/b", "old_logs": 1}]}"#,
        r#"{"moves": [{"before": 3, "organization": "o-abc", "old_logs": 1}]}"#,
        r#"{"moves": [{"before": 2, "prefix": "new"}, {"before": 4, "prefix": ""}]}"#,
    ] {
        let audit = ends(spec, super::END, &[], 0, &[]);
        assert!(
            audit["chains"]
                .as_array()
                .unwrap()
                .iter()
                .all(|it| it["verdict"] == "verified")
        );
    }
    // The half that was delivered to another bucket is not there.
    let other = r#"{"bucket": "old", "moves": [{"before": 3, "bucket": "logs", "old_logs": 1}]}"#;
    let place = Place::new();
    let spec = serde_json::from_str(other).unwrap();
    let tree = crate::tree::Tree::new(&spec);
    super::write(&place.path("tree"), &tree, "logs");
    place.write("keys.json", tree.public_keys().to_string());
    let more = ["--since", "2026-01-01"];
    let audit = verify(&place, &more).code(3).json();
    assert_eq!(
        kinds(&audit),
        [
            ("digest-unverified".to_owned(), 1),
            ("log-unverified".to_owned(), 1)
        ]
        .into()
    );
}

#[test]
fn a_second_trail_without_validation_is_named_first() {
    let spec = r#"{"trails": ["a", "b"], "unvalidated": ["b"]}"#;
    let audit = ends(spec, super::END, &[], 1, &[("log-unlisted", 12)]);
    for problem in audit["problems"].as_array().unwrap() {
        assert_eq!(problem["severity"], "low");
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("another trail without log file validation")
        );
    }
    // A single log is as grave as a forged one.
    let one = r#"{"faults": [{"do": "add-log", "minute": 130}]}"#;
    let audit = ends(one, super::END, &[], 1, &[("log-unlisted", 1)]);
    assert_eq!(audit["problems"][0]["severity"], "high");
}

#[test]
fn copies() {
    let all = r#"{"do": "decompress", "digests": true, "logs": true}"#;
    let plain = format!(r#"{{"faults": [{all}]}}"#);
    ends(&plain, super::END, &[], 0, &[("object-uncompressed", 1)]);
    let tampered = format!(r#"{{"faults": [{all}, {{"do": "tamper", "log": [1, 0]}}]}}"#);
    ends(
        &tampered,
        super::END,
        &[],
        1,
        &[("log-hash-mismatch", 1), ("object-uncompressed", 1)],
    );
    let newest = r#"{"faults": [{"do": "strip", "digest": 5}]}"#;
    let audit = ends(
        newest,
        super::END,
        &[],
        3,
        &[("digest-signature-missing", 1), ("log-unverified", 2)],
    );
    assert_eq!(status(&audit, "delivery-digest-signature-valid"), "unknown");
    let none = r#"{"faults": [{"do": "strip", "digests": true}]}"#;
    ends(
        none,
        super::END,
        &[],
        3,
        &[("digest-signature-missing", 6), ("log-unverified", 2)],
    );
}

#[test]
fn a_trail_that_is_not_there_is_an_error() {
    let place = Place::new();
    lay(&place, r#"{"trails": ["main", "other"]}"#);
    verify(&place, &["--trail", "mian"])
        .code(2)
        .says("main, other");
    let arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main";
    verify(&place, &["--trail", arn])
        .code(2)
        .says("not its ARN");
    verify(&place, &["--trail", "main"]).code(0);
}

#[test]
fn the_bucket_of_a_copy_is_honoured() {
    let place = Place::new();
    lay(&place, "{}");
    verify(&place, &["--bucket", "logs"]).code(0);
    verify(&place, &["--bucket", "s3://logs/"]).code(0);
    verify(&place, &["--bucket", "another"]).code(1);
}

/// Deletes what was delivered for one account by one trail.
fn delete(place: &Place, tree: &crate::tree::Tree, account: &str, trail: &str) {
    let of = |it: &&crate::tree::Laid| (it.account.as_str(), it.trail.as_str()) == (account, trail);
    for (_, key) in tree.chains.iter().filter(of).flat_map(|it| &it.digests) {
        std::fs::remove_file(place.path("tree").join(key)).unwrap();
    }
}

#[test]
fn an_account_that_was_asked_for_answers_for_the_trail() {
    let place = Place::new();
    let tree = lay(
        &place,
        r#"{"accounts": ["111122223333", "444455556666"], "trails": ["main", "other"], "logs_per_hour": 0}"#,
    );
    let both = ["--trail", "main", "--accounts", "111122223333,444455556666"];
    verify(&place, &both).code(0);
    delete(&place, &tree, "444455556666", "main");
    let audit = verify(&place, &both).code(1).json();
    assert_eq!(kinds(&audit), [("chain-missing".to_owned(), 1)].into());
    assert_eq!(audit["problems"][0]["account"], "444455556666");
    // The trail may be one account's own: nothing is missing where it was not asked for.
    verify(&place, &["--trail", "main"]).code(0);
    let one = [&both[..2], &["--regions", "eu-west-1"]].concat();
    verify(&place, &one).code(0);
}

#[test]
fn a_trail_that_stopped_long_ago_is_not_mistyped() {
    let place = Place::new();
    lay(
        &place,
        r#"{"hours": 110, "logs_per_hour": 0, "trails": ["a", "b"], "short": [{"hour": 1, "minutes": 20, "trail": "a"}],
            "only": [{"trail": "a", "to": 2}]}"#,
    );
    let run = |trail| {
        let window = [
            "--since",
            "2026-01-05",
            "--until",
            "2026-01-05T12:00:00Z",
            "--now",
            "2026-01-05T16:00:00Z",
        ];
        let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
        place.run(&[&keys[..], &window, &["--trail", trail]].concat())
    };
    let audit = run("a").code(1).json();
    assert_eq!(kinds(&audit), [("chain-gap".to_owned(), 1)].into());
    assert!(
        audit["problems"]
            .to_string()
            .contains("2026-01-01T01:20:00Z")
    );
    run("c").code(2).says("there are digests of: b");
    run("b").code(0);
}

#[test]
fn a_trail_of_the_same_name_excuses_no_deletion() {
    // Both deliver in the same hours, so that neither is the other after a move.
    let beside = r#""also": [{"prefix": "other", "logs_per_hour": 0}]"#;
    let deleted = format!(
        r#"{{"logs_per_hour": 0, {beside}, "faults": [{{"do": "delete", "digest": 4}}, {{"do": "delete", "digest": 5}}]}}"#
    );
    let since = ["--since", "2026-01-01"];
    ends(
        &deleted,
        super::END,
        &since,
        1,
        &[("chain-tail-missing", 1)],
    );
    ends(&deleted, super::END, &[], 1, &[("chain-tail-missing", 1)]);
    // Nor where the deleted hours reach back before the window, or days.
    for (hours, since, until, now) in [
        (6, "2026-01-01T03:00:00Z", super::END, super::NOW),
        (
            110,
            "2026-01-05",
            "2026-01-05T14:00:00Z",
            "2026-01-05T16:00:00Z",
        ),
    ] {
        let place = Place::new();
        lay(
            &place,
            &format!(
                r#"{{"hours": 2, "logs_per_hour": 0, "also": [{{"prefix": "other", "hours": {hours}, "logs_per_hour": 0}}]}}"#
            ),
        );
        let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
        let window = ["--since", since, "--until", until, "--now", now];
        let audit = place.run(&[&keys[..], &window].concat()).code(1).json();
        assert_eq!(kinds(&audit), [("chain-tail-missing".to_owned(), 1)].into());
    }
}

#[test]
fn a_move_before_the_window_is_no_loss() {
    let moved = r#"{"moves": [{"before": 3, "prefix": "new"}]}"#;
    let since = ["--since", "2026-01-01T04:00:00Z"];
    ends(moved, super::END, &since, 0, &[]);
    // Days before it, the digest that names the former place is not read any more.
    let place = Place::new();
    let moved = moved.replacen('{', r#"{"hours": 110, "logs_per_hour": 0, "#, 1);
    lay(&place, &moved);
    let window = [
        "--since",
        "2026-01-05",
        "--until",
        "2026-01-05T14:00:00Z",
        "--now",
        "2026-01-05T16:00:00Z",
    ];
    let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
    let audit = place.run(&[&keys[..], &window].concat()).code(0).json();
    assert_eq!(kinds(&audit), [("chain-tail-missing".to_owned(), 1)].into());
    assert_eq!(audit["problems"][0]["severity"], "info");
    assert_eq!(unaltered(&audit), "yes");
}

#[test]
fn a_forged_log_in_the_former_place_is_listed_by_no_digest() {
    let forged = r#"{"moves": [{"before": 3, "prefix": "new"}], "faults": [{"do": "add-log", "minute": 250}]}"#;
    let audit = ends(forged, super::END, &[], 1, &[("log-unlisted", 1)]);
    assert_eq!(audit["problems"][0]["severity"], "high");
}
