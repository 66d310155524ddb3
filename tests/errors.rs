//! What goes wrong is said with what, where, and what to do next: a table of situations.

use crate::binary::Place;
use crate::small;

const WAIVER: &str = "[[waiver]]\nsubject = \"*\"\nreason = \"r\"\napprover = \"a\"\n";

/// What is asked, the exit code, and what stderr says.
type Situation = (&'static [&'static str], i32, &'static [&'static str]);

const SITUATIONS: [Situation; 26] = [
    (
        &["verify", "org-logs"],
        2,
        &["there is no folder org-logs; for a bucket use s3://org-logs"],
    ),
    (
        &["verify", "s3:/org-logs"],
        2,
        &["s3:/org-logs does not name a bucket: use s3://org-logs"],
    ),
    (
        &["verify", "s3://"],
        2,
        &["does not name a bucket: use s3://BUCKET"],
    ),
    (
        &["verify", "mirror"],
        2,
        &["requires --public-keys FILE", "for a bucket use s3://NAME"],
    ),
    (
        &["report", "in.jsonl"],
        2,
        &[
            "in.jsonl is an inventory, not an audit",
            "scan --inventory in.jsonl -f json=audit.json",
        ],
    ),
    (
        &["report", "none.json"],
        2,
        &["none.json cannot be read", "No such file"],
    ),
    (
        &["report", "bad.json"],
        2,
        &[
            "bad.json cannot be used as an audit",
            "`trailaudit scan -f json=FILE`",
        ],
    ),
    (
        &["report", "a.json", "--framework", "soc2-tsc"],
        2,
        &["no results of framework soc2-tsc", "`--framework soc2-tsc`"],
    ),
    (
        &["scan", "--inventory", "a.json"],
        2,
        &[
            "a.json cannot be used as an inventory",
            "looks like the JSON of a scan",
            "trailaudit report",
        ],
    ),
    (
        &["scan", "--inventory", "none.jsonl"],
        2,
        &["error: none.jsonl cannot be read: No such file"],
    ),
    (
        &["scan", "--inventory", "bad.json"],
        2,
        &[
            "not the header of an inventory",
            "`trailaudit collect --output FILE`",
        ],
    ),
    (
        &["scan", "--demo", "--now", "yesterday"],
        2,
        &["invalid value 'yesterday'", "such as 2026-03-01T12:00:00Z"],
    ),
    (
        &["scan", "--demo", "--fail-on", "hgh"],
        2,
        &[
            "'--fail-on <SEVERITY>'",
            "critical, high, medium, low, info",
        ],
    ),
    (
        &["scan", "--demo", "-c", "severity.toml"],
        2,
        &["severity.toml: fail_on: invalid value 'hgh': one of critical, high"],
    ),
    (
        &["scan", "--demo", "-c", "number.toml"],
        2,
        &["number.toml:1:18: invalid type: string \"x\", expected a whole number"],
    ),
    (
        &["scan", "--demo", "-c", "key.toml"],
        2,
        &["key.toml:1:1: unknown key `retention_day`; did you mean `retention_days`?"],
    ),
    (
        &["scan", "--demo", "--waivers", "date.toml"],
        2,
        &["date.toml:6:11: a date is expected, such as 2027-03-31"],
    ),
    (
        &["scan", "--demo", "--waivers", "unused.toml"],
        1,
        &[
            "unused.toml:2: matches no failing finding",
            "no check `bucket-mfa-delet`; did you mean `bucket-mfa-delete`?",
        ],
    ),
    (
        &["scan", "--demo", "--waivers", "past.toml"],
        1,
        &["past.toml:1: expired, and was ignored: trail-* on *, expires 2020-01-01"],
    ),
    (
        &["scan", "--demo", "--waivers", "none.toml"],
        2,
        &["none.toml cannot be read: No such file"],
    ),
    (
        &["scan", "--demo", "--check", "bucket-mfa-delet"],
        2,
        &[
            "did you mean `bucket-mfa-delete`?",
            "`trailaudit list checks`",
        ],
    ),
    (
        &["scan", "--demo", "--framework", "cis-aws"],
        2,
        &[
            "did you mean one of cis-aws-foundations-1.4, ",
            "`trailaudit list frameworks`",
        ],
    ),
    (
        &["scan", "--demo", "--baseline", "in.jsonl"],
        2,
        &["in.jsonl is an inventory, not an audit"],
    ),
    (
        &["scan", "--demo", "-f", "jsn"],
        2,
        &["there is no format `jsn`; did you mean `json`?"],
    ),
    (
        &["scan", "--demo", "-f", "json", "-f", "sarif"],
        2,
        &["json and sarif both go to stdout", "-f sarif=PATH"],
    ),
    (
        &["explain", "trail-multiregion"],
        2,
        &["did you mean `trail-multi-region`?"],
    ),
];

#[test]
fn each_situation_says_what_where_and_what_next() {
    let place = Place::new();
    place.write("mirror/x", "");
    place.write("in.jsonl", small::failing());
    place.write("bad.json", "no JSON at all");
    place.write("severity.toml", "fail_on = \"hgh\"\n");
    place.write("number.toml", "retention_days = \"x\"\n");
    place.write("key.toml", "retention_day = 1\n");
    place.write(
        "date.toml",
        format!("{WAIVER}check = \"trail-*\"\nexpires = \"31.12.2026\"\n"),
    );
    place.write(
        "unused.toml",
        format!("\n{WAIVER}check = \"bucket-mfa-delet\"\nexpires = 2099-01-01\n"),
    );
    place.write(
        "past.toml",
        format!("{WAIVER}check = \"trail-*\"\nexpires = 2020-01-01\n"),
    );
    place.run(&["scan", "--inventory", "in.jsonl", "-f", "json=a.json"]);
    for (args, code, said) in SITUATIONS {
        let ended = place.run(args);
        assert_eq!(ended.code, code, "{args:?}: {}", ended.stderr);
        for words in said {
            assert!(
                ended.stderr.contains(words),
                "{args:?}: no {words:?} in {}",
                ended.stderr
            );
        }
    }
}

/// A value is blamed on where it stands, and a variable that is none of ours is not passed over.
#[test]
fn variables_are_named() {
    let place = Place::new();
    let scan = ["scan", "--demo", "-f", "json=a.json"];
    let bad = place
        .run_with(&[("TRAILAUDIT_FAIL_ON", "hgh")], &scan)
        .code(2);
    assert!(!bad.stderr.contains("--fail-on"), "{}", bad.stderr);
    bad.says("error: TRAILAUDIT_FAIL_ON: fail_on: invalid value 'hgh': one of critical, high");
    // Line feeds in it cut nothing off.
    place
        .run_with(&[("TRAILAUDIT_FAIL_ON", "a\n::error::b")], &scan)
        .code(2)
        .says(
            "TRAILAUDIT_FAIL_ON: fail_on: invalid value 'a\\u{a}\\u{3a}:error::b': one of critical",
        );
    let flag = [&scan[..], &["--fail-on", "hgh"]].concat();
    place
        .run_with(&[("TRAILAUDIT_FAIL_ON", "high")], &flag)
        .code(2)
        .says("'--fail-on <SEVERITY>'");
    place
        .run_with(&[("TRAILAUDIT_FAILON", "critical")], &scan)
        .code(1)
        .says("unknown environment variable TRAILAUDIT_FAILON; did you mean `TRAILAUDIT_FAIL_ON`? It was ignored");
}
