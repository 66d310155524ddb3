//! Hostile text in every input of every command: neither stream has anything in it that a terminal or a CI runner would
//! obey. Inventories, settings, waivers, audits, baselines, bundles, digest folders, file names, arguments, variables.

use serde_json::Value;

use crate::binary::{Ended, Place};

/// Moves the cursor, hides and reverses text, breaks lines, and gives commands to the runners of GitHub, Azure, TeamCity,
/// Buildkite and GitLab. No `/`, so that it can be a file's name as well.
const EVIL: &str = "e\u{1b}[2J\u{7}\u{202e}\u{61c}\u{2028}\u{2029}\u{200b}\u{200f}\u{feff}\u{e0041}\u{9b}]]><b>\r\n\
                    ::error::x\n \u{a0}::warning::x\n##[error]x\n##vso[task.complete]x\n##teamcity[x]\n--- x\n+++ x\n\
                    ~~~ x\n^^^ +++\nsection_start:1:x\u{202d}";

/// What in this text acts, if anything does.
fn acts(text: &str) -> Option<String> {
    let hidden = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{61c}' | '\u{ad}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}')
    };
    if let Some(c) = text.chars().find(|c| hidden(*c)) {
        return Some(format!("{c:?}"));
    }
    let anywhere = [
        "##[",
        "##vso[",
        "##teamcity[",
        "section_start:",
        "section_end:",
    ];
    let first = ["---", "+++", "~~~", "^^^"];
    let commands = |line: &&str| {
        let begins = line.trim();
        begins.starts_with("::")
            || anywhere.iter().any(|it| line.contains(it))
            || begins
                .split_whitespace()
                .next()
                .is_some_and(|word| first.contains(&word))
    };
    text.lines().find(commands).map(str::to_owned)
}

/// Runs it, whatever comes of it but a panic, and looks at both streams.
struct Runs {
    place: Place,
    count: usize,
}

impl Runs {
    #[track_caller]
    fn run(&mut self, args: &[&str]) -> Ended {
        self.run_with(&[], args)
    }

    #[track_caller]
    fn run_with(&mut self, variables: &[(&str, &str)], args: &[&str]) -> Ended {
        let ended = self.place.run_with(variables, args);
        self.count += 1;
        assert!(
            (0..=4).contains(&ended.code),
            "{args:?}: {} {}",
            ended.code,
            ended.stderr
        );
        // Lines of CSV end as RFC 4180 has it.
        let csv = args.contains(&"csv");
        let stdout = match csv {
            true => ended.stdout.replace("\r\n", "\n"),
            false => ended.stdout.clone(),
        };
        for (stream, text) in [("stdout", &stdout), ("stderr", &ended.stderr)] {
            if let Some(what) = acts(text) {
                panic!("{stream} of {args:?} has {what:?}");
            }
        }
        // A field has no line feeds: every message is one line.
        assert!(
            !ended.stderr.contains("\ne\\u{1b}"),
            "{args:?}: {}",
            ended.stderr
        );
        ended
    }
}

/// The sample organization, with hostile names for things and people, in whatever refers to them.
fn inventory(place: &Place) -> String {
    place
        .run(&["collect", "--demo", "-o", "demo.jsonl"])
        .code(0);
    let text = String::from_utf8(place.read("demo.jsonl")).unwrap();
    let evil = serde_json::to_string(EVIL).unwrap();
    let evil = evil.trim_matches('"');
    let mut text = text;
    for name in [
        "platform-operator",
        "payments-audit",
        "student",
        "organization-trail",
        "release",
        "pipeline",
    ] {
        assert!(text.contains(name), "{name}");
        text = text.replace(name, &format!("{name}{evil}"));
    }
    // And whatever AWS is said to have answered.
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut value: Value = serde_json::from_str(line).unwrap();
        taint(&mut value);
        lines.push(value.to_string());
    }
    lines.join("\n") + "\n"
}

/// Names, details and request ids.
fn taint(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(taint),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), &mut *value) {
                    ("detail" | "request_id", Value::String(text)) => text.push_str(EVIL),
                    _ => taint(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn toml(text: &str) -> String {
    // JSON's escapes are TOML's, but for two characters beyond the first plane.
    let mut out = String::from("\"");
    for c in text.chars() {
        out.push_str(&format!("\\U{:08x}", u32::from(c)));
    }
    out + "\""
}

fn place() -> (Runs, String) {
    let place = Place::new();
    let inventory = inventory(&place);
    let file = format!("{EVIL}.jsonl");
    place.write(&file, inventory);
    (Runs { place, count: 0 }, file)
}

#[test]
fn scan_report_and_diff() {
    let (mut runs, file) = place();
    let evil = toml(EVIL);
    let settings = format!(
        "required_tags = [{evil}]\n\n[[allowed_principals]]\narn = {evil}\nreason = {evil}\nexpires = \"2020-01-01\"\n\n\
         [checks.trail-tagged]\nseverity = \"high\"\nreason = {evil}\n\n[checks.bucket-naming]\nenabled = false\nreason = {evil}\n"
    );
    let waiver = |check: &str, expires: &str| {
        format!(
            "[[waiver]]\ncheck = \"{check}\"\nsubject = \"*\"\nreason = {evil}\napprover = {evil}\nticket = {evil}\n\
             expires = \"{expires}\"\n\n"
        )
    };
    let waivers = [
        waiver("bucket-*", "2099-01-01"),
        waiver("trail-*", "2020-01-01"),
        format!(
            "[[waiver]]\ncheck = \"key-*\"\nsubject = {evil}\nreason = \"r\"\napprover = \"a\"\nexpires = \"2099-01-01\"\n\n\
             [[accepted_gap]]\naccount = {evil}\nreason = {evil}\napprover = {evil}\nexpires = \"2099-01-01\"\n"
        ),
    ]
    .concat();
    let (settings_file, waivers_file) = (format!("{EVIL}.toml"), format!("{EVIL}w.toml"));
    runs.place.write(&settings_file, settings);
    runs.place.write(&waivers_file, waivers);
    let audit = format!("{EVIL}.json");
    let saved = format!("json={audit}");
    let scan = [
        "scan",
        "-v",
        "--inventory",
        &file,
        "-c",
        &settings_file,
        "--waivers",
        &waivers_file,
    ];
    let first = runs.run(&[&scan[..], &["-f", &saved, "-f", "text"]].concat());
    assert_eq!(first.code, 1, "{}", first.stderr);
    assert!(first.stderr.contains("\\u{1b}"), "{}", first.stderr);
    for format in trailaudit_reports::FORMATS {
        let name = format.name;
        let compared = ["--baseline", &audit, "-f", name];
        assert_eq!(runs.run(&[&scan[..], &compared].concat()).code, 1);
        for more in [&["-v"][..], &["--details"]] {
            let report = [&["report", audit.as_str(), "-f", name], more].concat();
            assert_eq!(runs.run(&report).code, 0);
        }
    }
    let full = ["--sarif-profile", "full", "--sarif-anchor", &file];
    runs.run(&[&["report", &audit, "-f", "sarif"][..], &full].concat());
    runs.place
        .run(&["scan", "--demo", "-f", "json=demo.json"])
        .code(1);
    for format in trailaudit_reports::DIFF_FORMATS {
        for pair in [["demo.json", &audit], [&audit, "demo.json"]] {
            runs.run(&[&["diff"][..], &pair, &["-f", format.name]].concat());
        }
    }
    let folder = format!("{EVIL}.reports");
    runs.run(&[&scan[..], &["-o", &folder, "-f", "text", "-f", "csv"]].concat());
}

#[test]
fn access() {
    let (mut runs, file) = place();
    let all = ["access", "-v", "--inventory", &file];
    for format in trailaudit_reports::access::FORMATS {
        runs.run(&[&all[..], &["-f", format.name]].concat()).code(0);
    }
    runs.run(&[&all[..], &["--by", "target"]].concat()).code(0);
    runs.run(&[&all[..], &["--explain"]].concat()).code(0);
    runs.run(&[&all[..], &["--principal", "*student*"]].concat())
        .code(0);
    let out = format!("csv={EVIL}.csv");
    runs.run(&[&all[..], &["-f", &out]].concat()).code(0);
    let student = format!("arn:aws:iam::666666666666:user/student{EVIL}");
    let simulate = [
        "access",
        "simulate",
        "--inventory",
        &file,
        "--action",
        "cloudtrail:StopLogging",
    ];
    for format in trailaudit_reports::access::ANSWER_FORMATS {
        let more = ["--principal", &student, "-f", format.name];
        runs.run(&[&simulate[..], &more].concat()).code(0);
    }
    runs.run(&[&simulate[..], &["--principal", EVIL]].concat())
        .code(2);
    runs.run(
        &[
            &simulate[..],
            &["--principal", &student, "--resource", EVIL],
        ]
        .concat(),
    )
    .code(2);
    runs.run(&[
        "access",
        "simulate",
        "--demo",
        "--principal",
        EVIL,
        "--action",
        EVIL,
    ])
    .code(2);
}

#[test]
fn evidence() {
    let (mut runs, file) = place();
    let bundle = format!("{EVIL}.bundle");
    let create = ["evidence", "create", "-v", "--inventory", &file];
    runs.run(&[&create[..], &["-o", &bundle]].concat());
    runs.run(&["evidence", "verify", &bundle]);
    runs.run(&["evidence", "verify", &bundle, "--json"]);
    for of in ["regions", "findings", "calls"] {
        runs.run(&["evidence", "sample", &bundle, "--of", of])
            .code(0);
    }
    // A bundle that somebody else made.
    runs.place.write(&format!("{bundle}/{EVIL}"), EVIL);
    let sums = String::from_utf8(runs.place.read(&format!("{bundle}/SHA256SUMS"))).unwrap();
    let zero = "0".repeat(64);
    runs.place.write(
        &format!("{bundle}/SHA256SUMS"),
        format!("{zero}  {EVIL}\n{sums}"),
    );
    runs.run(&["evidence", "verify", &bundle]).code(1);
    runs.run(&["evidence", "verify", &bundle, "--json"]).code(1);
    runs.run(&["evidence", "sample", &bundle]).code(2);
    for file in ["manifest.json", "audit.json"] {
        runs.place
            .write(&format!("{bundle}/{file}"), format!("{{\"{EVIL}\""));
        runs.run(&["evidence", "verify", &bundle]).code(1);
    }
    runs.run(&["evidence", "verify", EVIL]).code(2);
    runs.run(&["evidence", "create", "--inventory", &file, "-o", &file]);
    runs.run(&["evidence", "verify", &bundle, "--public-key", EVIL]);
}

#[test]
fn broken_files() {
    let (mut runs, file) = place();
    let broken = format!("{EVIL}.broken");
    let json = serde_json::to_string(EVIL).unwrap();
    for text in [
        EVIL.to_owned(),
        format!("{{{json}: 1}}"),
        format!("{{\"record\": {json}, \"value\": 1}}\n"),
        format!("{{\"schema\": {json}}}"),
        format!("{{\"schema\": 1, \"tool\": {json}}}"),
        format!("{} = 1\n", toml(EVIL)),
        format!("retention_days = {}\n", toml(EVIL)),
        format!("[[waiver]]\ncheck = {}\n", toml(EVIL)),
        format!("fail_on = {}\n", toml(EVIL)),
        format!("[checks.{}]\nreason = \"r\"\n", toml(EVIL)),
    ] {
        runs.place.write(&broken, text);
        for args in [
            &["scan", "--inventory", &broken][..],
            &["access", "--inventory", &broken],
            &["scan", "--demo", "-c", &broken],
            &["scan", "--demo", "--waivers", &broken],
            &["scan", "--demo", "--baseline", &broken],
            &["scan", "--inventory", &file, "--sarif-map", &broken],
            &["report", &broken],
            &["diff", &broken, &broken],
            &["evidence", "verify", &broken],
            &["evidence", "create", "--demo", "--audit", &broken],
            &["verify", ".", "--public-keys", &broken],
            &["verify", ".", "--public-keys", &broken, "--state", &broken],
        ] {
            runs.run(args);
        }
    }
}

#[test]
fn folders_of_digests() {
    let (mut runs, _) = place();
    runs.place.write("keys.json", "{}");
    let folder = format!("{EVIL}.mirror");
    let digests = "AWSLogs/111111111111/CloudTrail-Digest/eu-west-1/2026/01/01";
    for path in [
        format!("{EVIL}/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/01/01/x.json.gz"),
        format!("AWSLogs/{EVIL}/CloudTrail-Digest/eu-west-1/2026/01/01/x.json.gz"),
        format!("{digests}/{EVIL}.json.gz"),
        format!(
            "{digests}/111111111111_CloudTrail-Digest_eu-west-1_{EVIL}_eu-west-1_20260101T000000Z.json.gz"
        ),
    ] {
        runs.place.write(&format!("{folder}/{path}"), EVIL);
    }
    let line = format!(
        "{{\"bucket\": {0}, \"key\": {0}, \"metadata\": {{{0}: {0}}}}}\n",
        serde_json::to_string(EVIL).unwrap()
    );
    runs.place.write(&format!("{folder}/.metadata.jsonl"), line);
    let verify = ["verify", "-v", &folder, "--public-keys", "keys.json"];
    let now = ["--now", "2026-01-02T00:00:00Z"];
    for format in trailaudit_reports::FORMATS {
        runs.run(&[&verify[..], &now, &["-f", format.name]].concat());
    }
    runs.run(&[&verify[..], &["--plan"]].concat());
    runs.run(&[&verify[..], &["--trail", EVIL]].concat());
    runs.run(&[&verify[..], &["--bucket", EVIL]].concat());
    runs.run(&[&verify[..], &["--regions", EVIL]].concat());
    runs.run(&[&verify[..], &["--since", EVIL]].concat())
        .code(2);
    runs.run(&["verify", EVIL, "--public-keys", "keys.json"])
        .code(2);
}

#[test]
fn arguments_and_variables() {
    let (mut runs, file) = place();
    let anywhere = format!("a,{EVIL}");
    for args in [
        &[EVIL][..],
        &["scan", EVIL],
        &["scan", "--demo", "--check", EVIL],
        &["scan", "--demo", "--check", &anywhere],
        &["scan", "--demo", "--skip-check", EVIL],
        &["scan", "--demo", "--framework", EVIL],
        &["scan", "--demo", "--fail-on", EVIL],
        &["scan", "--demo", "--now", EVIL],
        &["scan", "--demo", "--min-severity", EVIL],
        &["scan", "--demo", "-f", EVIL],
        &["scan", "--demo", "--sarif-profile", EVIL],
        &["scan", "--demo", "--sarif-anchor", EVIL, "-f", "sarif"],
        &["scan", "--demo", "--baseline", EVIL],
        &["scan", "--demo", "--waivers", EVIL],
        &["scan", "--demo", "-c", EVIL],
        &["scan", "--demo", "--profile", EVIL],
        &["scan", "--inventory", EVIL],
        &["scan", "--accounts", EVIL],
        &["scan", "--accounts", &anywhere],
        &["scan", "--since", EVIL],
        &["scan", "--color", EVIL],
        &["collect", "--max-in-flight", EVIL],
        &["collect", "--role-name", EVIL, "-o", "x"],
        &["collect", "--demo", "-o", EVIL],
        &["report", EVIL],
        &["report", EVIL, "-f", EVIL],
        &["diff", EVIL, EVIL],
        &["access", "--demo", "-f", EVIL],
        &["access", "--demo", "--principal", EVIL],
        &["access", "--demo", "--by", EVIL],
        &["access", EVIL],
        &["evidence", EVIL],
        &["evidence", "verify", EVIL],
        &["evidence", "sample", EVIL, "--of", EVIL],
        &["evidence", "create", "--demo", "--sign", EVIL],
        &["explain", EVIL],
        &["explain", EVIL, "--json"],
        &["list", EVIL],
        &["list", "checks", "--check", EVIL],
        &["list", "frameworks", EVIL],
        &["list", "permissions", "--role-name", EVIL],
        &["list", "permissions", "--format", EVIL],
        &["list", "settings", EVIL],
        &["completions", EVIL],
        &["man", EVIL],
    ] {
        runs.run(args);
    }
    // A folder that cannot be made, and a place that cannot be written.
    let within = format!("{file}/x");
    let out = format!("json={within}");
    runs.run(&["scan", "--demo", "-f", &out]).code(4);
    runs.run(&["scan", "--demo", "-o", &within]);
    runs.run(&["man", "-o", &within]);
    runs.run(&["collect", "--demo", "-o", &within]);
    for name in [
        "FORMAT",
        "CHECK",
        "FAIL_ON",
        "INVENTORY",
        "WAIVERS",
        "BASELINE",
        "CONFIG",
        "COLOR",
        "NOW",
    ] {
        let variable = format!("TRAILAUDIT_{name}");
        runs.run_with(&[(&variable, EVIL)], &["scan", "--demo"]);
    }
    assert!(runs.count > 50);
}
