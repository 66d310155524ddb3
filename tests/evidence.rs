//! The bundle for an auditor: what is in it, and that nothing in it can be changed unseen.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::binary::Place;
use crate::small::{self, CHECK};

/// `openssl genpkey -algorithm ed25519`
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINHa2g1Ks/UgF4vYTHE8recbn2/XA7WxFjaS1W3h0J9J
-----END PRIVATE KEY-----
";
/// `openssl pkey -in key.pem -pubout -outform DER | sha256sum`
const ID: &str = "956e5530cb075a19c2eb5eb831c164763171b6c6f21e3e7232a757fa5199d2be";
/// Of another key.
const STRANGER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAWR7XbS9QFTn1OfP3rdl6JQxALOLS/uHRzKcgIM4RMrE=
-----END PUBLIC KEY-----
";
const CREATE: [&str; 8] = [
    "evidence",
    "create",
    "--inventory",
    "in.jsonl",
    "--check",
    CHECK,
    "--now",
    "2026-11-16T06:00:00Z",
];

/// A place with an inventory and a key.
fn place() -> Place {
    let place = Place::new();
    place.write("in.jsonl", small::failing());
    place.write("key.pem", KEY);
    place
}

/// A place with a signed bundle.
fn signed() -> Place {
    let place = place();
    create(&place, &["--sign", "key.pem", "-o", "bundle"]);
    place
}

fn create(place: &Place, more: &[&str]) {
    place.run(&[&CREATE[..], more].concat()).code(0);
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[track_caller]
fn wrong(place: &Place, words: &str) {
    let ended = place.run(&["evidence", "verify", "bundle"]).code(1);
    assert!(
        ended.stdout.contains(words),
        "no {words:?} in:\n{}",
        ended.stdout
    );
    assert!(!ended.stdout.contains("It proves"), "{}", ended.stdout);
}

#[test]
fn the_demo_is_sealed_and_checked() {
    let place = place();
    place
        .run(&[
            "evidence", "create", "--demo", "--sign", "key.pem", "-o", "bundle",
        ])
        .code(0)
        .says("wrote the evidence to bundle");
    let ended = place
        .run(&["evidence", "verify", "bundle", "--json"])
        .code(0);
    let found = ended.json();
    assert_eq!(found["ok"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&found["wrong"], &found["open"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    assert!(ended.stdout.contains(ID));
    let audit = place.run(&["scan", "--demo", "-f", "json"]).code(1).stdout;
    assert!(audit.as_bytes() == place.read("bundle/audit.json"));
    let html = place
        .run(&["report", "bundle/audit.json", "-f", "html"])
        .code(0)
        .stdout;
    assert!(html.as_bytes() == place.read("bundle/reports/trailaudit.html"));

    let population: Value = serde_json::from_slice(&place.read("bundle/population.json")).unwrap();
    let accounts = population["accounts"].as_array().unwrap();
    assert_eq!(population["totals"]["accounts"]["total"], accounts.len());
    let regions: usize = accounts
        .iter()
        .map(|it| it["regions"].as_array().unwrap().len())
        .sum();
    assert_eq!(population["totals"]["regions"]["total"], regions);
    assert!(population["listed_by"]["accounts"][0]["request_id"].is_string());
    let ledger = String::from_utf8(place.read("bundle/ledger.jsonl")).unwrap();
    assert_eq!(population["totals"]["calls"], ledger.lines().count());
    let frameworks = std::fs::read_dir(place.path("bundle/controls"))
        .unwrap()
        .count();
    assert!(frameworks >= 20, "{frameworks}");
}

#[test]
fn any_flipped_byte_is_found() {
    let place = signed();
    let files = files(&place.path("bundle"));
    assert!(files.len() > 40);
    for (name, bytes) in files.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        // The seal is small: each of its bytes. Elsewhere the hash is of all bytes alike.
        let of_seal = name.starts_with("statement.sig") || name == "public-key.pem";
        let step = if of_seal {
            7
        } else {
            bytes.len().div_ceil(3).max(1)
        };
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            place.write(&format!("bundle/{name}"), flipped);
            let ended = place.run(&["evidence", "verify", "bundle"]);
            assert_eq!(ended.code, 1, "{name}, byte {at}:\n{}", ended.stdout);
        }
        place.write(&format!("bundle/{name}"), bytes);
    }
    place.run(&["evidence", "verify", "bundle"]).code(0);
}

#[test]
fn missing_and_added_files_are_found() {
    let place = signed();
    for (name, bytes) in files(&place.path("bundle")) {
        let path = place.path(&format!("bundle/{name}"));
        std::fs::remove_file(&path).unwrap();
        wrong(&place, "WRONG");
        std::fs::write(&path, bytes).unwrap();
    }
    place.write("bundle/more.txt", "x");
    wrong(
        &place,
        "more.txt is in the bundle, and SHA256SUMS does not list it",
    );
}

#[cfg(unix)]
#[test]
fn nothing_outside_is_read() {
    let place = signed();
    let sums = String::from_utf8(place.read("bundle/SHA256SUMS")).unwrap();
    place.write(
        "bundle/SHA256SUMS",
        format!("{}  ../in.jsonl\n{sums}", "0".repeat(64)),
    );
    wrong(&place, "leads out of the bundle");
    place.write("bundle/SHA256SUMS", &sums);
    std::fs::rename(place.path("bundle/audit.json"), place.path("audit.json")).unwrap();
    std::os::unix::fs::symlink(place.path("audit.json"), place.path("bundle/audit.json")).unwrap();
    wrong(&place, "audit.json, which is a link or a device");
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let place = signed();
    create(&place, &["--sign", "key.pem", "-o", "other"]);
    assert!(files(&place.path("bundle")) == files(&place.path("other")));
    for name in ["a.tar.zst", "b.tar.zst"] {
        create(&place, &["--sign", "key.pem", "-o", name]);
    }
    assert!(place.read("a.tar.zst") == place.read("b.tar.zst"));
    place.run(&["evidence", "verify", "a.tar.zst"]).code(0);
    let mut flipped = place.read("a.tar.zst");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    place.write("a.tar.zst", flipped);
    place.run(&["evidence", "verify", "a.tar.zst"]).code(1);
}

#[test]
fn a_saved_audit_must_be_that_of_the_inventory() {
    let place = signed();
    let now = ["--now", "2026-11-16T06:00:00Z"];
    let scan = [
        "scan",
        "--inventory",
        "in.jsonl",
        "--check",
        CHECK,
        "-f",
        "json=a.json",
    ];
    place.run(&[&scan[..], &now].concat()).code(1);
    let saved = |more: &[&str]| {
        let create = [
            "evidence",
            "create",
            "--inventory",
            "in.jsonl",
            "--audit",
            "a.json",
        ];
        place.run(&[&create[..], &["--sign", "key.pem"], more].concat())
    };
    saved(&["-o", "saved"]).code(0);
    assert!(files(&place.path("bundle")) == files(&place.path("saved")));
    saved(&["-o", "x", "--check", "*"])
        .code(2)
        .says("said by the audit itself");
    let audit = String::from_utf8(place.read("a.json")).unwrap();
    let better = audit.replacen("\"status\": \"fail\"", "\"status\": \"pass\"", 1);
    assert_ne!(audit, better);
    place.write("a.json", better);
    saved(&["-o", "x"])
        .code(2)
        .says("is pass there, and would be fail");
    place.write("a.json", &audit);
    place.write("in.jsonl", small::clean());
    saved(&["-o", "x"])
        .code(2)
        .says("is not what in.jsonl gives");
    assert!(!place.path("x").exists());
}

#[test]
fn the_signer_can_be_asked_for() {
    let place = signed();
    place.write("stranger.pem", STRANGER);
    let public = ["evidence", "verify", "bundle", "--public-key"];
    place
        .run(&[&public[..], &["bundle/public-key.pem"]].concat())
        .code(0);
    let ended = place
        .run(&[&public[..], &["stranger.pem"]].concat())
        .code(1);
    assert!(
        ended.stdout.contains("it is signed by key"),
        "{}",
        ended.stdout
    );

    let unsigned = self::place();
    create(&unsigned, &["-o", "bundle"]);
    unsigned.write("stranger.pem", STRANGER);
    let ended = unsigned.run(&["evidence", "verify", "bundle"]).code(3);
    assert!(
        ended.stdout.contains("OPEN   it is not signed"),
        "{}",
        ended.stdout
    );
    unsigned
        .run(&["evidence", "verify", "bundle", "--allow-incomplete"])
        .code(0);
    unsigned
        .run(&[&public[..], &["stranger.pem"]].concat())
        .code(1);
}

#[test]
fn bundles_are_linked() {
    let place = signed();
    let later = String::from_utf8(small::failing()).unwrap();
    assert!(later.contains("\"taken_at\":\"2026"));
    place.write(
        "in.jsonl",
        later.replace("\"taken_at\":\"2026", "\"taken_at\":\"2027"),
    );
    create(
        &place,
        &["--sign", "key.pem", "-o", "next", "--previous", "bundle"],
    );
    let verify = ["evidence", "verify", "next"];
    let ended = place.run(&verify).code(3);
    assert!(ended.stdout.contains("--previous"), "{}", ended.stdout);
    let ended = place
        .run(&[&verify[..], &["--previous", "bundle"]].concat())
        .code(0);
    assert!(
        ended.stdout.contains("made after the bundle"),
        "{}",
        ended.stdout
    );
    let ended = place
        .run(&[&verify[..], &["--previous", "next"]].concat())
        .code(1);
    assert!(ended.stdout.contains("it names"), "{}", ended.stdout);
    let again = [&CREATE[..], &["-o", "x", "--previous", "next"]].concat();
    place.run(&again).code(2).says("the bundle before it is of");
    place.write("bundle/README.md", "x");
    let broken = [&CREATE[..], &["-o", "x", "--previous", "bundle"]].concat();
    place.run(&broken).code(2).says("README.md was changed");
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is() {
    let place = place();
    place.write("full/file", "");
    for (key, why) in [
        ("", "has no -----BEGIN PRIVATE KEY-----"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "it is encrypted"),
        // An x25519 key.
        (
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIBjNW083ycr/V9KohQ/B05fCrLn8Ny2ZZsJLgItG61R9\n-----END PRIVATE KEY-----\n",
            "genpkey -algorithm ed25519",
        ),
    ] {
        place.write("bad.pem", key);
        let create = [&CREATE[..], &["--sign", "bad.pem", "-o", "x"]].concat();
        place.run(&create).code(2).says(why);
    }
    let full = [&CREATE[..], &["-o", "full"]].concat();
    place.run(&full).code(2).says("not an empty folder");
    place
        .run(&["evidence", "create", "--audit", "a", "-o", "x"])
        .code(2);
    place
        .run(&["evidence", "verify", "nowhere"])
        .code(2)
        .says("there is no nowhere");
    assert!(!place.path("x").exists());
}

#[test]
fn a_sample_is_drawn_by_its_seed() {
    let place = signed();
    let draw = |more: &[&str]| {
        let sample = ["evidence", "sample", "bundle", "--size", "3"];
        place.run(&[&sample[..], more].concat()).code(0).stdout
    };
    for of in ["regions", "findings", "calls"] {
        let one = draw(&["--of", of, "--seed", "7"]);
        assert_eq!(one, draw(&["--of", of, "--seed", "7"]));
        assert!(one.lines().count() <= 3, "{of}");
        assert_eq!(one.is_empty(), of == "calls", "the inventory has no call");
    }
    place.write("bundle/ledger.jsonl", "x");
    place
        .run(&["evidence", "sample", "bundle"])
        .code(2)
        .says("nothing is drawn");
}
