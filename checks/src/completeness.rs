//! Every question of `catalogue.toml` is a check of the severity given there, or left out with a reason.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog;

fn wanted() -> BTreeMap<String, String> {
    let listed: BTreeMap<String, String> =
        toml::from_str(include_str!("../catalogue.toml")).unwrap();
    // Checks on records are a table of their own.
    let events = catalog::all().into_iter();
    let events = events.filter(|check| !catalog::attack(check.id).is_empty());
    let events = events.map(|it| (it.id.to_owned(), it.severity.as_str().to_owned()));
    listed.into_iter().chain(events).collect()
}

#[test]
fn every_question_is_asked_or_left_out() {
    let (wanted, left_out) = (wanted(), catalog::left_out().unwrap());
    for id in wanted.keys() {
        let places = [
            ("a check", catalog::find(id).is_some()),
            ("in left_out.toml", left_out.contains_key(id)),
        ];
        let found: Vec<&str> = places.iter().filter(|it| it.1).map(|it| it.0).collect();
        assert_eq!(found.len(), 1, "{id} must be in one place, it is {found:?}");
    }
    let others = left_out.keys().map(String::as_str);
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

/// No framework names a question that nobody asks.
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
