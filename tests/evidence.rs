//! The bundle for an auditor: what is in it, and that nothing in it can be changed unseen.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::binary::{Ended, Place};
use crate::small::{self, CHECK};

/// `openssl genpkey -algorithm ed25519`
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINHa2g1Ks/UgF4vYTHE8recbn2/XA7WxFjaS1W3h0J9J
-----END PRIVATE KEY-----
";
/// `openssl pkey -in key.pem -pubout -outform DER | sha256sum`
const ID: &str = "956e5530cb075a19c2eb5eb831c164763171b6c6f21e3e7232a757fa5199d2be";
/// `openssl pkey -in key.pem -pubout`
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAFgwTRpILxNADtSha9N/n8BMaGtY+kkvzuQ383mujfts=
-----END PUBLIC KEY-----
";
/// Another key, its public half, and its id.
const STRANGERS_KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJHC8jXtSFGMNR0VGNZLid2IOV+bFGeLiUutP4Z+zESU
-----END PRIVATE KEY-----
";
const STRANGER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAgzqUcUsFYzqMuOufw1rDU4J6VtN/6nFagxqZazj72uk=
-----END PUBLIC KEY-----
";
const STRANGERS_ID: &str = "4f9821e1c24c17d0d8e38a5893d27e0ce9707715ba3e2a015d52d97ed437550f";
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
    place.write("public.pem", PUBLIC);
    place
}

/// Checks a bundle by the signer's key.
fn verify(place: &Place, bundle: &str, more: &[&str]) -> Ended {
    let verify = ["evidence", "verify", bundle, "--public-key", "public.pem"];
    place.run(&[&verify[..], more].concat())
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
    let ended = verify(place, "bundle", &[]).code(1);
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
    let ended = verify(&place, "bundle", &["--json"]).code(0);
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
            let ended = verify(&place, "bundle", &[]);
            assert_eq!(ended.code, 1, "{name}, byte {at}:\n{}", ended.stdout);
        }
        place.write(&format!("bundle/{name}"), bytes);
    }
    verify(&place, "bundle", &[]).code(0);
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
    verify(&place, "a.tar.zst", &[]).code(0);
    let mut flipped = place.read("a.tar.zst");
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    place.write("a.tar.zst", flipped);
    verify(&place, "a.tar.zst", &[]).code(1);
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
    saved(&["-o", "x"]).code(2).says("it contradicts itself");
    // Of a finding that no answer repeats.
    let (head, last) = audit.rsplit_once("\"what\": \"").unwrap();
    let another = format!("{head}\"what\": \"not {last}");
    assert_ne!(audit, another);
    place.write("a.json", another);
    saved(&["-o", "x"])
        .code(2)
        .says("in other words, or with another waiver");
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
    let ended = verify(&place, "next", &[]).code(3);
    assert!(ended.stdout.contains("--previous"), "{}", ended.stdout);
    let ended = verify(&place, "next", &["--previous", "bundle"]).code(0);
    assert!(
        ended.stdout.contains("made after the bundle"),
        "{}",
        ended.stdout
    );
    let ended = verify(&place, "next", &["--previous", "next"]).code(1);
    assert!(ended.stdout.contains("it names"), "{}", ended.stdout);
    let again = [&CREATE[..], &["-o", "x", "--previous", "next"]].concat();
    place.run(&again).code(2).says("the bundle before it is of");
    // The link is a hash of hashes: what it leads to must be whole as well.
    place.write("bundle/README.md", "x");
    let ended = verify(&place, "next", &["--previous", "bundle"]).code(1);
    assert!(
        ended
            .stdout
            .contains("the bundle before it: README.md was changed"),
        "{}",
        ended.stdout
    );
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

/// Whoever reseals a bundle puts a key of their own into it: that it fits proves nothing.
#[test]
fn a_key_that_comes_with_the_bundle_proves_nothing() {
    let place = place();
    place.write("strangers.pem", STRANGERS_KEY);
    create(&place, &["--sign", "strangers.pem", "-o", "bundle"]);
    let ended = place.run(&["evidence", "verify", "bundle"]).code(3);
    let words = format!("OPEN   signed by an unknown key {STRANGERS_ID}; give --public-key");
    assert!(ended.stdout.contains(&words), "{}", ended.stdout);
    assert!(
        !ended.stdout.contains("since the holder of key"),
        "{}",
        ended.stdout
    );
    let ended = verify(&place, "bundle", &[]).code(1);
    assert!(
        ended.stdout.contains("it is signed by key"),
        "{}",
        ended.stdout
    );
    let readme = String::from_utf8(place.read("bundle/README.md")).unwrap();
    assert!(readme.contains("The key in this bundle proves nothing"));
    // Nor is a sample of it drawn without a word.
    place
        .run(&["evidence", "sample", "bundle"])
        .code(0)
        .says("warning: signed by an unknown key");
}

#[test]
fn it_always_says_whose_facts_of_when_by_which_version() {
    let place = signed();
    let words = [
        "Evidence of 123456789012: facts taken from 2026-",
        "evaluated at 2026-11-16T06:00:00Z by trailaudit",
    ];
    let told = |ended: Ended, words: &[&str]| {
        for words in words {
            assert!(
                ended.stdout.contains(words),
                "no {words:?} in {}",
                ended.stdout
            );
        }
    };
    told(verify(&place, "bundle", &[]).code(0), &words);
    told(place.run(&["evidence", "verify", "bundle"]).code(3), &words);
    place.write("bundle/more.txt", "x");
    told(
        verify(&place, "bundle", &[]).code(1),
        &[words[0], "its own words; do not rely on them"],
    );
}

#[test]
fn whose_and_how_old_turn_into_exit_codes() {
    let place = signed();
    let manifest: Value = serde_json::from_slice(&place.read("bundle/manifest.json")).unwrap();
    let taken: jiff::Timestamp = manifest["started_at"].as_str().unwrap().parse().unwrap();
    let after = |hours| {
        let now = taken + jiff::SignedDuration::from_hours(hours);
        now.to_string()
    };
    verify(&place, "bundle", &["--expect-organization", "123456789012"]).code(0);
    let ended = verify(&place, "bundle", &["--expect-organization", "o-other"]).code(1);
    assert!(ended.stdout.contains("not of o-other"), "{}", ended.stdout);
    for (max, now, code) in [
        ("36h", 36, 0),
        ("36h", 37, 1),
        ("2d", 37, 0),
        ("36h", 0, 0),
        // A bundle from the future is no fresh one.
        ("36h", -1, 1),
    ] {
        let now = after(now);
        verify(&place, "bundle", &["--max-age", max, "--now", &now]).code(code);
    }
    for wrong in ["", "0h", "36", "-1h", "1y", "999999999d"] {
        verify(&place, "bundle", &["--max-age", wrong]).code(2);
    }
}

/// A bundle tells where an organization is weak.
#[cfg(unix)]
#[test]
fn only_its_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = signed();
    create(&place, &["-o", "bundle.tar.zst"]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let bundle = place.path("bundle");
    assert_eq!(mode(&bundle), 0o700);
    assert_eq!(mode(&bundle.join("reports")), 0o700);
    for name in files(&bundle).keys() {
        assert_eq!(mode(&bundle.join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&place.path("bundle.tar.zst")), 0o600);
}

/// That this machine has no place to unpack it says nothing about the bundle.
#[cfg(unix)]
#[test]
fn no_temporary_space_is_no_fault_of_the_bundle() {
    let place = signed();
    create(&place, &["--sign", "key.pem", "-o", "a.tar.zst"]);
    let nowhere = [("TMPDIR", "/nowhere/at/all")];
    let verify = [
        "evidence",
        "verify",
        "a.tar.zst",
        "--public-key",
        "public.pem",
    ];
    let ended = place.run_with(&nowhere, &verify).code(4);
    assert!(ended.stderr.contains("TMPDIR"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let previous = [&CREATE[..], &["-o", "x", "--previous", "a.tar.zst"]].concat();
    place.run_with(&nowhere, &previous).code(4);
}

/// What a run that was killed left behind goes with the next one.
#[test]
fn leftovers_are_removed() {
    let place = place();
    place.write(".trailaudit-aB3dEf/reports/x", "x");
    place.write(".trailaudit-Zz9999", "x");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for name in [".trailaudit-aB3dEf", ".trailaudit-Zz9999"] {
        let handle = std::fs::File::open(place.path(name)).unwrap();
        handle.set_modified(long_ago).unwrap();
    }
    create(&place, &["-o", "bundle"]);
    for name in [".trailaudit-aB3dEf", ".trailaudit-Zz9999"] {
        assert!(!place.path(name).exists(), "{name}");
    }
}
