//! Each fault of a tree, and what then is said of its records: the tree has two logs of three records an hour.

use serde_json::{Value, json};

use super::{events, proofs};
use crate::binary::Place;
use crate::verify::{END, lay};

/// What a search for everything says.
struct Says<'a> {
    code: i32,
    /// Records by proof.
    records: &'a [(&'a str, usize)],
    /// Of `rests_on`.
    hours: Value,
    logs: Value,
}

#[track_caller]
fn says(spec: &str, expected: &Says<'_>) -> Value {
    let place = Place::new();
    lay(&place, spec);
    let answer = events(&place, "search", &["--until", END, "-f", "json"]);
    let answer = answer.code(expected.code).json();
    let records: Vec<(&str, usize)> = expected.records.to_vec();
    let found = proofs(&answer);
    let found: Vec<(&str, usize)> = found
        .iter()
        .map(|(proof, count)| (proof.as_str(), *count))
        .collect();
    assert_eq!(found, records, "{spec}");
    let rests_on = &answer["rests_on"];
    assert_eq!(rests_on["hours"], expected.hours, "{spec}: {rests_on:#}");
    assert_eq!(rests_on["logs"], expected.logs, "{spec}: {rests_on:#}");
    assert_eq!(rests_on["complete"], expected.code == 0, "{spec}");
    answer
}

fn hours(verified: u64, gap: u64, invalid: u64, unverified: u64) -> Value {
    json!({"verified": verified, "gap": gap, "invalid": invalid, "unverified": unverified})
}

fn logs(counts: &[(&str, u64)]) -> Value {
    let mut logs = json!({
        "verified": 0, "altered": 0, "unlisted": 0, "unverified": 0, "missing": 0, "unread": 0, "outside": 0,
    });
    for (name, count) in counts {
        logs[name] = json!(count);
    }
    logs
}

#[test]
fn a_whole_record_is_verified() {
    let whole = Says {
        code: 0,
        records: &[("verified", 36)],
        hours: hours(6, 0, 0, 0),
        logs: logs(&[("verified", 12)]),
    };
    says(r#"{"records": 3}"#, &whole);
    says(
        r#"{"records": 3, "faults": [{"do": "recompress", "log": [1, 0]}]}"#,
        &whole,
    );
    // The digest after it proves the one whose signature was lost.
    says(
        r#"{"records": 3, "faults": [{"do": "strip", "digest": 2}]}"#,
        &whole,
    );
}

#[test]
fn what_was_done_to_a_log() {
    let altered = Says {
        code: 3,
        records: &[("altered", 3), ("verified", 33)],
        hours: hours(5, 0, 1, 0),
        logs: logs(&[("verified", 11), ("altered", 1)]),
    };
    says(
        r#"{"records": 3, "faults": [{"do": "tamper", "log": [1, 0]}]}"#,
        &altered,
    );
    let missing = Says {
        records: &[("verified", 33)],
        logs: logs(&[("verified", 11), ("missing", 1)]),
        ..altered
    };
    let answer = says(
        r#"{"records": 3, "faults": [{"do": "delete", "log": [1, 0]}]}"#,
        &missing,
    );
    // The digest still shows that something happened there.
    let lost = &answer["rests_on"]["objects"][0];
    assert_eq!(lost["verdict"], "missing");
    assert!(
        lost["events"]["start"]
            .as_str()
            .unwrap()
            .starts_with("2026-01-01T01:"),
        "{lost}"
    );
    let open = &answer["rests_on"]["open"][0];
    assert_eq!(open["verdict"], "invalid");
    assert!(
        open["why"]
            .as_array()
            .unwrap()
            .contains(&json!("log-missing")),
        "{open}"
    );
}

#[test]
fn what_follows_the_signed_member_was_added() {
    let answer = says(
        r#"{"records": 3, "faults": [{"do": "append", "log": [1, 0]}]}"#,
        &Says {
            code: 3,
            records: &[("verified", 36)],
            hours: hours(5, 0, 1, 0),
            logs: logs(&[("verified", 11), ("altered", 1)]),
        },
    );
    assert_eq!(answer["rests_on"]["objects"][0]["why"], "log-trailing-data");
}

#[test]
fn what_no_digest_lists_was_planted() {
    says(
        r#"{"records": 3, "faults": [{"do": "add-log", "minute": 130}]}"#,
        &Says {
            code: 3,
            // The one that was added holds no record.
            records: &[("verified", 36)],
            hours: hours(5, 0, 1, 0),
            logs: logs(&[("verified", 12), ("unlisted", 1)]),
        },
    );
}

#[test]
fn without_its_digest_nothing_is_proved() {
    let without = Says {
        code: 3,
        records: &[("unverified", 6), ("verified", 30)],
        // A digest that is missing may list logs that were late: the hours before it are open.
        hours: hours(3, 1, 0, 2),
        logs: logs(&[("verified", 10), ("unverified", 2)]),
    };
    let answer = says(
        r#"{"records": 3, "faults": [{"do": "delete", "digest": 2}]}"#,
        &without,
    );
    let late = &answer["rests_on"]["open"][0];
    assert_eq!(
        (&late["verdict"], &late["why"]),
        (&json!("unverified"), &json!(["late-logs"]))
    );
    let invalid = Says {
        hours: hours(3, 0, 1, 2),
        ..without
    };
    says(
        r#"{"records": 3, "faults": [{"do": "tamper", "digest": 2}]}"#,
        &invalid,
    );
}

#[test]
fn logs_outside_of_the_window_are_not_read() {
    let place = Place::new();
    lay(&place, r#"{"records": 3}"#);
    let window = [
        "--since",
        "2026-01-01T02:00:00Z",
        "--until",
        "2026-01-01T03:00:00Z",
        "-f",
        "json",
    ];
    let answer = events(&place, "search", &window).code(0).json();
    assert_eq!(proofs(&answer), [("verified".to_owned(), 6)]);
    let rests_on = &answer["rests_on"];
    assert_eq!(rests_on["hours"], hours(1, 0, 0, 0));
    assert_eq!(rests_on["logs"]["verified"], 2);
    assert!(
        rests_on["logs"]["outside"].as_u64().unwrap() >= 6,
        "{rests_on:#}"
    );
}

#[test]
fn none_is_said_of_so_many_records_and_hours() {
    let place = Place::new();
    lay(&place, r#"{"records": 3}"#);
    let text = events(&place, "search", &["name = NoSuchCall", "--until", END])
        .code(0)
        .stdout;
    assert!(
        text.contains("None in 36 records of 6 verified hours"),
        "{text}"
    );
    let lacking = Place::new();
    lay(
        &lacking,
        r#"{"records": 3, "faults": [{"do": "delete", "log": [1, 0]}]}"#,
    );
    let text = events(&lacking, "search", &["name = NoSuchCall", "--until", END])
        .code(3)
        .stdout;
    assert!(
        text.contains("None in 33 records of 5 verified hours"),
        "{text}"
    );
    assert!(
        text.contains("Nothing can be said for certain of"),
        "{text}"
    );
    // A bare empty output would be taken for an answer.
    let lines = events(
        &lacking,
        "search",
        &["name = NoSuchCall", "--until", END, "-f", "jsonl"],
    )
    .code(3);
    assert!(lines.stdout.is_empty());
    assert!(lines.stderr.contains("rests_on"), "{}", lines.stderr);
}

#[test]
fn the_answer_is_the_same_without_the_prefilter() {
    for spec in [
        r#"{"records": 3}"#,
        r#"{"records": 3, "faults": [{"do": "tamper", "log": [1, 0]}, {"do": "add-log", "minute": 130}]}"#,
    ] {
        for expression in [
            "name = AssumeRole",
            "name = NoSuchCall",
            "ip = 203.0.113.8 or name = ListRoles",
            "denied",
        ] {
            let place = Place::new();
            lay(&place, spec);
            let quick = events(
                &place,
                "search",
                &[expression, "--until", END, "-f", "json"],
            )
            .stdout;
            let whole = events(
                &place,
                "search",
                &[expression, "--until", END, "-f", "json", "--no-prefilter"],
            )
            .stdout;
            assert_eq!(quick, whole, "{expression}");
        }
    }
}

#[test]
fn two_trails_deliver_one_record() {
    let place = Place::new();
    lay(
        &place,
        r#"{"records": 3, "trails": ["a", "b"], "hours": 2}"#,
    );
    let until = ["--until", "2026-01-01T02:00:00Z", "-f", "json"];
    let once = events(&place, "search", &until).json();
    let all = events(&place, "search", &[&["--all-trails"], &until[..]].concat()).json();
    let count = |answer: &Value| answer["records"].as_array().unwrap().len();
    assert_eq!(
        once["copies"].as_u64().unwrap() as usize,
        count(&all) - count(&once)
    );
}

#[test]
fn another_trail_does_not_fill_the_hole_of_one() {
    // It may record other events: that nobody did it is not said of such an hour.
    let place = Place::new();
    lay(
        &place,
        r#"{"records": 3, "trails": ["a"], "faults": [{"do": "delete", "chain": 0, "log": [1, 0]}],
            "also": [{"records": 3, "trails": ["b"]}]}"#,
    );
    let answer = events(
        &place,
        "search",
        &["name = NoSuchCall", "--until", END, "-f", "json"],
    );
    let answer = answer.code(3).json();
    assert_eq!(answer["rests_on"]["hours"], hours(5, 0, 1, 0));
    assert_eq!(answer["rests_on"]["complete"], false);
}

#[test]
fn hours_before_a_chain_begins_are_not_verified() {
    // Without --since each chain is read from its own beginning: the window is that of the first.
    let place = Place::new();
    lay(
        &place,
        r#"{"records": 3, "hours": 6,
            "also": [{"records": 3, "hours": 2, "start": "2026-01-01T04:00:00Z", "accounts": ["444455556666"]}]}"#,
    );
    let answer = events(&place, "search", &["--until", END, "-f", "json"]);
    let answer = answer.code(3).json();
    assert_eq!(answer["rests_on"]["hours"], hours(8, 4, 0, 0));
    let open = &answer["rests_on"]["open"][0];
    assert_eq!(
        (&open["account"], &open["why"]),
        (&json!("444455556666"), &json!(["not-started"]))
    );
}
