//! What only the user can know: retention, approved places and people.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::ids::AccountId;

/// The judging half of `trailaudit.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many days logs must be kept.
    pub retention_days: u32,
    /// How old the last delivery may be.
    pub delivery_max_age: SignedDuration,
    /// The accounts that hold logs and nothing else.
    pub log_archive_accounts: Vec<AccountId>,
    /// The buckets that trails may deliver to.
    pub approved_buckets: Vec<String>,
    /// The regions that trails may be made in.
    pub approved_home_regions: Vec<String>,
    /// The tags that trails must carry.
    pub required_tags: Vec<String>,
    /// ARNs whose data events must be recorded.
    pub required_data_event_resources: Vec<String>,
    /// Principals that may hold tamper rights, until when and why.
    pub allowed_principals: Vec<AllowedPrincipal>,
    /// Per check: another severity, or off, with a reason.
    pub checks: BTreeMap<String, CheckOverride>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_days: 365,
            delivery_max_age: SignedDuration::from_hours(24),
            log_archive_accounts: Vec::new(),
            approved_buckets: Vec::new(),
            approved_home_regions: Vec::new(),
            required_tags: Vec::new(),
            required_data_event_resources: Vec::new(),
            allowed_principals: Vec::new(),
            checks: BTreeMap::new(),
        }
    }
}

/// A principal whose tamper rights are accepted. The finding stays a fail and carries a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowedPrincipal {
    /// An ARN, or a glob over ARNs.
    pub arn: String,
    /// Why.
    pub reason: String,
    /// Through which day, UTC.
    pub expires: Date,
}

/// What the user changes about one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckOverride {
    /// In place of the check's own.
    pub severity: Option<Severity>,
    /// `false` leaves the check out.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Why.
    pub reason: String,
}

fn yes() -> bool {
    true
}
