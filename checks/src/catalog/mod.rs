//! Every check: one folder per group, one file per check.

use crate::check::Check;

mod access;
mod bucket;
mod delivery;
mod deputy;
mod gap;
mod key;
mod monitoring;
mod organization;
mod recording;
mod trail;

/// Every check, by id.
#[must_use]
pub fn all() -> Vec<&'static Check> {
    let groups = [
        access::ALL,
        bucket::ALL,
        delivery::ALL,
        key::ALL,
        monitoring::ALL,
        organization::ALL,
        trail::ALL,
    ];
    let mut all: Vec<&'static Check> = groups.concat();
    all.sort_by_key(|check| check.id);
    all
}

/// The check with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    all().into_iter().find(|check| check.id == id)
}
