//! Plans applied to what was collected.

use trailaudit_checks::finding::{BaselineState, Status};
use trailaudit_checks::inventory::{Inventory, Record};

use super::{alone, json, onto};

/// The sample organization of the program.
fn collected() -> Inventory {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../src/demo.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut records = text
        .lines()
        .map(|it| serde_json::from_str::<Record>(it).unwrap());
    let Some(Record::Header(header)) = records.next() else {
        panic!("no header")
    };
    let gap = trailaudit_checks::fact::Fact::default();
    let mut inventory = Inventory::new(*header, gap);
    for record in records {
        inventory.insert(record);
    }
    inventory
}

/// What the plan that changes nothing says is there, as if it had been collected.
fn applied(name: &str) -> Inventory {
    let mut inventory = alone(&json(name), false);
    inventory.plan = None;
    inventory
}

#[test]
fn a_plan_that_changes_nothing_changes_nothing() {
    for (live, name) in [
        (collected(), "no-op"),
        (collected(), "split-no-op"),
        (applied("no-op"), "no-op"),
        (applied("split-no-op"), "split-no-op"),
    ] {
        let (mut after, audit) = onto(&live, &json(name));
        after.plan = None;
        assert_eq!(after, live, "{name}");
        assert_eq!(audit.run.exit_code, 0, "{name}");
    }
}

#[test]
fn only_what_gets_worse_counts() {
    let live = applied("no-op");
    let (_, audit) = onto(&live, &json("validation-off"));
    assert_eq!(audit.run.exit_code, 1);
    let new: Vec<&str> = audit
        .findings
        .iter()
        .filter(|it| it.status == Status::Fail && it.baseline == Some(BaselineState::New))
        .map(|it| it.check.as_str())
        .filter(|it| it.starts_with("trail-") && *it != "trail-single-trail-meets-baseline")
        .collect();
    assert_eq!(new, ["trail-log-file-validation"]);
}

#[test]
fn a_deleted_trail_is_gone_from_every_list() {
    let live = applied("no-op");
    let (after, audit) = onto(&live, &json("delete-trail"));
    assert_eq!((live.trails.len(), after.trails.len()), (1, 0));
    assert!(
        after
            .regions
            .values()
            .all(|it| it.trails.ok().is_none_or(Vec::is_empty))
    );
    assert_eq!(audit.run.exit_code, 1);
    let deleted = audit
        .findings
        .iter()
        .find(|it| it.check == "plan-deletes-logging")
        .unwrap();
    assert_eq!(deleted.baseline, Some(BaselineState::New));
    // What others set of the bucket stays.
    assert_eq!(after.buckets, live.buckets);
}

#[test]
fn a_weakened_setting_changes_that_fact_alone() {
    let live = applied("split-no-op");
    let (mut after, audit) = onto(&live, &json("split-public"));
    assert_eq!(audit.run.exit_code, 1);
    let bucket = live.buckets.keys().next().unwrap();
    let block = live.buckets[bucket].public_access_block.clone();
    assert_ne!(after.buckets[bucket].public_access_block, block);
    after.buckets.get_mut(bucket).unwrap().public_access_block = block;
    after.plan = None;
    assert_eq!(after, live);
}

#[test]
fn a_partial_plan_is_incomplete() {
    let live = applied("no-op");
    for (key, value) in [("errored", true), ("complete", false)] {
        let mut plan = json("no-op");
        plan[key] = value.into();
        let (_, audit) = onto(&live, &plan);
        assert_eq!(audit.run.exit_code, 3, "{key}");
        assert!(!audit.run.complete);
    }
}
