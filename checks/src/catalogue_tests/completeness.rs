//! What the frameworks ask for is a check, or left out with a reason.

use std::collections::BTreeSet;

use crate::catalog;

#[test]
fn what_is_left_out_has_a_reason_and_no_check() {
    for (id, reason) in catalog::left_out().unwrap() {
        assert!(
            catalog::find(&id).is_none(),
            "{id} is a check, and left out"
        );
        assert!(reason.len() > 40, "{id} is left out without a reason");
    }
}

/// No framework names a question that nobody asks.
#[test]
fn frameworks_name_questions_of_the_catalogue() {
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
                assert!(catalog::find(id).is_some(), "{at}: what is {id}?");
            }
        }
    }
}
