//! `init` and `waive`: what they write is what the other commands read.

use crate::binary::Place;

const WAIVE: [&str; 9] = [
    "waive",
    "bucket-versioning",
    "arn:aws:s3:::logs",
    "--reason",
    "x",
    "--approver",
    "y",
    "--expires",
    "2027-03-31",
];
const NOW: [&str; 2] = ["--now", "2026-12-01T00:00:00Z"];

fn waive(place: &Place, more: &[&str]) -> crate::binary::Ended {
    place.run(&[&WAIVE[..], &NOW, more].concat())
}

#[test]
fn what_init_writes_changes_nothing_and_is_read() {
    let place = Place::new();
    let before = place.run(&["scan", "--demo", "-f", "json"]).code(1).stdout;
    place.run(&["init"]).code(0).says("trailaudit-waivers.toml");
    for name in ["trailaudit.toml", "trailaudit-waivers.toml"] {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        assert!(text.starts_with("#:schema https://"), "{text}");
    }
    let after = place.run(&["scan", "--demo", "-f", "json"]).code(1).stdout;
    assert_eq!(after, before);
    // Every example in them is one, once it counts.
    let text = std::fs::read_to_string(place.path("trailaudit-waivers.toml")).unwrap();
    let lines = text.lines().map(|it| match it.strip_prefix('#') {
        Some(rest) if !rest.starts_with([' ', ':']) => rest.to_owned(),
        _ => it.to_owned(),
    });
    place.write("w.toml", lines.collect::<Vec<_>>().join("\n"));
    let scan = ["scan", "--demo", "--waivers", "w.toml"];
    place.run(&scan).code(1).says("matches no failing finding");
}

#[test]
fn init_writes_over_nothing() {
    let place = Place::new();
    place.write("trailaudit-waivers.toml", "# mine\n");
    place.run(&["init"]).code(2).says("is there already");
    assert!(!place.path("trailaudit.toml").exists());
    let text = std::fs::read_to_string(place.path("trailaudit-waivers.toml")).unwrap();
    assert_eq!(text, "# mine\n");
    place.run(&["init", "new/folder"]).code(0);
    assert!(place.path("new/folder/trailaudit.toml").exists());
}

#[test]
fn a_waiver_is_appended_and_applies() {
    let place = Place::new();
    let audit = place.run(&["scan", "--demo", "-f", "json"]).code(1).json();
    let found = audit["findings"].as_array().unwrap();
    let failure = found.iter().find(|it| it["status"] == "fail").unwrap();
    let (check, subject) = (
        failure["check"].as_str().unwrap(),
        failure["subject"]["id"].as_str().unwrap(),
    );
    place.write("trailaudit-waivers.toml", "# ours\n");
    let reason = "said \"so\",\nin = two lines # \u{1b}[2J";
    let words = [
        "waive",
        check,
        subject,
        "--reason",
        reason,
        "--approver",
        "a",
        "--ticket",
        "T-1",
    ];
    let words = [&words[..], &["--expires", "2026-12-31"], &NOW].concat();
    place.run(&words).code(0).says("added to");
    let text = std::fs::read_to_string(place.path("trailaudit-waivers.toml")).unwrap();
    assert!(text.starts_with("# ours\n"), "{text}");
    let audit = place.run(&["scan", "--demo", "-f", "json"]).code(1).json();
    let found = audit["findings"].as_array().unwrap();
    let waived: Vec<_> = found
        .iter()
        .filter(|it| it.get("waiver").is_some_and(|it| !it.is_null()))
        .collect();
    assert_eq!(waived.len(), 1);
    assert_eq!(
        (&waived[0]["check"], &waived[0]["status"]),
        (&failure["check"], &"fail".into())
    );
    assert_eq!(waived[0]["waiver"]["reason"], reason);
    // Twice is a mistake.
    place.run(&words).code(2).says("has this waiver already");
}

#[test]
fn a_waiver_that_would_do_nothing_is_refused() {
    let place = Place::new();
    waive(&place, &["--waivers", "new.toml"]).code(0);
    assert!(place.path("new.toml").exists());
    for (words, says) in [
        (
            vec![
                "waive",
                "bucket-versionin",
                "x",
                "--reason",
                "x",
                "--approver",
                "y",
                "--expires",
                "2027-01-01",
            ],
            "bucket-versioning",
        ),
        (
            vec![
                "waive",
                "bucket-versioning",
                "x",
                "--reason",
                "x",
                "--approver",
                "y",
                "--expires",
                "2026-11-30",
            ],
            "is in the past",
        ),
        (
            vec![
                "waive",
                "bucket-versioning",
                "x",
                "--reason",
                "x",
                "--approver",
                "y",
                "--expires",
                "soon",
            ],
            "a date is expected",
        ),
        (
            vec![
                "waive",
                "bucket-versioning",
                "x",
                "--reason",
                " ",
                "--approver",
                "y",
                "--expires",
                "2027-01-01",
            ],
            "must say something",
        ),
    ] {
        let words = [&words[..], &NOW].concat();
        place.run(&words).code(2).says(says);
        assert!(!place.path("trailaudit-waivers.toml").exists(), "{words:?}");
    }
    place.write("trailaudit-waivers.toml", "[[waiver]]\nchek = 1\n");
    waive(&place, &[]).code(2).says("trailaudit-waivers.toml:2");
    // Patterns are told.
    let wide = [
        "waive",
        "bucket-*",
        "*",
        "--reason",
        "x",
        "--approver",
        "y",
        "--expires",
        "2027-01-01",
        "--waivers",
        "w.toml",
    ];
    let wide = [&wide[..], &NOW].concat();
    place
        .run(&wide)
        .code(0)
        .says("every check that it matches")
        .says("every subject that it matches");
}
