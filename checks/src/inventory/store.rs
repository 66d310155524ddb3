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
    #[serde(default)]
    pub configuration: StoreConfiguration,
    /// Its selectors (always advanced).
    #[serde(default)]
    pub selectors: Fact<Selectors>,
    /// Its resource policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Fact<BTreeMap<String, String>>,
}

/// What GetEventDataStore says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoreConfiguration {
    /// `ENABLED`, `STOPPED_INGESTION`, `PENDING_DELETION`, ...
    #[serde(default)]
    pub status: Fact<String>,
    /// Collects from every region.
    #[serde(default)]
    pub multi_region: Fact<bool>,
    /// Collects from every account.
    #[serde(default)]
    pub organization: Fact<bool>,
    /// How long events are kept.
    #[serde(default)]
    pub retention_days: Fact<Option<i64>>,
    /// Cannot be deleted while on.
    #[serde(default)]
    pub termination_protection: Fact<bool>,
    /// The customer's key; none means an AWS-owned one.
    #[serde(default)]
    pub kms_key: Fact<Option<Arn>>,
    /// `ENABLED` when other engines may query it.
    #[serde(default)]
    pub federation_status: Fact<Option<String>>,
    /// The role they use.
    #[serde(default)]
    pub federation_role: Fact<Option<Arn>>,
}

/// A channel, by which others write into stores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Channel {
    /// Its ARN.
    pub arn: Arn,
    /// Its name.
    pub name: String,
    /// GetChannel: who writes.
    #[serde(default)]
    pub source: Fact<String>,
    /// Its resource policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
}
