//! A chain of digest files, and what verifying it came to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bucket::RetentionMode;
use crate::digest::{Anchor, Chain, Problem};
use crate::fact::{Fact, Gap};
use crate::ids::Arn;

/// One chain over one window of time. The result is a fact: the same bytes and keys give the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedChain {
    /// The chain, hour by hour.
    pub chain: Chain,
    /// What is wrong with it, sorted.
    pub problems: Vec<Problem>,
    /// How many digests the listing shows for the window.
    pub digests_listed: Fact<u64>,
    /// How many of them are backfill digests.
    pub backfills: u64,
    /// How many log objects the listing shows for the window, of every trail that delivers there.
    pub logs_listed: Fact<u64>,
    /// What stood in the way of reading objects and keys: the first gap of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Gap>,
    /// The newest digest that was proved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Anchor>,
    /// How the objects that were read are stored, each way once.
    #[serde(default)]
    pub stored: Vec<Stored>,
}

/// Objects of a chain that are encrypted and locked in the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stored {
    /// Digests or logs.
    pub kind: ObjectKind,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`; none where S3 did not say.
    pub encryption: Option<String>,
    /// The KMS key.
    pub key: Option<Arn>,
    /// The retention, the shortest of them; none without Object Lock.
    pub lock: Fact<Option<ObjectLock>>,
    /// How many they are.
    pub objects: u64,
    /// One of them, by its key; where they are locked, that with the shortest retention.
    pub example: String,
    /// When that one was delivered.
    pub delivered: Option<Timestamp>,
}

/// What a trail delivers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// Digest files.
    Digest,
    /// Log files.
    Log,
}

/// The retention of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectLock {
    /// Who may shorten it.
    pub mode: RetentionMode,
    /// How many whole days after its delivery it ends.
    pub days: u32,
}

impl VerifiedChain {
    /// `ACCOUNT/REGION/TRAIL_HOME/TRAIL@BUCKET/PREFIX`.
    #[must_use]
    pub fn id(&self) -> String {
        self.chain.id.to_string()
    }
}
