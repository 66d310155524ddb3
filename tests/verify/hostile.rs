//! Trees made to harm: nothing outside of the folder is read, nothing hangs, and each object has its own error.

use std::os::unix::fs::symlink;

use super::{kinds, lay, verify};
use crate::binary::Place;

#[test]
fn links_and_pipes() {
    let place = Place::new();
    let tree = lay(&place, "{}");
    let logs: Vec<_> = tree.chains[0].logs.iter().flatten().collect();
    let path = |at: usize| place.path("tree").join(&logs[at].1);
    // Out of the folder, though the content is the right one.
    std::fs::rename(path(0), place.path("outside.json.gz")).unwrap();
    symlink(place.path("outside.json.gz"), path(0)).unwrap();
    // Within the folder a link is as good as what it leads to.
    std::fs::rename(path(1), place.path("tree/elsewhere")).unwrap();
    symlink(place.path("tree/elsewhere"), path(1)).unwrap();
    std::fs::remove_file(path(2)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path(2)).status();
    assert!(made.unwrap().success());
    std::fs::remove_file(path(3)).unwrap();
    std::fs::create_dir(path(3)).unwrap();
    let audit = verify(&place, &[]).code(3).json();
    assert_eq!(kinds(&audit)["log-unverified"], 3, "{}", audit["problems"]);
    let seen = audit["problems"].to_string();
    assert!(seen.contains("leads out of the folder") && seen.contains("not a regular file"));
    assert_eq!(audit["chains"][0]["logs"]["valid"], 9);
}

/// The account's folder, and every one above it: what lies behind a link is not looked at, and that is told by name.
#[test]
fn links_at_and_above_an_account() {
    for (folder, inside) in [
        ("AWSLogs/111122223333", true),
        ("AWSLogs/111122223333", false),
        ("AWSLogs", true),
        ("AWSLogs", false),
        ("AWSLogs/111122223333/CloudTrail-Digest", true),
        ("AWSLogs/111122223333/CloudTrail", true),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1", false),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01", true),
        (
            "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026",
            false,
        ),
    ] {
        let place = Place::new();
        // A second account is there without a link: the first must not vanish beside it.
        lay(&place, r#"{"accounts": ["111122223333", "444455556666"]}"#);
        let to = match inside {
            true => place.path("tree/elsewhere"),
            false => place.path("outside"),
        };
        let from = place.path("tree").join(folder);
        std::fs::rename(&from, &to).unwrap();
        symlink(&to, &from).unwrap();
        let audit = verify(&place, &[]).code(3).json();
        let findings = audit["findings"].to_string() + &audit["problems"].to_string();
        assert!(
            findings.contains(&format!("{folder} is a symbolic link")),
            "{folder}: {findings}"
        );
        assert_eq!(
            audit["summary"]["fail"], 0,
            "{folder}: nobody is accused: {}",
            audit["problems"]
        );
    }
}

#[test]
fn what_is_no_regular_file_is_a_gap() {
    for name in [
        "AWSLogs/444455556666",
        "AWSLogs/o-abc",
        "elsewhere",
        "AWSLogs/111122223333/CloudTrail-Insight",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/01/111122223333_CloudTrail_eu-west-1_20260101T0210Z_abcdefghijklmnop.json.gz",
    ] {
        let place = Place::new();
        lay(&place, "{}");
        let path = place.path("tree").join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        let audit = verify(&place, &[]).code(3).json();
        let all = audit["findings"].to_string() + &audit["problems"].to_string();
        assert!(
            all.contains("not a regular file") && all.contains(name),
            "{name}: {all}"
        );
        std::fs::remove_file(&path).unwrap();
        symlink("nowhere", &path).unwrap();
        let audit = verify(&place, &[]).code(3).json();
        assert_eq!(audit["summary"]["fail"], 0, "{name}: {}", audit["problems"]);
    }
}

#[test]
fn a_bomb_and_a_key_that_leads_out() {
    let place = Place::new();
    lay(
        &place,
        r#"{"signed": [{"hour": 3, "set_log": {"s3Object": "../../../../etc/passwd"}}],
            "faults": [{"do": "bomb", "target": {"log": [1, 0]}, "mebibytes": 600}]}"#,
    );
    let audit = verify(&place, &[]).code(1).json();
    let kinds = kinds(&audit);
    assert_eq!((kinds["log-corrupt"], kinds["log-key-suspicious"]), (1, 1));
}

#[test]
fn files_that_are_none_of_cloudtrails() {
    let place = Place::new();
    lay(
        &place,
        r#"{"faults": [{"do": "add-object", "key": "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/01/x.json.gz", "text": "{}"}]}"#,
    );
    std::fs::write(place.path("tree/AWSLogs/README"), "hello").unwrap();
    std::fs::create_dir(place.path("tree/AWSLogs/111122223333/Config")).unwrap();
    let audit = verify(&place, &[]).code(1).json();
    assert_eq!(kinds(&audit), [("digest-format".to_owned(), 1)].into());
}

#[test]
fn side_files() {
    for (text, code) in [
        ("not json\n", 2),
        (r#"{"bucket": "logs"}"#, 2),
        ("", 3),
        ("\n\n", 3),
        (r#"{"key": "x", "metadata": {"signature": "00"}}"#, 3),
    ] {
        let place = Place::new();
        lay(&place, "{}");
        place.write("tree/.metadata.jsonl", text);
        verify(&place, &[]).code(code);
    }
    let place = Place::new();
    lay(&place, "{}");
    place.write("tree/.metadata.jsonl", "x".repeat(1 << 20));
    verify(&place, &[]).code(2).says("too long");
}

/// In the place of a folder, whatever the window: what may lie there is not looked at.
#[test]
fn what_stands_for_a_folder_is_a_gap_also_when_its_name_comes_before_the_window() {
    use std::os::unix::net::UnixListener;

    let until = "2026-01-05T14:00:00Z";
    let window = [
        "--since",
        "2026-01-05",
        "--until",
        until,
        "--now",
        "2026-01-05T16:00:00Z",
    ];
    let run = |place: &Place| {
        let keys = ["verify", "tree", "--public-keys", "keys.json", "-f", "json"];
        place.run(&[&keys[..], &window].concat())
    };
    for folder in [
        "AWSLogs/444455556666",
        "AWSLogs/111122223333/CloudTrail/eu-west-1",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/05",
    ] {
        let place = Place::new();
        lay(&place, r#"{"hours": 110, "logs_per_hour": 0}"#);
        run(&place).code(0);
        let path = place.path("tree").join(folder);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // A socket, and links that lead nowhere and to a device.
        let socket = UnixListener::bind(place.path("socket")).unwrap();
        std::fs::rename(place.path("socket"), &path).unwrap();
        let seen = |audit: serde_json::Value| {
            let all = audit["findings"].to_string() + &audit["problems"].to_string();
            assert!(all.contains(folder), "{folder}: {all}");
            assert_eq!(super::unaltered(&audit), "unknown");
        };
        seen(run(&place).code(3).json());
        drop(socket);
        for to in ["nowhere", "/dev/null"] {
            std::fs::remove_file(&path).unwrap();
            symlink(to, &path).unwrap();
            seen(run(&place).code(3).json());
        }
    }
}

/// Folders are cheap to make: what is not searched for them is told.
#[test]
fn more_folders_than_are_searched() {
    let place = Place::new();
    lay(
        &place,
        r#"{"logs_per_hour": 0, "also": [{"prefix": "zz", "logs_per_hour": 0}], "faults": [{"do": "delete", "chain": 1, "digest": 5}]}"#,
    );
    assert_eq!(
        kinds(&verify(&place, &[]).code(1).json()),
        [("chain-tail-missing".to_owned(), 1)].into()
    );
    for number in 0..600 {
        let name = format!("tree/{number:04}/x");
        std::fs::create_dir_all(place.path(&name)).unwrap();
    }
    let audit = verify(&place, &[]).code(3).json();
    assert_eq!(super::unaltered(&audit), "unknown");
    assert!(audit["problems"].to_string().contains("give the prefix"));
}
