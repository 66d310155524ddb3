//! What is known of the authenticity of a record. It is not in the record: whoever read the log says it.

use std::fmt;

/// The proof of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Its log's hash is in a digest that is valid.
    Verified,
    /// So, but an older version of the object was read: the newest is another.
    Version,
    /// A valid digest lists another hash for its log, or it stands after the one signed gzip member.
    Altered,
    /// A valid digest covers the log's delivery time and does not list it.
    Unlisted,
    /// Nothing is known, and why.
    Unverified(Reason),
}

/// Why nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No digest covers it.
    NoDigest,
    /// The digest that should list it is missing.
    DigestMissing,
    /// The digest that lists it is not valid.
    DigestInvalid,
    /// The key that the digest was signed with is not known.
    KeyUnknown,
    /// Log file validation was off.
    ValidationOff,
    /// Its digest is not delivered yet.
    NotYetDelivered,
    /// It is not an object that CloudTrail delivered: a file, an answer of LookupEvents, an EventBridge event.
    NotDelivered,
}

impl Proof {
    /// All, each reason included.
    pub const ALL: &'static [Self] = &[
        Self::Verified,
        Self::Version,
        Self::Altered,
        Self::Unlisted,
        Self::Unverified(Reason::NoDigest),
        Self::Unverified(Reason::DigestMissing),
        Self::Unverified(Reason::DigestInvalid),
        Self::Unverified(Reason::KeyUnknown),
        Self::Unverified(Reason::ValidationOff),
        Self::Unverified(Reason::NotYetDelivered),
        Self::Unverified(Reason::NotDelivered),
    ];

    /// The word for it, without its reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Version => "version",
            Self::Altered => "altered",
            Self::Unlisted => "unlisted",
            Self::Unverified(_) => "unverified",
        }
    }

    /// The word for its reason, if it has one.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Unverified(reason) => Some(reason.word()),
            Self::Verified | Self::Version | Self::Altered | Self::Unlisted => None,
        }
    }

    /// Whether a statement may rest on it: a signature covers the bytes that were read.
    #[must_use]
    pub fn is_proven(self) -> bool {
        matches!(self, Self::Verified | Self::Version)
    }

    /// The weaker of two: what holds of an answer that needs both.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        let rank = |proof| match proof {
            Self::Verified => 0,
            Self::Version => 1,
            Self::Unverified(_) => 2,
            Self::Unlisted => 3,
            Self::Altered => 4,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

impl Reason {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NoDigest => "no-digest",
            Self::DigestMissing => "digest-missing",
            Self::DigestInvalid => "digest-invalid",
            Self::KeyUnknown => "key-unknown",
            Self::ValidationOff => "validation-off",
            Self::NotYetDelivered => "not-yet-delivered",
            Self::NotDelivered => "not-delivered",
        }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason() {
            Some(reason) => write!(f, "{} ({reason})", self.word()),
            None => f.write_str(self.word()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_good_as_its_weakest_record() {
        let unverified = Proof::Unverified(Reason::NoDigest);
        assert_eq!(Proof::Verified.weaker(Proof::Version), Proof::Version);
        assert_eq!(unverified.weaker(Proof::Verified), unverified);
        assert_eq!(Proof::Altered.weaker(Proof::Unlisted), Proof::Altered);
        assert_eq!(unverified.weaker(Proof::Unlisted), Proof::Unlisted);
        assert!(Proof::ALL.iter().filter(|it| it.is_proven()).count() == 2);
    }
}
