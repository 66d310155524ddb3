//! What was asked, and how each question ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calls::ApiCall;
use crate::fact::Reason;
use crate::ids::{AccountId, Region};

/// One call, with its retries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CallRecord {
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked.
    pub region: Region,
    /// The call.
    pub call: ApiCall,
    /// What it was asked about: an ARN or a name; empty for listings.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// How it ended.
    pub outcome: CallOutcome,
    /// What AWS said, when it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The request id of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// HTTP requests made for it, retries included.
    pub attempts: u32,
}

/// How a call ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// With an answer.
    Answered,
    /// With the error by which AWS says "not configured".
    Absent,
    /// Without an answer.
    Failed(Reason),
}
