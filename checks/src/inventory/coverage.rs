//! The population of a run: every account and region, what was asked there, and how it ended.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calls::ApiCall;
use crate::ids::{AccountId, Region};

/// What was asked, and how each question ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Every account, in order of id.
    pub accounts: Vec<AccountCoverage>,
    /// Every region of every account, in order.
    pub regions: Vec<RegionCoverage>,
    /// The calls.
    pub calls: CallTotals,
    /// What stays open although nothing failed, one sentence each.
    pub notes: Vec<String>,
}

/// How an account ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountCoverage {
    /// Its 12 digits.
    pub id: AccountId,
    /// Its name.
    pub name: Option<String>,
    /// How it ended.
    pub status: AccountStatus,
    /// Why, when it is not assessed.
    pub reason: Option<String>,
}

/// How an account ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Every question was answered.
    Assessed,
    /// Some were not.
    Partial,
    /// Its role could not be assumed.
    Unreachable,
    /// Not in use; it records nothing of its own.
    NotActive,
    /// It has left the organization.
    Former,
    /// Left out by the caller's scope.
    Excluded,
}

/// How a region ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionCoverage {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// How it ended.
    pub status: RegionStatus,
    /// Why, when it is not assessed.
    pub reason: Option<String>,
}

/// How a region ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RegionStatus {
    /// Every question was answered.
    Assessed,
    /// Some were not.
    Partial,
    /// Its trails could not be listed.
    Denied,
    /// A service control policy closes it.
    DeniedByScp,
    /// The account has not switched it on.
    NotEnabled,
    /// Left out by the caller's scope.
    Excluded,
}

/// The calls, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallTotals {
    /// Requests sent, retries included.
    pub total: u64,
    /// The same, by operation.
    pub by_operation: BTreeMap<String, u64>,
    /// Calls that never got an answer.
    pub failed: Vec<FailedCall>,
}

/// A call that never got an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct FailedCall {
    /// The call.
    pub operation: ApiCall,
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked.
    pub region: Region,
    /// How it ended, and what AWS said.
    pub reason: String,
    /// The request id of the last attempt.
    pub request_id: Option<String>,
}
