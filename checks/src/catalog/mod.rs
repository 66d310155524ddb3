//! Every check: one folder per group, one file per check.

use std::collections::BTreeMap;

use crate::check::Check;

mod access;
mod bucket;
mod delivery;
mod deputy;
mod gap;
mod key;
mod lake;
mod monitoring;
mod organization;
mod ours;
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
        lake::ALL,
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

/// Questions that are asked elsewhere, or were planned, and are no checks here: by id, and why.
pub fn left_out() -> Result<BTreeMap<String, String>, toml::de::Error> {
    toml::from_str(include_str!("../../frameworks/left_out.toml"))
}
