//! `aws_cloudtrail_event_data_store`.

use super::{Builder, KEYS, Linked};
use crate::calls;
use crate::fact::{Known, Unknown};
use crate::inventory::{EventDataStore, StoreConfiguration};
use crate::terraform::plan::Resource;
use crate::terraform::value::{as_bool, as_number};

const CALL: calls::ApiCall = calls::GET_EVENT_DATA_STORE;

impl<'a> Builder<'a> {
    pub(super) fn stores(&mut self) {
        for (at, resource) in self.plan.of_kind("aws_cloudtrail_event_data_store") {
            if resource.is_on(self.side) {
                let store = self.store(at, resource);
                self.origin(store.arn.as_str(), [at]);
                self.built.stores.insert(store.arn.clone(), store);
            }
        }
    }

    fn store(&self, at: usize, it: &'a Resource) -> EventDataStore {
        let place = self.place(it);
        let flag = |name: &str, unset: bool| {
            self.fact(it, name, CALL, |value| value.map_or(Some(unset), as_bool))
        };
        let suspended = self.view(it).attr("suspend");
        EventDataStore {
            arn: self.arn(at),
            name: self.name(it, "name"),
            account: place.account(),
            region: place.region(),
            configuration: StoreConfiguration {
                status: match suspended {
                    crate::terraform::value::Attr::Known(value) if as_bool(value) == Some(true) => {
                        Known("STOPPED_INGESTION".to_owned())
                    }
                    crate::terraform::value::Attr::Unknown => {
                        Unknown(self.after_apply(it, "suspend", CALL))
                    }
                    _ if self.is_created(it) => Known("ENABLED".to_owned()),
                    crate::terraform::value::Attr::Known(_) => Known("ENABLED".to_owned()),
                    crate::terraform::value::Attr::Unset => Unknown(self.not_in_plan(it, CALL)),
                },
                // The provider's defaults.
                multi_region: flag("multi_region_enabled", true),
                organization: flag("organization_enabled", false),
                retention_days: self.fact(it, "retention_period", CALL, |value| {
                    value.map_or(Some(Some(2555)), |value| as_number(value).map(Some))
                }),
                termination_protection: flag("termination_protection_enabled", true),
                kms_key: self.link(at, "kms_key_id", &KEYS, CALL, |to| match to {
                    Linked::Text(key) => Some(Some(self.key_arn(&key, &place))),
                    Linked::Resource(key) => Some(Some(self.arn(self.key_behind(key)))),
                    Linked::Nothing => Some(None),
                }),
                federation_status: self.default(it, CALL, Some("DISABLED".to_owned())),
                federation_role: self.default(it, CALL, None),
            },
            selectors: self.selectors(it, CALL),
            policy: self.default(it, calls::GET_LAKE_RESOURCE_POLICY, None),
            tags: self.tags(it, calls::LIST_TRAIL_TAGS),
        }
    }
}
