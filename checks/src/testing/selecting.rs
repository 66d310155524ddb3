//! Selectors and stores in short, for tests.

use std::collections::BTreeMap;

use crate::fact::Fact::Known;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::trail::{AdvancedSelector, DataResource, EventSelector, FieldSelector};
use crate::inventory::{EventDataStore, Inventory, Selectors, StoreConfiguration};

/// Advanced selectors: `field op value|value`, with `=`, `^`, `$` and `!=`, `!^`, `!$` for the operators.
#[must_use]
pub fn selectors(list: &[&[&str]]) -> Selectors {
    Selectors::Advanced(list.iter().map(|tests| advanced(tests)).collect())
}

/// One advanced selector.
#[must_use]
pub fn advanced(tests: &[&str]) -> AdvancedSelector {
    AdvancedSelector {
        name: None,
        fields: tests.iter().map(|test| field(test)).collect(),
    }
}

fn field(test: &str) -> FieldSelector {
    let [name, operator, values] = test.split(' ').collect::<Vec<_>>()[..] else {
        panic!("not `field op values`: {test}");
    };
    let mut test = FieldSelector {
        field: name.to_owned(),
        ..FieldSelector::default()
    };
    let list = match operator {
        "=" => &mut test.equals,
        "^" => &mut test.starts_with,
        "$" => &mut test.ends_with,
        "!=" => &mut test.not_equals,
        "!^" => &mut test.not_starts_with,
        "!$" => &mut test.not_ends_with,
        other => panic!("no operator: {other}"),
    };
    list.extend(values.split('|').map(str::to_owned));
    test
}

/// One classic selector without data events.
#[must_use]
pub fn classic_selectors(read_write: &str, management: bool, excluded: &[&str]) -> Selectors {
    Selectors::Classic(vec![EventSelector {
        read_write: read_write.to_owned(),
        management,
        excluded_sources: excluded.iter().map(ToString::to_string).collect(),
        data: Vec::new(),
    }])
}

/// One classic selector for S3 objects, and all management events.
#[must_use]
pub fn classic_objects(read_write: &str, value: &str) -> Selectors {
    Selectors::Classic(vec![
        EventSelector {
            read_write: "All".to_owned(),
            management: true,
            excluded_sources: Vec::new(),
            data: Vec::new(),
        },
        EventSelector {
            read_write: read_write.to_owned(),
            management: false,
            excluded_sources: Vec::new(),
            data: vec![DataResource {
                kind: "AWS::S3::Object".to_owned(),
                values: vec![value.to_owned()],
            }],
        },
    ])
}

/// Adds a CloudTrail Lake store of the whole organization that collects all management events.
pub fn add_store(
    inventory: &mut Inventory,
    account: &str,
    region: &str,
    change: impl FnOnce(&mut EventDataStore),
) {
    let mut store = EventDataStore {
        arn: Arn::from(format!(
            "arn:aws:cloudtrail:{region}:{account}:eventdatastore/lake"
        )),
        name: "lake".to_owned(),
        account: AccountId::from(account),
        region: Region::from(region),
        configuration: StoreConfiguration {
            status: Known("ENABLED".to_owned()),
            multi_region: Known(true),
            organization: Known(true),
            retention_days: Known(Some(2557)),
            termination_protection: Known(true),
            kms_key: Known(None),
            federation_status: Known(None),
            federation_role: Known(None),
        },
        selectors: Known(selectors(&[&["eventCategory = Management"]])),
        policy: Known(None),
        tags: Known(BTreeMap::new()),
    };
    change(&mut store);
    let at = (store.account.clone(), store.region.clone());
    if let Some(view) = inventory.regions.get_mut(&at) {
        super::known(&mut view.event_data_stores).push(store.arn.clone());
    }
    inventory.event_data_stores.insert(store.arn.clone(), store);
}
