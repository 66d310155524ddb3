//! `list`, `explain`, `completions` and `man`.

use serde_json::Value;
use trailaudit_checks::catalog;

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
    }
}

#[test]
fn permissions_are_what_the_checks_read() {
    let place = Place::new();
    let policy = place.run(&["list", "permissions"]).code(0).json();
    let read = policy["Statement"][0]["Action"].as_array().unwrap().clone();
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
