//! How a check ended: as the worst of its findings.

use trailaudit_checks::finding::{Finding, Status};

/// How a finding or a check ended; the first is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    Fail,
    Unknown,
    Waived,
    Pass,
    NotApplicable,
    NoSubject,
}

impl Ended {
    /// All, the worst first.
    pub(crate) const ALL: [Self; 6] = [
        Self::Fail,
        Self::Unknown,
        Self::Waived,
        Self::Pass,
        Self::NotApplicable,
        Self::NoSubject,
    ];

    pub(crate) fn of(finding: &Finding) -> Self {
        match finding.status {
            Status::Fail if finding.waiver.is_some() => Ended::Waived,
            Status::Fail => Ended::Fail,
            Status::Unknown => Ended::Unknown,
            Status::Pass => Ended::Pass,
            Status::NotApplicable => Ended::NotApplicable,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Ended::Fail => "fail",
            Ended::Unknown => "unknown",
            Ended::Waived => "waived",
            Ended::Pass => "pass",
            Ended::NotApplicable => "not applicable",
            Ended::NoSubject => "nothing to judge",
        }
    }

    /// The same in one word, for the names of styles.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Ended::Fail => "fail",
            Ended::Unknown => "unknown",
            Ended::Waived => "waived",
            Ended::Pass => "pass",
            Ended::NotApplicable => "na",
            Ended::NoSubject => "none",
        }
    }

    /// A sign that needs no colour.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Ended::Fail => "\u{2715}",
            Ended::Unknown => "?",
            Ended::Waived => "\u{25c7}",
            Ended::Pass => "\u{2713}",
            Ended::NotApplicable | Ended::NoSubject => "\u{2013}",
        }
    }
}
