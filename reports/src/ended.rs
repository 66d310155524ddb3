//! How each check ended: as the worst of its findings.

use std::collections::BTreeMap;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status};

/// How a check ended; the worst first.
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
    fn of(finding: &Finding) -> Self {
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
