//! The tests that guard the whole catalogue. No check may need an exception.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog;
use crate::fact::Fact;
use crate::finding::{Finding, Status, SubjectKind};
use crate::inventory::{Iam, Inventory, Record};
use crate::settings::Settings;
use crate::testing::{Case, inventory, sample};

/// Files on disk and the list agree, and the file says the group and the name of its check.
#[test]
#[expect(clippy::disallowed_methods, reason = "the test reads the source tree")]
fn files_and_list_agree() {
    let mut files = BTreeSet::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/catalog");
    for group in std::fs::read_dir(root).unwrap().map(Result::unwrap) {
        if !group.file_type().unwrap().is_dir() {
            continue;
        }
        for file in std::fs::read_dir(group.path()).unwrap().map(Result::unwrap) {
            let text = std::fs::read_to_string(file.path()).unwrap();
            if text.contains("const CHECK: Check") {
                let name = file.file_name().into_string().unwrap();
                let name = name.trim_end_matches(".rs").replace('_', "-");
                files.insert(format!(
                    "{}-{name}",
                    group.file_name().into_string().unwrap()
                ));
            }
        }
    }
    let listed: BTreeSet<String> = catalog::all()
        .iter()
        .map(|check| check.id.to_owned())
        .collect();
    assert_eq!(files, listed);
    assert_eq!(listed.len(), catalog::all().len(), "an id is listed twice");
}

/// Every check is proved useful by a framework, or listed as unmapped with a reason.
#[test]
fn every_check_has_a_use() {
    let frameworks = crate::framework::all().unwrap();
    let mapped = crate::framework::controls_by_check(&frameworks);
    let unmapped: BTreeMap<String, String> =
        toml::from_str(include_str!("../frameworks/unmapped.toml")).unwrap();
    for check in catalog::all() {
        let (mapped, reason) = (mapped.contains_key(check.id), unmapped.get(check.id));
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
        assert!(!check.reads.is_empty(), "{} reads nothing", check.id);
        assert!(
            !check.references.is_empty(),
            "{} has no reference",
            check.id
        );
    }
}

/// Each known fact, and each pair of facts, is forgotten in turn: a finding stays or becomes unknown, and
/// where it goes with its listing, an unknown on the account, region or organization takes its place.
#[test]
fn forgetting_a_fact_never_improves_a_finding() {
    let (flawed, iam) = sample();
    forget_all(&flawed, &iam, true);
    let good = inventory(|_| {});
    forget_all(&good.inventory, &good.iam, false);
}

fn forget_all(inventory: &Inventory, iam: &[Iam], pairs: bool) {
    let mut lines = Lines::of(inventory, iam);
    let before = lines.judge(inventory);
    let paths = facts(&lines.values);
    assert!(paths.len() > 50, "only {} facts", paths.len());
    for (at, first) in paths.iter().enumerate() {
        let kept = lines.forget(first);
        compare(&before, &lines.judge(inventory), &[first]);
        if pairs {
            // Every pair would take minutes. Facts of one record stand in for each other most often.
            for (apart, second) in paths.iter().skip(at + 1).enumerate() {
                let every = if second.0 == first.0 { 7 } else { 131 };
                if (at + apart) % every != 0 {
                    continue;
                }
                if starts_with(second, first) {
                    continue;
                }
                let kept = lines.forget(second);
                compare(&before, &lines.judge(inventory), &[first, second]);
                lines.restore(second, kept);
            }
        }
        lines.restore(first, kept);
    }
}

type Path = (usize, String);

fn starts_with(inner: &Path, outer: &Path) -> bool {
    inner.0 == outer.0 && inner.1.starts_with(&outer.1)
}

fn facts(values: &[Value]) -> Vec<Path> {
    fn walk(value: &Value, pointer: &str, record: usize, paths: &mut Vec<Path>) {
        match value {
            Value::Object(map) => {
                if map.len() == 1 && map.contains_key("known") {
                    paths.push((record, pointer.to_owned()));
                }
                for (key, value) in map {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    walk(value, &format!("{pointer}/{key}"), record, paths);
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    walk(value, &format!("{pointer}/{index}"), record, paths);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut paths = Vec::new();
    for (record, value) in values.iter().enumerate() {
        walk(value, "", record, &mut paths);
    }
    paths
}

/// An inventory as JSON, in which facts are forgotten, and as records: only those that changed are read again.
struct Lines {
    values: Vec<Value>,
    records: Vec<Record>,
}

impl Lines {
    fn of(inventory: &Inventory, iam: &[Iam]) -> Self {
        let iam = iam.iter().cloned().map(|it| Record::Iam(Box::new(it)));
        let records: Vec<Record> = inventory.records().chain(iam).collect();
        let values = records.iter().map(|it| serde_json::to_value(it).unwrap());
        Self {
            values: values.collect(),
            records,
        }
    }

    fn forget(&mut self, path: &Path) -> Value {
        let gap = json!({"unknown": {
            "call": "sts:GetCallerIdentity", "account": "111111111111", "region": "us-east-1",
            "reason": "denied", "detail": "forgotten"}});
        self.replace(path, gap)
    }

    fn restore(&mut self, path: &Path, kept: Value) {
        self.replace(path, kept);
    }

    fn replace(&mut self, (at, pointer): &Path, value: Value) -> Value {
        let kept = std::mem::replace(self.values[*at].pointer_mut(pointer).unwrap(), value);
        self.records[*at] = Record::deserialize(&self.values[*at]).unwrap();
        kept
    }

    /// Judges what the records say, less what no listing shows any more.
    fn judge(&self, template: &Inventory) -> Vec<Finding> {
        let mut inventory = Inventory::new(template.header.clone(), template.organization.clone());
        inventory.trailer.clone_from(&template.trailer);
        let mut iam = Vec::new();
        for record in &self.records {
            if let Some(Record::Iam(it)) = inventory.insert(record.clone()) {
                iam.push(*it);
            }
        }
        drop_unlisted(&mut inventory);
        let case = Case {
            inventory,
            iam,
            settings: Settings::default(),
        };
        case.findings(&catalog::all())
    }
}

fn drop_unlisted(inventory: &mut Inventory) {
    let caller = inventory.header.scope.caller_arn.account();
    let listed = match &inventory.organization {
        Fact::Known(Some(organization)) => organization.accounts.ok().cloned(),
        Fact::Known(None) | Fact::Unknown(_) => None,
    };
    inventory
        .accounts
        .retain(|id, _| *id == caller || listed.as_ref().is_some_and(|of| of.contains(id)));
    let accounts = &inventory.accounts;
    inventory.regions.retain(|(account, region), _| {
        let switches = accounts.get(account).filter(|it| it.session.ok().is_some());
        switches
            .and_then(|it| it.regions.ok())
            .is_some_and(|of| of.iter().any(|switch| switch.name == *region))
    });
    let shown: BTreeSet<_> = inventory
        .regions
        .values()
        .filter_map(|view| view.trails.ok())
        .flatten()
        .cloned()
        .collect();
    inventory.trails.retain(|arn, _| shown.contains(arn));
}

fn compare(before: &[Finding], after: &[Finding], forgotten: &[&Path]) {
    let mut now: BTreeMap<(&str, &str), Status> = BTreeMap::new();
    let mut holes: BTreeSet<&str> = BTreeSet::new();
    for finding in after {
        now.insert((&finding.check, &finding.subject.id), finding.status);
        let wide = matches!(
            finding.subject.kind,
            SubjectKind::Account | SubjectKind::Region | SubjectKind::Organization
        );
        if wide && finding.status == Status::Unknown {
            holes.insert(&finding.check);
        }
    }
    for finding in before {
        let key = (finding.check.as_str(), finding.subject.id.as_str());
        match now.get(&key) {
            Some(status) => assert!(
                *status == finding.status || *status == Status::Unknown,
                "{key:?} went from {} to {status} when {forgotten:?} was forgotten",
                finding.status
            ),
            None => assert!(
                holes.contains(key.0),
                "{key:?} vanished when {forgotten:?} was forgotten, and no unknown took its place"
            ),
        }
    }
}
