//! What is wrong with the question is said before anything is judged.

use super::{NOW, lay, verify, verify_until};
use crate::binary::Place;

#[test]
fn usage_errors_are_2() {
    let place = Place::new();
    lay(&place, "{}");
    place.write("broken.json", "[]");
    let keys = ["--public-keys", "keys.json", "--now", NOW];
    let run = |args: &[&str]| {
        let mut all = vec!["verify"];
        all.extend(args);
        place.run(&all).code(2)
    };
    run(&["tree", "--now", NOW]).says("--public-keys");
    run(&["tree", "--public-keys", "nowhere.json"]).says("nowhere.json");
    run(&["tree", "--public-keys", "broken.json"]).says("broken.json");
    run(&[&["nowhere"][..], &keys].concat()).says("nowhere");
    run(&[&["keys.json"][..], &keys].concat()).says("not a folder");
    run(&[&["tree"][..], &keys, &["--since", "1h"]].concat()).says("--since");
    run(&[
        &["tree"][..],
        &keys,
        &["--since", "2026-01-02", "--until", "2026-01-01"],
    ]
    .concat());
    run(&[&["tree"][..], &keys, &["--since", "soon"]].concat()).says("24h");
    run(&[&["tree"][..], &keys, &["--accounts", "12"]].concat()).says("12 digits");
    place
        .run(&["scan", "--demo", "--verify-digests"])
        .code(2)
        .says("--verify-digests");
}

#[test]
fn the_same_question_has_the_same_answer() {
    let place = Place::new();
    lay(
        &place,
        r#"{"regions": ["eu-west-1", "us-east-1"], "faults": [{"do": "tamper", "log": [1, 0]}]}"#,
    );
    let first = verify(&place, &[]).code(1).stdout;
    assert_eq!(first, verify(&place, &[]).code(1).stdout);
}

#[test]
fn the_end_of_the_record_is_compared_with_the_clock() {
    let place = Place::new();
    lay(&place, "{}");
    let late = [
        "verify",
        "tree",
        "--public-keys",
        "keys.json",
        "-f",
        "json",
        "--now",
    ];
    let run = |now| place.run(&[&late[..], &[now]].concat());
    run("2026-01-01T08:50:00Z").code(0);
    let audit = run("2026-01-01T09:10:00Z").code(1).json();
    assert_eq!(audit["problems"][0]["kind"], "chain-tail-missing");
    verify_until(&place, "2026-01-01T06:30:00Z", &["--since", "3h"]).code(0);
}

#[test]
fn the_bucket_of_a_mirror_is_what_its_digests_say() {
    let place = Place::new();
    lay(
        &place,
        r#"{"bucket": "somewhere", "faults": [{"do": "replace", "target": {"digest": 0}, "with": {"digest": 1}}]}"#,
    );
    let audit = verify(&place, &[]).code(1).json();
    assert_eq!(audit["chains"][0]["bucket"], "somewhere");
    let other = verify(&place, &["--bucket", "another"]).code(1).json();
    assert_eq!(super::kinds(&other)["digest-moved"], 6);
}
