//! `verify` on folders, through the binary: trees that are made and damaged here.

pub(crate) mod demo;
mod excuses;
mod faults;
mod hostile;
mod state;
mod usage;

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde_json::Value;

use crate::binary::{Ended, Place};
use crate::tree::Tree;
use crate::tree::spec::Spec;

/// After the six hours of a tree that says nothing else.
pub(crate) const END: &str = "2026-01-01T06:00:00Z";
pub(crate) const NOW: &str = "2026-01-01T08:10:00Z";

/// Lays a tree down as the folder `tree`, and its keys as `keys.json`.
pub(crate) fn lay(place: &Place, spec: &str) -> Tree {
    let spec: Spec = serde_json::from_str(spec).unwrap();
    let tree = Tree::new(&spec);
    write(&place.path("tree"), &tree, &spec.bucket);
    place.write("keys.json", tree.public_keys().to_string());
    tree
}

pub(crate) fn write(root: &Path, tree: &Tree, bucket: &str) {
    let mut side = String::new();
    std::fs::create_dir_all(root).unwrap();
    for ((at, key), object) in tree.objects.iter().filter(|((at, _), _)| at == bucket) {
        let path = Path::new(key);
        let plain = |part| matches!(part, Component::Normal(_));
        if !path.components().all(plain) {
            continue;
        }
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &object.bytes).unwrap();
        if !object.metadata.is_empty() {
            let line = serde_json::json!({"bucket": at, "key": key, "metadata": object.metadata});
            side.push_str(&format!("{line}\n"));
        }
    }
    std::fs::write(root.join(".metadata.jsonl"), side).unwrap();
}

/// Verifies the folder `tree` until its end.
pub(crate) fn verify(place: &Place, more: &[&str]) -> Ended {
    verify_until(place, END, more)
}

pub(crate) fn verify_until(place: &Place, until: &str, more: &[&str]) -> Ended {
    let mut args = vec!["verify", "tree", "--public-keys", "keys.json", "--now", NOW];
    args.extend(["--until", until, "-f", "json"]);
    args.extend(more);
    place.run(&args)
}

pub(crate) fn kinds(audit: &Value) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for problem in audit["problems"].as_array().unwrap() {
        let kind = problem["kind"].as_str().unwrap().to_owned();
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}

pub(crate) fn status<'a>(audit: &'a Value, check: &str) -> &'a str {
    let findings = audit["findings"].as_array().unwrap();
    let finding = findings.iter().find(|it| it["check"] == check).unwrap();
    finding["status"].as_str().unwrap()
}

/// What the audit answers to "do the signatures prove the logs unaltered?".
pub(crate) fn unaltered(audit: &Value) -> &str {
    let answers = audit["answers"].as_array().unwrap();
    let answer = answers.iter().find(|it| it["question"] == "unaltered");
    answer.unwrap()["answer"].as_str().unwrap()
}
