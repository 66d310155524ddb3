//! Inventory files: written and read back, cut off, broken, or of another version.

use serde_json::{Value, json};
use trailaudit::snapshot::{Source, load};

use crate::binary::{Ended, Place};
use crate::small::{self, CHECK};

fn scan(place: &Place) -> Ended {
    place.run(&[
        "scan",
        "--inventory",
        "in",
        "--check",
        CHECK,
        "-f",
        "json",
        "--now",
        "2026-03-02T00:00:00Z",
    ])
}

fn scan_bytes(bytes: impl AsRef<[u8]>) -> Ended {
    let place = Place::new();
    place.write("in", bytes);
    scan(&place)
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn bytes(lines: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    lines.concat().into_bytes()
}

const NOW: &str = "2026-11-16T06:00:00Z";

#[test]
fn what_is_read_is_written_again() {
    let place = Place::new();
    place
        .run(&["collect", "--demo", "-o", "a.jsonl"])
        .code(0)
        .says("6 accounts (1 unreachable)");
    place
        .run(&["collect", "--demo", "-o", "a.jsonl.zst"])
        .code(0);
    let plain = place.read("a.jsonl");
    assert!(
        plain == std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo.jsonl")).unwrap()
    );
    let stdout = place.run(&["collect", "--demo", "-o", "-"]).code(0).stdout;
    assert!(stdout.as_bytes() == plain);
    assert!(place.read("a.jsonl.zst").len() < plain.len() / 4);
    for name in ["a.jsonl", "a.jsonl.zst"] {
        let snapshot = load(&Source::File(place.path(name))).unwrap();
        let mut again = Vec::new();
        snapshot.write(&mut again).unwrap();
        assert!(again == plain, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.run(&["collect", "--demo", "-o", "a.jsonl"]).code(0);
    let mode = place
        .path("a.jsonl")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn every_way_in_gives_the_same_audit() {
    let place = Place::new();
    place.run(&["collect", "--demo", "-o", "a.jsonl"]).code(0);
    place
        .run(&["collect", "--demo", "-o", "a.jsonl.zst"])
        .code(0);
    let now = ["--now", "2026-11-16T06:00:00Z", "-f", "json"];
    let demo = place.run(&["scan", "--demo", "-f", "json"]).code(1).stdout;
    for input in ["a.jsonl", "a.jsonl.zst"] {
        let args = [&["scan", "--inventory", input], &now[..]].concat();
        assert!(place.run(&args).stdout == demo, "{input}");
    }
    let args = [&["scan", "--inventory", "-"], &now[..]].concat();
    let stdin = std::fs::File::open(place.path("a.jsonl")).unwrap();
    let piped = place.command(&args).stdin(stdin).output().unwrap();
    assert!(piped.stdout == demo.as_bytes());
}

#[test]
fn a_file_that_was_cut_off_is_incomplete() {
    let whole = small::clean();
    let trailer = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap();
    // Without its trailer; in the middle of the trailer; in the middle of another line.
    for end in [trailer + 1, trailer + 30, trailer - 5] {
        let ended = scan_bytes(&whole[..end])
            .code(3)
            .says("was interrupted (it has no trailer)");
        let audit = ended.json();
        assert_eq!(audit["finished_at"], Value::Null);
        assert_eq!(audit["run"]["complete"], false);
    }
    // A compressed one loses what its last block held.
    let place = Place::new();
    place.run(&["collect", "--demo", "-o", "in"]).code(0);
    place.run(&["collect", "--demo", "-o", "in.zst"]).code(0);
    let packed = place.read("in.zst");
    place.write("in", &packed[..packed.len() / 2]);
    let ended = scan(&place);
    assert!([2, 3].contains(&ended.code), "{}", ended.stderr);
}

#[test]
fn another_version() {
    let mut newer = lines(&small::clean());
    newer[0] = json!({"record": "header", "value": {"schema": 3, "nobody": "knows"}});
    scan_bytes(bytes(&newer))
        .code(2)
        .says("its schema is 3, newer than what this program reads (up to 2). Update trailaudit");
}

/// The sample organization as it once was, in schemas 1 and 2: the same findings, but for what schema 1 could not say.
#[test]
fn schema_1() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let place = Place::new();
    for (name, schema) in [("old", 1), ("new", 2)] {
        let file = format!("{data}/inventory-schema-{schema}.jsonl.zst");
        place.write(name, std::fs::read(file).unwrap());
    }
    let findings = |name: &str| {
        let ended = place.run(&["scan", "--inventory", name, "-f", "json", "--now", NOW]);
        let audit: Value = serde_json::from_str(&ended.code(1).stdout).unwrap();
        let all = audit["findings"].as_array().unwrap().iter();
        let told = all.map(|it| {
            let told = (it["check"].to_string(), it["status"].to_string());
            (it["fingerprint"].to_string(), told)
        });
        told.collect::<std::collections::BTreeMap<_, _>>()
    };
    let (old, new) = (findings("old"), findings("new"));
    assert!(old.len() > 400, "{}", old.len());
    let (told, now): (Vec<_>, Vec<_>) = (old.keys().collect(), new.keys().collect());
    assert_eq!(told, now);
    for (fingerprint, (check, told)) in &old {
        let now = &new[fingerprint].1;
        // What is asked since is unknown of an old file. The sample's topic had no policy then: no alarm reached it.
        let alarm = check.starts_with("\"monitoring-alarm-") && told == "\"fail\"";
        let unsaid = told == "\"unknown\"" || alarm;
        assert!(told == now || unsaid, "{check}: {told}, now {now}");
    }
}

#[test]
fn a_broken_line_is_named() {
    let good = lines(&small::clean());
    let changed = |at: usize, line: Value| {
        let mut lines = good.clone();
        lines[at] = line;
        bytes(&lines)
    };
    let trailer = good.len() - 1;
    let mut counted = good.clone();
    counted[trailer]["value"]["counts"]["trail"] = json!(7);
    let mut uncounted = good.clone();
    uncounted[trailer]["value"]["counts"] = json!({});
    let doubled = [&good[..4], &good[3..]].concat();
    let after = [&good[..], &good[3..4]].concat();
    for (bytes, words) in [
        (Vec::new(), "it is empty"),
        (
            b"hello\n".to_vec(),
            "line 1 is not the header of an inventory",
        ),
        (
            b"\x28\xb5\x2f\xfdnot really".to_vec(),
            "line 1 cannot be read",
        ),
        (
            bytes(&good[1..]),
            "line 1 is not the header of an inventory",
        ),
        (changed(2, json!("nonsense")), "line 3"),
        (
            changed(2, json!({"record": "unheard-of", "value": {}})),
            "line 3: unknown variant",
        ),
        (changed(2, good[0].clone()), "line 3 is a second header"),
        (bytes(&doubled), "line 5 is a second region"),
        (bytes(&after), "follows the trailer"),
        (
            bytes(&counted),
            "its trailer counts 7 trail records, but it holds 1",
        ),
        (
            bytes(&uncounted),
            "its trailer counts 0 account records, but it holds 1",
        ),
        (
            [bytes(&good[..2]), b"\n".to_vec(), bytes(&good[2..])].concat(),
            "line 3: EOF",
        ),
    ] {
        scan_bytes(bytes)
            .code(2)
            .says(words)
            .says("in cannot be used as an inventory");
    }
}

#[test]
fn an_iam_line_is_checked_when_it_is_read() {
    let place = Place::new();
    place.run(&["collect", "--demo", "-o", "in"]).code(0);
    let mut lines = lines(&place.read("in"));
    let at = lines
        .iter()
        .position(|line| line["record"] == "iam")
        .unwrap();
    let second = lines[at].clone();
    lines[at]["value"]["details"] = json!("nonsense");
    place.write("broken", bytes(&lines));
    lines[at] = second.clone();
    lines[at + 1] = second;
    place.write("twice", bytes(&lines));
    for (name, words) in [
        ("broken", format!("line {}", at + 1)),
        ("twice", "second iam record".to_owned()),
    ] {
        let snapshot = load(&Source::File(place.path(name))).unwrap();
        let error = snapshot.each_iam(|_| {}).unwrap_err().to_string();
        assert!(error.contains(&words), "{error}");
    }
}
