//! `nightly` with a folder as its store, and inventories that were collected before.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::binary::{Ended, Place};
use crate::small::{CHECK, clean, failing, unknown};

/// An inventory that was collected on this day of November.
fn inventory(place: &Place, day: u32, bytes: Vec<u8>) {
    let text = String::from_utf8(bytes).unwrap();
    let lines = text.lines().map(|line| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let time = match record["record"].as_str() {
            Some("header") => "taken_at",
            Some("trailer") => "finished_at",
            _ => return line.to_owned() + "\n",
        };
        record["value"][time] = format!("2026-11-{day:02}T06:00:00Z").into();
        record.to_string() + "\n"
    });
    place.write("night.jsonl", lines.collect::<String>());
}

fn nightly(place: &Place, run: &str, more: &[&str]) -> Ended {
    let words = [
        "nightly",
        "--store",
        "store",
        "--inventory",
        "night.jsonl",
        "--check",
        CHECK,
        "--run",
        run,
    ];
    place.run(&[&words[..], more].concat())
}

fn json(place: &Place, name: &str) -> Value {
    serde_json::from_slice(&place.read(&format!("store/{name}"))).unwrap()
}

/// Where a run has its files.
fn folder(place: &Place, run: &str) -> String {
    let runs = place.path("store/audits");
    let days = std::fs::read_dir(runs)
        .unwrap()
        .map(|it| it.unwrap().path());
    let folder = days.map(|it| it.join(run)).find(|it| it.exists());
    let folder = folder.unwrap_or_else(|| panic!("no run {run}"));
    let folder = folder.strip_prefix(place.path("store")).unwrap();
    folder.to_str().unwrap().to_owned()
}

fn night(place: &Place, run: &str) -> Value {
    json(place, &format!("{}/night.json", folder(place, run)))
}

fn every_file(at: &Path, into: &mut BTreeSet<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(at).unwrap().map(|it| it.unwrap().path()) {
        match entry.is_dir() {
            true => every_file(&entry, into),
            false => {
                into.insert((entry.display().to_string(), std::fs::read(&entry).unwrap()));
            }
        }
    }
}

#[test]
fn nights_are_kept_and_chained() {
    let place = Place::new();
    inventory(&place, 16, failing());
    nightly(&place, "one", &[])
        .code(1)
        .says("run one was kept in store: exit code 1");
    inventory(&place, 17, failing());
    nightly(&place, "two", &[]).code(1);
    let (one, two) = (night(&place, "one"), night(&place, "two"));
    assert_eq!(one["previous"], Value::Null);
    assert_eq!(two["previous"]["run"], "one");
    assert_eq!(
        (&one["complete"], &one["exit_code"]),
        (&true.into(), &1.into())
    );
    assert_eq!(one["baseline"], Value::Null);
    // What is kept is what the other commands read.
    let (first, second) = (folder(&place, "one"), folder(&place, "two"));
    let at = |folder: &str, name: &str| format!("store/{folder}/{name}");
    let bundles = (
        at(&second, "evidence.tar.zst"),
        at(&first, "evidence.tar.zst"),
    );
    place
        .run(&[
            "evidence",
            "verify",
            &bundles.0,
            "--previous",
            &bundles.1,
            "--allow-incomplete",
        ])
        .code(0);
    let audit = at(&second, "audit.json.zst");
    let report = place.run(&["report", &audit, "-f", "json"]).code(0).json();
    assert_eq!(report["run"]["exit_code"], 1);
    let again = [
        "scan",
        "--inventory",
        &at(&second, "inventory.jsonl.zst"),
        "-f",
        "json",
        "--check",
        CHECK,
    ];
    assert_eq!(
        place.run(&again).code(1).json()["summary"],
        report["summary"]
    );
    // And the last one is named.
    let latest = json(&place, "latest.json");
    assert_eq!(
        (&latest["path"], &latest["run"]),
        (&second.as_str().into(), &"two".into())
    );
}

#[test]
fn the_same_run_is_not_run_twice() {
    let place = Place::new();
    inventory(&place, 16, failing());
    nightly(&place, "one", &[]).code(1);
    let (mut before, mut after) = (BTreeSet::new(), BTreeSet::new());
    every_file(&place.path("store"), &mut before);
    inventory(&place, 17, failing());
    nightly(&place, "one", &[])
        .code(1)
        .says("run one has finished already");
    every_file(&place.path("store"), &mut after);
    assert_eq!(before, after);
}

/// The next one begins where the last with chains ended.
#[test]
fn a_night_without_chains_does_not_move_the_window_on() {
    let place = Place::new();
    place
        .run(&["collect", "--demo", "--output", "demo.jsonl"])
        .code(0);
    inventory(&place, 16, place.read("demo.jsonl"));
    nightly(&place, "with", &[]);
    assert!(night(&place, "with")["verified_until"].is_string());
    inventory(&place, 17, clean());
    nightly(&place, "without", &[]);
    assert!(night(&place, "without")["verified_until"].is_null());
}

#[test]
fn old_facts_are_no_new_night() {
    let place = Place::new();
    inventory(&place, 16, clean());
    nightly(&place, "one", &[]).code(0);
    nightly(&place, "two", &[])
        .code(2)
        .says("is not after that of run one");
    inventory(&place, 15, clean());
    nightly(&place, "three", &[])
        .code(2)
        .says("collect a new one");
}

#[test]
fn a_night_that_failed_is_reported_by_the_next() {
    let place = Place::new();
    inventory(&place, 16, clean());
    nightly(&place, "one", &[]).code(0);
    // The second ends without a verdict; of the third, only its beginning is there.
    place.write("night.jsonl", "no inventory\n");
    nightly(&place, "two", &[]).code(2);
    let begun = folder(&place, "two").replace("two", "three");
    let started =
        String::from_utf8(place.read(&format!("store/{}/started.json", folder(&place, "two"))));
    place.write(
        &format!("store/{begun}/started.json"),
        started.unwrap().replace("two", "three"),
    );
    inventory(&place, 17, clean());
    nightly(&place, "four", &[])
        .code(0)
        .says("run two of ")
        .says("did not finish: exit code 2")
        .says("run three of ")
        .says("it was ended, or still runs");
    let told = night(&place, "four");
    let earlier: Vec<&str> = told["earlier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["run"].as_str().unwrap())
        .collect();
    assert_eq!(earlier.len(), 2);
    assert!(earlier.contains(&"two") && earlier.contains(&"three"));
    // Told once: the night after has nothing to report.
    inventory(&place, 18, clean());
    nightly(&place, "five", &[]).code(0);
    assert_eq!(night(&place, "five")["earlier"], Value::Array(Vec::new()));
    // Another attempt of the run that was cut off.
    inventory(&place, 19, clean());
    nightly(&place, "three", &[]).code(0);
    assert_eq!(night(&place, "three.2")["attempt"], 2);
}

#[test]
fn the_baseline_is_what_was_approved_or_ended_with_0() {
    let place = Place::new();
    inventory(&place, 16, failing());
    nightly(&place, "bad", &["--fail-on-new"])
        .code(1)
        .says("there is no baseline yet");
    inventory(&place, 17, failing());
    // Never merely the last: its failures are no baseline.
    nightly(&place, "bad2", &["--fail-on-new"]).code(1);
    assert_eq!(night(&place, "bad2")["baseline"], Value::Null);
    // Approved, they are: only what is new counts, and an incomplete scan is still none.
    let approve = ["nightly", "--store", "store", "--approve", "bad2"];
    place.run(&approve).code(2);
    let approve = [&approve[..], &["--approver", "security"]].concat();
    place.run(&approve).code(0).says("approved by security");
    inventory(&place, 18, failing());
    nightly(&place, "known", &["--fail-on-new"]).code(0);
    // What cannot be seen any more is no pass.
    inventory(&place, 19, unknown());
    nightly(&place, "blind", &["--fail-on-new"]).code(3);
    let baseline = &night(&place, "known")["baseline"];
    assert_eq!(
        (&baseline["run"], &baseline["approved"]),
        (&"bad2".into(), &true.into())
    );
    place
        .run(&[
            "nightly",
            "--store",
            "store",
            "--approve",
            "none",
            "--approver",
            "x",
        ])
        .code(2);

    let other = Place::new();
    inventory(&other, 16, clean());
    nightly(&other, "good", &[]).code(0);
    inventory(&other, 17, failing());
    nightly(&other, "bad", &[]).code(1);
    inventory(&other, 18, clean());
    nightly(&other, "next", &[]).code(0);
    let baseline = &night(&other, "next")["baseline"];
    assert_eq!(
        (&baseline["run"], &baseline["approved"]),
        (&"good".into(), &false.into())
    );
}

/// What was kept and is not as it was written: no night ends with 0, and nothing of it is used.
#[test]
fn a_store_that_was_altered_is_reported() {
    let kept = || {
        let place = Place::new();
        inventory(&place, 16, clean());
        nightly(&place, "one", &[]).code(0);
        place
            .run(&[
                "nightly",
                "--store",
                "store",
                "--approve",
                "one",
                "--approver",
                "x",
            ])
            .code(0);
        inventory(&place, 17, clean());
        place
    };
    type Damage = fn(&Place, &str);
    let damages: [(Damage, &str); 6] = [
        (
            |place, at| place.write(&format!("store/{at}/audit.json.zst"), "x"),
            "not what the run wrote",
        ),
        (
            |place, at| place.write(&format!("store/{at}/evidence.tar.zst"), "x"),
            "not what the run wrote",
        ),
        (
            |place, at| {
                std::fs::remove_file(place.path(&format!("store/{at}/evidence.tar.zst"))).unwrap()
            },
            "is gone",
        ),
        (
            |place, at| place.write(&format!("store/{at}/night.json"), "{}"),
            "cannot be used",
        ),
        (
            |place, at| {
                std::fs::remove_file(place.path(&format!("store/{at}/night.json"))).unwrap()
            },
            "approved run one is gone",
        ),
        (
            |place, _| place.write("store/approved.json", r#"{"schema": 1}"#),
            "approved.json of the store cannot be used",
        ),
    ];
    for (damage, words) in damages {
        let place = kept();
        damage(&place, &folder(&place, "one"));
        nightly(&place, "two", &[]).code(3).says(words);
        let told = night(&place, "two");
        assert_eq!(
            (
                &told["exit_code"],
                told["problems"].as_array().unwrap().is_empty()
            ),
            (&3.into(), false),
            "{words}"
        );
    }
}

#[test]
fn an_altered_verdict_is_no_baseline() {
    let place = Place::new();
    inventory(&place, 16, failing());
    nightly(&place, "one", &[]).code(1);
    // Whoever can write to the store says that it ended well.
    let name = format!("store/{}/night.json", folder(&place, "one"));
    let text = String::from_utf8(place.read(&name)).unwrap();
    place.write(
        &name,
        text.replace(r#""exit_code": 1"#, r#""exit_code": 0"#),
    );
    inventory(&place, 17, failing());
    nightly(&place, "two", &["--fail-on-new"])
        .code(1)
        .says("its audit says otherwise");
    assert_eq!(night(&place, "two")["baseline"], Value::Null);
}

#[test]
fn a_signed_night_is_proved_by_its_key() {
    let place = Place::new();
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(place.path("key.pem"))
        .status();
    assert!(made.unwrap().success());
    inventory(&place, 16, failing());
    nightly(&place, "one", &["--sign", "key.pem"]).code(1);
    let public = std::process::Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(place.path("key.pem"))
        .arg("-out")
        .arg(place.path("public.pem"))
        .status();
    assert!(public.unwrap().success());
    let bundle = format!("store/{}/evidence.tar.zst", folder(&place, "one"));
    place
        .run(&[
            "evidence",
            "verify",
            &bundle,
            "--public-key",
            "public.pem",
            "--allow-incomplete",
        ])
        .code(0);
}

#[test]
fn what_cannot_be_a_store_or_a_run() {
    let place = Place::new();
    inventory(&place, 16, failing());
    for run in ["", "a/b", "..", "a b", "r.2", &"x".repeat(65)] {
        nightly(&place, run, &[]).code(2);
    }
    let inventory = ["--inventory", "night.jsonl"];
    for store in ["s3://UPPER", "s3://a", "s3://bucket/../x", "-"] {
        place
            .run(&[&["nightly", "--store", store][..], &inventory].concat())
            .code(2);
    }
    // Neither can make a bad night end well.
    for flag in ["--exit-zero", "--allow-incomplete"] {
        nightly(&place, "one", &[flag]).code(2);
    }
    place.write(
        "trailaudit.toml",
        "exit_zero = true\nallow_incomplete = true\n",
    );
    nightly(&place, "one", &[]).code(1);
    // A file in the place of a folder.
    place.write("file", "x");
    place
        .run(&[&["nightly", "--store", "file"][..], &inventory].concat())
        .code(4);
}

/// Only its owner may read what is kept: it tells where an organization is weak.
#[cfg(unix)]
#[test]
fn files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    inventory(&place, 16, clean());
    nightly(&place, "one", &[]).code(0);
    let mut files = BTreeSet::new();
    every_file(&place.path("store"), &mut files);
    assert_eq!(files.len(), 7);
    for (path, _) in files {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path}");
    }
}

#[test]
fn the_store_has_a_policy() {
    let place = Place::new();
    let policy = place
        .run(&["list", "permissions", "--store", "s3://audits/org"])
        .code(0)
        .json();
    let statements = policy["Statement"].as_array().unwrap();
    let writes: Vec<&Value> = statements
        .iter()
        .filter(|it| it["Action"].to_string().contains("Put"))
        .collect();
    let of = |at: usize| {
        (
            writes[at]["Action"].to_string(),
            writes[at]["Resource"].to_string(),
        )
    };
    assert_eq!(writes.len(), 2);
    assert_eq!(
        of(0),
        (
            "[\"s3:PutObject\"]".to_owned(),
            "\"arn:*:s3:::audits/org/audits/*\"".to_owned()
        )
    );
    assert_eq!(
        of(1),
        (
            "[\"s3:PutObject\"]".to_owned(),
            "\"arn:*:s3:::audits/org/latest.json\"".to_owned()
        )
    );
    let locked = [
        "list",
        "permissions",
        "--store",
        "s3://audits",
        "--object-lock",
    ];
    assert!(
        place
            .run(&locked)
            .code(0)
            .stdout
            .contains("s3:PutObjectRetention")
    );
    let wrong = [
        "list",
        "permissions",
        "--store",
        "s3://audits",
        "--format",
        "terraform",
    ];
    place.run(&wrong).code(2);
    place
        .run(&["list", "permissions", "--store", "folder"])
        .code(2);
}
