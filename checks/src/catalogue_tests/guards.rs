//! The tests that guard the whole catalogue. No check may need an exception.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog;

/// The files of checks, by the id that their folder and name give.
#[expect(clippy::disallowed_methods, reason = "the test reads the source tree")]
fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog");
    for group in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
        if !group.file_type().unwrap().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(group.path()).unwrap().map(Result::unwrap) {
            // Cases that are many have a folder.
            if file.file_type().unwrap().is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(file.path()).unwrap();
            if text.contains("const CHECK: Check") {
                let name = file.file_name().into_string().unwrap();
                let name = name.trim_end_matches(".rs").replace('_', "-");
                let group = group.file_name().into_string().unwrap();
                files.insert(format!("{group}-{name}"), text);
            }
        }
    }
    files
}

/// Files on disk and the list agree, and the file says the group and the name of its check.
#[test]
fn files_and_list_agree() {
    let files: BTreeSet<String> = files().into_keys().collect();
    let listed: BTreeSet<String> = catalog::all()
        .iter()
        .map(|check| check.id.to_owned())
        .collect();
    let lost: Vec<&String> = files.difference(&listed).collect();
    assert!(lost.is_empty(), "not in the list of their group: {lost:?}");
    // Those on records are a table.
    let in_table = |id: &&String| !catalog::attack(id).is_empty();
    let named = listed.difference(&files).filter(|it| !in_table(it));
    let named: Vec<&String> = named.collect();
    assert!(
        named.is_empty(),
        "their files are called otherwise: {named:?}"
    );
    assert_eq!(listed.len(), catalog::all().len(), "an id is listed twice");
}

/// Checks whose own file cannot have a case of each kind, and why.
const CASES_ELSEWHERE: [(&str, &str); 7] = [
    (
        "plan-deletes-logging",
        "what a plan does is read off the plan: it is known",
    ),
    (
        "plan-interrupts-logging",
        "what a plan does is read off the plan: it is known",
    ),
    (
        "plan-releases-protection",
        "what a plan does is read off the plan: it is known",
    ),
    (
        "plan-unreviewable",
        "what a plan does is read off the plan: it is known",
    ),
    (
        "trail-data-events-s3-read",
        "its cases are in objects.rs, with those of writes",
    ),
    (
        "trail-data-events-s3-write",
        "its cases are in objects.rs, with those of reads",
    ),
    (
        "trail-home-region-approved",
        "the region stands in the trail's own ARN: no call can hide it",
    ),
];

/// The cases of each check, in its own file, hold a pass, a fail and an unknown.
#[test]
fn cases_are_of_each_kind() {
    let mut lack = Vec::new();
    for (id, text) in files() {
        let cases = text.split_once("#[cfg(test)]").map_or("", |(_, it)| it);
        let words: BTreeSet<&str> = cases
            .split(|it: char| !it.is_ascii_alphanumeric())
            .collect();
        let missing: Vec<&str> = ["Pass", "Fail", "Unknown"]
            .into_iter()
            .filter(|it| !words.contains(it))
            .collect();
        let elsewhere = CASES_ELSEWHERE.iter().any(|(own, _)| *own == id);
        if !missing.is_empty() && !elsewhere {
            lack.push(format!(
                "{id} has no case that ends {}",
                missing.join(", or ")
            ));
        }
        assert!(
            !(missing.is_empty() && elsewhere),
            "{id} has cases of each kind: it needs no exception"
        );
    }
    assert!(lack.is_empty(), "{}", lack.join("\n"));
}

/// Every check is proved useful by a framework, or listed as unmapped with a reason.
#[test]
fn every_check_has_a_use() {
    let frameworks = crate::framework::all().unwrap();
    let mapped = crate::framework::controls_by_check(&frameworks);
    let unmapped: BTreeMap<String, String> =
        toml::from_str(include_str!("../../frameworks/unmapped.toml")).unwrap();
    for check in catalog::all() {
        let (mapped, reason) = (mapped.contains_key(check.id), unmapped.get(check.id));
        // What a record shows is told by its techniques; no control asks that an event never happens.
        if !catalog::attack(check.id).is_empty() {
            assert!(!mapped && reason.is_none(), "{}", check.id);
            continue;
        }
        assert!(
            mapped != reason.is_some_and(|reason| !reason.is_empty()),
            "{}: link it in a framework file, or say why not in unmapped.toml (and not both)",
            check.id
        );
    }
    for id in unmapped.keys() {
        assert!(
            catalog::find(id).is_some(),
            "unmapped.toml names {id}, which is no check"
        );
    }
}

/// Texts are there, and no two checks share them.
#[test]
fn texts_are_their_own() {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for check in catalog::all() {
        for text in [check.title, check.why, check.fix] {
            assert!(!text.trim().is_empty(), "{}", check.id);
            if let Some(other) = seen.insert(text, check.id) {
                panic!("{other} and {} share {text:?}", check.id);
            }
        }
        assert!(check.judged.len() > 25, "{}: say how it judges", check.id);
        assert!(
            !check.alike.is_empty(),
            "{}: which cases look alike?",
            check.id
        );
        for sentence in check.alike.iter().chain([&check.judged]) {
            assert!(sentence.ends_with('.'), "{}: {sentence}", check.id);
        }
        assert!(!check.reads.is_empty(), "{} reads nothing", check.id);
        assert!(
            !check.references.is_empty(),
            "{} has no reference",
            check.id
        );
    }
}
