//! What is known of one chain over a window of time, hour by hour.

use std::num::NonZeroU16;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::key::{ChainId, ObjectRef};
use super::problem::{Problem, Window};
use super::sha256::Sha256;
use crate::hex;

/// CloudTrail delivers a digest every hour, also without activity.
pub const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// How far a digest may be from the full hour and still be in its place.
pub(super) const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// The verdict on an hour or a chain; a later one is worse.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum HourVerdict {
    /// A valid digest covers it, and what it lists was found as it is listed.
    Verified,
    /// Something could not be read.
    Unverified,
    /// No digest covers it.
    Gap,
    /// A digest or a log of it is wrong.
    Invalid,
}

/// Why no digest covers an hour, as far as known.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The chain begins later: validation was turned on, or the region or account joined.
    NotStarted,
    /// The hour was not over, or its digest not due, when the window ended.
    NotYetDelivered,
    /// Logging was stopped, and no other chain covers the hour.
    LoggingStopped,
    /// Logging was stopped, and digests of another trail cover the hour for the same account and region.
    Covered,
    /// The trail's digests of that hour are stored in another place, and are linked to these.
    Moved,
    /// The chain began anew: logging or validation was off.
    Restart,
    /// The digest is missing.
    DigestMissing,
    /// A digest begins after the end of the one that it names as its predecessor.
    Discontinuity,
    /// The chain ends too early.
    TailMissing,
    /// There is no digest at all.
    ChainMissing,
    /// The chain's digests of that time lie in another bucket or under another prefix.
    Elsewhere,
    /// It cannot be told: the digest that would say it is invalid or was not read.
    Unknown,
}

impl Cause {
    /// Whether such an hour is as it should be.
    pub fn is_expected(self) -> bool {
        match self {
            Self::NotStarted | Self::NotYetDelivered | Self::Covered | Self::Moved => true,
            Self::LoggingStopped
            | Self::Restart
            | Self::DigestMissing
            | Self::Discontinuity
            | Self::TailMissing
            | Self::ChainMissing
            | Self::Elsewhere
            | Self::Unknown => false,
        }
    }

    /// Whether no digest of this chain can list a log of such an hour, whatever else is missing.
    pub(super) fn lists_nothing(self) -> bool {
        self == Self::LoggingStopped || self.is_expected()
    }
}

/// An hour of a chain: what one digest covers or would cover, cut at the window's ends. Hours that follow on each other,
/// are equally long and have the same verdict and cause are one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hour {
    /// Where it begins: where the one before ends.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
    /// What is known of it.
    pub verdict: HourVerdict,
    /// Why no digest covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// How many hours these are, each as long as the others; 1 where it is left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub count: NonZeroU16,
}

fn one() -> NonZeroU16 {
    NonZeroU16::MIN
}

fn is_one(count: &NonZeroU16) -> bool {
    *count == one()
}

/// How many digests came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DigestCounts {
    /// Proved.
    pub valid: u64,
    /// Wrong.
    pub invalid: u64,
    /// Not there.
    pub missing: u64,
    /// Not to be judged.
    pub unverified: u64,
}

/// How many logs came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LogCounts {
    /// Proved.
    pub valid: u64,
    /// Wrong.
    pub invalid: u64,
    /// Not there.
    pub missing: u64,
    /// Not to be judged.
    pub unverified: u64,
    /// Listed by no digest.
    pub unlisted: u64,
}

/// The verdict on one chain over a window. Its hours part the window without holes or overlaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chain {
    /// Which chain.
    #[serde(flatten)]
    pub id: ChainId,
    /// The time that was asked about.
    pub window: Window,
    /// The worst of its hours and problems; hours without a digest that are as they should be do not count.
    pub verdict: HourVerdict,
    /// Its digests.
    pub digests: DigestCounts,
    /// Its logs.
    pub logs: LogCounts,
    /// Its hours, in order; those that are alike are one entry, with their `count`.
    pub hours: Vec<Hour>,
}

/// A chain, and all that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joined {
    /// The chain.
    pub chain: Chain,
    /// Sorted.
    pub problems: Vec<Problem>,
}

/// What is known of the trail besides its digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Logging {
    /// Nothing: a last digest shorter than an hour is taken for the final one.
    #[default]
    Unknown,
    /// It is on, so that digests are due until the window's end.
    Running,
    /// It has been off since then.
    StoppedAt(Timestamp),
    /// It has been on for so short a time that its first digest is not due yet.
    Started {
        /// Since when it is on.
        at: Timestamp,
        /// When it was turned off before that.
        stopped: Option<Timestamp>,
    },
}

/// The last digest of a chain that was proved: where the next run starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Anchor {
    /// Where it lies.
    pub at: ObjectRef,
    /// The end of its interval.
    pub end: Timestamp,
    /// The hash of its uncompressed bytes, in hexadecimal text.
    pub sha256: String,
    /// Its signature, in hexadecimal text.
    pub signature: String,
}

/// The digest that the next one of the chain is to be joined to.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) at: ObjectRef,
    pub(super) end: Timestamp,
    pub(super) sha256: Sha256,
    pub(super) signature: Vec<u8>,
    /// Shorter than an hour and not a starting digest: the one that is delivered when logging stops.
    pub(super) is_final: bool,
}

impl Last {
    /// `None` if the anchor's texts are not what they must be.
    pub(super) fn from_anchor(anchor: &Anchor) -> Option<Self> {
        let sha256 = hex::decode(&anchor.sha256)?.try_into().ok()?;
        let signature = hex::decode(&anchor.signature)?;
        Some(Self {
            at: anchor.at.clone(),
            end: anchor.end,
            sha256,
            signature,
            is_final: false,
        })
    }

    pub(super) fn anchor(&self) -> Anchor {
        let (sha256, signature) = (hex::encode(&self.sha256), hex::encode(&self.signature));
        Anchor {
            at: self.at.clone(),
            end: self.end,
            sha256,
            signature,
        }
    }
}
