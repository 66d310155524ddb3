//! An inventory as records, in which facts are forgotten.

use std::collections::BTreeSet;

use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::check::Check;
use trailaudit_checks::fact::{Fact, Gap, Reason};
use trailaudit_checks::finding::Finding;
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::facts::{Change, Facts as _, Field};
use trailaudit_checks::inventory::{Iam, Inventory, Record};
use trailaudit_checks::settings::Settings;
use trailaudit_checks::testing::Case;

/// A known fact: in which record, the how-manieth of it, and its row in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) record: usize,
    number: usize,
    pub(crate) field: &'static Field,
}

/// An inventory as records, in which facts are forgotten.
pub(crate) struct Records(Vec<Record>);

impl Records {
    pub(crate) fn of(inventory: &Inventory, iam: &[Iam]) -> Self {
        let iam = iam.iter().cloned().map(|it| Record::Iam(Box::new(it)));
        Self(inventory.records().chain(iam).collect())
    }

    pub(crate) fn known(&mut self) -> Vec<Place> {
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
    pub(crate) fn forget(&mut self, places: &[&Place]) -> Vec<(usize, Record)> {
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

    pub(crate) fn restore(&mut self, kept: Vec<(usize, Record)>) {
        for (record, line) in kept {
            self.0[record] = line;
        }
    }

    /// Judges what the records say, less what no listing shows any more.
    pub(crate) fn judge(&self, template: &Inventory, checks: &[&'static Check]) -> Vec<Finding> {
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
