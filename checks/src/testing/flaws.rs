//! What the sample has wrong on purpose in buckets, keys, trails and stores, so that a fail can be forgotten.

use super::{add_store, configuration, known, selectors, status, world};
use crate::fact::Fact::Known;
use crate::ids::Arn;
use crate::inventory::bucket::{AccessPoint, LifecycleRule, Notifications, ReplicationRule};
use crate::inventory::{Inventory, Key, Topic};

const MEMBER: &str = "222222222222";

/// Makes the member's weak trail, bucket and key weak in more ways, and adds a store that is.
pub(super) fn add(inventory: &mut Inventory) {
    weak_bucket(inventory);
    weak_trails(inventory);
    let gone = Topic {
        arn: Arn::from("arn:aws:sns:us-east-1:222222222222:gone"),
        configuration: Known(None),
        subscriptions: Known(Vec::new()),
    };
    inventory.topics.insert(gone.arn.clone(), gone);
    for key in inventory.keys.values_mut() {
        import(key);
    }
    add_store(inventory, MEMBER, "eu-west-1", |store| {
        store.selectors = Known(selectors(&[&[
            "eventCategory = Management",
            "readOnly = false",
        ]]));
        let set = &mut store.configuration;
        (set.multi_region, set.organization) = (Known(false), Known(false));
        set.termination_protection = Known(false);
        set.retention_days = Known(Some(7));
        set.status = Known("STOPPED_INGESTION".to_owned());
    });
}

fn weak_bucket(inventory: &mut Inventory) {
    let replica = world::replica("unlocked");
    let Some(weak) = inventory.buckets.get_mut(&Arn::bucket("aws", "weak")) else {
        return;
    };
    weak.lifecycle = Known(Some(vec![LifecycleRule {
        enabled: true,
        prefix: "AWSLogs/".to_owned(),
        expiration_days: Some(30),
        ..LifecycleRule::default()
    }]));
    weak.replication = Known(Some(vec![ReplicationRule {
        enabled: true,
        prefix: "AWSLogs/".to_owned(),
        narrowed: false,
        destination: replica.arn.clone(),
        destination_account: None,
        delete_markers: true,
        kms_encrypted: Some(true),
        role: Some(Arn::from("arn:aws:iam::222222222222:role/gone")),
        priority: None,
        not_read: Vec::new(),
    }]));
    weak.notifications = Known(Notifications::default());
    weak.website = Known(true);
    weak.prefixes = Known(vec!["AWSLogs/".to_owned(), "backups/".to_owned()]);
    weak.access_points = Known(vec![AccessPoint {
        arn: Arn::from("arn:aws:s3:us-east-1:222222222222:accesspoint/side"),
        name: "side".to_owned(),
        network_origin: "Internet".to_owned(),
        policy: Known(None),
        public_access_block: Known(None),
    }]);
    let mut unlocked = replica;
    unlocked.object_lock = Known(false);
    inventory.buckets.insert(unlocked.arn.clone(), unlocked);
}

fn weak_trails(inventory: &mut Inventory) {
    for trail in inventory.trails.values_mut() {
        match trail.name.as_str() {
            "weak" => {
                trail.insights = Known(Vec::new());
                configuration(trail).sns_topic = Known(None);
                trail.selectors = Known(selectors(&[&["eventCategory = Management"]]));
            }
            "stopped" => {
                let topic = "arn:aws:sns:us-east-1:222222222222:gone";
                configuration(trail).sns_topic = Known(Some(Arn::from(topic)));
                let refused = Some("AccessDenied".to_owned());
                known(&mut status(trail).notification)
                    .error
                    .clone_from(&refused);
                known(&mut status(trail).log_group).error = refused;
            }
            _ => {}
        }
    }
}

/// The weak key's material is imported.
fn import(key: &mut Key) {
    if key.account.as_str() == MEMBER
        && let Known(Some(metadata)) = &mut key.metadata
    {
        metadata.origin = Known("EXTERNAL".to_owned());
    }
}
