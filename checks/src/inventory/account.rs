//! An account and what is set for all of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bucket::PublicAccessBlock;
use crate::fact::Fact;
use crate::ids::{AccountId, Arn, Region};

/// One account: of the organization, or the caller's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Its 12 digits.
    pub id: AccountId,
    /// Its name; none for a standalone account, which nobody lists.
    pub name: Option<String>,
    /// Organizations' `State`.
    #[serde(default)]
    pub state: Fact<AccountState>,
    /// The unit it lies in; none without an organization.
    #[serde(default)]
    pub parent: Fact<Option<String>>,
    /// It owns the organization.
    pub management: bool,
    /// Left out by the caller's scope; nothing else was asked.
    pub excluded: bool,
    /// Whom we acted as; unknown when the role could not be assumed.
    #[serde(default)]
    pub session: Fact<Arn>,
    /// Its regions, and whether each is switched on.
    #[serde(default)]
    pub regions: Fact<Vec<RegionSwitch>>,
    /// ListRegions was not answered: `regions` is the tool's own list.
    pub regions_assumed: bool,
    /// Block Public Access for the whole account; none when never set.
    #[serde(default)]
    pub public_access_block: Fact<Option<PublicAccessBlock>>,
    /// IAM's counts, such as `AccountMFAEnabled`.
    #[serde(default)]
    pub summary: Fact<BTreeMap<String, i64>>,
}

/// Organizations' state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountState {
    /// In use.
    Active,
    /// Being created.
    PendingActivation,
    /// Being closed.
    PendingClosure,
    /// Suspended by AWS.
    Suspended,
    /// Closed.
    Closed,
}

impl AccountState {
    /// As Organizations writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AccountState::Active => "ACTIVE",
            AccountState::PendingActivation => "PENDING_ACTIVATION",
            AccountState::PendingClosure => "PENDING_CLOSURE",
            AccountState::Suspended => "SUSPENDED",
            AccountState::Closed => "CLOSED",
        }
    }

    /// From Organizations' word; none for a word that we do not know.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        use AccountState::{Active, Closed, PendingActivation, PendingClosure, Suspended};
        [Active, PendingActivation, PendingClosure, Suspended, Closed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// A region of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegionSwitch {
    /// Its code.
    pub name: Region,
    /// Switched on, by default or by choice.
    pub enabled: bool,
    /// Left out by the caller's scope.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excluded: bool,
}
