//! What can be wrong with digests, logs and chains, by the names that reports use.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caused::Caused;
use super::key::{ChainId, ObjectRef, account_and_region};
use crate::severity::Severity;

/// A kind of problem.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The log's bytes are not those that the digest lists.
    LogHashMismatch,
    /// A digest lists the log, and it is not there.
    LogMissing,
    /// The log is not one complete gzip member, or too large.
    LogCorrupt,
    /// Something follows the log's gzip member.
    LogTrailingData,
    /// No digest lists the log, although a valid one covers the time of its delivery.
    LogUnlisted,
    /// Digests of one chain list the log more than once.
    LogListedTwice,
    /// A digest lists the log in a bucket that is not the chain's.
    LogForeignBucket,
    /// A digest lists the log under a key that CloudTrail does not write.
    LogKeySuspicious,
    /// The log could not be verified: unread, or its digest is missing or invalid.
    LogUnverified,
    /// The digest must be there, and is not.
    DigestMissing,
    /// The digest's signature is not over these bytes.
    DigestSignatureInvalid,
    /// The object does not carry its signature.
    DigestSignatureMissing,
    /// No public key with the digest's fingerprint was valid in that region at that time.
    DigestKeyUnknown,
    /// The digest belongs elsewhere.
    DigestMoved,
    /// The object is not a digest in CloudTrail's format.
    DigestFormat,
    /// Something follows the digest's gzip member.
    DigestTrailingData,
    /// The digest could not be read.
    DigestUnverified,
    /// There is no digest at all.
    ChainMissing,
    /// The chain begins anew, without a hole.
    ChainRestart,
    /// No digest covers a time.
    ChainGap,
    /// A digest does not begin where the one before it ends.
    ChainTimeDiscontinuity,
    /// A digest names another predecessor, hash or signature than that of the digest before it.
    ChainLinkMismatch,
    /// The chain ends before the window does.
    ChainTailMissing,
    /// Objects are stored uncompressed: they were verified over these bytes.
    ObjectUncompressed,
}

impl Kind {
    /// How bad a problem of this kind is.
    pub fn severity(self) -> Severity {
        match self {
            Self::LogHashMismatch
            | Self::LogMissing
            | Self::DigestMissing
            | Self::DigestSignatureInvalid
            | Self::ChainMissing
            | Self::ChainLinkMismatch => Severity::Critical,
            Self::LogCorrupt
            | Self::LogUnlisted
            | Self::LogKeySuspicious
            | Self::DigestSignatureMissing
            | Self::DigestKeyUnknown
            | Self::DigestMoved
            | Self::DigestFormat
            | Self::ChainGap
            | Self::ChainTimeDiscontinuity
            | Self::ChainTailMissing => Severity::High,
            Self::LogTrailingData
            | Self::LogListedTwice
            | Self::LogForeignBucket
            | Self::DigestTrailingData
            | Self::ChainRestart => Severity::Medium,
            Self::LogUnverified | Self::DigestUnverified => Severity::Low,
            Self::ObjectUncompressed => Severity::Info,
        }
    }
}

/// A span of time, from `start` up to `end`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Window {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
}

/// What became of an object.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proved.
    Valid,
    /// Something needed could not be read, or its digest is missing or invalid.
    Unverified,
    /// No digest lists it.
    Unlisted,
    /// It must be there, and is not.
    Missing,
    /// Proved to be wrong.
    Invalid,
}

/// One thing that is wrong, with what was expected and what was seen instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// The account whose record it concerns.
    pub account: String,
    /// The region whose record it concerns.
    pub region: String,
    /// The chain that it belongs to, by its id; `None` for an object that no chain can be told from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The bucket.
    pub bucket: String,
    /// The object; none for problems of a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The time, for problems of a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// What the object or time is thereby; none for a note on something that is valid or on a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What it means here.
    pub detail: String,
    /// What should have been seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// The recorded call that made it, where it was looked for and found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Caused>>,
}

impl Problem {
    /// A problem with an object.
    pub(super) fn object(
        kind: Kind,
        verdict: Verdict,
        at: &ObjectRef,
        chain: Option<&ChainId>,
    ) -> Self {
        let (account, region) = match chain {
            Some(chain) => (chain.account.clone(), chain.region.clone()),
            None => account_and_region(&at.key),
        };
        Self {
            kind,
            severity: kind.severity(),
            account,
            region,
            chain: chain.map(ChainId::to_string),
            bucket: at.bucket.clone(),
            key: Some(at.key.clone()),
            window: None,
            verdict: Some(verdict),
            detail: String::new(),
            expected: None,
            seen: None,
            cause: None,
        }
    }

    /// A problem with a chain, for a time.
    pub(super) fn chain(kind: Kind, chain: &ChainId, window: Window) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            account: chain.account.clone(),
            region: chain.region.clone(),
            chain: Some(chain.to_string()),
            bucket: chain.bucket.clone(),
            key: None,
            window: Some(window),
            verdict: None,
            detail: String::new(),
            expected: None,
            seen: None,
            cause: None,
        }
    }

    pub(super) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn differs(mut self, expected: impl ToString, seen: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self.seen = Some(seen.to_string());
        self
    }
}
