//! A KMS key that encrypts log files, log buckets or stores.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// A key, read with the role of the account that owns it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// Its ARN, as the trail, bucket or store names it.
    pub arn: Arn,
    /// The account that owns it.
    pub account: AccountId,
    /// Where it lives.
    pub region: Region,
    /// DescribeKey; none when there is no such key.
    #[serde(default)]
    pub metadata: Fact<Option<KeyMetadata>>,
    /// The key policy.
    #[serde(default)]
    pub policy: Fact<Option<String>>,
    /// Automatic rotation; none when there is no such key.
    #[serde(default)]
    pub rotation: Fact<Option<Rotation>>,
    /// Grants.
    #[serde(default)]
    pub grants: Fact<Vec<KeyGrant>>,
}

/// What DescribeKey says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyMetadata {
    /// The real ARN: an alias resolved.
    #[serde(default)]
    pub arn: Fact<Arn>,
    /// `AWS` or `CUSTOMER`.
    #[serde(default)]
    pub manager: Fact<String>,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`, ...
    #[serde(default)]
    pub state: Fact<String>,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    #[serde(default)]
    pub origin: Fact<String>,
    /// Such as `SYMMETRIC_DEFAULT`.
    #[serde(default)]
    pub spec: Fact<String>,
    /// A multi-region key.
    #[serde(default)]
    pub multi_region: Fact<bool>,
    /// The other keys of a multi-region key, primary and replicas: they share its key material, and each has a
    /// policy of its own.
    #[serde(default)]
    pub replicas: Fact<Vec<Arn>>,
    /// When it will be gone.
    #[serde(default)]
    pub deletion: Fact<Option<Timestamp>>,
    /// When imported material expires.
    #[serde(default)]
    pub valid_to: Fact<Option<Timestamp>>,
}

/// Automatic rotation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rotation {
    /// On.
    #[serde(default)]
    pub enabled: Fact<bool>,
    /// How often.
    #[serde(default)]
    pub period_days: Fact<Option<i32>>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyGrant {
    /// Its id.
    pub id: String,
    /// Who may.
    pub grantee: String,
    /// Who may retire it.
    pub retiring: Option<String>,
    /// What they may.
    pub operations: Vec<String>,
    /// Encryption context that must be equal.
    pub context_equals: BTreeMap<String, String>,
    /// Encryption context that must be contained.
    pub context_subset: BTreeMap<String, String>,
}
