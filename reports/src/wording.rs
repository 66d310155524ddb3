//! Words that several formats share. They are raw: each writer cleans what it writes, once.

use std::collections::BTreeMap;

use trailaudit_checks::audit::compare::{BaselineReport, ChangeKind};
use trailaudit_checks::audit::{Answer, Answered, Audit, First, NOT_SCANNED};
use trailaudit_checks::check::Question;
use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::finding::{
    AppliedWaiver, BaselineState, Finding, Severity, Status, Subject, short,
};
use trailaudit_checks::framework::{
    Basis, ControlResult, ControlStatus, FrameworkResult, RetentionLength,
};
use trailaudit_checks::ids::AccountId;

pub(crate) use crate::facts::{evidence, value};

/// The names of accounts. They stand beside every finding, so a long one is cut; AWS allows 50 characters.
#[derive(Debug)]
pub(crate) struct Names<'a>(BTreeMap<&'a AccountId, String>);

/// The longest name of an account.
const NAME: usize = 256;

impl<'a> Names<'a> {
    pub(crate) fn of(audit: &'a Audit) -> Self {
        let named = |account: &'a trailaudit_checks::coverage::AccountCoverage| {
            Some((&account.id, short(account.name.as_deref()?, NAME)))
        };
        Self(audit.coverage.accounts.iter().filter_map(named).collect())
    }

    /// The account's name, if it has one.
    pub(crate) fn get(&self, account: &AccountId) -> Option<&str> {
        self.0.get(account).map(String::as_str)
    }

    /// `111111111111 (payments)`.
    pub(crate) fn account(&self, account: &AccountId) -> String {
        match self.get(account) {
            Some(name) => format!("{account} ({name})"),
            None => account.to_string(),
        }
    }

    /// What was judged, in one phrase that names its account and region.
    pub(crate) fn subject(&self, subject: &Subject) -> String {
        let Subject { kind, id, name, .. } = subject;
        let mut aside: Vec<String> = Vec::new();
        if let Some(account) = &subject.account {
            if !id.contains(account.as_str()) {
                aside.push(format!("account {account}"));
            }
            aside.extend(self.get(account).map(str::to_owned));
        }
        if let Some(region) = subject
            .region
            .as_ref()
            .filter(|it| !id.contains(it.as_str()))
        {
            aside.push(region.to_string());
        }
        let told = aside.iter().any(|it| it == name) || id.contains(name.as_str());
        if !told {
            aside.insert(0, name.clone());
        }
        let what = if id.starts_with("arn:") {
            id.clone()
        } else {
            format!("{} {id}", kind.as_str())
        };
        if aside.is_empty() {
            what
        } else {
            format!("{what} ({})", aside.join(", "))
        }
    }
}

/// Until when, by whom and why.
pub(crate) fn waiver(waiver: &AppliedWaiver) -> String {
    let AppliedWaiver {
        reason,
        approver,
        expires,
        ticket,
    } = waiver;
    let ticket = ticket
        .as_ref()
        .map(|it| format!(", {it}"))
        .unwrap_or_default();
    format!("waived until {expires} by {approver}{ticket}: {reason}")
}

/// `1 account`, `2,000 accounts`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {noun}{end}", number(count))
}

/// With commas between thousands.
pub(crate) fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut told = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

/// `organization o-1, management account 111111111111`.
pub(crate) fn whose(audit: &Audit) -> String {
    let scope = &audit.scope;
    match (&scope.organization, &scope.management_account) {
        (Some(id), Some(account)) => format!("organization {id}, management account {account}"),
        (Some(id), None) => format!("organization {id}"),
        (None, _) => "no organization".to_owned(),
    }
}

/// Who asked; a mirror on disk is verified without asking AWS.
pub(crate) fn caller(audit: &Audit) -> &str {
    match audit.scope.caller_arn.as_str() {
        "" => "nobody: AWS was not called",
        arn => arn,
    }
}

/// Fails that nobody has accepted, of this severity or worse.
pub(crate) fn open_failures(audit: &Audit, from: Severity) -> u64 {
    audit
        .summary
        .by_severity
        .range(from..)
        .map(|(_, count)| count)
        .sum()
}

/// All totals in one phrase.
pub(crate) fn totals(audit: &Audit) -> String {
    let sum = &audit.summary;
    format!(
        "{}: {} pass, {} fail ({} waived), {} unknown, {} not applicable",
        counted(audit.findings.len() as u64, "finding"),
        number(sum.pass),
        number(sum.fail),
        number(sum.waived),
        number(sum.unknown),
        number(sum.not_applicable),
    )
}

/// How the run ended, in a word and a sentence.
pub(crate) fn verdict(audit: &Audit) -> (Headline, String) {
    let open = open_failures(audit, Severity::Info);
    let worst = audit
        .summary
        .by_severity
        .iter()
        .rfind(|(_, count)| **count > 0);
    let unknown = audit.summary.unknown;
    let unseen = !audit.run.complete || unknown > 0;
    let (word, mut sentence) = match worst {
        Some((severity, _)) => {
            let open = counted(open, "open failure");
            (Headline::Fail, format!("{open}, worst: {severity}"))
        }
        // That each failure is accepted is another thing than that there is none.
        None if audit.summary.waived > 0 => {
            let all = counted(audit.summary.waived, "failure");
            let word = match unseen {
                true => Headline::Undecided,
                false => Headline::Pass,
            };
            (word, format!("{all}, all waived"))
        }
        None if unseen => (
            Headline::Undecided,
            "no failures found, but the scan is incomplete".to_owned(),
        ),
        // That nothing is deleted says nothing of what is there.
        None if audit.plan.is_some() && only_of_plans(audit) => (
            Headline::Undecided,
            "the plan changes no resource that the checks evaluate".to_owned(),
        ),
        None if audit.summary.pass > 0 => {
            (Headline::Pass, "all applicable checks passed".to_owned())
        }
        None => (
            Headline::Undecided,
            "no applicable resources found".to_owned(),
        ),
    };
    if unknown > 0 {
        sentence.push_str(&format!(
            "; {} could not be evaluated",
            counted(unknown, "finding")
        ));
    }
    if audit.run.interrupted {
        sentence.push_str("; the scan was interrupted: this report is incomplete");
    } else if !audit.run.complete && audit.plan.is_some() {
        sentence.push_str(
            "; the plan leaves something open: values that are known only after apply, or changes that are not planned",
        );
    } else if !audit.run.complete {
        sentence.push_str("; scan incomplete: some in-scope accounts or regions were not assessed");
    }
    (word, sentence)
}

/// Every pass is of a check on plans as such.
fn only_of_plans(audit: &Audit) -> bool {
    let mut passed = audit.findings.iter().filter(|it| it.status == Status::Pass);
    passed.all(|it| it.check.starts_with("plan-"))
}

/// The word that a report opens with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headline {
    /// Nothing stands against it.
    Pass,
    /// At least one open failure.
    Fail,
    /// Neither.
    Undecided,
}

impl Headline {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Headline::Pass => "PASS",
            Headline::Fail => "FAIL",
            Headline::Undecided => "INCONCLUSIVE",
        }
    }
}

/// Why the exit code is what it is.
pub(crate) fn exit(audit: &Audit) -> String {
    let run = &audit.run;
    let from = run.fail_on;
    let open = open_failures(audit, from);
    let new_only = audit.baseline.as_ref().is_some_and(|it| it.fail_on_new);
    let new = audit.findings.iter().filter(|finding| {
        finding.is_open_failure()
            && finding.severity >= from
            && finding.baseline == Some(BaselineState::New)
    });
    let new = new.count() as u64;
    let why = match run.exit_code {
        0 if run.exit_zero => "set by --exit-zero, whatever was found".to_owned(),
        0 if !run.complete && run.allow_incomplete => {
            format!("no open failures at or above {from}; --allow-incomplete accepts the gaps")
        }
        0 if new_only && (open > 0 || !run.complete) => {
            format!("no new failures at or above {from} since the baseline (--fail-on-new)")
        }
        0 => format!("no open failures at or above {from} (--fail-on)"),
        1 if new_only => format!(
            "{} at or above {from} since the baseline (--fail-on-new)",
            counted(new, "new open failure")
        ),
        3 if new_only => format!(
            "no new failures at or above {from}, but less could be evaluated than in the baseline"
        ),
        1 => format!(
            "{} at or above {from} (--fail-on)",
            counted(open, "open failure")
        ),
        3 => format!("no open failures at or above {from}, but the scan is incomplete"),
        4 => "the run could not be finished".to_owned(),
        130 => "interrupted".to_owned(),
        _ => "see the list of exit codes".to_owned(),
    };
    format!("exit {}: {why}", run.exit_code)
}

/// The findings that ended so.
pub(crate) fn with(audit: &Audit, status: Status) -> impl Iterator<Item = &Finding> {
    audit
        .findings
        .iter()
        .filter(move |finding| finding.status == status)
}

/// How the first call without an answer ended, in one word as it stands in JSON.
pub(crate) fn reason(finding: &Finding) -> String {
    let reason = finding.evidence.iter().find_map(|it| it.reason);
    let word = reason.and_then(|it| serde_json::to_value(it).ok());
    word.as_ref()
        .and_then(|it| it.as_str())
        .unwrap_or("unknown")
        .to_owned()
}

/// What stands before the message: an unknown is never told as a fact.
pub(crate) fn message(finding: &Finding) -> String {
    let message = &finding.message;
    let told = [UNTOLD, FORMERLY].iter().any(|it| message.starts_with(it));
    if finding.status == Status::Unknown && !told {
        return format!("{UNTOLD}: {message}");
    }
    message.to_string()
}

/// The message with what it is about, for places where it stands alone.
pub(crate) fn alone(finding: &Finding) -> String {
    let message = message(finding);
    let Subject { kind, id, name, .. } = &*finding.subject;
    // Accounts and regions are called by their ids: names of accounts are not unique.
    let name = if id.starts_with("arn:") { name } else { id };
    match message.contains(name.as_str()) || name.is_empty() {
        true => message,
        false => format!("{} {name}: {message}", kind.as_str()),
    }
}

const UNTOLD: &str = "could not be evaluated";
/// What earlier versions wrote.
const FORMERLY: &str = "could not be told";

/// How many accounts ended in which way.
pub(crate) fn accounts(audit: &Audit) -> BTreeMap<&'static str, u64> {
    counts(
        audit
            .coverage
            .accounts
            .iter()
            .map(|it| account_word(it.status)),
    )
}

/// How many regions ended in which way.
pub(crate) fn regions(audit: &Audit) -> BTreeMap<&'static str, u64> {
    counts(
        audit
            .coverage
            .regions
            .iter()
            .map(|it| region_word(it.status)),
    )
}

fn counts<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts = BTreeMap::new();
    for it in all {
        *counts.entry(it).or_default() += 1;
    }
    counts
}

/// `6: 4 assessed, 2 partial`.
pub(crate) fn by_status(counts: &BTreeMap<&str, u64>) -> String {
    let all: u64 = counts.values().sum();
    if all == 0 {
        return "none".to_owned();
    }
    let each = counts
        .iter()
        .map(|(word, count)| format!("{} {word}", number(*count)));
    format!("{}: {}", number(all), each.collect::<Vec<_>>().join(", "))
}

/// Waivers without effect, and coverage that stays open: one sentence each.
pub(crate) fn asides(audit: &Audit) -> Vec<String> {
    let mut lines = waivers(audit);
    let notes = audit.coverage.notes.iter();
    lines.extend(notes.map(|note| format!("coverage: {note}")));
    lines
}

/// Waivers without effect, and those without bounds: one sentence each.
pub(crate) fn waivers(audit: &Audit) -> Vec<String> {
    let mut lines = Vec::new();
    for (waivers, why) in [
        (&audit.waivers.expired, "expired, and ignored"),
        (&audit.waivers.broad, "is broad"),
        (&audit.waivers.unused, "matches nothing"),
    ] {
        lines.extend(waivers.iter().map(|it| format!("waiver {why}: {it}")));
    }
    lines
}

/// What stands in place of the answers where there are none.
pub(crate) const NO_ANSWERS: &str = "This audit was written by an earlier version (schema 1) and holds no answers; scan again to get them.";

/// A question in one word.
pub(crate) fn question(question: Question) -> &'static str {
    match question {
        Question::Recorded => "Recorded",
        Question::Delivered => "Delivered",
        Question::Unaltered => "Unaltered",
        Question::Guarded => "Guarded",
        Question::Watched => "Watched",
    }
}

/// A question in full.
pub(crate) fn asks(question: Question) -> &'static str {
    match question {
        Question::Recorded => "Is activity logged in every account and region?",
        Question::Delivered => "Do the logs arrive where they are kept?",
        Question::Unaltered => "Do CloudTrail's own signatures prove the logs unaltered?",
        Question::Guarded => "Is access to modify or delete the logs restricted?",
        Question::Watched => "Would anyone notice tampering?",
    }
}

/// A report about events alone: the five questions were no part of the run.
pub(crate) fn is_of_events(audit: &Audit) -> bool {
    audit.events.is_some() && !audit.checks.iter().any(|it| it.question.is_some())
}

/// What is answered to it.
pub(crate) fn answered(answered: Answered) -> &'static str {
    match answered {
        Answered::Yes => "yes",
        Answered::No => "no",
        Answered::Unknown => "unknown",
        Answered::NotEvaluated => "not evaluated",
    }
}

/// It is a no, and somebody has accepted each risk that makes it one.
pub(crate) fn is_accepted(audit: &Audit, answer: &Answer) -> bool {
    let failing = |check: &str| {
        let mut open = audit.findings.iter().filter(|it| &*it.check == check);
        open.any(Finding::is_open_failure)
    };
    let mut checks = answer.reasons.iter().filter(|it| it.failed > 0);
    answer.answer == Answered::No && !checks.any(|it| it.check.as_deref().is_some_and(failing))
}

/// How often a check fails, and in how many accounts.
pub(crate) fn first_count(first: &First) -> String {
    if first.check == NOT_SCANNED {
        return counted(first.accounts, "account");
    }
    let failures = counted(first.subjects.len() as u64, "failure");
    match first.accounts {
        0 => failures,
        accounts => format!("{failures} in {}", counted(accounts, "account")),
    }
}

/// How a control ended, as people read it.
pub(crate) fn control_word(status: ControlStatus) -> &'static str {
    match status {
        ControlStatus::Failing => "failing",
        ControlStatus::NotEvaluated => "not evaluated",
        ControlStatus::Passing => "passing",
        ControlStatus::NotCovered => "not covered",
    }
}

/// Whose reading the links are, as people read it.
pub(crate) fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Ours => "our mapping",
        Basis::Peer => "mapping published by others",
        Basis::PeerAndOurs => "mapping published by others and ours",
        Basis::PeerAndRecall => "mapping published by others, id from memory",
    }
}

/// How many checks a control has, how many passed, how many were not asked for, and whose reading that is.
pub(crate) fn control(control: &ControlResult) -> String {
    let checks = counted(control.checks.len() as u64, "check");
    let mut words = format!("{checks}, {} passed", number(control.passed));
    if !control.not_selected.is_empty() {
        let count = number(control.not_selected.len() as u64);
        words.push_str(&format!(", {count} not selected"));
    }
    if let Some(length) = control.retention.filter(RetentionLength::is_too_short) {
        words.push_str(&format!(
            "; asks for {} days of retention, evaluated with retention_days = {}",
            number(u64::from(length.required_days)),
            length.evaluated_days
        ));
    }
    let why = match control.status {
        ControlStatus::Failing => Some(("failed", &control.failed)),
        ControlStatus::NotEvaluated => Some(("could not be evaluated", &control.unknown)),
        ControlStatus::Passing | ControlStatus::NotCovered => None,
    };
    if let Some((what, checks)) = why.filter(|(_, checks)| !checks.is_empty()) {
        words.push_str(&format!("; {what}: {}", checks.join(", ")));
    }
    format!("{words}; {}", basis(control.basis))
}

/// `5 controls: 2 failing, 3 passing`.
pub(crate) fn controls(framework: &FrameworkResult) -> String {
    let controls = &framework.controls;
    let counts = counts(controls.iter().map(|it| it.status));
    let counts: Vec<String> = counts
        .iter()
        .map(|(status, count)| format!("{} {}", number(*count), control_word(*status)))
        .collect();
    let all = counted(controls.len() as u64, "control");
    format!("{all}: {}", counts.join(", "))
}

/// What a control's status means, for whoever would read more into it.
pub(crate) const NOT_A_VERDICT: &str = "Shows which checks support a control and how they ended. An auditor decides whether the control is met.";

/// What stands before a finding that got worse since the baseline.
pub(crate) fn new(finding: &Finding) -> Option<&'static str> {
    (finding.baseline == Some(BaselineState::New)).then_some("new:")
}

/// What became of the findings of the earlier audit, if there is one.
pub(crate) fn against(audit: &Audit) -> Option<String> {
    let BaselineReport { of, counts, .. } = audit.baseline.as_ref()?;
    Some(format!(
        "{} since the audit of {}",
        changes(counts),
        of.started_at
    ))
}

/// What the plans change, if plans were evaluated: `2 create, 1 delete in 1 plan, onto the inventory`.
pub(crate) fn planned(audit: &Audit) -> Option<String> {
    let plan = audit.plan.as_ref()?;
    let each = plan.changes.iter();
    let each: Vec<String> = each
        .map(|(action, count)| format!("{} {}", number(*count), action.as_str()))
        .collect();
    let what = match each.is_empty() {
        true => "no resources".to_owned(),
        false => each.join(", "),
    };
    let to = match plan.onto {
        true => "applied to the inventory",
        false => "by itself",
    };
    Some(format!(
        "{what} in {}, {to}",
        counted(plan.files.len() as u64, "plan")
    ))
}

/// `3 new, 2 fixed, 40 unchanged`.
pub(crate) fn changes(counts: &BTreeMap<ChangeKind, u64>) -> String {
    let told = ChangeKind::ALL.into_iter().filter_map(|kind| {
        let count = counts.get(&kind).copied().unwrap_or(0);
        (count > 0).then(|| format!("{} {}", number(count), change_word(kind)))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return "no findings".to_owned();
    }
    told.join(", ")
}

/// In which way a finding is not as before, as people read it.
pub(crate) fn change_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::New => "new",
        ChangeKind::Fixed => "fixed",
        ChangeKind::Changed => "changed",
        ChangeKind::Gone => "gone",
        ChangeKind::NotAssessed => "not assessed",
        ChangeKind::OutOfWindow => "out of the period",
        ChangeKind::Unchanged => "unchanged",
    }
}

/// Against the earlier audit, in a word.
pub(crate) fn baseline(state: BaselineState) -> &'static str {
    match state {
        BaselineState::New => "new",
        BaselineState::Unchanged => "unchanged",
        BaselineState::Updated => "updated",
    }
}

/// How an account ended, as people read it.
pub(crate) fn account_word(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Assessed => "assessed",
        AccountStatus::Partial => "partial",
        AccountStatus::Unreachable => "unreachable",
        AccountStatus::NotActive => "not active",
        AccountStatus::Former => "former",
        AccountStatus::Excluded => "excluded",
    }
}

/// How a region ended, as people read it.
pub(crate) fn region_word(status: RegionStatus) -> &'static str {
    match status {
        RegionStatus::Assessed => "assessed",
        RegionStatus::Partial => "partial",
        RegionStatus::Denied => "denied",
        RegionStatus::DeniedByScp => "denied by SCP",
        RegionStatus::NotEnabled => "not enabled",
        RegionStatus::Excluded => "excluded",
    }
}
