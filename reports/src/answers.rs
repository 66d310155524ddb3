//! Can this record be trusted? Five questions, each answered from the findings of its checks.
//!
//! - **no**: a check of the question fails at medium or worse. By their own definition, weaknesses of low severity
//!   need others to matter: they are told, and decide nothing. A waiver accepts a risk; it changes no answer.
//! - **cannot tell**: none fails, and one is unknown; or part of the population was not seen; or a check that a
//!   yes rests on was not judged; or there was nothing to judge.
//! - **not asked**: no check of the question was selected.
//! - **yes**: all of that asked, and nothing stands against it.

mod question;

use std::collections::BTreeMap;

use trailaudit_checks::audit::{Audit, CheckInfo};
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::finding::{Finding, Severity, Status};

use crate::ended::Ended;
use crate::tell::{counted, number};

use question::SIGNS;
pub(crate) use question::{Question, question};

/// The least severity that decides an answer.
pub(crate) const DECIDES: Severity = Severity::Medium;

/// What is said to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing stands against it.
    Yes,
    /// Something does.
    No,
    /// Nobody knows.
    CannotTell,
    /// Nobody tried.
    NotAsked,
}

impl Said {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Said::Yes => "yes",
            Said::No => "no",
            Said::CannotTell => "cannot tell",
            Said::NotAsked => "not asked",
        }
    }
}

/// An answer, with what it rests on, the weightiest first.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub question: Question,
    pub said: Said,
    pub reasons: Vec<Reason<'a>>,
}

impl Answer<'_> {
    /// It is a no, and somebody has accepted each risk that makes it one.
    pub(crate) fn is_accepted(&self) -> bool {
        let fails = |ended| self.reasons.iter().any(|it| it.ended == Some(ended));
        self.said == Said::No && !fails(Ended::Fail)
    }
}

/// One reason: raw words, that each writer cleans.
#[derive(Debug)]
pub(crate) struct Reason<'a> {
    /// The check that gives it.
    pub check: Option<&'a CheckInfo>,
    /// How that check ended, where it is the reason.
    pub ended: Option<Ended>,
    pub words: String,
}

impl Reason<'_> {
    fn of_run(words: String) -> Self {
        Self {
            check: None,
            ended: None,
            words,
        }
    }
}

/// The five answers.
pub(crate) fn all(audit: &Audit) -> Vec<Answer<'_>> {
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for finding in &audit.findings {
        tallies.entry(&finding.check).or_default().add(finding);
    }
    let asked = |question| answer(audit, question, &tallies);
    Question::ALL.into_iter().map(asked).collect()
}

/// Whether the record can be trusted: yes only if all answers are.
pub(crate) fn trust(answers: &[Answer<'_>]) -> Said {
    if answers.iter().any(|it| it.said == Said::No) {
        Said::No
    } else if answers.iter().all(|it| it.said == Said::Yes) {
        Said::Yes
    } else {
        Said::CannotTell
    }
}

/// The findings of one check that decide something, by how they ended.
#[derive(Default)]
struct Tally<'a> {
    judged: u64,
    passed: u64,
    by_end: BTreeMap<Ended, Vec<&'a Finding>>,
    aside: u64,
}

impl<'a> Tally<'a> {
    fn add(&mut self, finding: &'a Finding) {
        let ended = Ended::of(finding);
        match ended {
            Ended::NotApplicable | Ended::NoSubject => return,
            Ended::Pass => self.passed += 1,
            Ended::Fail | Ended::Waived | Ended::Unknown => {
                if finding.severity < DECIDES {
                    self.aside += u64::from(finding.status == Status::Fail);
                } else {
                    self.by_end.entry(ended).or_default().push(finding);
                }
            }
        }
        self.judged += 1;
    }
}

fn answer<'a>(
    audit: &'a Audit,
    question: Question,
    tallies: &BTreeMap<&str, Tally<'a>>,
) -> Answer<'a> {
    let nothing = Tally::default();
    let checks: Vec<(&CheckInfo, &Tally<'_>)> = audit
        .checks
        .iter()
        .filter(|check| self::question(&check.id) == Some(question))
        .map(|check| (check, tallies.get(check.id.as_str()).unwrap_or(&nothing)))
        .collect();
    let (signs, proofs): (Vec<_>, Vec<_>) =
        checks.into_iter().partition(|(check, _)| check.id == SIGNS);
    let fails = reasons(&proofs, &[Ended::Fail, Ended::Waived]);
    let open = [
        reasons(&signs, &[Ended::Fail, Ended::Waived]),
        reasons(&proofs, &[Ended::Unknown]),
        if proofs.is_empty() {
            Vec::new()
        } else {
            reasons(&signs, &[Ended::Unknown])
        },
    ];
    let mut open: Vec<Reason<'_>> = open.into_iter().flatten().collect();
    if !proofs.is_empty() {
        open.extend(unseen(audit));
        open.extend(missing(audit, question));
        if proofs.iter().all(|(_, tally)| tally.judged == 0) {
            let words = "its checks found nothing that they apply to".to_owned();
            open.push(Reason::of_run(words));
        }
    }
    let aside = aside(&proofs);
    let (said, mut reasons) = match (fails.is_empty(), open.is_empty()) {
        (false, _) => (Said::No, fails.into_iter().chain(open).collect()),
        (true, false) => {
            if proofs.is_empty() {
                open.push(Reason::of_run(question.how_to_ask().to_owned()));
            }
            (Said::CannotTell, open)
        }
        (true, true) if proofs.is_empty() => {
            let words = question.how_to_ask().to_owned();
            (Said::NotAsked, vec![Reason::of_run(words)])
        }
        (true, true) => (Said::Yes, vec![passes(&proofs)]),
    };
    reasons.extend(aside);
    Answer {
        question,
        said,
        reasons,
    }
}

/// The checks that ended so, one reason each: the worst severity first, then those that fail most.
fn reasons<'a>(checks: &[(&'a CheckInfo, &Tally<'a>)], ends: &[Ended]) -> Vec<Reason<'a>> {
    let mut found = Vec::new();
    for (check, tally) in checks {
        for ended in ends {
            let Some(findings) = tally.by_end.get(ended) else {
                continue;
            };
            let Some(worst) = findings.iter().max_by_key(|it| it.severity) else {
                continue;
            };
            let (count, of) = (number(findings.len() as u64), number(tally.judged));
            let words = match ended {
                Ended::Waived => format!("fails on {count} of {of}, waived: {}", worst.message),
                Ended::Unknown => format!("unknown on {count} of {of}{}", in_the_way(worst)),
                Ended::Fail | Ended::Pass | Ended::NotApplicable | Ended::NoSubject => {
                    format!("fails on {count} of {of}: {}", worst.message)
                }
            };
            let key = (
                *ended,
                std::cmp::Reverse(worst.severity),
                std::cmp::Reverse(findings.len()),
            );
            found.push((
                key,
                Reason {
                    check: Some(*check),
                    ended: Some(*ended),
                    words,
                },
            ));
        }
    }
    found.sort_by_key(|(key, _)| *key);
    found.into_iter().map(|(_, reason)| reason).collect()
}

/// `: s3:GetBucketPolicy was denied`.
fn in_the_way(finding: &Finding) -> String {
    let gap = finding.evidence.iter().find_map(|it| {
        let (call, reason) = (it.call?, it.reason?);
        Some(format!(": {call} {reason}"))
    });
    gap.unwrap_or_else(|| format!(": {}", finding.message))
}

/// What of the population nobody saw.
fn unseen<'a>(audit: &Audit) -> Vec<Reason<'a>> {
    let accounts = &audit.coverage.accounts;
    let unreachable = accounts
        .iter()
        .filter(|it| it.status == AccountStatus::Unreachable)
        .count();
    let regions = &audit.coverage.regions;
    let denied = regions
        .iter()
        .filter(|it| it.status == RegionStatus::Denied)
        .count();
    let mut reasons = Vec::new();
    if audit.run.interrupted {
        reasons.push(Reason::of_run("the run was interrupted".to_owned()));
    }
    if unreachable > 0 {
        let count = counted(unreachable as u64, "account");
        reasons.push(Reason::of_run(format!("{count} could not be reached")));
    }
    if denied > 0 {
        let count = counted(denied as u64, "region");
        reasons.push(Reason::of_run(format!("{count} gave no answer")));
    }
    reasons
}

/// The checks that a yes rests on, and that were not selected.
fn missing<'a>(audit: &Audit, question: Question) -> Option<Reason<'a>> {
    let missing = question
        .rests_on()
        .iter()
        .filter(|id| audit.check(id).is_none());
    let missing: Vec<&str> = missing.copied().collect();
    let words = || format!("not judged in this run: {}", missing.join(", "));
    (!missing.is_empty()).then(|| Reason::of_run(words()))
}

fn passes<'a>(checks: &[(&'a CheckInfo, &Tally<'a>)]) -> Reason<'a> {
    let passing = checks.iter().filter(|(_, tally)| tally.passed > 0).count();
    let passed: u64 = checks.iter().map(|(_, tally)| tally.passed).sum();
    let passing = counted(passing as u64, "check");
    let passed = counted(passed, "finding");
    Reason::of_run(format!("{passing} pass, in {passed}"))
}

/// Weaknesses too small to decide.
fn aside<'a>(checks: &[(&'a CheckInfo, &Tally<'a>)]) -> Option<Reason<'a>> {
    let aside: u64 = checks.iter().map(|(_, tally)| tally.aside).sum();
    let count = counted(aside, "failure");
    let words = format!("{count} below {DECIDES} severity, which alone decide nothing");
    (aside > 0).then(|| Reason::of_run(words))
}

#[cfg(test)]
mod tests;
