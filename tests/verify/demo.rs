//! The sample organization's chains: the real verifier's word on trees that are made for it.

use std::collections::BTreeMap;

use trailaudit::verify::{Depth, Folder, Progress, Request, Wanted, find, verify};
use trailaudit_checks::digest::{KeyRing, Limits};
use trailaudit_checks::inventory::VerifiedChain;

use crate::demo::{HOME, MANAGEMENT, ORGANIZATION, PAYMENTS, SECURITY};
use crate::tree::Tree;
use crate::tree::spec::Spec;

/// The day before the sample was taken: one tree as it should be but for a tampered log and a deleted digest, and one
/// in which validation was off for three hours.
pub(crate) fn chains() -> Vec<VerifiedChain> {
    let tree = |accounts: &[&str], regions: &[&str], more: serde_json::Value| {
        let mut spec = serde_json::json!({
            "bucket": "example-organization-trail-222222222222", "organization": ORGANIZATION, "accounts": accounts, "regions": regions,
            "trails": ["organization-trail"], "home_region": HOME, "start": "2026-11-15T04:00:00Z", "hours": 24,
            "logs_per_hour": 2,
        });
        spec.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        spec
    };
    let damaged = tree(
        &[MANAGEMENT, PAYMENTS],
        &["eu-central-1", HOME],
        serde_json::json!({"faults": [
            {"do": "tamper", "chain": 2, "log": [13, 1]},
            {"do": "delete", "chain": 3, "digest": 17},
        ]}),
    );
    let off = tree(
        &[SECURITY],
        &["eu-central-1"],
        serde_json::json!({"hours": 21, "restarts": [{"before": 9, "off_minutes": 180}]}),
    );
    [damaged, off].into_iter().flat_map(verified).collect()
}

fn verified(spec: serde_json::Value) -> Vec<VerifiedChain> {
    let spec: Spec = serde_json::from_value(spec).unwrap();
    let tree = Tree::new(&spec);
    let folder = tempfile::tempdir().unwrap();
    super::write(folder.path(), &tree, &spec.bucket);
    let source = Folder::open(folder.path(), None).unwrap();
    let keys = KeyRing::from_json(tree.public_keys().to_string().as_bytes()).unwrap();
    let request = Request {
        bucket: spec.bucket.clone(),
        trail: None,
        since: Some(spec.start),
        until: "2026-11-16T04:00:00Z".parse().unwrap(),
        depth: Depth::Logs,
        expected: Vec::new(),
        anchors: BTreeMap::new(),
        limits: Limits::default(),
        key_gaps: BTreeMap::new(),
        tell_empty: true,
    };
    let wanted = Wanted {
        search: true,
        ..Wanted::default()
    };
    let found = find(&source, &wanted);
    let chains = std::sync::Mutex::new(Vec::new());
    verify(
        &source,
        &found.scopes,
        &keys,
        &request,
        &Progress::new(false),
        &|verified| {
            chains
                .lock()
                .unwrap()
                .extend(verified.into_iter().map(|it| it.record));
        },
    );
    chains.into_inner().unwrap()
}

#[test]
fn the_sample_shows_each_kind_of_damage() {
    let place = crate::binary::Place::new();
    let audit = place.run(&["scan", "--demo", "-f", "json"]).code(1).json();
    let kinds = super::kinds(&audit);
    for kind in ["log-hash-mismatch", "digest-missing", "chain-gap"] {
        assert_eq!(kinds[kind], 1, "{kinds:?}");
    }
    assert_eq!(audit["chains"].as_array().unwrap().len(), 5);
    assert_eq!(
        super::status(&audit, "delivery-no-unlisted-log-files"),
        "pass"
    );
}
