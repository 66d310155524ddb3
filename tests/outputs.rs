//! Where reports go, and that they are the same each time.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use crate::binary::Place;
use crate::demo::REGIONS;
use crate::small;

#[test]
fn the_demo_shows_every_status() {
    let audit = Place::new()
        .run(&["scan", "--demo", "-f", "json"])
        .code(1)
        .json();
    let findings = audit["findings"].as_array().unwrap();
    assert!(findings.len() >= 50);
    let mut ends: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        let status = finding["status"].as_str().unwrap();
        ends.entry(finding["check"].as_str().unwrap())
            .or_default()
            .insert(status);
    }
    for only in ["pass", "unknown"] {
        assert!(
            ends.values().any(|ends| ends.iter().eq([&only])),
            "no check ends only in {only}"
        );
    }
    for status in ["pass", "fail", "unknown", "not_applicable"] {
        assert!(audit["summary"][status].as_u64().unwrap() > 0, "{status}");
    }
    let accounts = audit["coverage"]["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 6);
    assert!(
        accounts
            .iter()
            .any(|account| account["status"] == "unreachable")
    );
    assert_eq!(
        audit["scope"]["regions"].as_array().unwrap().len(),
        REGIONS.len()
    );
    let calls = &audit["coverage"]["calls"];
    let sum: u64 = calls["by_operation"]
        .as_object()
        .unwrap()
        .values()
        .map(|it| it.as_u64().unwrap())
        .sum();
    assert_eq!(calls["total"].as_u64().unwrap(), sum);
    assert!(
        calls["failed"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["request_id"].is_string())
    );
    assert_eq!(audit["now"], "2026-11-16T06:00:00Z");
}

#[test]
fn the_same_bytes_twice() {
    let place = Place::new();
    for format in trailaudit_reports::FORMATS {
        let run = || {
            place
                .run(&["scan", "--demo", "-f", format.name])
                .code(1)
                .stdout
        };
        assert!(!run().is_empty());
        assert!(run() == run(), "{}", format.name);
    }
}

#[test]
fn several_reports_of_one_run() {
    let place = Place::new();
    let out = place
        .run(&[
            "scan",
            "--demo",
            "-f",
            "json=a.json",
            "-f",
            "json",
            "-f",
            "json=new/b.json",
        ])
        .code(1)
        .says("wrote json to a.json");
    assert!(out.stdout.as_bytes() == place.read("a.json"));
    assert!(place.read("new/b.json") == place.read("a.json"));
    let left: Vec<_> = std::fs::read_dir(place.path("")).unwrap().collect();
    assert_eq!(left.len(), 2, "no temporary files stay: {left:?}");
}

#[test]
fn into_a_folder() {
    let place = Place::new();
    let ended = place
        .run(&["scan", "--demo", "-q", "-o", "out", "-f", "json"])
        .code(1);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    assert!(place.path("out/trailaudit.json").is_file());
}

#[test]
fn a_saved_audit_is_told_in_the_same_bytes() {
    let place = Place::new();
    place
        .run(&["scan", "--demo", "-f", "json=audit.json"])
        .code(1);
    for format in trailaudit_reports::FORMATS {
        let live = place
            .run(&["scan", "--demo", "-f", format.name])
            .code(1)
            .stdout;
        let saved = place
            .run(&["report", "audit.json", "-f", format.name])
            .code(0)
            .stdout;
        assert!(live == saved, "{}", format.name);
    }
    let newer = String::from_utf8(place.read("audit.json")).unwrap();
    place.write(
        "newer.json",
        newer.replacen("\"schema\": 2", "\"schema\": 3", 1),
    );
    place
        .run(&["report", "newer.json"])
        .code(2)
        .says("Update trailaudit");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    let mut command = place.command(&["collect", "--demo", "-o", "-"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    for format in trailaudit_reports::FORMATS {
        let mut command = place.command(&["scan", "--demo", "-f", format.name]);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{}", format.name);
    }
}

#[cfg(unix)]
#[test]
fn devices_and_links_stay_what_they_are() {
    let place = Place::new();
    place
        .run(&["scan", "--demo", "-f", "json=/dev/null"])
        .code(1);
    assert!(!std::path::Path::new("/dev/null").is_file());
    place.write("real.json", "old");
    std::os::unix::fs::symlink(place.path("real.json"), place.path("link.json")).unwrap();
    place
        .run(&["scan", "--demo", "-f", "json=link.json"])
        .code(1);
    assert!(place.path("link.json").is_symlink());
    assert_ne!(place.read("real.json"), b"old");
}

/// A disk without space: another exit code than any verdict, and nothing half written where the report should be.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_fatal() {
    let place = Place::new();
    for format in trailaudit_reports::FORMATS {
        let full = format!("{}=/dev/full", format.name);
        place.run(&["scan", "--demo", "-f", &full]).code(4);
    }
}

/// A run that is killed leaves the report of the run before, or a whole one of its own.
#[test]
fn a_killed_run_leaves_no_half_report() {
    let place = Place::new();
    place
        .run(&["scan", "--demo", "-f", "json=audit.json"])
        .code(1);
    let half = || {
        let names = std::fs::read_dir(place.path(".")).unwrap();
        let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        names.any(|it| it.starts_with(".trailaudit-"))
    };
    for at_once in [true, false, false, false] {
        let scan = ["scan", "--demo", "-f", "json=audit.json"];
        let mut child = place.command(&scan).spawn().unwrap();
        // Killed before it began, or in the middle of writing.
        while !at_once && !half() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        serde_json::from_slice::<serde_json::Value>(&place.read("audit.json")).unwrap();
        for entry in std::fs::read_dir(place.path(".")).unwrap() {
            let path = entry.unwrap().path();
            if path != place.path("audit.json") {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

#[test]
fn a_report_is_compressed_by_its_name() {
    let place = Place::new();
    place.write("org.jsonl", small::failing());
    let scan = [
        "scan",
        "--inventory",
        "org.jsonl",
        "--check",
        small::CHECK,
        "--now",
        "2026-12-01T00:00:00Z",
    ];
    place
        .run(&[&scan[..], &["-f", "json=a.json", "-f", "csv=a.csv.zst"]].concat())
        .code(1);
    place
        .run(&[&scan[..], &["-f", "json=a.json.zst"]].concat())
        .code(1);
    let unpacked = zstd::decode_all(&place.read("a.json.zst")[..]).unwrap();
    assert_eq!(unpacked, place.read("a.json"));
    let sheet = zstd::decode_all(&place.read("a.csv.zst")[..]).unwrap();
    assert!(String::from_utf8(sheet).unwrap().contains(small::CHECK));
    // Wherever an audit is read.
    let report = |name: &str| place.run(&["report", name, "-f", "json"]).code(0).stdout;
    assert_eq!(report("a.json.zst"), report("a.json"));
    place.run(&["diff", "a.json.zst", "a.json"]).code(0);
    // One that is cut off, and one that unpacks without end.
    let whole = place.read("a.json.zst");
    place.write("cut.json.zst", &whole[..whole.len() / 2]);
    place.run(&["report", "cut.json.zst"]).code(2);
    place.write(
        "bomb.json.zst",
        zstd::encode_all(std::io::Read::take(std::io::repeat(b' '), 256 << 20), 1).unwrap(),
    );
    place
        .run(&["report", "bomb.json.zst"])
        .code(2)
        .says("500 times its size");
}
