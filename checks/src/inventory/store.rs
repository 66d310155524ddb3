//! CloudTrail Lake: event data stores and channels.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trail::Selectors;
use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// An event data store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventDataStore {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub account: AccountId,
    /// Where it lives.
    pub region: Region,
    /// GetEventDataStore.
    pub configuration: Fact<StoreConfiguration>,
    /// Its selectors (always advanced).
    pub selectors: Fact<Selectors>,
    /// Its resource policy.
    pub policy: Fact<Option<String>>,
    /// Its tags.
    pub tags: Fact<BTreeMap<String, String>>,
}

/// What GetEventDataStore says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreConfiguration {
    /// `ENABLED`, `STOPPED_INGESTION`, `PENDING_DELETION`, ...
    pub status: String,
    /// Collects from every region.
    pub multi_region: bool,
    /// Collects from every account.
    pub organization: bool,
    /// How long events are kept.
    pub retention_days: Option<i64>,
    /// Cannot be deleted while on.
    pub termination_protection: bool,
    /// The customer's key; none means an AWS-owned one.
    pub kms_key: Option<Arn>,
    /// `ENABLED` when other engines may query it.
    pub federation_status: Option<String>,
    /// The role they use.
    pub federation_role: Option<Arn>,
}

/// A channel, by which others write into stores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// GetChannel: who writes.
    pub source: Fact<String>,
    /// Its resource policy.
    pub policy: Fact<Option<String>>,
}
