//! Inventories that someone made to do harm: a clear error, or harmless words.

use serde_json::json;
use trailaudit_checks::fact::Known;
use trailaudit_checks::ids::Arn;

use crate::binary::Place;
use crate::small::{CHECK, configuration, small};

/// Clears the screen, hides what follows, closes tags and sections.
const NAME: &str =
    "\u{1b}[2J\u{1b}]0;pwned\u{7}\u{202e}]]><script>alert(1)</script>\u{0}\r\n::error::x";

#[test]
fn names_that_a_terminal_would_obey() {
    let place = Place::new();
    let inventory = small(|inventory, _| {
        configuration(inventory).log_file_validation = Known(false);
        for account in inventory.accounts.values_mut() {
            account.name = Some(NAME.to_owned());
        }
        let (_, mut trail) = inventory.trails.pop_first().unwrap();
        trail.arn = Arn(format!(
            "arn:aws:cloudtrail:eu-west-1:123456789012:trail/{NAME}"
        ));
        trail.name = NAME.to_owned();
        inventory.trails.insert(trail.arn.clone(), trail);
    });
    place.write("in.jsonl", inventory);
    for format in trailaudit_reports::FORMATS {
        let ended = place
            .run(&[
                "scan",
                "-v",
                "--inventory",
                "in.jsonl",
                "--check",
                CHECK,
                "-f",
                format.name,
            ])
            .code(1);
        // The end of a line of CSV, by RFC 4180.
        let stdout = match format.name {
            "csv" => ended.stdout.replace("\r\n", "\n"),
            _ => ended.stdout,
        };
        for text in [stdout, ended.stderr] {
            // In JSON, the marks of direction are data for programs.
            let obeyed =
                |c: char| c.is_control() && c != '\n' || c == '\u{202e}' && format.name != "json";
            assert!(!text.contains(obeyed), "{}: {text:?}", format.name);
        }
    }
}

#[test]
fn words_of_a_broken_file_are_harmless() {
    let place = Place::new();
    place.write(
        "in.jsonl",
        format!("{}\n", json!({"record": NAME, "value": {"schema": 1}})),
    );
    place.write("bad.toml", "\"\\u001b[2Jx\" = 1\n");
    for args in [
        &["scan", "--inventory", "in.jsonl"][..],
        &["scan", "--demo", "-c", "bad.toml"],
        &["scan", "--demo", "--waivers", "bad.toml"],
        &["explain", "\u{1b}[2J"],
        &["scan", "--demo", "--check", "\u{1b}[2J"],
    ] {
        let ended = place.run(args).code(2);
        assert!(
            !ended.stderr.contains('\u{1b}'),
            "{args:?} {:?}",
            ended.stderr
        );
    }
}

#[test]
fn a_name_of_a_megabyte() {
    let place = Place::new();
    let name = "x".repeat(1 << 20);
    let inventory = small(|inventory, _| {
        configuration(inventory).log_file_validation = Known(false);
        inventory.trails.values_mut().next().unwrap().name = name;
    });
    place.write("in.jsonl", inventory);
    for format in trailaudit_reports::FORMATS {
        let out = format!("{}=out", format.name);
        place
            .run(&[
                "scan",
                "--inventory",
                "in.jsonl",
                "--check",
                CHECK,
                "-f",
                &out,
            ])
            .code(1);
    }
}

#[test]
fn deep_and_huge() {
    let header = small(|_, _| {});
    let header = header.split(|byte| *byte == b'\n').next().unwrap();
    let deep = [r#"{"record":"iam","value":"#, &"[".repeat(1 << 20)].concat();
    let deep_fact = [
        r#"{"record":"organization","value":"#,
        &r#"{"known":"#.repeat(100_000),
    ]
    .concat();
    let huge = r#"{"record":"call","value":{"account":"1","region":"r","call":"sts:GetCallerIdentity","outcome":"answered","attempts":1e999}}"#;
    let negative = huge.replace("1e999", "-1");
    for line in [deep.as_str(), &deep_fact, huge, &negative] {
        let place = Place::new();
        place.write("in.jsonl", [header, b"\n", line.as_bytes(), b"\n"].concat());
        let ended = place
            .run(&["scan", "--inventory", "in.jsonl"])
            .code(2)
            .says("line 2");
        assert!(ended.stderr.len() < 1_000, "{}", ended.stderr.len());
    }
}

/// A megabyte that unpacks to more than any line may be.
#[test]
fn a_bomb() {
    let place = Place::new();
    let zeros = std::io::Read::take(std::io::repeat(b' '), 300 << 20);
    place.write("in.jsonl.zst", zstd::encode_all(zeros, 1).unwrap());
    place
        .run(&["scan", "--inventory", "in.jsonl.zst"])
        .code(2)
        .says("line 1 is longer than 256 MB");
}
