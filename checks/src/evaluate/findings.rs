//! What a check said becomes a finding: one for each check and subject.

use super::Evaluation;
use super::evidence::{LONGEST, LONGEST_NAME, bounded, from_gap, unknown_message};
use crate::check::{Check, Outcome};
use crate::fact::Gaps;
use crate::finding::{Evidence, Finding, Status, Subject, fingerprint, short};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

impl Evaluation<'_> {
    pub(super) fn lost(&mut self, check: &'static Check, lost: &BTreeMap<Subject, Gaps>) {
        for (subject, gaps) in lost {
            // A hole on a subject that was judged as well: a proved fail stands, nothing else does.
            let key = (check.id, subject.id.clone());
            let before = self.findings.get(&key).map(|finding| finding.status);
            if before != Some(Status::Fail) {
                self.findings.remove(&key);
                self.add(check, subject.clone(), Err(gaps.clone()));
            }
        }
    }

    pub(super) fn add(&mut self, check: &'static Check, subject: Subject, outcome: Outcome) {
        let (status, message, evidence, step) = match outcome {
            Ok(it) => (it.status, it.message, it.evidence, it.step),
            Err(gaps) => (
                Status::Unknown,
                unknown_message(&gaps),
                gaps.iter().map(from_gap).collect(),
                0,
            ),
        };
        let overridden = self
            .ctx
            .settings
            .checks
            .get(check.id)
            .and_then(|it| it.severity);
        let mut finding = Finding {
            fingerprint: fingerprint(check.id, &subject.id),
            check: check.id.to_owned(),
            status,
            severity: overridden.unwrap_or(check.severity).stepped(step),
            message: short(&message, LONGEST),
            evidence: evidence.into_iter().map(bounded).collect(),
            waiver: None,
            baseline: None,
            subject: Subject {
                name: short(&subject.name, LONGEST_NAME),
                ..subject
            },
        };
        finding.shrink();
        let key = (check.id, finding.subject.id.clone());
        match self.findings.entry(key) {
            Entry::Vacant(place) => {
                place.insert(finding);
            }
            Entry::Occupied(mut place) => {
                let before = place.get().clone();
                place.insert(one_of(before, finding));
            }
        }
    }
}

/// One check has one finding per subject. A file may hold a subject twice: then what fails stays a fail, and what the
/// two do not agree on is unknown.
pub(super) fn one_of(before: Finding, after: Finding) -> Finding {
    if before == after {
        return before;
    }
    let rank = |status| match status {
        Status::Fail => 0,
        Status::Unknown => 1,
        Status::Pass | Status::NotApplicable => 2,
    };
    let (mut kept, other) = match rank(before.status) <= rank(after.status) {
        true => (before, after),
        false => (after, before),
    };
    kept.evidence.push(Evidence {
        what: TWICE.to_owned(),
        seen: Some(short(&format!("{}: {}", other.status, other.message), LONGEST).into()),
        ..Evidence::default()
    });
    if matches!(kept.status, Status::Pass | Status::NotApplicable) {
        kept.status = Status::Unknown;
        kept.message = format!("could not be evaluated: {TWICE}");
    }
    kept
}

/// Why a finding has two outcomes.
pub(super) const TWICE: &str = "the subject was evaluated twice, with different results";
