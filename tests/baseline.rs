//! New told from old: `--baseline`, `--fail-on-new`, and `diff`.

use crate::binary::Place;
use crate::small::{self, CHECK};

const OLD: &str = "old.json";

/// A place with an audit of `before`, and `after` to be judged.
fn place(before: Vec<u8>, after: Vec<u8>) -> Place {
    let place = Place::new();
    place.write("before.jsonl", before);
    place.write("after.jsonl", after);
    let format = format!("json={OLD}");
    let args = [
        "scan",
        "--inventory",
        "before.jsonl",
        "--check",
        CHECK,
        "-f",
        &format,
        "--exit-zero",
    ];
    place.run(&args).code(0);
    place
}

const SCAN: [&str; 9] = [
    "scan",
    "--inventory",
    "after.jsonl",
    "--check",
    CHECK,
    "-f",
    "json",
    "--baseline",
    OLD,
];

/// What was there, what is there now, the code of the scan, and its code when only what is new counts.
#[test]
fn only_what_is_new_counts() {
    let cut_off = |change: fn() -> Vec<u8>| {
        let mut bytes = change();
        let keep = bytes.iter().rposition(|it| *it == b'{').unwrap();
        bytes.truncate(keep);
        bytes
    };
    for (name, before, after, code, new_code) in [
        ("as before", small::failing(), small::failing(), 1, 0),
        ("worse", small::clean(), small::failing(), 1, 1),
        ("fixed", small::failing(), small::clean(), 0, 0),
        ("blind as before", small::unknown(), small::unknown(), 3, 0),
        ("blind now", small::clean(), small::unknown(), 3, 3),
        ("hidden now", small::failing(), small::unknown(), 3, 3),
        ("seen now", small::unknown(), small::failing(), 1, 1),
        // However the baseline ended: what was not collected is missing now.
        (
            "cut off",
            cut_off(small::clean),
            cut_off(small::clean),
            3,
            3,
        ),
    ] {
        let place = place(before, after);
        let audit = place.run(&SCAN);
        assert_eq!(audit.code, code, "{name}: {}", audit.stderr);
        let audit = place.run(&[&SCAN[..], &["--fail-on-new"]].concat());
        assert_eq!(audit.code, new_code, "{name}: {}", audit.stderr);
        let run = &audit.json()["run"];
        assert_eq!(run["exit_code"], new_code, "{name}");
        // What is known to be missing is missing all the same.
        assert_eq!(run["complete"], !matches!(code, 3), "{name}");
    }
}

#[test]
fn findings_are_marked() {
    let place = place(small::clean(), small::failing());
    let audit = place.run(&SCAN).code(1).json();
    assert_eq!(audit["findings"][0]["baseline"], "new");
    assert_eq!(audit["baseline"]["counts"]["new"], 1);
    let text = [
        "scan",
        "--inventory",
        "after.jsonl",
        "--check",
        CHECK,
        "--baseline",
        OLD,
    ];
    let summary = place.run(&text).code(1).stdout;
    assert!(summary.contains("baseline  1 new"), "{summary}");
    assert!(summary.contains("1 of 1, 1 new"), "{summary}");
    let details = place.run(&[&text[..], &["--details"]].concat());
    let details = details.code(1).stdout;
    assert!(details.contains("baseline   1 new"), "{details}");
    assert!(details.contains("new: arn:aws:cloudtrail"), "{details}");
    let audit = place
        .run(&["scan", "--inventory", "after.jsonl", "-f", "json"])
        .json();
    assert!(audit["baseline"].is_null());
}

/// The acceptance ended: the finding is as old as before, and nobody accepts it any more.
#[test]
fn a_waiver_that_ended_since_is_worse() {
    let place = Place::new();
    place.write("after.jsonl", small::failing());
    place.write(
        "trailaudit-waivers.toml",
        "[[waiver]]\ncheck = \"trail-*\"\nsubject = \"*\"\nreason = \"old\"\napprover = \"ciso\"\nexpires = \"2026-03-31\"\n",
    );
    let at = |now| [&SCAN[..7], &["--now", now]].concat();
    let accepted = place.run(&at("2026-03-31T12:00:00Z")).code(0);
    place.write(OLD, &accepted.stdout);
    let later = [&SCAN[..], &["--fail-on-new", "--now"]].concat();
    let later = |now| [&later[..], &[now]].concat();
    place.run(&later("2026-03-31T13:00:00Z")).code(0);
    place.run(&later("2026-04-01T00:00:00Z")).code(1);
}

#[test]
fn two_audits_are_compared() {
    let place = place(small::clean(), small::failing());
    let args = &SCAN[..7];
    let new = place.run(args).code(1).stdout;
    place.write("new.json", &new);
    let worse = place.run(&["diff", OLD, "new.json"]).code(1).stdout;
    assert!(worse.starts_with("WORSE 1 finding worse"), "{worse}");
    place.run(&["diff", OLD, "new.json", "--exit-zero"]).code(0);
    let better = place.run(&["diff", "new.json", OLD]).code(0).stdout;
    assert!(better.starts_with("BETTER"), "{better}");
    let same = place.run(&["diff", OLD, OLD, "-f", "json"]).code(0).json();
    assert_eq!(same["counts"]["unchanged"], 1);
    assert_eq!(same["worse"], false);
    let args_of_diff = [
        "diff",
        OLD,
        "new.json",
        "-f",
        "markdown",
        "-f",
        "json=d.json",
    ];
    let page = place.run(&args_of_diff).code(1).stdout;
    assert!(page.contains("## CloudTrail: Worse"), "{page}");
    assert!(place.path("d.json").exists());
}

#[test]
fn what_cannot_be_compared() {
    let place = place(small::clean(), small::failing());
    place.write("other.json", "{\"schema\": 99}");
    for (args, words) in [
        (
            &["scan", "--demo", "--fail-on-new"][..],
            "--fail-on-new needs an earlier audit",
        ),
        (
            &["scan", "--demo", "--baseline", "absent.json"],
            "absent.json cannot be read",
        ),
        (
            &["scan", "--demo", "--baseline", "after.jsonl"],
            "is an inventory, not an audit",
        ),
        (&["diff", OLD, "other.json"], "newer than what this program"),
        (&["diff", OLD], "Usage"),
        (
            &["diff", OLD, OLD, "-f", "sarif"],
            "there is no format `sarif`",
        ),
    ] {
        let ended = place.run(args).code(2).says(words);
        assert_eq!(ended.stdout, "", "{args:?}");
    }
    place
        .run(&["scan", "--demo", "--baseline", OLD])
        .code(1)
        .says("another organization")
        .says("evaluated other checks");
}
