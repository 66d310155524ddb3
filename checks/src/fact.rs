//! What one API call taught us, or why it taught us nothing.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calls::ApiCall;
use crate::ids::{AccountId, Region};

pub use Fact::{Known, Unknown};

/// A value that was seen, or the reason why it could not be.
///
/// `Known(None)` means "there is none"; `Unknown` means "we could not tell". Never mix them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// The call was answered.
    Known(T),
    /// It was not, or not in a way that can be read.
    Unknown(Gap),
}

impl<T> Fact<T> {
    /// The value, or the gap in its place: `fact.known()?` is how a check reads.
    pub fn known(&self) -> Result<&T, Gaps> {
        match self {
            Known(value) => Ok(value),
            Unknown(gap) => Err(Gaps::from(gap.clone())),
        }
    }

    /// The value, where a missing one makes no difference to the verdict.
    pub fn ok(&self) -> Option<&T> {
        match self {
            Known(value) => Some(value),
            Unknown(_) => None,
        }
    }

    /// The gap, if there is one.
    pub fn gap(&self) -> Option<&Gap> {
        match self {
            Known(_) => None,
            Unknown(gap) => Some(gap),
        }
    }

    /// The same fact about something derived from the value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Known(value) => Known(f(value)),
            Unknown(gap) => Unknown(gap),
        }
    }
}

/// Why a fact is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The call that would have told.
    pub call: ApiCall,
    /// The account that was asked.
    pub account: AccountId,
    /// The region that was asked.
    pub region: Region,
    /// How the call ended.
    pub reason: Reason,
    /// What AWS said, word for word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The request id of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gap {
            call,
            account,
            region,
            reason,
            ..
        } = self;
        write!(f, "{call} {reason} in {account}/{region}")
    }
}

/// A gap that many answers speak of.
pub type SharedGap = std::sync::Arc<Gap>;

/// How a call that gave no answer ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The caller may not make it.
    Denied,
    /// A service control policy closes it, by the answer's own words or by our evaluation.
    DeniedByScp,
    /// Still throttled after all retries.
    Throttled,
    /// A network or service error after all retries.
    Failed,
    /// Answered with something that could not be read.
    Malformed,
    /// The endpoint does not know the operation.
    Unimplemented,
    /// The run was interrupted before.
    Interrupted,
    /// No selected check needed it.
    NotAsked,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Denied => "was denied",
            Reason::DeniedByScp => "was denied by a service control policy",
            Reason::Throttled => "was throttled",
            Reason::Failed => "failed",
            Reason::Malformed => "gave an answer that cannot be read",
            Reason::Unimplemented => "is not offered by the endpoint",
            Reason::Interrupted => "was interrupted",
            Reason::NotAsked => "was not asked",
        })
    }
}

/// All that stood in the way of a verdict; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gaps(Vec<Gap>);

impl Gaps {
    /// Each gap once, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Gap> {
        self.0.iter()
    }

    /// Adds what stood in the way as well.
    #[must_use]
    pub fn and(mut self, other: Gaps) -> Self {
        for gap in other.0 {
            if !self.0.contains(&gap) {
                self.0.push(gap);
            }
        }
        self
    }

    /// The gaps of several facts, if any: for checks that read all before they judge.
    pub fn collect(gaps: impl IntoIterator<Item = Gaps>) -> Option<Gaps> {
        gaps.into_iter().reduce(Gaps::and)
    }
}

impl From<Gap> for Gaps {
    fn from(gap: Gap) -> Self {
        Self(vec![gap])
    }
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(first) = self.0.first() {
            write!(f, "{first}")?;
        }
        match self.0.len() {
            0 | 1 => Ok(()),
            n => write!(f, ", and {} more", n - 1),
        }
    }
}
