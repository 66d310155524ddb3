//! Each exit code, by the story that leads to it.

use trailaudit_checks::calls;
use trailaudit_checks::fact::Known;

use crate::ask::At;
use crate::binary::{Ended, Place};
use crate::small::{self, CHECK, small};

fn scan(place: &Place, more: &[&str]) -> Ended {
    let args = [
        "scan",
        "--inventory",
        "in.jsonl",
        "--check",
        CHECK,
        "-f",
        "json",
    ];
    place.run(&[&args, more].concat())
}

/// One inventory, and what every way of asking makes of it.
#[track_caller]
fn codes(inventory: Vec<u8>, cases: &[(&[&str], i32)]) {
    let place = Place::new();
    place.write("in.jsonl", inventory);
    for (more, code) in cases {
        let ended = scan(&place, more).code(*code);
        let run = &ended.json()["run"];
        assert_eq!(run["exit_code"], *code, "the audit says so too: {more:?}");
    }
}

#[test]
fn clean() {
    codes(small::clean(), &[(&[], 0), (&["--fail-on", "info"], 0)]);
}

#[test]
fn failing() {
    codes(
        small::failing(),
        &[
            (&[], 1),
            (&["--fail-on", "high"], 1),
            (&["--fail-on", "critical"], 0),
            (&["--allow-incomplete"], 1),
            (&["--exit-zero"], 0),
            (&["--exit-zero=false"], 1),
        ],
    );
}

#[test]
fn unknown_only() {
    codes(
        small::unknown(),
        &[
            (&[], 3),
            // The region is denied, however little the check matters.
            (&["--fail-on", "critical"], 3),
            (&["--allow-incomplete"], 0),
            (&["--exit-zero"], 0),
        ],
    );
}

#[test]
fn no_trails_at_all() {
    let place = Place::new();
    place.write("in.jsonl", small::no_trails());
    let args = ["scan", "--inventory", "in.jsonl", "--check", "trail-exists"];
    place.run(&args).code(1);
}

#[test]
fn failing_and_unknown() {
    let inventory = small(|inventory, ask| {
        small::configuration(inventory).log_file_validation = Known(false);
        let mut closed = inventory.accounts.values().next().unwrap().clone();
        closed.id = "999999999999".into();
        closed.session = ask.denied(calls::ASSUME_ROLE, At("999999999999", "us-east-1", ""));
        inventory.accounts.insert(closed.id.clone(), closed);
    });
    codes(inventory, &[(&[], 1), (&["--fail-on", "critical"], 3)]);
}

#[test]
fn an_accepted_gap_is_no_gap_until_it_expires() {
    let place = Place::new();
    place.write("in.jsonl", small::unknown());
    place.write(
        "gaps.toml",
        "[[accepted_gap]]\naccount = \"123456789012\"\ncall = \"cloudtrail:DescribeTrails\"\n\
         reason = \"being closed\"\napprover = \"ciso\"\nexpires = \"2026-03-31\"\n\
         [[accepted_gap]]\nregion = \"sa-east-1\"\nreason = \"x\"\napprover = \"ciso\"\nexpires = \"2027-01-01\"\n",
    );
    let with = |now| scan(&place, &["--waivers", "gaps.toml", "--now", now]);
    let audit = with("2026-03-31T23:59:59Z").code(0).json();
    assert_eq!(audit["summary"]["unknown"], 1, "the status stays");
    assert_eq!(audit["waivers"]["accepted_gaps"], 1);
    assert_eq!(audit["run"]["complete"], true);
    let unused = "accepted gap: region sa-east-1, expires 2027-01-01";
    assert_eq!(audit["waivers"]["unused"], serde_json::json!([unused]));
    let late = with("2026-04-01T00:00:00Z").code(3);
    late.says("expired, and was ignored: accepted gap: account 123456789012");
}

#[test]
fn a_waiver_counts_through_its_day() {
    let place = Place::new();
    place.write("in.jsonl", small::failing());
    // The usual name, found without a flag.
    place.write(
        "trailaudit-waivers.toml",
        "[[waiver]]\ncheck = \"trail-*\"\nsubject = \"*\"\nreason = \"old\"\napprover = \"ciso\"\nexpires = \"2026-03-31\"\n\
         [[waiver]]\ncheck = \"trail-*\"\nsubject = \"nothing\"\nreason = \"old\"\napprover = \"ciso\"\nexpires = \"2027-03-31\"\n",
    );
    let ended = scan(&place, &["--now", "2026-03-31T23:59:59Z"]).code(0);
    let audit = ended.json();
    assert_eq!(audit["findings"][0]["status"], "fail");
    assert_eq!(audit["findings"][0]["waiver"]["approver"], "ciso");
    assert_eq!(audit["summary"]["waived"], 1);
    ended.says("matches no failing finding: trail-* on nothing, expires 2027-03-31");
    scan(&place, &["--now", "2026-04-01T00:00:00Z"]).code(1);
}

#[test]
fn a_run_that_was_interrupted() {
    let interrupted = small(|inventory, _| {
        inventory.trailer.as_mut().unwrap().interrupted = true;
        small::configuration(inventory).log_file_validation = Known(false);
    });
    codes(interrupted, &[(&[], 130), (&["--exit-zero"], 130)]);
}

#[test]
fn usage() {
    let place = Place::new();
    place.write("in.jsonl", small::clean());
    place.write("bad.toml", "retention_day = 3\n");
    for (args, words) in [
        (&["scan", "--nonsense"][..], "unexpected argument"),
        (&["scan", "--inventory", "in.jsonl", "--demo"], "two inputs"),
        (
            &["scan", "--demo", "--accounts", "123456789012"],
            "--accounts 123456789012 is for asking AWS",
        ),
        (
            &["scan", "--demo", "--fail-on", "severe"],
            "critical, high, medium, low, info",
        ),
        (
            &["scan", "--demo", "--check", "trail-exist-*"],
            "no check is named",
        ),
        (
            &["scan", "--demo", "--check", "trail-log-file-validatio"],
            "did you mean `trail-log-file-validation`?",
        ),
        (&["scan", "--demo", "--skip-check", "*"], "no check is left"),
        (
            &["scan", "--demo", "--framework", "nist-800-53-r6"],
            "did you mean `nist-800-53-r5`?",
        ),
        (&["scan", "--demo", "-f", "jsn"], "did you mean `json`?"),
        (
            &["scan", "--demo", "-f", "json", "-f", "json=-"],
            "both go to stdout",
        ),
        (
            &["scan", "--demo", "-c", "bad.toml"],
            "bad.toml:1:1: unknown key `retention_day`; did you mean `retention_days`?",
        ),
        (
            &["scan", "--demo", "-c", "absent.toml"],
            "absent.toml cannot be read",
        ),
        (
            &["scan", "--demo", "--waivers", "absent.toml"],
            "absent.toml cannot be read",
        ),
        (
            &["scan", "--demo", "--waivers", "bad.toml"],
            "bad.toml:1:1: unknown key `retention_day`",
        ),
        (&["scan", "--inventory", "absent.jsonl"], "absent.jsonl"),
        (&["scan", "--demo", "--now", "yesterday"], "--now"),
        (
            &["explain", "trail-log-file-validatoin"],
            "did you mean `trail-log-file-validation`?",
        ),
        (&["report", "in.jsonl"], "an inventory, not an audit"),
        (&[], "Usage"),
    ] {
        let ended = place.run(args).code(2).says(words);
        assert_eq!(ended.stdout, "", "{args:?}");
    }
}

#[cfg(not(feature = "aws"))]
#[test]
fn a_build_without_the_sdk_says_so() {
    Place::new()
        .run(&["scan"])
        .code(2)
        .says("this build cannot ask AWS");
}

#[test]
fn an_output_that_cannot_be_written() {
    let place = Place::new();
    place.write("file", "");
    let ended = place.run(&[
        "scan",
        "--demo",
        "-f",
        "json=file/below.json",
        "-f",
        "json=good.json",
    ]);
    ended.code(4).says("1 of 2 reports could not be written");
    assert!(
        place.path("good.json").exists(),
        "one that fails stops no other"
    );
    place
        .run(&["collect", "--demo", "-o", "file/below.jsonl"])
        .code(4);
}
