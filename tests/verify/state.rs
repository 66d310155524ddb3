//! A second run reads what is new, proves the link to what was read before, and loses nothing on the way.

use super::{kinds, lay, status, verify, verify_until};
use crate::binary::Place;

const HALF: &str = "2026-01-01T03:00:00Z";
/// With a key: without one, what an earlier run verified is told as unverified.
const STATE: [&str; 4] = ["--state", "s.json", "--state-key", "key"];
const UNKEYED: [&str; 2] = ["--state", "s.json"];

fn half_done(spec: &str) -> Place {
    let place = Place::new();
    lay(&place, spec);
    place.write("key", [7_u8; 32]);
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
    assert_eq!(second["chains"][0]["verdict"], "verified");
    let note = &second["problems"][0];
    assert_eq!(note["severity"], "info");
    assert!(
        note["detail"]
            .as_str()
            .unwrap()
            .contains("by state file of 2026-01-01T08:10:00Z"),
        "{note}"
    );
    // And then there is nothing that could be verified: refused, and never called verified.
    verify(&place, &STATE).code(2).says("the window is empty");
    // A window in which nothing is due yet: told by the file alone, and no verdict on it.
    let third = verify_until(&place, "2026-01-01T06:10:00Z", &STATE)
        .code(0)
        .json();
    assert_ne!(third["chains"][0]["verdict"], "verified");
    assert_ne!(super::unaltered(&third), "yes");
    assert_eq!(
        status(&third, "delivery-digest-chain-unbroken"),
        "not_applicable"
    );
}

#[test]
fn a_file_without_a_key_proves_nothing() {
    let place = Place::new();
    lay(&place, "{}");
    verify_until(&place, HALF, &UNKEYED).code(0);
    let second = verify(&place, &UNKEYED).code(3).json();
    assert_eq!(kinds(&second), [("digest-unverified".to_owned(), 1)].into());
    assert_eq!(second["chains"][0]["verdict"], "unverified");
    assert_eq!(status(&second, "delivery-digest-chain-unbroken"), "unknown");
    // A key that comes later does not launder it, also not by way of a run that writes the file anew.
    place.write("key", [7_u8; 32]);
    std::fs::remove_file(place.path("s.json")).unwrap();
    verify_until(&place, HALF, &UNKEYED).code(0);
    verify_until(&place, "2026-01-01T04:00:00Z", &STATE)
        .code(3)
        .says("without an authentication code");
    verify_until(&place, "2026-01-01T05:00:00Z", &STATE).code(3);
    // Read again, it is proved.
    verify_until(
        &place,
        "2026-01-01T05:00:00Z",
        &[&STATE[..], &["--since", "2026-01-01"]].concat(),
    )
    .code(0);
    verify(&place, &STATE).code(0);
}

#[test]
fn a_forged_state_file_gives_nothing() {
    // Made from the content of the bucket alone: the mark is at the newest digest.
    let place = Place::new();
    lay(&place, r#"{"faults": [{"do": "delete", "log": [1, 0]}]}"#);
    place.write("key", [7_u8; 32]);
    verify(&place, &UNKEYED).code(1);
    let forged = String::from_utf8(place.read("s.json")).unwrap();
    let audit = verify_until(&place, "2026-01-01T06:30:00Z", &UNKEYED)
        .code(3)
        .json();
    assert_eq!(audit["summary"]["pass"], 0, "{}", audit["findings"]);
    // With a made-up authentication code, and one of another file.
    let mac = |code: &str| forged.replacen("\n}", &format!(",\n  \"mac\": \"{code}\"\n}}"), 1);
    for code in ["", "00", &"ab".repeat(32), "xyz"] {
        let text = mac(code);
        let text = text.replace("\n  }\n,", "\n  },");
        place.write("s.json", &text);
        verify_until(&place, "2026-01-01T06:30:00Z", &STATE)
            .code(2)
            .says("s.json");
    }
}

#[test]
fn a_changed_file_and_another_key_are_refused() {
    let place = half_done("{}");
    let good = String::from_utf8(place.read("s.json")).unwrap();
    for bad in [
        good.replacen("\"verified\"", "\"gap\"", 1),
        good.replacen("2026-01-01T00:00:00Z", "2025-01-01T00:00:00Z", 1),
        good.replacen("08:10:00Z", "08:11:00Z", 1),
    ] {
        assert_ne!(bad, good);
        place.write("s.json", &bad);
        verify(&place, &STATE).code(2).says("authentication code");
    }
    place.write("s.json", &good);
    place.write("key", [8_u8; 32]);
    verify(&place, &STATE).code(2).says("authentication code");
    place.write("key", [7_u8; 31]);
    verify(&place, &STATE).code(2).says("at least 32");
    // Without its key the file is not believed, and not replaced by one that has none.
    let third = verify(&place, &UNKEYED).code(3);
    third.says("left as it is");
    assert_eq!(place.read("s.json"), good.as_bytes());
    verify(&place, &["--state-key", "key"])
        .code(2)
        .says("--state");
}

#[test]
fn a_file_of_the_first_schema_is_not_authenticated() {
    let place = half_done("{}");
    let new: serde_json::Value = serde_json::from_slice(&place.read("s.json")).unwrap();
    let mut chains = new["chains"].clone();
    for chain in chains.as_object_mut().unwrap().values_mut() {
        let chain = chain.as_object_mut().unwrap();
        chain.retain(|name, _| ["at", "end", "sha256", "signature"].contains(&name.as_str()));
    }
    let old = serde_json::json!({"schema": 1, "chains": chains});
    place.write("s.json", old.to_string());
    let audit = verify(&place, &STATE).code(3).json();
    assert_eq!(kinds(&audit), [("digest-unverified".to_owned(), 1)].into());
}

#[test]
fn an_explicit_since_wins() {
    let place = Place::new();
    lay(&place, r#"{"faults": [{"do": "tamper", "log": [1, 0]}]}"#);
    place.write("key", [7_u8; 32]);
    verify_until(&place, HALF, &STATE).code(1);
    // What was wrong before the mark is not forgotten.
    let second = verify(&place, &STATE).code(3).json();
    assert!(
        second["problems"].to_string().contains("not all verified"),
        "{}",
        second["problems"]
    );
    let since = [&STATE[..], &["--since", "2026-01-01T01:00:00Z"]].concat();
    let audit = verify(&place, &since).code(1).json();
    assert_eq!(kinds(&audit), [("log-hash-mismatch".to_owned(), 1)].into());
    assert_eq!(
        audit["chains"][0]["window"]["start"],
        "2026-01-01T01:00:00Z"
    );
    let since = [&STATE[..], &["--since", "2026-01-01T02:00:00Z"]].concat();
    verify(&place, &since).code(0);
}

#[test]
fn a_window_that_ends_before_the_mark_accuses_nobody() {
    let place = half_done("{}");
    let before = place.read("s.json");
    let early = "2026-01-01T02:00:00Z";
    verify_until(&place, early, &STATE)
        .code(2)
        .says("the window is empty");
    let since = [&STATE[..], &["--since", "2026-01-01"]].concat();
    let audit = verify_until(&place, early, &since).code(0).json();
    assert_eq!(kinds(&audit), [].into());
    let chains = |bytes: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(bytes).unwrap()["chains"].clone()
    };
    assert_eq!(
        chains(&before),
        chains(&place.read("s.json")),
        "the mark does not go back"
    );
}

#[test]
fn a_digest_that_was_replaced_is_found_also_by_an_explicit_since() {
    let place = half_done("{}");
    std::fs::remove_dir_all(place.path("tree")).unwrap();
    lay(&place, r#"{"seed": 7}"#);
    let since = [&STATE[..], &["--since", "2026-01-01"]].concat();
    let audit = verify(&place, &since).code(1).json();
    assert_eq!(
        kinds(&audit),
        [("chain-link-mismatch".to_owned(), 1)].into()
    );
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
        // The note on the hours before the mark is always there.
        let found = kinds(&audit).into_keys();
        let found: Vec<String> = found.filter(|it| it != "digest-unverified").collect();
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
    place.write("key", [7_u8; 32]);
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
        good.replace("\"schema\": 2", "\"schema\": 3"),
        good.replace("\"end\": \"2026-01-01T03", "\"end\": \"2026-01-01T05"),
        good.replace("\"since\": \"2026-01-01T00", "\"since\": \"2026-01-01T03"),
        good.replace("eu-west-1/2026", "us-east-1/2026"),
        good.replace("\"signature\": \"", "\"signature\": \"x"),
        good.replace("\"chains\"", "\"chain\""),
    ] {
        assert_ne!(bad, good);
        place.write("s.json", &bad);
        // Also where nothing says that it was changed.
        for flags in [&STATE[..], &UNKEYED] {
            verify(&place, flags).code(2).says("s.json");
        }
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
