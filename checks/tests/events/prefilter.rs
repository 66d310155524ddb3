//! Skipping a log by its bytes changes no answer, however the log is spelled.

use trailaudit_checks::events::filter::{self, Subject};
use trailaudit_checks::events::{Proof, scan};

use crate::dice::Dice;

const WORDS: [&str; 14] = [
    "StopLogging",
    "stoplogging",
    "main",
    "arn:aws:s3:::logs/a",
    "a b",
    "203.0.113.10",
    "unknown",
    "Kelvin",
    "é",
    "x\"y",
    "back\\slash",
    "123456",
    "line\nend",
    "trail-1",
];

/// A text as JSON, spelled in one of its many ways.
fn spelled(dice: &mut Dice, text: &str, odd: bool) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let escape = odd && dice.roll(6) == 0;
        match c {
            _ if escape || (c < ' ' && odd) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '/' if odd => out.push_str("\\/"),
            c if dice.roll(9) == 0 => out.push(if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn value(dice: &mut Dice, odd: bool, depth: usize) -> String {
    let gap = if odd {
        dice.pick(&["", " ", "\n\t"]).to_owned()
    } else {
        String::new()
    };
    match dice.roll(if depth == 0 { 3 } else { 6 }) {
        0..=2 => {
            let word = dice.pick(&WORDS);
            if dice.roll(12) == 0 {
                dice.pick(&["123456", "1.23456e5", "true", "null"])
                    .to_owned()
            } else {
                spelled(dice, word, odd)
            }
        }
        3 => format!(
            "[{gap}{}{gap},{gap}{}]",
            value(dice, odd, depth - 1),
            value(dice, odd, depth - 1)
        ),
        4 => {
            let name = dice.pick(&["name", "bucketName", "tags", "arn"]);
            let name = spelled(dice, name, odd);
            format!("{{{name}{gap}:{gap}{}}}", value(dice, odd, depth - 1))
        }
        // JSON as text, with escapes of its own.
        _ => {
            let inner = format!("{{\"name\":{}}}", value(dice, odd, depth - 1));
            spelled(dice, &inner, odd)
        }
    }
}

fn log(dice: &mut Dice) -> String {
    let mut records = Vec::new();
    for _ in 0..dice.roll(3) {
        let odd = dice.roll(2) == 0;
        let mut members = Vec::new();
        for name in [
            "eventName",
            "sourceIPAddress",
            "userAgent",
            "requestParameters",
            "responseElements",
            "resources",
            "userIdentity",
            "errorCode",
        ] {
            if dice.roll(3) > 0 {
                members.push(format!("\"{name}\":{}", value(dice, odd, 3)));
            }
        }
        records.push(format!("{{{}}}", members.join(",")));
    }
    format!("{{\"Records\":[{}]}}", records.join(","))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn expression(dice: &mut Dice, depth: usize) -> String {
    if depth > 0 && dice.roll(2) == 0 {
        let join = dice.pick(&[" and ", " or "]);
        let (a, b) = (expression(dice, depth - 1), expression(dice, depth - 1));
        let not = dice.pick(&["", "", "", "not "]);
        return format!("{not}({a}{join}{b})");
    }
    let word = dice.pick(&WORDS);
    let whole = quoted(word);
    let half: String = word.chars().take(1 + word.chars().count() / 2).collect();
    let half = quoted(&half);
    let target = dice.pick(&[
        "name",
        "ip",
        "agent",
        "error",
        "resource",
        "actor",
        "session",
        "service",
        "account",
        "eventName",
        "requestParameters",
        "requestParameters.name",
        "requestParameters.name.name",
        "responseElements.bucketName",
        "userIdentity",
        "resources.ARN",
        "\"odd\"",
    ]);
    match dice.roll(10) {
        0..=2 => format!("{target} = {whole}"),
        3 => format!("{target} == {whole}"),
        4 => format!("{target} contains {half}"),
        5 => format!("{target} startswith {half}"),
        6 => format!("{target} in ({whole}, {half})"),
        7 => whole,
        8 => format!("{target} != {whole}"),
        _ => {
            let part = quoted(&format!("\"name\":{}", quoted(word)));
            format!("{target} contains {part}")
        }
    }
}

#[test]
fn a_log_that_is_skipped_has_no_match() {
    let mut dice = Dice::new(7);
    let (mut skipped, mut matched) = (0, 0);
    for _ in 0..Dice::rounds(1_500) {
        let text = expression(&mut dice, 2);
        let logs = [log(&mut dice), log(&mut dice)];
        let (with, without) = (filter::parse(&text).unwrap(), filter::parse(&text).unwrap());
        let ask = |expression: &filter::Expression, log: &str| {
            let mut found = Vec::new();
            scan(log.as_bytes(), &mut |record| {
                if expression.matches(&Subject {
                    record,
                    proof: Proof::Verified,
                }) {
                    found.push(record.index());
                }
            });
            found
        };
        for log in &logs {
            let expected = ask(&without, log);
            let found = if with.may_match(log.as_bytes()) {
                ask(&with, log)
            } else {
                skipped += 1;
                Vec::new()
            };
            assert_eq!(found, expected, "{text} in {log}");
            assert_eq!(
                with.paths_never_seen(),
                without.paths_never_seen(),
                "{text} in {log}"
            );
            matched += expected.len();
        }
    }
    assert!(
        skipped > 100 && matched > 100,
        "{skipped} skipped, {matched} matched: nothing was tested"
    );
}

#[test]
fn spellings_that_hide_a_text() {
    let needle = filter::parse("requestParameters.name = StopLogging").unwrap();
    for (log, may) in [
        (r#"{"requestParameters":{"name":"StopLogging"}}"#, true),
        (r#"{"requestParameters":{"name":"STOPlogging"}}"#, true),
        (r#"{"requestParameters":{"name":"\u0053topLogging"}}"#, true),
        (r#"{"requestParameters":{"name":"S\u0074opLogging"}}"#, true),
        (
            r#"{"requestParameters":"{\"name\":\"\\u0053topLogging\"}"}"#,
            true,
        ),
        (
            r#"{"requestParameters":"{\"name\":\"\u005cu0053topLogging\"}"}"#,
            true,
        ),
        (
            r#"{"requestParameters":{"name":"a \u0026 b \u003c \u0027"}}"#,
            false,
        ),
        (r#"{"requestParameters":{"name":"other"}}"#, false),
    ] {
        // A path that no record had yet keeps logs with its name from being skipped.
        assert!(needle.may_match(log.as_bytes()));
        let seen = filter::parse("requestParameters.name = StopLogging").unwrap();
        let other = r#"{"Records":[{"requestParameters":{"name":"x"}}]}"#;
        scan(other.as_bytes(), &mut |record| {
            assert!(!seen.matches(&Subject {
                record,
                proof: Proof::Verified
            }));
        });
        assert_eq!(seen.may_match(log.as_bytes()), may, "{log}");
    }
    let slash = filter::parse("requestParameters.name = arn:aws:s3:::logs/key").unwrap();
    assert!(slash.may_match(br#"{"requestParameters":{"name":"arn:aws:s3:::logs\/key"}}"#));
}

#[test]
fn what_can_be_skipped() {
    for (expression, skips) in [
        ("name = StopLogging", true),
        ("name = Stop* and not failed", true),
        ("name = StopLogging or resource = trail-1", true),
        ("name = StopLogging or denied", false),
        ("not name = StopLogging", false),
        ("name != StopLogging", false),
        ("time = 2026-02-04T00:00:00Z", false),
        ("time > 2026-02-04", false),
        ("requestParameters.limit = 12345", false),
        ("account = 111122223333", true),
        ("agent ~ /Stop/", false),
        ("ip in (cidr 10.0.0.0/8)", false),
        ("ip in (203.0.113.1, 203.0.113.2)", true),
        ("name = *a*", false),
        ("proof = verified", false),
        ("category = Management", false),
        ("actor = arn:aws:iam::111122223333:user/alice", true),
        ("actor = unknown", false),
        ("", false),
    ] {
        assert_eq!(
            filter::parse(expression).unwrap().can_skip(),
            skips,
            "{expression}"
        );
    }
}
