//! The tests that guard the whole catalogue. No check may need an exception.

use std::collections::{BTreeMap, BTreeSet};

use crate::calls::{self, ApiCall};
use crate::catalog;
use crate::check::Check;
use crate::fact::{Fact, Gap, Reason};
use crate::finding::{Finding, Status, SubjectKind};
use crate::ids::{AccountId, Region};
use crate::inventory::facts::{Change, Facts as _, Field};
use crate::inventory::{Iam, Inventory, Record};
use crate::settings::Settings;
use crate::testing::{Case, inventory, sample};

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

/// Each known fact, and each pair of facts, is forgotten in turn: a finding stays or becomes unknown, and
/// where it goes with its listing, an unknown on the account, region or organization takes its place.
#[test]
fn forgetting_a_fact_never_improves_a_finding() {
    let (flawed, iam) = sample();
    forget_all(&flawed, &iam, true);
    let good = inventory(|_| {});
    forget_all(&good.inventory, &good.iam, false);
}

/// The work is the longest of all tests, and shared.
const SHARES: usize = 2;

fn forget_all(inventory: &Inventory, iam: &[Iam], pairs: bool) {
    let improved: BTreeSet<String> = std::thread::scope(|scope| {
        let shares: Vec<_> = (0..SHARES)
            .map(|share| scope.spawn(move || forget_some(inventory, iam, pairs, share)))
            .collect();
        let each = shares.into_iter().map(|it| it.join().unwrap());
        each.flatten().collect()
    });
    assert!(
        improved.is_empty(),
        "a finding was better with less known: {improved:#?}"
    );
}

/// What got better in one share of the turns.
fn forget_some(inventory: &Inventory, iam: &[Iam], pairs: bool, share: usize) -> BTreeSet<String> {
    let mut lines = Lines::of(inventory, iam);
    let all = catalog::all();
    let before = lines.judge(inventory, &all);
    let mut turn = 0;
    let mut improved = BTreeSet::new();
    let facts = lines.known();
    assert!(facts.len() > 50, "only {} facts", facts.len());
    let own = facts.iter().enumerate().skip(share).step_by(SHARES);
    for (at, first) in own {
        let kept = lines.forget(&[first]);
        compare(
            &before,
            &lines.judge(inventory, &all),
            &all,
            &[first],
            &mut improved,
        );
        lines.restore(kept);
        if !pairs {
            continue;
        }
        // Every pair on every check would take minutes. Facts of one record stand in for each other most often,
        // and the checks take turns.
        for (apart, second) in facts.iter().skip(at + 1).enumerate() {
            let every = if second.record == first.record {
                7
            } else {
                131
            };
            if (at + apart) % every != 0 {
                continue;
            }
            let kept = lines.forget(&[first, second]);
            turn += 1;
            let some: Vec<_> = all.iter().copied().skip(turn % 4).step_by(4).collect();
            let after = lines.judge(inventory, &some);
            compare(&before, &after, &some, &[first, second], &mut improved);
            lines.restore(kept);
        }
    }
    improved
}

/// A known fact: in which record, the how-manieth of it, and its row in the table.
#[derive(Debug, Clone, Copy)]
struct Place {
    record: usize,
    number: usize,
    field: &'static Field,
}

/// An inventory as records, in which facts are forgotten.
struct Lines(Vec<Record>);

impl Lines {
    fn of(inventory: &Inventory, iam: &[Iam]) -> Self {
        let iam = iam.iter().cloned().map(|it| Record::Iam(Box::new(it)));
        Self(inventory.records().chain(iam).collect())
    }

    fn known(&mut self) -> Vec<Place> {
        let mut places = Vec::new();
        for (record, line) in self.0.iter_mut().enumerate() {
            let mut number = 0;
            each_fact(line, &mut |field, fact| {
                if fact.gap().is_none() {
                    places.push(Place {
                        record,
                        number,
                        field,
                    });
                }
                number += 1;
            });
        }
        places
    }

    /// Makes these facts missing, and gives the records back as they were.
    fn forget(&mut self, places: &[&Place]) -> Vec<(usize, Record)> {
        let mut kept: Vec<(usize, Record)> = Vec::new();
        let records: BTreeSet<usize> = places.iter().map(|it| it.record).collect();
        for record in records {
            kept.push((record, self.0[record].clone()));
            let mut number = 0;
            each_fact(&mut self.0[record], &mut |field, fact| {
                if places
                    .iter()
                    .any(|it| it.record == record && it.number == number)
                {
                    fact.forget(forgotten(field.call));
                }
                number += 1;
            });
        }
        kept
    }

    fn restore(&mut self, kept: Vec<(usize, Record)>) {
        for (record, line) in kept {
            self.0[record] = line;
        }
    }

    /// Judges what the records say, less what no listing shows any more.
    fn judge(&self, template: &Inventory, checks: &[&'static Check]) -> Vec<Finding> {
        let mut inventory = Inventory::new(template.header.clone(), template.organization.clone());
        inventory.trailer.clone_from(&template.trailer);
        let mut iam = Vec::new();
        for record in &self.0 {
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
        case.findings(checks)
    }
}

/// All facts of a record: those of the table, and the organization's own.
fn each_fact(record: &mut Record, change: &mut Change<'_>) {
    const ORGANIZATION: Field = Field {
        record: "Inventory",
        name: "organization",
        call: calls::DESCRIBE_ORGANIZATION,
        names: true,
    };
    match record {
        Record::Organization(it) => {
            it.each_mut(change);
            change(&ORGANIZATION, &mut **it);
        }
        Record::Account(it) => it.each_mut(change),
        Record::Region(it) => it.each_mut(change),
        Record::Trail(it) => it.each_mut(change),
        Record::EventDataStore(it) => it.each_mut(change),
        Record::Bucket(it) => it.each_mut(change),
        Record::Key(it) => it.each_mut(change),
        Record::LogGroup(it) => it.each_mut(change),
        Record::Topic(it) => it.each_mut(change),
        Record::Iam(it) => it.each_mut(change),
        Record::Chain(_)
        | Record::Plan(_)
        | Record::Events(_)
        | Record::Call(_)
        | Record::Header(_)
        | Record::Trailer(_) => {}
    }
}

fn forgotten(call: ApiCall) -> Gap {
    let (account, region) = (AccountId::from("111111111111"), Region::from("us-east-1"));
    Gap::of_call(call, &account, &region, Reason::Denied, "forgotten")
}

/// A verdict rests on the calls that the check's `reads` name, or on those without which they cannot be made: so each
/// fact is forgotten in turn, and no finding may change of a check that does not name its call.
#[test]
fn a_check_reads_only_what_its_reads_name() {
    let (flawed, flawed_iam) = sample();
    let good = inventory(|_| {});
    let mut unnamed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (inventory, iam) in [(&flawed, &flawed_iam), (&good.inventory, &good.iam)] {
        let mut lines = Lines::of(inventory, iam);
        let all = catalog::all();
        let before = lines.judge(inventory, &all);
        for place in lines.known() {
            let kept = lines.forget(&[&place]);
            let after = lines.judge(inventory, &all);
            lines.restore(kept);
            for check in changed(&before, &after) {
                let check = catalog::find(check).unwrap();
                let needed = check.reads.iter().copied().collect();
                let named = calls::with_prerequisites(&needed).contains(&place.field.call)
                    || STORES.contains(&place.field.call);
                if !named {
                    let field = place.field;
                    let words = format!("{} ({}.{})", field.call, field.record, field.name);
                    unnamed.entry(check.id).or_default().insert(words);
                }
            }
        }
    }
    assert!(
        unnamed.is_empty(),
        "verdicts rest on calls that `reads` leaves out: {unnamed:#?}"
    );
}

/// CloudTrail Lake stores are asked for, in every region, only where a selected check is about them: what they encrypt
/// with and who reads them is judged as well then, and `reads` does not name them for its sake.
const STORES: [ApiCall; 3] = [
    calls::LIST_EVENT_DATA_STORES,
    calls::GET_EVENT_DATA_STORE,
    calls::GET_LAKE_RESOURCE_POLICY,
];

/// The checks of which a finding is another, or is there no more.
fn changed<'a>(before: &'a [Finding], after: &'a [Finding]) -> BTreeSet<&'a str> {
    fn keyed(all: &[Finding]) -> BTreeMap<(&str, &str), &Finding> {
        let keys = all.iter();
        keys.map(|it| ((it.check.as_str(), it.subject.id.as_str()), it))
            .collect()
    }
    let (old, new) = (keyed(before), keyed(after));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    keys.into_iter()
        .filter(|key| old.get(key) != new.get(key))
        .map(|key| key.0)
        .collect()
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

fn compare(
    before: &[Finding],
    after: &[Finding],
    checks: &[&'static Check],
    forgotten: &[&Place],
    improved: &mut BTreeSet<String>,
) {
    let ids: BTreeSet<&str> = checks.iter().map(|check| check.id).collect();
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
    let judged = |it: &&Finding| ids.contains(it.check.as_str());
    for finding in before.iter().filter(judged) {
        let key = (finding.check.as_str(), finding.subject.id.as_str());
        let worse = match now.get(&key) {
            Some(status) if *status == finding.status || *status == Status::Unknown => continue,
            Some(status) => format!("went from {} to {status}", finding.status),
            None if holes.contains(key.0) => continue,
            None => "vanished, and no unknown took its place".to_owned(),
        };
        let fields: BTreeSet<String> = forgotten
            .iter()
            .map(|it| format!("{}.{}", it.field.record, it.field.name))
            .collect();
        improved.insert(format!("{key:?} {worse} without {fields:?}"));
    }
}
