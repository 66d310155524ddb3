//! What people see of a report, the layout of the help, and flags that mean one thing.

use crate::binary::Place;

/// The exit code, the JSON and the totals are those of all findings; what is shown is what was asked for.
#[test]
fn a_filter_changes_only_what_is_shown() {
    let place = Place::new();
    let all = place.run(&["scan", "--demo", "-f", "json"]).code(1).stdout;
    let filter = ["--status", "fail", "--severity", "critical,high"];
    let with = |more: &[&'static str]| {
        let args = [&["scan", "--demo"], more, &filter].concat();
        place.run(&args).code(1).stdout
    };
    assert_eq!(with(&["-f", "json"]), all);
    let audit: serde_json::Value = serde_json::from_str(&all).unwrap();
    let findings = audit["findings"].as_array().unwrap();
    let is_open = |it: &&serde_json::Value| it["status"] == "fail" && it["waiver"].is_null();
    let loud = |it: &&serde_json::Value| it["severity"] == "critical" || it["severity"] == "high";
    let hidden = findings
        .iter()
        .filter(is_open)
        .filter(|it| !loud(it))
        .count();
    let unknown = findings
        .iter()
        .filter(|it| it["status"] == "unknown")
        .count();
    let said = "Not shown because of --status fail --severity critical,high:";
    for format in ["text", "markdown", "html"] {
        let told = with(&["-f", format]);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said), "{format}");
        let counts = format!("{hidden} fail, {unknown} unknown");
        assert!(told.contains(&counts), "{format}: {counts}");
    }
    let text = with(&["-f", "text"]);
    assert!(!text.contains("COULD NOT BE EVALUATED"), "{text}");
    assert!(!text.contains("  MEDIUM "), "{text}");
    assert!(text.contains("  CRITICAL "), "{text}");
}

#[test]
fn what_passes_is_shown_when_it_is_asked_for() {
    let place = Place::new();
    let args = ["scan", "--demo", "--status", "pass"];
    let text = place.run(&args).code(1).stdout;
    assert!(text.contains("\nPASS: "), "{text}");
    assert!(!text.contains("FAILING CHECKS"), "{text}");
    assert!(!text.contains("DO FIRST"), "{text}");
    let audit = place.run(&["scan", "--demo", "-f", "json=audit.json"]);
    audit.code(1);
    let told = place.run(&["report", "--status", "pass,fail", "audit.json"]);
    assert!(told.code(0).stdout.contains("\nPASS: "));
    let wrong = place.run(&["scan", "--demo", "--status", "failed"]);
    let words = "one of fail, waived, unknown, pass, not_applicable is expected";
    assert!(wrong.code(2).stderr.contains(words));
}

/// Usage, arguments, groups of flags, and those of every command at the end, the help among them.
#[test]
fn every_help_has_one_layout() {
    let place = Place::new();
    let commands = [
        "",
        "scan",
        "collect",
        "verify",
        "diff",
        "report",
        "access",
        "access simulate",
        "explain",
        "evidence create",
        "evidence verify",
        "evidence sample",
        "list checks",
        "list formats",
        "list frameworks",
        "list permissions",
        "list settings",
        "completions",
        "man",
    ];
    for command in commands {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let help = place.run(&args).code(0).stdout;
        assert!(!help.contains("\nOptions:"), "{command}: {help}");
        assert!(!help.contains("[possible values"), "{command}: {help}");
        assert!(!help.contains("see a summary"), "{command}: {help}");
        let (_, global) = help.split_once("\nGlobal options:\n").unwrap();
        let global = global.split("\n\n").next().unwrap();
        assert!(global.contains("-h, --help"), "{command}: {help}");
        assert!(
            help.lines().all(|it| it.chars().count() <= 100),
            "{command}: {help}"
        );
    }
}

/// `-o` names a folder of reports, wherever there are reports; as a file it still works where it did.
#[test]
fn a_short_flag_means_one_thing() {
    let place = Place::new();
    let old = place.run(&["collect", "--demo", "-o", "org.jsonl"]);
    let told = old.code(0).stderr;
    assert!(told.contains("use --output"), "{told}");
    let new = place.run(&["collect", "--demo", "--output", "new.jsonl"]);
    let told = new.code(0).stderr;
    assert!(!told.contains("use --output"), "{told}");
    place
        .run(&["scan", "--demo", "-f", "json", "-o", "a"])
        .code(1);
    place
        .run(&["report", "a/trailaudit.json", "-f", "csv", "-o", "b"])
        .code(0);
    place
        .run(&["diff", "a/trailaudit.json", "a/trailaudit.json", "-o", "c"])
        .code(0);
    place
        .run(&["access", "--demo", "-f", "csv", "-o", "d"])
        .code(0);
    for file in ["b/trailaudit.csv", "c/trailaudit.txt", "d/trailaudit.csv"] {
        assert!(place.path(file).is_file(), "{file}");
    }
}

/// Status messages are for people: `-q` suppresses them, `-v` adds diagnostics; stdout is the same.
#[test]
fn quiet_and_verbose_are_about_stderr() {
    let place = Place::new();
    let run = |flag: &[&'static str]| {
        let args = [&["scan", "--demo", "-f", "json=a.json", "-f", "text"], flag].concat();
        let run = place.run(&args).code(1);
        (run.stdout, run.stderr)
    };
    std::fs::write(place.path("trailaudit.toml"), "").unwrap();
    let (out, err) = run(&[]);
    assert!(err.contains("wrote json to a.json"), "{err}");
    assert_eq!(run(&["-q"]), (out.clone(), String::new()));
    let (told, detail) = run(&["-v"]);
    assert_eq!(told, out);
    assert!(detail.contains("settings from"), "{detail}");
}
