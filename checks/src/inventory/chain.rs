//! A chain of digest files, and what verifying it came to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::{Chain, Problem};
use crate::fact::{Fact, Gap};

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
}

impl VerifiedChain {
    /// `ACCOUNT/REGION/TRAIL_HOME/TRAIL@BUCKET/PREFIX`.
    #[must_use]
    pub fn id(&self) -> String {
        self.chain.id.to_string()
    }
}
