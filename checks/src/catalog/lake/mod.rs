//! CloudTrail Lake: stores that collect events beside the trails, or instead of them.

use crate::check::{Check, Verdict};
use crate::fact::Gaps;
use crate::inventory::{EventDataStore, StoreConfiguration};

mod federation_role;
mod ingestion_enabled;
mod kms_customer_managed;
mod management_events;
mod multi_region;
mod organization;
mod resource_policy;
mod retention_days;
mod termination_protection;

pub(super) const ALL: &[&Check] = &[
    &federation_role::CHECK,
    &ingestion_enabled::CHECK,
    &kms_customer_managed::CHECK,
    &management_events::CHECK,
    &multi_region::CHECK,
    &organization::CHECK,
    &resource_policy::CHECK,
    &retention_days::CHECK,
    &termination_protection::CHECK,
];

/// What GetEventDataStore says; the verdict of most checks on a store that is being deleted.
fn configured(store: &EventDataStore) -> Result<Result<&StoreConfiguration, Verdict>, Gaps> {
    let set = &store.configuration;
    let status = set.status.known()?;
    if status == "PENDING_DELETION" {
        let leaving = "the event data store is pending deletion (see lake-ingestion-enabled)";
        return Ok(Err(Verdict::not_applicable(leaving).saw("Status", status)));
    }
    Ok(Ok(set))
}
