//! What a check said becomes a finding: one for each check and subject.

use super::Evaluation;
use super::evidence::{LONGEST, LONGEST_NAME, bounded, from_gap, unknown_message};
use crate::check::{Check, Outcome};
use crate::fact::Gaps;
use crate::finding::{Evidence, Finding, Shared, Status, Subject, fingerprint, short};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What checks have said so far, in the order in which they said it. There are millions: they are sorted at the end, in
/// place, and not held in a map.
#[derive(Debug, Default)]
pub(super) struct Findings {
    said: Vec<Said>,
    shared: Shared,
}

#[derive(Debug)]
struct Said {
    finding: Finding,
    /// It speaks for what could not be listed, of a subject that may have been judged as well.
    hole: bool,
}

impl Findings {
    /// One finding for each check and subject, in this order.
    pub(super) fn settled(self) -> Vec<Finding> {
        fn key(said: &Said) -> (&str, &str) {
            (&said.finding.check, &said.finding.subject.id)
        }
        let Self { mut said, shared } = self;
        drop(shared);
        // What was said of one subject stays in its order.
        said.sort_by(|a, b| key(a).cmp(&key(b)));
        said.dedup_by(|later, kept| {
            let same = key(later) == key(kept);
            if same {
                let (before, after) = (kept.finding.clone(), later.finding.clone());
                kept.finding = match later.hole {
                    // A hole on a subject that was judged as well: a proved fail stands, nothing else does.
                    true if before.status == Status::Fail => before,
                    true => after,
                    false => one_of(before, after),
                };
            }
            same
        });
        said.into_iter().map(|it| it.finding).collect()
    }
}

impl Evaluation<'_> {
    pub(super) fn lost(&mut self, check: &'static Check, lost: &BTreeMap<Subject, Gaps>) {
        for (subject, gaps) in lost {
            self.say(check, subject.clone(), Err(gaps.clone()), true);
        }
    }

    pub(super) fn add(&mut self, check: &'static Check, subject: Subject, outcome: Outcome) {
        self.say(check, subject, outcome, false);
    }

    fn say(&mut self, check: &'static Check, subject: Subject, outcome: Outcome, hole: bool) {
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
        let finding = Finding {
            fingerprint: fingerprint(check.id, &subject.id),
            check: Arc::from(check.id),
            status,
            severity: overridden.unwrap_or(check.severity).stepped(step),
            message: short(&message, LONGEST).into(),
            evidence: evidence.into_iter().map(bounded).collect(),
            waiver: None,
            baseline: None,
            subject: Arc::new(Subject {
                name: short(&subject.name, LONGEST_NAME),
                ..subject
            }),
        };
        let finding = self.findings.shared.share(finding);
        self.findings.said.push(Said { finding, hole });
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
    let twice = Evidence {
        what: TWICE.to_owned(),
        seen: Some(short(&format!("{}: {}", other.status, other.message), LONGEST).into()),
        ..Evidence::default()
    };
    kept.evidence = kept.evidence.iter().cloned().chain([twice]).collect();
    if matches!(kept.status, Status::Pass | Status::NotApplicable) {
        kept.status = Status::Unknown;
        kept.message = format!("could not be evaluated: {TWICE}").into();
    }
    kept
}

/// Why a finding has two outcomes.
pub(super) const TWICE: &str = "the subject was evaluated twice, with different results";
