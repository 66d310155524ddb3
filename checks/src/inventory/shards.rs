//! The shards of a run that was done by many processes, and merged.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Its number, from 0 on.
    pub shard: u64,
    /// How often it was tried, as far as the run knows: failed attempts are counted.
    pub attempts: u64,
    /// What it delivered; none where nothing was delivered and the merge went on without it.
    pub delivered: Option<ShardDelivery>,
}

/// What a shard delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardDelivery {
    /// SHA-256 of the file in the run.
    pub sha256: String,
    /// The name of the machine, as it said itself.
    pub host: String,
    /// When the attempt that delivered began, by the clock of that machine.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
}
