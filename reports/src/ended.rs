//! How each check ended: as the worst of its findings.

use std::collections::BTreeMap;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status};

/// How a check or a finding ended; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// A failure that nobody has accepted.
    Fail,
    /// It could not be evaluated.
    Unknown,
    /// A failure that a waiver accepts.
    Waived,
    /// What the title says is true.
    Pass,
    /// The question does not arise.
    NotApplicable,
    /// There was nothing to evaluate: of checks only.
    NoSubject,
}

impl Ended {
    /// Those of findings, the worst first.
    pub const OF_FINDINGS: [Self; 5] = [
        Self::Fail,
        Self::Unknown,
        Self::Waived,
        Self::Pass,
        Self::NotApplicable,
    ];

    /// What people type for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Ended::NotApplicable => "not_applicable",
            other @ (Ended::Fail
            | Ended::Unknown
            | Ended::Waived
            | Ended::Pass
            | Ended::NoSubject) => other.as_str(),
        }
    }

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

    /// As people read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Ended::Fail => "fail",
            Ended::Unknown => "unknown",
            Ended::Waived => "waived",
            Ended::Pass => "pass",
            Ended::NotApplicable => "not applicable",
            Ended::NoSubject => "nothing to evaluate",
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

/// Every check that was selected, fired or not, by how it ended.
pub(crate) fn checks(audit: &Audit) -> BTreeMap<Ended, Vec<&str>> {
    let mut worst: BTreeMap<&str, Ended> = BTreeMap::new();
    for finding in &audit.findings {
        let ended = Ended::of(finding);
        let worst = worst.entry(&finding.check).or_insert(ended);
        *worst = ended.min(*worst);
    }
    let mut groups: BTreeMap<Ended, Vec<&str>> = BTreeMap::new();
    for check in &audit.checks {
        let ended = worst.get(check.id.as_str()).copied();
        let group = groups.entry(ended.unwrap_or(Ended::NoSubject)).or_default();
        group.push(&check.id);
    }
    groups
}
