//! A check reads only what its `reads` name.

use std::collections::{BTreeMap, BTreeSet};

use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::catalog;
use trailaudit_checks::finding::Finding;
use trailaudit_checks::testing::{inventory, sample};

use crate::records::Records;

/// A verdict rests on the calls that the check's `reads` name, or on those without which they cannot be made: so each
/// fact is forgotten in turn, and no finding may change of a check that does not name its call.
#[test]
fn a_check_reads_only_what_its_reads_name() {
    let (flawed, flawed_iam) = sample();
    let good = inventory(|_| {});
    let mut unnamed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (inventory, iam) in [(&flawed, &flawed_iam), (&good.inventory, &good.iam)] {
        let mut records = Records::of(inventory, iam);
        let all = catalog::all();
        let before = records.judge(inventory, &all);
        for place in records.known() {
            let kept = records.forget(&[&place]);
            let after = records.judge(inventory, &all);
            records.restore(kept);
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
        keys.map(|it| ((&*it.check, it.subject.id.as_str()), it))
            .collect()
    }
    let (old, new) = (keyed(before), keyed(after));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    keys.into_iter()
        .filter(|key| old.get(key) != new.get(key))
        .map(|key| key.0)
        .collect()
}
