//! The calls that stop, delete, redirect or narrow the record, or weaken what it rests on: the one list from which
//! the lookup of recent calls, the check on them and its words are made.

use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::{Inventory, TamperEvent};

/// A call, by the name of its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TamperCall {
    /// The event's name, which for S3 is not always that of the API's operation.
    pub event: &'static str,
    /// What it changes.
    pub on: Touched,
    /// The call that undoes it, if one does.
    pub undone_by: Option<&'static str>,
}

/// What a call changes, and so where it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// A trail or a store: in any region.
    Record,
    /// A log bucket: in its own region.
    Bucket,
    /// The key of a trail or a log bucket: in its own region.
    Key,
    /// The log group of a trail: in its own region.
    LogGroup,
    /// CloudTrail's standing in the organization: in the home region of the management account.
    Organization,
}

macro_rules! table {
    (@undone) => { None };
    (@undone $undoing:literal) => { Some($undoing) };
    ($($on:ident { $($event:literal $(undone by $undoing:literal)?;)* })*) => {
        /// Every call.
        pub const TABLE: &[TamperCall] = &[$($(TamperCall {
            event: $event,
            on: Touched::$on,
            undone_by: table!(@undone $($undoing)?),
        },)*)*];
    };
}

// Sources: CloudTrail, AWS KMS, CloudWatch Logs and Organizations record the name of the operation; for S3 see "Amazon
// S3 CloudTrail events" in its user guide: PutBucketLifecycleConfiguration is recorded as PutBucketLifecycle,
// PutObjectLockConfiguration as PutBucketObjectLockConfiguration.
table! {
    Record {
        "StopLogging" undone by "StartLogging";
        "DeleteTrail" undone by "CreateTrail";
        "UpdateTrail";
        "PutEventSelectors";
        "PutInsightSelectors";
        "PutEventConfiguration";
        "StopEventDataStoreIngestion" undone by "StartEventDataStoreIngestion";
        "DeleteEventDataStore" undone by "RestoreEventDataStore";
        "UpdateEventDataStore";
    }
    Bucket {
        "PutBucketPolicy";
        "DeleteBucketPolicy";
        "PutBucketLifecycle";
        "PutBucketVersioning";
        "PutBucketObjectLockConfiguration";
    }
    Key {
        "ScheduleKeyDeletion" undone by "CancelKeyDeletion";
        "DisableKey" undone by "EnableKey";
        "PutKeyPolicy";
    }
    LogGroup {
        "DeleteLogGroup" undone by "CreateLogGroup";
    }
    Organization {
        "DisableAWSServiceAccess" undone by "EnableAWSServiceAccess";
        "DeregisterOrganizationDelegatedAdmin" undone by "RegisterOrganizationDelegatedAdmin";
    }
}

/// The call whose event has this name.
#[must_use]
pub fn call(event: &str) -> Option<&'static TamperCall> {
    TABLE.iter().find(|it| it.event == event)
}

/// The calls that are looked up in a region of an account: those on trails everywhere, the others only where something
/// that the logs rest on is.
#[must_use]
pub fn calls_at(
    account: &AccountId,
    region: &Region,
    inventory: &Inventory,
) -> Vec<&'static TamperCall> {
    let resources = Resources::of(inventory);
    let here = |arn: &Arn| arn.account() == *account && arn.region() == *region;
    let matters = |on: Touched| match on {
        Touched::Record => true,
        Touched::Bucket => resources.buckets.iter().any(|name| {
            inventory.bucket(name).is_some_and(|bucket| {
                bucket.owner.ok() == Some(&Some(account.clone()))
                    && bucket.region.ok() == Some(region)
            })
        }),
        Touched::Key => resources.keys.iter().any(here),
        Touched::LogGroup => resources.log_groups.iter().any(here),
        Touched::Organization => {
            let scope = &inventory.header.scope;
            *region == scope.home() && scope.management_account.as_ref() == Some(account)
        }
    };
    TABLE.iter().filter(|it| matters(it.on)).collect()
}

/// The names of these calls' events and of those that undo them.
#[must_use]
pub fn names(calls: &[&'static TamperCall]) -> Vec<&'static str> {
    let both = |it: &&'static TamperCall| std::iter::once(it.event).chain(it.undone_by);
    calls.iter().flat_map(both).collect()
}

/// What the logs rest on beside the trails.
#[derive(Debug, Default)]
pub struct Resources {
    buckets: Vec<String>,
    keys: Vec<Arn>,
    log_groups: Vec<Arn>,
}

impl Resources {
    /// What the trails, the log buckets and the stores name.
    #[must_use]
    pub fn of(inventory: &Inventory) -> Self {
        let mut all = Self::default();
        for trail in inventory.trails.values() {
            let set = &trail.configuration;
            all.buckets.extend(set.bucket.ok().cloned());
            all.keys.extend(set.kms_key.ok().cloned().flatten());
            let group = set.log_group.ok().and_then(Option::as_ref);
            all.log_groups
                .extend(group.map(crate::context::log_group_arn));
        }
        let buckets = all.buckets.iter().filter_map(|it| inventory.bucket(it));
        let defaults = buckets.filter_map(|it| it.encryption.ok()?.as_ref()?.kms_key.as_deref());
        let stores = inventory.event_data_stores.values();
        let stores = stores.filter_map(|it| it.configuration.kms_key.ok().cloned().flatten());
        all.keys.extend(defaults.map(Arn::from));
        all.keys.extend(stores);
        // An event may name the key by its id where the trail names an alias.
        let aliases = all.keys.iter().filter_map(|it| inventory.keys.get(it));
        let real = aliases.filter_map(|alias| match &alias.metadata {
            Fact::Known(Some(metadata)) => metadata.arn.ok().cloned(),
            Fact::Known(None) | Fact::Unknown(_) => None,
        });
        let real: Vec<Arn> = real.collect();
        all.keys.extend(real);
        all
    }

    /// Whether an event is about something that the logs rest on; one that does not say on what counts as if it were.
    #[must_use]
    pub fn concern(&self, event: &TamperEvent, call: &TamperCall) -> bool {
        let Some(named) = event.resource.as_deref() else {
            return true;
        };
        match call.on {
            Touched::Record => true,
            Touched::Bucket => {
                let name = named.rsplit(":::").next().unwrap_or(named);
                self.buckets.iter().any(|it| it == name)
            }
            Touched::Key => {
                // A key may be named by its id, its ARN or an alias: what stands behind an alias is not in the event.
                let id = named.rsplit('/').next().unwrap_or(named);
                named.contains("alias/")
                    || self
                        .keys
                        .iter()
                        .any(|it| it.as_str() == named || it.as_str().ends_with(id))
            }
            Touched::LogGroup => {
                let name = named.rsplit("log-group:").next().unwrap_or(named);
                let group = |it: &Arn| it.resource().strip_prefix("log-group:") == Some(name);
                self.log_groups.iter().any(group)
            }
            Touched::Organization => {
                !named.ends_with(".amazonaws.com") || named == "cloudtrail.amazonaws.com"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Two rows of one name would be looked up twice, and a call that undoes is none that harms.
    #[test]
    fn every_name_is_there_once() {
        let events: BTreeSet<&str> = TABLE.iter().map(|it| it.event).collect();
        assert_eq!(events.len(), TABLE.len());
        let undoing = TABLE.iter().filter_map(|it| it.undone_by);
        for name in undoing {
            assert_eq!(call(name), None, "{name}");
        }
    }

    /// What a region costs: at two requests a second.
    #[test]
    fn what_a_lookup_costs() {
        let inventory = crate::testing::world();
        let at = |account: &str, region: &str| {
            names(&calls_at(&account.into(), &region.into(), &inventory)).len()
        };
        // The world's log bucket, key and log group, and the organization's home, are all in one place.
        assert_eq!(at(crate::testing::ACCOUNT, crate::testing::HOME), 29);
        assert_eq!(at(crate::testing::ACCOUNT, "eu-west-1"), 13);
        assert_eq!(at("222222222222", crate::testing::HOME), 13);
    }
}
