//! What is not known never improves a finding. Each fact of two inventories is forgotten in turn and the whole catalogue
//! is evaluated again: this takes half a minute, and so it is no unit test.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod reads;
mod records;

use std::collections::{BTreeMap, BTreeSet};

use records::{Place, Records};
use trailaudit_checks::catalog;
use trailaudit_checks::check::Check;
use trailaudit_checks::finding::{Finding, Status, SubjectKind};
use trailaudit_checks::inventory::{Iam, Inventory};
use trailaudit_checks::testing::{inventory, sample};

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
    let mut records = Records::of(inventory, iam);
    let all = catalog::all();
    let before = records.judge(inventory, &all);
    let mut turn = 0;
    let mut improved = BTreeSet::new();
    let facts = records.known();
    assert!(facts.len() > 50, "only {} facts", facts.len());
    let own = facts.iter().enumerate().skip(share).step_by(SHARES);
    for (at, first) in own {
        let kept = records.forget(&[first]);
        compare(
            &before,
            &records.judge(inventory, &all),
            &all,
            &[first],
            &mut improved,
        );
        records.restore(kept);
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
            let kept = records.forget(&[first, second]);
            turn += 1;
            let some: Vec<_> = all.iter().copied().skip(turn % 4).step_by(4).collect();
            let after = records.judge(inventory, &some);
            compare(&before, &after, &some, &[first, second], &mut improved);
            records.restore(kept);
        }
    }
    improved
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
    let judged = |it: &&Finding| ids.contains(&*it.check);
    for finding in before.iter().filter(judged) {
        let key = (&*finding.check, finding.subject.id.as_str());
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
