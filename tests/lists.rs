//! `list`, `explain`, `completions` and `man`.

use std::path::Path;

use serde_json::Value;
use trailaudit_checks::catalog;

use trailaudit::commands::{explain, list};

use crate::binary::Place;

#[test]
fn lists_are_told_to_people_and_programs() {
    let place = Place::new();
    for what in ["checks", "formats", "frameworks", "settings"] {
        let text = place.run(&["list", what]).code(0).stdout;
        let rows = place.run(&["list", what, "--json"]).code(0).json();
        assert_eq!(
            text.lines().count(),
            rows.as_array().unwrap().len(),
            "{what}"
        );
    }
    let checks = place.run(&["list", "checks", "--json"]).json();
    assert_eq!(checks.as_array().unwrap().len(), catalog::all().len());
}

#[test]
fn every_check_is_explained() {
    let place = Place::new();
    for check in catalog::all() {
        let text = place.run(&["explain", check.id]).code(0).stdout;
        assert!(
            text.contains(check.title) && text.contains(check.reads[0].action),
            "{text}"
        );
        let json = place.run(&["explain", check.id, "--json"]).code(0).json();
        assert_eq!(json["id"], check.id);
        assert_eq!(json["fix"], check.fix);
        assert!(
            text.contains("How it is evaluated") && text.contains("Edge cases"),
            "{text}"
        );
    }
}

/// Generated text is compared with its file; with `TRAILAUDIT_RENEW=1` it is written.
fn published(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    if std::env::var("TRAILAUDIT_RENEW").is_ok_and(|it| it == "1") {
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "docs/{name} is not what is generated; renew it with\n    \
         TRAILAUDIT_RENEW=1 cargo test --no-default-features --test main lists"
    );
}

#[test]
fn the_handbook_is_that_of_the_catalogue() {
    let pages = explain::handbook().unwrap();
    for (path, text) in &pages {
        published(path, text);
    }
    // A check that is gone leaves no page.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(pages.contains_key(&format!("checks/{name}")), "{name}");
    }
}

/// The table of services in docs/access.md is that of the analysis.
#[test]
fn the_services_are_those_of_the_analysis() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/access.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (start, end) = (
        "cargo test --no-default-features --test main lists -->\n",
        "<!-- end of services -->",
    );
    let (before, rest) = text.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let table = trailaudit_checks::access::services::markdown();
    published("access.md", &format!("{before}{start}{table}{end}{after}"));
    // What a pass says is not followed stands there too.
    for not_followed in trailaudit_checks::access::services::NOT_FOLLOWED {
        let words = not_followed.split([' ', ',', '(']).next().unwrap();
        assert!(after.contains(words), "{words}");
    }
}

/// The schemas of the files that users write; `init` names them to editors.
#[test]
fn schemas_of_settings_and_waivers() {
    let id = "https://github.com/trailaudit/trailaudit/blob/main/docs/schemas";
    let publish = |name: &str, mut schema: serde_json::Value| {
        schema["$id"] = format!("{id}/{name}").into();
        published(&format!("schemas/{name}"), &format!("{:#}\n", schema));
        jsonschema::validator_for(&schema).unwrap()
    };
    let settings = publish("settings.schema.json", list::schema());
    let waivers = schemars::schema_for!(trailaudit_checks::waiver::Waivers);
    let waivers = publish("waivers.schema.json", waivers.to_value());
    let read = |text: &str| {
        let table: toml::Table = toml::from_str(text).unwrap();
        serde_json::to_value(table).unwrap()
    };
    let good = "retention_days = 400\ngap_window = \"30d\"\nregions = [\"eu-west-1\"]\n[roles.111111111111]\nrole_name = \"x\"";
    assert!(settings.is_valid(&read(good)));
    assert!(!settings.is_valid(&read("retention_day = 400")));
    assert!(
        !settings.is_valid(&read("[checks.trail-exists]\nenabled = false")),
        "without a reason"
    );
    let good = "[[waiver]]\ncheck = \"a\"\nsubject = \"b\"\nreason = \"c\"\napprover = \"d\"\nexpires = \"2027-01-01\"";
    assert!(waivers.is_valid(&read(good)));
    assert!(!waivers.is_valid(&read(&good.replace("approver", "aprover"))));
}

/// The example is complete and right: with its comment marks taken away, it is a settings file that is accepted.
#[test]
fn the_example_has_every_key() {
    let place = Place::new();
    let text = place.run(&["list", "settings", "--example"]).code(0).stdout;
    published("trailaudit.example.toml", &text);
    assert_eq!(text, list::example().unwrap());
    let set = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    let bare: String = text.lines().map(|line| set(line) + "\n").collect();
    let rows = place.run(&["list", "settings", "--json"]).code(0).json();
    for row in rows.as_array().unwrap() {
        let key = row["key"].as_str().unwrap();
        let there = |line: &str| {
            line.starts_with(&format!("{key} ="))
                || line.starts_with(&format!("[{key}."))
                || line == format!("[[{key}]]")
        };
        assert!(bare.lines().any(there), "{key} is not in the example");
    }
    // Files that are not here.
    let elsewhere = ["baseline", "waivers", "output_dir", "sarif_map"];
    let judged = bare.lines().filter(|line| {
        !elsewhere
            .iter()
            .any(|key| line.starts_with(&format!("{key} =")))
    });
    let judged: String = judged.map(|line| format!("{line}\n")).collect();
    place.write("example.toml", judged);
    let args = ["scan", "--demo", "-c", "example.toml", "-f", "json"];
    let audit = place.run(&args).code(1).json();
    let notes = audit["coverage"]["notes"].to_string();
    assert!(
        notes.contains("leave trail-insights-error-rate out"),
        "{notes}"
    );
}

#[test]
fn what_is_no_check_says_why() {
    let place = Place::new();
    let text = place.run(&["list", "checks", "--left-out"]).code(0).stdout;
    assert!(
        text.contains("organization-trail-owner-account  An organization trail"),
        "{text}"
    );
    let rows = place
        .run(&["list", "checks", "--left-out", "--json"])
        .json();
    assert_eq!(
        rows.as_array().unwrap().len(),
        catalog::left_out().unwrap().len()
    );
}

#[test]
fn links_say_whose_reading_they_are() {
    let place = Place::new();
    let args = ["list", "frameworks", "cis-aws-foundations-5.0", "--links"];
    let text = place.run(&args).code(0).stdout;
    assert!(
        text.lines()
            .all(|line| line.starts_with("cis-aws-foundations-5.0")),
        "{text}"
    );
    let line = text
        .lines()
        .find(|it| it.contains("trail-multi-region"))
        .unwrap();
    assert!(line.ends_with("peer and ours"), "{line}");
    let rows = place
        .run(&["list", "frameworks", "--links", "--json"])
        .json();
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 500 && rows.iter().all(|it| it["basis"].is_string()));
    place
        .run(&["list", "frameworks", "cis-aws-foundations-5"])
        .code(2)
        .says("there is no framework");
}

#[test]
fn permissions_are_what_the_checks_read() {
    let place = Place::new();
    let all = ["--verify-digests", "--lookup-events"];
    let policy = place
        .run(&["list", "permissions", all[0], all[1]])
        .code(0)
        .json();
    let actions = |of: &Value| of["Action"].as_array().unwrap().clone();
    let of = |policy: &Value, sid: &str| -> Option<Value> {
        let mut statements = policy["Statement"].as_array().unwrap().iter();
        statements.find(|it| it["Sid"] == sid).cloned()
    };
    let (settings, record) = (of(&policy, "Read"), of(&policy, "ReadRecord").unwrap());
    let read = [actions(&settings.unwrap()), actions(&record)].concat();
    for check in catalog::all() {
        for call in check.reads {
            let elsewhere = matches!(call.service, "sts" | "organizations");
            assert!(
                elsewhere || read.contains(&Value::from(call.action)),
                "{}",
                call.action
            );
        }
    }
    // Objects are read where CloudTrail puts them, and keys used by S3 alone.
    assert_eq!(record["Resource"], "arn:*:s3:::*/AWSLogs/*");
    let decrypt = of(&policy, "DecryptRecord").unwrap();
    let via = &decrypt["Condition"]["StringLike"]["kms:ViaService"];
    assert_eq!(via, "s3.*.amazonaws.com*");
    // What is done by choice alone is not granted without.
    let plain = place.run(&["list", "permissions"]).code(0).json();
    assert!(of(&plain, "ReadRecord").is_none() && of(&plain, "DecryptRecord").is_none());
    let plain = actions(&of(&plain, "Read").unwrap());
    assert!(!plain.contains(&Value::from("cloudtrail:LookupEvents")));
    let chains = ["list", "permissions", "--check", "delivery-digest-*-valid"];
    let chains = place.run(&chains).code(0).json();
    assert!(
        of(&chains, "ReadRecord").is_some(),
        "no other run judges them"
    );
    let only_reads = |action: &Value| {
        let (_, verb) = action.as_str().unwrap().split_once(':').unwrap();
        ["Get", "List", "Describe", "Lookup"]
            .iter()
            .any(|it| verb.starts_with(it))
    };
    assert!(read.iter().all(only_reads), "{read:?}");
    for (format, resource) in [
        ("cloudformation", "AWS::IAM::Role"),
        ("terraform", "aws_iam_role"),
    ] {
        let args = [
            "list",
            "permissions",
            "--format",
            format,
            "--role-name",
            "auditor",
            all[0],
            all[1],
        ];
        let text = place.run(&args).code(0).stdout;
        assert!(
            text.contains(resource) && text.contains("\"auditor\""),
            "{text}"
        );
        for action in &read {
            assert!(text.contains(action.as_str().unwrap()), "{action}");
        }
    }
}

#[test]
fn completions_and_man() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).code(0).stdout;
        assert!(script.contains("trailaudit"), "{shell}");
    }
    assert!(
        place
            .run(&["man"])
            .code(0)
            .stdout
            .contains(".TH trailaudit")
    );
    place.run(&["man", "-o", "pages"]).code(0);
    assert!(place.path("pages/trailaudit-scan.1").is_file());
}

/// Whoever comes from another tool finds the checks by its names.
#[test]
fn names_of_other_tools_are_known() {
    let place = Place::new();
    for (name, check) in [
        (
            "cloudtrail_log_file_validation_enabled",
            "trail-log-file-validation",
        ),
        ("CloudTrail.4", "trail-log-file-validation"),
        ("cloudtrail_bucket_requires_mfa_delete", "bucket-mfa-delete"),
    ] {
        let listed = place.run(&["list", "checks", "--check", name]).code(0);
        assert!(listed.stdout.starts_with(check), "{}", listed.stdout);
        assert_eq!(listed.stdout.lines().count(), 1, "{}", listed.stdout);
        let explained = place.run(&["explain", check]).code(0).stdout;
        assert!(explained.contains(name), "{explained}");
        let words = format!("see `trailaudit explain {check}`");
        place.run(&["explain", name]).code(2).says(&words);
    }
    let scan = ["scan", "--demo", "--check", "CloudTrail.4", "-f", "json"];
    let audit = place.run(&scan).code(1).json();
    let checks: Vec<&str> = audit["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect();
    assert_eq!(checks, ["trail-log-file-validation"]);
}

#[test]
fn checks_are_listed_by_severity_and_group() {
    let place = Place::new();
    let list = [
        "list",
        "checks",
        "--severity",
        "critical",
        "--group",
        "bucket",
        "-f",
        "json",
    ];
    let rows = place.run(&list).code(0).json();
    let rows = rows.as_array().unwrap();
    let expected: Vec<&str> = catalog::all()
        .iter()
        .filter(|it| it.group() == "bucket" && it.severity.as_str() == "critical")
        .map(|it| it.id)
        .collect();
    assert!(!expected.is_empty());
    let listed: Vec<&str> = rows.iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert_eq!(listed, expected);
    place
        .run(&["list", "checks", "--group", "buckets"])
        .code(2)
        .says("one of access, bucket");
}

/// The shell completes ids, formats and severities.
#[test]
fn completions_name_the_values() {
    let place = Place::new();
    let script = place.run(&["completions", "bash"]).code(0).stdout;
    for value in [
        "trail-multi-region",
        "cis-aws-foundations-7.0",
        "sarif",
        "critical",
    ] {
        assert!(script.contains(value), "{value}");
    }
}
