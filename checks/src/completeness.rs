//! Every question of `catalogue.toml` is a check of the severity given there, left out with a reason, or to come.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog;

/// Not written yet. A check that is written leaves this list.
const TO_COME: &[&str] = &[
    "delivery-objects-encrypted-as-configured",
    "delivery-objects-locked-as-configured",
];

fn wanted() -> BTreeMap<String, String> {
    toml::from_str(include_str!("../catalogue.toml")).unwrap()
}

#[test]
fn every_question_is_asked_left_out_or_to_come() {
    let (wanted, left_out) = (wanted(), catalog::left_out().unwrap());
    let to_come: BTreeSet<&str> = TO_COME.iter().copied().collect();
    assert_eq!(to_come.len(), TO_COME.len(), "an id is listed twice");
    for id in wanted.keys() {
        let places = [
            ("a check", catalog::find(id).is_some()),
            ("in left_out.toml", left_out.contains_key(id)),
            ("in TO_COME", to_come.contains(id.as_str())),
        ];
        let found: Vec<&str> = places.iter().filter(|it| it.1).map(|it| it.0).collect();
        assert_eq!(found.len(), 1, "{id} must be in one place, it is {found:?}");
    }
    let others = left_out.keys().map(String::as_str).chain(to_come);
    let checks = catalog::all().into_iter().map(|check| check.id);
    for id in others.chain(checks) {
        assert!(wanted.contains_key(id), "catalogue.toml lacks {id}");
    }
    for (id, reason) in &left_out {
        assert!(reason.len() > 40, "{id} is left out without a reason");
    }
}

#[test]
fn severities_are_those_of_the_catalogue() {
    let wanted = wanted();
    for check in catalog::all() {
        let severity = wanted.get(check.id).map(String::as_str);
        assert_eq!(severity, Some(check.severity.as_str()), "{}", check.id);
    }
}

/// A framework may name a question that is to come, never one that nobody asks.
#[test]
fn frameworks_name_questions_of_the_catalogue() {
    let (wanted, left_out) = (wanted(), catalog::left_out().unwrap());
    for framework in crate::framework::all().unwrap() {
        let mut controls = BTreeSet::new();
        for control in &framework.controls {
            let at = format!("{} {}", framework.id, control.id);
            assert!(controls.insert(&control.id), "{at} is there twice");
            assert!(!control.checks.is_empty(), "{at} has no checks");
            assert_ne!(control.title, control.id, "{at} has no title of its own");
            let distinct: BTreeSet<&String> = control.checks.iter().collect();
            assert_eq!(distinct.len(), control.checks.len(), "{at}: a check twice");
            for id in &control.checks {
                assert!(wanted.contains_key(id), "{at}: what is {id}?");
                assert!(!left_out.contains_key(id), "{at}: {id} is left out");
            }
        }
    }
}
