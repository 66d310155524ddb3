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
    pub metadata: Fact<Option<KeyMetadata>>,
    /// The key policy.
    pub policy: Fact<Option<String>>,
    /// Automatic rotation; none when there is no such key.
    pub rotation: Fact<Option<Rotation>>,
    /// Grants.
    pub grants: Fact<Vec<KeyGrant>>,
}

/// What DescribeKey says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyMetadata {
    /// The real ARN: an alias resolved.
    pub arn: Arn,
    /// `AWS` or `CUSTOMER`.
    pub manager: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, `PendingImport`, `Unavailable`, ...
    pub state: String,
    /// `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM`, `EXTERNAL_KEY_STORE`.
    pub origin: String,
    /// Such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// A multi-region key.
    pub multi_region: bool,
    /// When it will be gone.
    pub deletion: Option<Timestamp>,
    /// When imported material expires.
    pub valid_to: Option<Timestamp>,
}

/// Automatic rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rotation {
    /// On.
    pub enabled: bool,
    /// How often.
    pub period_days: Option<i32>,
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
