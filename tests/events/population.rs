//! `--inventory`: accounts and regions without a chain are named, and so is what no trail logs.

use serde_json::Value;

use super::events;
use crate::binary::Place;
use crate::verify::{END, lay};

fn inventory(place: &Place) {
    place
        .run(&["collect", "--demo", "-o", "demo.jsonl"])
        .code(0);
}

fn not_covered(answer: &Value) -> Vec<String> {
    let all = answer["rests_on"]["not_covered"].as_array().unwrap();
    all.iter()
        .map(|it| it.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn accounts_without_a_chain_are_named() {
    let place = Place::new();
    inventory(&place);
    lay(
        &place,
        r#"{"records": 3, "accounts": ["111111111111"], "regions": ["us-east-1"]}"#,
    );
    let plain = events(
        &place,
        "search",
        &["name = NoSuchCall", "--until", END, "-f", "json"],
    );
    let plain = plain.code(0).json();
    assert_eq!(plain["rests_on"].get("not_logged"), None);
    // "Nobody" needs the whole organization.
    let more = [
        "name = NoSuchCall",
        "--until",
        END,
        "--inventory",
        "demo.jsonl",
    ];
    let answer = events(&place, "search", &[&more[..], &["-f", "json"]].concat());
    let answer = answer.code(3).json();
    let told = not_covered(&answer);
    for account in ["222222222222 (log-archive)", "555555555555 (legacy-erp)"] {
        assert!(
            told.iter().any(|it| it.starts_with(account)),
            "{account}: {told:?}"
        );
    }
    let own: Vec<&String> = told
        .iter()
        .filter(|it| it.starts_with("111111111111"))
        .collect();
    assert!(own.len() == 1 && !own[0].contains("us-east-1,"), "{own:?}");
    let text = events(&place, "search", &more).code(3).stdout;
    assert!(text.contains("legacy-erp"), "{text}");
    // Only one account and region is asked about: it has its chain.
    let narrow = [
        "--accounts",
        "111111111111",
        "--regions",
        "us-east-1",
        "-f",
        "json",
    ];
    let narrow = events(&place, "search", &[&more[..], &narrow].concat())
        .code(0)
        .json();
    assert_eq!(not_covered(&narrow), [""; 0]);
    assert!(narrow["rests_on"]["not_logged"].is_array(), "{narrow:#}");
}

#[test]
fn coverage_names_them_as_well() {
    let place = Place::new();
    inventory(&place);
    lay(
        &place,
        r#"{"records": 3, "accounts": ["111111111111"], "regions": ["us-east-1"]}"#,
    );
    let answer = events(
        &place,
        "coverage",
        &["--until", END, "--inventory", "demo.jsonl", "-f", "json"],
    );
    let told = not_covered(&answer.code(3).json());
    assert!(
        told.iter().any(|it| it.starts_with("555555555555")),
        "{told:?}"
    );
}

/// Whichever was verified first.
#[test]
fn coverage_names_chains_in_order() {
    let place = Place::new();
    lay(
        &place,
        r#"{"hours": 2, "accounts": ["333333333333", "111111111111", "222222222222"], "regions": ["us-east-1", "eu-west-1"]}"#,
    );
    for _ in 0..5 {
        let more = ["--until", "2026-01-01T02:00:00Z", "-f", "json"];
        let answer = events(&place, "coverage", &more).code(0).json();
        let chains = answer["chains"].as_array().unwrap();
        let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
        let named = chains
            .iter()
            .map(|it| (text(it, "account"), text(it, "region")));
        let named: Vec<(String, String)> = named.collect();
        assert_eq!(named.len(), 6, "{answer:#}");
        assert!(named.is_sorted() && !named[0].0.is_empty(), "{named:?}");
    }
}

#[test]
fn a_file_that_is_no_inventory_is_refused_before_anything_is_read() {
    let place = Place::new();
    place.write("x.json", "{}");
    lay(&place, r#"{"hours": 1}"#);
    events(&place, "search", &["--inventory", "x.json"])
        .code(2)
        .says("x.json");
}
