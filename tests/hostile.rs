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
        trail.arn = Arn::from(format!(
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
                "--details",
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
        .says("it unpacks to more than 500 times its size");
}

/// A line may be long, and no longer.
#[test]
fn a_line_without_an_end() {
    let place = Place::new();
    place.write("in.jsonl", vec![b' '; (256 << 20) + 2]);
    place
        .run(&["scan", "--inventory", "in.jsonl"])
        .code(2)
        .says("line 1 is longer than 256 MB");
}

/// A waiver file, settings, a map and a key are small: what is not is read by nobody.
#[test]
fn a_small_file_that_is_large() {
    let place = Place::new();
    place.write("large", vec![b'#'; (16 << 20) + 1]);
    place.write("in.jsonl", small(|_, _| {}));
    for args in [
        &["scan", "--demo", "-c", "large"][..],
        &["scan", "--demo", "--waivers", "large"],
        &["scan", "--demo", "--sarif-map", "large"],
        &["evidence", "create", "--demo", "-o", "x", "--sign", "large"],
        &["verify", ".", "--public-keys", "large"],
    ] {
        place.run(args).code(2).says("larger than 16 MB");
    }
    // The holes of a sparse file cost nothing, and reading them would.
    let audit = std::fs::File::create(place.path("audit.json")).unwrap();
    audit.set_len((2 << 30) + 1).unwrap();
    for args in [
        &["report", "audit.json"][..],
        &["diff", "audit.json", "audit.json"],
        &["scan", "--demo", "--baseline", "audit.json"],
    ] {
        place.run(args).code(2).says("larger than 2048 MB");
    }
}

/// A pipe that nobody writes to never ends, and neither does /dev/zero.
#[cfg(unix)]
#[test]
fn pipes_and_devices_are_no_files() {
    let place = Place::new();
    let made = std::process::Command::new("mkfifo")
        .arg(place.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    for path in ["pipe", "/dev/zero"] {
        for args in [
            &["scan", "--inventory", path][..],
            &["scan", "--demo", "-c", path],
            &["scan", "--demo", "--waivers", path],
            &["scan", "--demo", "--sarif-map", path],
            &["scan", "--demo", "--baseline", path],
            &["report", path],
            &["diff", path, path],
            &["evidence", "create", "--demo", "-o", "x", "--sign", path],
            &["evidence", "create", "--demo", "-o", "x", "--audit", path],
            &[
                "evidence",
                "create",
                "--demo",
                "-o",
                "x",
                "--newest-digest",
                path,
            ],
            &["evidence", "create", "--demo", "-o", "x", "--answers", path],
            &["verify", ".", "--public-keys", path],
        ] {
            let ended = place.run(args).says("a pipe or a device");
            assert!([2, 4].contains(&ended.code), "{args:?}");
        }
    }
    assert!(!place.path("x").exists());
}

/// Kept answers that unpack to anything, or have a line without an end.
#[test]
fn kept_answers_that_are_a_bomb() {
    let place = Place::new();
    let zeros = |count| std::io::Read::take(std::io::repeat(b' '), count);
    let lines = vec![b'\n'; 300 << 20];
    for bytes in [
        zstd::encode_all(zeros(300 << 20), 1).unwrap(),
        zstd::encode_all(lines.as_slice(), 1).unwrap(),
    ] {
        place.write("answers.jsonl.zst", bytes);
        let ended = place.run(&[
            "evidence",
            "create",
            "--demo",
            "--answers",
            "answers.jsonl.zst",
            "-o",
            "x",
        ]);
        assert!(ended.code != 0 && !place.path("x").exists());
    }
}

/// docs/security.md names a test for each attack: each of them is there.
#[test]
fn the_tests_that_the_table_names_are_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    let mut folders = vec![root.join("src"), root.join("tests"), root.join("checks")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs" || it == "py") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let text = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, tables) = text.split_once("## Attack and test").unwrap();
    let (tables, _) = tables.split_once("## Fuzzing").unwrap();
    let mut count = 0;
    for row in tables.lines().filter(|it| it.starts_with("| ")) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap();
        for name in cell.split('`').skip(1).step_by(2) {
            let there = if name.contains('/') {
                root.join(name).exists()
            } else {
                sources.contains(&format!("fn {name}("))
                    || sources.contains(&format!("def {name}("))
            };
            assert!(there, "{name}: {row}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}
