//! Flag over variable over settings file over default.

use crate::binary::Place;
use crate::small::{self, CHECK};

const SCAN: [&str; 7] = [
    "scan",
    "--inventory",
    "in.jsonl",
    "--check",
    CHECK,
    "-f",
    "json",
];

fn place(settings: &str) -> Place {
    let place = Place::new();
    place.write("in.jsonl", small::failing());
    place.write("trailaudit.toml", settings);
    place
}

#[test]
fn each_beats_the_next() {
    let nothing: [(&str, &str); 0] = [];
    let place = place("fail_on = \"critical\"\n");
    place.run_with(&nothing, &SCAN).code(0);
    place
        .run_with(&[("TRAILAUDIT_FAIL_ON", "high")], &SCAN)
        .code(1);
    let flag = [&SCAN[..], &["--fail-on", "critical"]].concat();
    place
        .run_with(&[("TRAILAUDIT_FAIL_ON", "high")], &flag)
        .code(0);
    place.write("other.toml", "");
    let other = [&SCAN[..], &["-c", "other.toml"]].concat();
    place.run_with(&nothing, &other).code(1);
    place
        .run_with(&[("TRAILAUDIT_CONFIG", "other.toml")], &SCAN)
        .code(1);
}

#[test]
fn switches_too() {
    let place = place("exit_zero = true\n");
    place.run(&SCAN).code(0);
    place
        .run(&[&SCAN[..], &["--exit-zero=false"]].concat())
        .code(1);
    place
        .run_with(&[("TRAILAUDIT_EXIT_ZERO", "no")], &SCAN)
        .code(1);
}

#[test]
fn lists() {
    let place = place("format = [\"json=a.json\", \"json=b.json\"]\n");
    let ended = place
        .run(&["scan", "--inventory", "in.jsonl", "--check", CHECK])
        .code(1);
    assert_eq!(ended.stdout, "");
    assert_eq!(place.read("a.json"), place.read("b.json"));
    let variable = [("TRAILAUDIT_FORMAT", "json=c.json,json=d.json")];
    place
        .run_with(
            &variable,
            &["scan", "--inventory", "in.jsonl", "--check", CHECK],
        )
        .code(1);
    assert_eq!(place.read("c.json"), place.read("d.json"));
}

#[test]
fn a_bad_value_names_the_file() {
    place("fail_on = \"severe\"\n")
        .run(&SCAN)
        .code(2)
        .says("trailaudit.toml: fail_on: invalid value 'severe'");
    place("retention_days = -1\n")
        .run(&SCAN)
        .code(2)
        .says("trailaudit.toml:1:18: ");
}

#[test]
fn a_check_may_weigh_less_or_be_left_out() {
    let lighter =
        "[checks.trail-log-file-validation]\nseverity = \"info\"\nreason = \"not needed here\"\n";
    let ended = place(lighter).run(&SCAN).code(0);
    assert_eq!(ended.json()["findings"][0]["severity"], "info");
    assert_eq!(ended.json()["checks"][0]["severity"], "info");
    let off = "[checks.trail-log-file-validation]\nenabled = false\nreason = \"not needed here\"\n";
    place(off).run(&SCAN).code(2).says("no check is left");
}

#[test]
fn a_variable_yields_to_a_flag_that_contradicts_it() {
    let place = place("");
    place
        .run_with(&[("TRAILAUDIT_INVENTORY", "absent")], &["scan", "--demo"])
        .code(1);
    // Of no use here, and no error: the same environment serves live runs.
    place
        .run_with(&[("TRAILAUDIT_ROLE_NAME", "auditor")], &SCAN)
        .code(1);
}
