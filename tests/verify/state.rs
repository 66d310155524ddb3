//! A second run reads what is new, proves the link to what was read before, and loses nothing on the way.

use super::{kinds, lay, verify, verify_until};
use crate::binary::Place;

const HALF: &str = "2026-01-01T03:00:00Z";
const STATE: [&str; 2] = ["--state", "s.json"];

fn half_done(spec: &str) -> Place {
    let place = Place::new();
    lay(&place, spec);
    let audit = verify_until(&place, HALF, &STATE).code(0).json();
    assert_eq!(audit["chains"][0]["digests"]["valid"], 3);
    place
}

#[test]
fn the_second_run_reads_only_what_is_new() {
    let place = half_done("{}");
    let second = verify(&place, &STATE).code(0).json();
    assert_eq!(second["chains"][0]["window"]["start"], HALF);
    assert_eq!(second["chains"][0]["digests"]["valid"], 3);
    assert_eq!(second["chains"][0]["logs"]["valid"], 6);
    // And then there is nothing new.
    let third = verify(&place, &STATE).code(0).json();
    assert_eq!(third["chains"][0]["verdict"], "verified");
    assert_eq!(third["chains"][0]["digests"]["valid"], 0);
}

#[test]
fn a_chain_rewritten_behind_the_saved_point_is_found() {
    for (fault, kind) in [
        (r#"{"do": "recompress", "digest": 2}"#, None),
        (
            r#"{"do": "replace", "target": {"digest": 2}, "with": {"digest": 1}}"#,
            Some("digest-moved"),
        ),
        (
            r#"{"do": "tamper", "digest": 2}"#,
            Some("digest-signature-invalid"),
        ),
        (r#"{"do": "delete", "digest": 2}"#, Some("digest-missing")),
    ] {
        let place = half_done("{}");
        let damaged = format!(r#"{{"faults": [{fault}]}}"#);
        std::fs::remove_dir_all(place.path("tree")).unwrap();
        lay(&place, &damaged);
        let code = if kind.is_some() { 1 } else { 0 };
        let audit = verify(&place, &STATE).code(code).json();
        let found: Vec<String> = kinds(&audit).into_keys().collect();
        assert_eq!(found, kind.into_iter().collect::<Vec<_>>(), "{fault}");
    }
    // Signed anew as a whole, by whoever has the key.
    let place = half_done("{}");
    std::fs::remove_dir_all(place.path("tree")).unwrap();
    lay(&place, r#"{"seed": 7}"#);
    let audit = verify(&place, &STATE).code(1).json();
    assert!(
        kinds(&audit).contains_key("chain-link-mismatch"),
        "{}",
        audit["problems"]
    );
}

#[test]
fn a_chain_of_which_nothing_is_left_is_told() {
    let place = half_done("{}");
    std::fs::remove_dir_all(place.path("tree/AWSLogs")).unwrap();
    let audit = verify(&place, &STATE).code(1).json();
    assert!(
        kinds(&audit).contains_key("chain-tail-missing"),
        "{}",
        audit["problems"]
    );
    assert!(
        kinds(&audit).contains_key("digest-missing"),
        "{}",
        audit["problems"]
    );
}

#[test]
fn what_could_not_be_read_is_read_again() {
    let place = Place::new();
    let tree = lay(&place, "{}");
    let log = place.path("tree").join(&tree.chains[0].logs[1][0].1);
    let bytes = std::fs::read(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    std::fs::create_dir(&log).unwrap();
    verify_until(&place, HALF, &STATE).code(3);
    std::fs::remove_dir(&log).unwrap();
    std::fs::write(&log, bytes).unwrap();
    let audit = verify(&place, &STATE).code(0).json();
    assert_eq!(audit["chains"][0]["digests"]["valid"], 6);
}

#[test]
fn a_damaged_state_is_an_error_and_stays_as_it_is() {
    let place = half_done("{}");
    let good = String::from_utf8(place.read("s.json")).unwrap();
    for bad in [
        String::new(),
        good.chars().take(good.len() / 2).collect(),
        good.replace("\"schema\": 1", "\"schema\": 2"),
        good.replace("eu-west-1/2026", "us-east-1/2026"),
        good.replace("\"signature\": \"", "\"signature\": \"x"),
        good.replace("\"chains\"", "\"chain\""),
    ] {
        assert_ne!(bad, good);
        place.write("s.json", &bad);
        verify(&place, &STATE).code(2).says("s.json");
        assert_eq!(place.read("s.json"), bad.as_bytes());
    }
}

#[test]
fn two_runs_do_not_share_a_state() {
    let place = half_done("{}");
    let lock = std::fs::File::open(place.path("s.json.lock")).unwrap();
    lock.lock().unwrap();
    verify(&place, &STATE).code(4).says("another run");
    drop(lock);
    // A lock that a crash left behind does not count.
    verify(&place, &STATE).code(0);
}

#[test]
fn a_crash_leaves_the_state_as_it_was() {
    let place = half_done("{}");
    let before = place.read("s.json");
    // What a run leaves that was stopped while it wrote.
    place.write(".trailaudit-abc", "half");
    assert_eq!(before, place.read("s.json"));
    verify(&place, &STATE).code(0);
    assert_ne!(before, place.read("s.json"));
}
