//! What the least severity lets through, and what it hides: for formats that people read.

use std::collections::BTreeMap;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Severity, Status};

use crate::tell::number;

/// The findings that ask for attention.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    /// Open failures, by check.
    pub open: BTreeMap<&'a str, Vec<&'a Finding>>,
    /// Accepted failures.
    pub waived: Vec<&'a Finding>,
    /// What nobody could tell.
    pub unknown: Vec<&'a Finding>,
    /// How many of each are below the least severity.
    hidden: [(u64, &'static str); 3],
    least: Severity,
}

impl<'a> Shown<'a> {
    pub(crate) fn of(audit: &'a Audit, least: Severity) -> Self {
        let mut open: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        let (mut waived, mut unknown) = (Vec::new(), Vec::new());
        let [mut hidden_open, mut hidden_waived, mut hidden_unknown] = [0; 3];
        for finding in &audit.findings {
            let shown = finding.severity >= least;
            match finding.status {
                Status::Pass | Status::NotApplicable => {}
                Status::Fail if finding.waiver.is_some() && shown => waived.push(finding),
                Status::Fail if finding.waiver.is_some() => hidden_waived += 1,
                Status::Fail if shown => open.entry(&finding.check).or_default().push(finding),
                Status::Fail => hidden_open += 1,
                Status::Unknown if shown => unknown.push(finding),
                Status::Unknown => hidden_unknown += 1,
            }
        }
        Self {
            open,
            waived,
            unknown,
            hidden: [
                (hidden_open, "open"),
                (hidden_waived, "waived"),
                (hidden_unknown, "unknown"),
            ],
            least,
        }
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

    /// What is hidden, in one sentence.
    pub(crate) fn hidden(&self) -> Option<String> {
        let told = self.hidden.iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told
            .map(|(count, word)| format!("{} {word}", number(*count)))
            .collect();
        (!told.is_empty()).then(|| {
            let least = self.least;
            format!(
                "Not shown (below --min-severity {least}): {}.",
                told.join(", ")
            )
        })
    }
}
