//! Which findings people see, and what is kept from them: for formats that people read.

use std::collections::BTreeMap;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Severity};

use crate::Listed;
use crate::ended::Ended;
use crate::wording::number;

/// What is listed without being asked for by name.
pub(crate) const LOUD: [Ended; 3] = [Ended::Fail, Ended::Unknown, Ended::Waived];

impl Listed {
    /// Failures of this severity are listed.
    pub(crate) fn severity(&self, severity: Severity) -> bool {
        severity >= self.min_severity
            && (self.severities.is_empty() || self.severities.contains(&severity))
    }

    /// What ended so is listed.
    pub(crate) fn status(&self, ended: Ended) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&ended)
    }

    /// It was asked for by name.
    pub(crate) fn names(&self, ended: Ended) -> bool {
        self.statuses.contains(&ended)
    }

    /// The finding is listed.
    pub(crate) fn has(&self, finding: &Finding) -> bool {
        self.severity(finding.severity) && self.status(Ended::of(finding))
    }

    /// What is kept from the lists, in one sentence; none where that is nothing. Of what has its place in them only.
    pub(crate) fn hidden(&self, audit: &Audit, place: &[Ended]) -> Option<String> {
        let mut counts: BTreeMap<Ended, u64> = BTreeMap::new();
        for finding in audit.findings.iter().filter(|it| !self.has(it)) {
            let ended = Ended::of(finding);
            if place.contains(&ended) {
                *counts.entry(ended).or_default() += 1;
            }
        }
        let told = counts
            .iter()
            .map(|(ended, count)| format!("{} {}", number(*count), ended.as_str()));
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| {
            format!(
                "Not shown because of {}: {}. The answers, totals and exit code include them.",
                self.flags(),
                told.join(", ")
            )
        })
    }

    /// As it was asked for.
    fn flags(&self) -> String {
        let mut flags = Vec::new();
        if !self.statuses.is_empty() {
            let words: Vec<&str> = self.statuses.iter().map(|it| it.word()).collect();
            flags.push(format!("--status {}", words.join(",")));
        }
        if !self.severities.is_empty() {
            let words: Vec<&str> = self.severities.iter().map(|it| it.as_str()).collect();
            flags.push(format!("--severity {}", words.join(",")));
        }
        if self.min_severity > Severity::Info {
            flags.push(format!("--min-severity {}", self.min_severity));
        }
        flags.join(" ")
    }
}

/// The findings that are listed, by how they ended.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// Open failures, by check.
    pub open: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// Accepted failures.
    pub waived: Vec<&'a Finding>,
    /// What could not be evaluated.
    pub unknown: Vec<&'a Finding>,
    /// What is listed only where it is asked for by name.
    pub quiet: BTreeMap<Ended, Vec<&'a Finding>>,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(audit: &'a Audit, listed: &Listed) -> Self {
        let mut shown = Self {
            open: BTreeMap::new(),
            waived: Vec::new(),
            unknown: Vec::new(),
            quiet: BTreeMap::new(),
        };
        for finding in audit.findings.iter().filter(|it| listed.has(it)) {
            match Ended::of(finding) {
                Ended::Fail => shown.open.entry(&finding.check).or_default().push(finding),
                Ended::Waived => shown.waived.push(finding),
                Ended::Unknown => shown.unknown.push(finding),
                ended @ (Ended::Pass | Ended::NotApplicable | Ended::NoSubject) => {
                    if listed.names(ended) {
                        shown.quiet.entry(ended).or_default().push(finding);
                    }
                }
            }
        }
        shown
    }

    /// The checks with open failures, the worst severity first.
    pub(crate) fn worst_first(
        &self,
    ) -> impl Iterator<Item = (Severity, &'a str, Vec<&'a Finding>)> + '_ {
        Severity::ALL.into_iter().flat_map(move |severity| {
            self.open.iter().filter_map(move |(check, findings)| {
                let findings = findings.iter().copied();
                let of_it: Vec<&Finding> = findings.filter(|it| it.severity == severity).collect();
                (!of_it.is_empty()).then_some((severity, *check, of_it))
            })
        })
    }
}
