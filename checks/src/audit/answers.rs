//! Can these CloudTrail logs be trusted? Five questions, each answered from the findings of its checks.
//!
//! - **no**: a check of the question fails at medium or worse, or one that a yes rests on fails. By their own
//!   definition, weaknesses of low severity need others to matter: they are counted, and decide nothing. A waiver
//!   accepts a risk; it changes no answer.
//! - **unknown**: none fails, and one could not be evaluated; or part of the population was not assessed; or a check
//!   that a yes rests on was not selected; or there was nothing to evaluate.
//! - **not evaluated**: no check of the question was selected.
//! - **yes**: everything was evaluated, and nothing stands against it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Audit, CheckInfo};
use crate::check::Question;
use crate::coverage::{AccountStatus, RegionStatus};
use crate::finding::{Finding, Severity, Status};

/// The least severity that decides an answer.
pub const DECIDES: Severity = Severity::Medium;

/// Without it there are no signatures: its fail proves no alteration, and its pass proves nothing.
const SIGNS: &str = "trail-log-file-validation";

/// One of the five questions, its answer, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// Which question.
    pub question: Question,
    /// The answer.
    pub answer: Answered,
    /// What it rests on, the most important first.
    pub reasons: Vec<Reason>,
}

/// What is answered to a question.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// Everything was evaluated, and nothing stands against it.
    Yes,
    /// Something does.
    No,
    /// It could not be determined.
    Unknown,
    /// No check of the question was selected.
    NotEvaluated,
}

/// One reason for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The check that gives it; null for a reason that lies in the run as a whole.
    pub check: Option<String>,
    /// The severity of its worst finding that gives the reason; null for the run as a whole.
    pub severity: Option<Severity>,
    /// How many of its findings failed, waived ones among them.
    pub failed: u64,
    /// How many of its findings passed or failed: those that could not be evaluated and those that do not apply are
    /// not among them.
    pub evaluated: u64,
    /// One sentence.
    pub message: String,
}

impl Reason {
    fn of_run(message: impl Into<String>) -> Self {
        Self {
            check: None,
            severity: None,
            failed: 0,
            evaluated: 0,
            message: message.into(),
        }
    }
}

/// Whether the logs can be trusted: yes only if all answers are. None where there are no answers, as in audits of
/// schema 1.
#[must_use]
pub fn trust(answers: &[Answer]) -> Option<Answered> {
    if answers.is_empty() {
        None
    } else if answers.iter().any(|it| it.answer == Answered::No) {
        Some(Answered::No)
    } else if answers.iter().all(|it| it.answer == Answered::Yes) {
        Some(Answered::Yes)
    } else {
        Some(Answered::Unknown)
    }
}

/// The five answers.
pub(super) fn of(audit: &Audit) -> Vec<Answer> {
    let mut tallies: BTreeMap<&str, Tally<'_>> = BTreeMap::new();
    for findings in audit.findings.chunk_by(|a, b| a.check == b.check) {
        let id = findings.first().map_or("", |it| &it.check);
        let question = audit.check(id).and_then(|it| it.question);
        let always = question.is_some_and(|it| rests_on(it).contains(&id));
        let tally = tallies.entry(id).or_default();
        findings.iter().for_each(|it| tally.add(it, always));
    }
    let answered = |question| answer(audit, question, &tallies);
    Question::ALL.into_iter().map(answered).collect()
}

/// The checks that a yes rests on, whatever severity the settings give them. Others strengthen it; without these,
/// there is none.
fn rests_on(question: Question) -> &'static [&'static str] {
    match question {
        Question::Recorded => &[
            "organization-all-accounts-covered",
            "trail-exists",
            "trail-is-logging",
            "trail-management-events-read-write",
            "trail-multi-region",
        ],
        Question::Delivered => &[
            "delivery-bucket-exists",
            "delivery-s3-fresh",
            "delivery-s3-no-error",
        ],
        Question::Unaltered => &[
            "delivery-digest-chain-unbroken",
            "delivery-digest-signature-valid",
            "delivery-log-file-hash-valid",
        ],
        Question::Guarded => &[
            "access-log-delete",
            "access-trail-delete",
            "access-trail-stop",
            "bucket-not-public-acl",
            "bucket-not-public-policy",
        ],
        Question::Watched => &[
            "monitoring-alarm-action-subscribed",
            "monitoring-alarm-cloudtrail-changes",
        ],
    }
}

/// Why a question has no answer.
fn not_evaluated(question: Question) -> Reason {
    Reason::of_run(match question {
        Question::Unaltered => {
            "no digest was verified in this run: scan with --verify-digests, or use trailaudit verify"
        }
        Question::Recorded | Question::Delivered | Question::Guarded | Question::Watched => {
            "no check of this question was selected"
        }
    })
}

/// How a finding bears on an answer; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bears {
    Fail,
    Waived,
    Unknown,
}

/// The findings of one check.
#[derive(Default)]
struct Tally<'a> {
    passed: u64,
    failed: u64,
    unknown: u64,
    /// Those that decide something.
    decides: BTreeMap<Bears, Vec<&'a Finding>>,
    /// Failures too small to decide.
    aside: u64,
}

impl<'a> Tally<'a> {
    fn add(&mut self, finding: &'a Finding, always: bool) {
        let bears = match finding.status {
            Status::NotApplicable => return,
            Status::Pass => {
                self.passed += 1;
                return;
            }
            Status::Fail => {
                self.failed += 1;
                match finding.waiver {
                    Some(_) => Bears::Waived,
                    None => Bears::Fail,
                }
            }
            Status::Unknown => {
                self.unknown += 1;
                Bears::Unknown
            }
        };
        if always || finding.severity >= DECIDES {
            self.decides.entry(bears).or_default().push(finding);
        } else {
            self.aside += u64::from(finding.status == Status::Fail);
        }
    }

    /// Those to which the check applies.
    fn applicable(&self) -> u64 {
        self.passed + self.failed + self.unknown
    }

    fn evaluated(&self) -> u64 {
        self.passed + self.failed
    }
}

type Checks<'a, 't> = Vec<(&'a CheckInfo, &'t Tally<'a>)>;

fn answer<'a>(audit: &'a Audit, question: Question, tallies: &BTreeMap<&str, Tally<'a>>) -> Answer {
    let nothing = Tally::default();
    let checks = audit
        .checks
        .iter()
        .filter(|check| check.question == Some(question))
        .map(|check| (check, tallies.get(check.id.as_str()).unwrap_or(&nothing)));
    let (signs, proofs): (Checks<'_, '_>, Checks<'_, '_>) =
        checks.partition(|(check, _)| check.id == SIGNS);
    let fails = reasons(&proofs, &[Bears::Fail, Bears::Waived]);
    let mut open = reasons(&signs, &[Bears::Fail, Bears::Waived]);
    open.extend(reasons(&proofs, &[Bears::Unknown]));
    if proofs.is_empty() {
        if !open.is_empty() {
            open.push(not_evaluated(question));
        }
    } else {
        open.extend(reasons(&signs, &[Bears::Unknown]));
        open.extend(not_assessed(audit));
        open.extend(not_selected(audit, question));
        if proofs.iter().all(|(_, tally)| tally.applicable() == 0) {
            open.push(Reason::of_run("no applicable resources found"));
        }
    }
    let (answer, mut reasons) = match (fails.is_empty(), open.is_empty()) {
        (false, _) => (Answered::No, fails.into_iter().chain(open).collect()),
        (true, false) => (Answered::Unknown, open),
        (true, true) if proofs.is_empty() => {
            (Answered::NotEvaluated, vec![not_evaluated(question)])
        }
        (true, true) => (Answered::Yes, vec![passes(&proofs)]),
    };
    reasons.extend(aside(&proofs));
    Answer {
        question,
        answer,
        reasons,
    }
}

/// The checks whose findings bear on the answer so, one reason each: the worst severity first, then those with most.
fn reasons(checks: &Checks<'_, '_>, which: &[Bears]) -> Vec<Reason> {
    let mut found = Vec::new();
    for (check, tally) in checks {
        for bears in which {
            let findings = tally.decides.get(bears).map_or(&[][..], Vec::as_slice);
            let severity = findings.iter().map(|it| it.severity).max();
            let worst = findings
                .iter()
                .find(|it| Some(it.severity) == severity && severity.is_some());
            let Some(worst) = worst else {
                continue;
            };
            let (count, of) = (findings.len(), tally.applicable());
            let subject = &worst.subject.name;
            let said = match bears {
                Bears::Fail => format!("failed for {count} of {of}; {subject}: {}", worst.message),
                Bears::Waived => {
                    format!(
                        "failed for {count} of {of}, waived; {subject}: {}",
                        worst.message
                    )
                }
                Bears::Unknown => format!(
                    "could not be evaluated for {count} of {of}; {subject}: {}",
                    in_the_way(worst)
                ),
            };
            let reason = Reason {
                check: Some(check.id.clone()),
                severity,
                failed: tally.failed,
                evaluated: tally.evaluated(),
                message: said,
            };
            found.push(((*bears, Reverse(severity), Reverse(count)), reason));
        }
    }
    found.sort_by_key(|(key, _)| *key);
    found.into_iter().map(|(_, reason)| reason).collect()
}

/// `s3:GetBucketPolicy was denied`.
fn in_the_way(finding: &Finding) -> String {
    let gap = finding.evidence.iter().find_map(|evidence| {
        let (call, reason) = (evidence.call?, evidence.reason?);
        Some(format!("{call} {reason}"))
    });
    gap.unwrap_or_else(|| finding.message.to_string())
}

/// What of the population was not assessed.
fn not_assessed(audit: &Audit) -> Vec<Reason> {
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
    if audit.run.interrupted || audit.finished_at.is_none() {
        reasons.push(Reason::of_run("the run was interrupted"));
    }
    for (count, one, many) in [
        (
            unreachable,
            "account was not reached",
            "accounts were not reached",
        ),
        (
            denied,
            "region was not assessed (access denied)",
            "regions were not assessed (access denied)",
        ),
    ] {
        if count > 0 {
            let what = if count == 1 { one } else { many };
            reasons.push(Reason::of_run(format!("{count} {what}")));
        }
    }
    reasons
}

/// The checks that a yes rests on, and that were not selected.
fn not_selected(audit: &Audit, question: Question) -> Option<Reason> {
    let missing = rests_on(question)
        .iter()
        .filter(|id| audit.check(id).is_none());
    let missing: Vec<&str> = missing.copied().collect();
    let words = || format!("not selected in this run: {}", missing.join(", "));
    (!missing.is_empty()).then(|| Reason::of_run(words()))
}

fn passes(checks: &Checks<'_, '_>) -> Reason {
    let passing = checks.iter().filter(|(_, tally)| tally.passed > 0).count();
    let passed: u64 = checks.iter().map(|(_, tally)| tally.passed).sum();
    let evaluated: u64 = checks.iter().map(|(_, tally)| tally.evaluated()).sum();
    let checks = if passing == 1 { "check" } else { "checks" };
    let findings = if passed == 1 { "finding" } else { "findings" };
    Reason {
        evaluated,
        ..Reason::of_run(format!("{passing} {checks} passed, in {passed} {findings}"))
    }
}

/// Weaknesses too small to decide.
fn aside(checks: &Checks<'_, '_>) -> Option<Reason> {
    let aside: u64 = checks.iter().map(|(_, tally)| tally.aside).sum();
    let failures = if aside == 1 { "failure" } else { "failures" };
    (aside > 0).then(|| Reason {
        failed: aside,
        ..Reason::of_run(format!(
            "{aside} low or info {failures} (do not affect this answer)"
        ))
    })
}

#[cfg(test)]
pub(super) mod tests;
