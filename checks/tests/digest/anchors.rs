//! One run starts where another ended, and finds what was rewritten behind that point.

use jiff::SignedDuration;
use trailaudit_checks::digest::{Anchor, HourVerdict, KeyRing, Kind, Limits, Logging, Window};

use crate::driver::{Outcome, Run};
use crate::tree::Tree;
use crate::tree::spec::Spec;

fn spec(json: &str) -> Spec {
    serde_json::from_str(json).unwrap()
}

fn verify(tree: &Tree, spec: &Spec, hours: (i64, i64), anchor: Option<Anchor>) -> Outcome {
    let after = |hours| spec.start + SignedDuration::from_hours(hours);
    let window = Window {
        start: after(hours.0),
        end: after(hours.1),
    };
    let keys = KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap();
    let logging = Logging::Unknown;
    Run {
        tree,
        keys,
        window,
        logging,
        limits: Limits::default(),
        denied: Vec::new(),
        anchor,
        expected: false,
        buckets: vec![spec.bucket.clone()],
    }
    .verify()
}

fn kinds(outcome: &Outcome) -> Vec<Kind> {
    outcome.problems().map(|problem| problem.kind).collect()
}

fn first_half(spec: &Spec) -> Option<Anchor> {
    let outcome = verify(&Tree::new(spec), spec, (0, 3), None);
    assert_eq!(kinds(&outcome), []);
    outcome.anchors[0].clone()
}

#[test]
fn the_second_run_joins_the_first() {
    let spec = spec("{}");
    let anchor = first_half(&spec);
    assert_eq!(
        anchor.as_ref().unwrap().end,
        spec.start + SignedDuration::from_hours(3)
    );
    let outcome = verify(&Tree::new(&spec), &spec, (3, 6), anchor);
    assert_eq!(kinds(&outcome), []);
    assert_eq!(outcome.joined[0].chain.verdict, HourVerdict::Verified);
    assert_eq!(outcome.joined[0].chain.digests.valid, 3);
    assert_eq!(outcome.anchors[0].as_ref().unwrap().end, spec.end());
}

#[test]
fn a_chain_rewritten_behind_the_saved_point_is_found() {
    let anchor = first_half(&spec("{}"));
    let other = spec(r#"{"seed": 2}"#);
    let outcome = verify(&Tree::new(&other), &other, (3, 6), anchor.clone());
    assert_eq!(
        kinds(&outcome),
        [Kind::ChainLinkMismatch, Kind::ChainLinkMismatch]
    );
    assert_eq!(outcome.joined[0].chain.verdict, HourVerdict::Invalid);

    // The digest at the saved point is gone: the next one still names what was saved there.
    let gone = spec(r#"{"seed": 2, "faults": [{"do": "delete", "digest": 2}]}"#);
    assert_eq!(
        kinds(&verify(&Tree::new(&gone), &gone, (3, 6), anchor)),
        [Kind::ChainLinkMismatch]
    );
}

#[test]
fn what_was_deleted_since_the_saved_point_is_found() {
    let anchor = first_half(&spec("{}"));
    let gone = spec(r#"{"empty": [3], "faults": [{"do": "delete", "digest": 3}]}"#);
    // The seed decides the names of logs, so without those of hour 3 the rest of the tree differs as well.
    let outcome = verify(&Tree::new(&gone), &gone, (3, 6), anchor.clone());
    assert_eq!(kinds(&outcome), [Kind::DigestMissing]);
    let restarted = spec(r#"{"restarts": [{"before": 3}]}"#);
    assert_eq!(
        kinds(&verify(&Tree::new(&restarted), &restarted, (3, 6), anchor)),
        [Kind::ChainRestart]
    );
}

#[test]
fn a_damaged_anchor_is_refused() {
    let spec = spec("{}");
    let mut anchor = first_half(&spec).unwrap();
    anchor.sha256.pop();
    let id = verify(&Tree::new(&spec), &spec, (0, 3), None).joined[0]
        .chain
        .id
        .clone();
    let window = Window {
        start: spec.start,
        end: spec.end(),
    };
    assert!(
        trailaudit_checks::digest::Walk::new(id, window, Logging::Unknown)
            .anchored(&anchor)
            .is_none()
    );
}
