//! Everything that a report may know, and how it follows from an inventory.

pub mod answers;
mod drafts;
mod ending;
mod first;
mod judge;
mod planned;
mod remediation;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use answers::{Answer, Answered, Reason};
pub use ending::{Ending, State, decide};
pub use first::{First, NOT_SCANNED};
pub use judge::{Baseline, IamSource, Rules, judge};
pub use planned::PlanReport;

use self::compare::BaselineReport;
use crate::catalog;
use crate::check::{Check, Question};
use crate::coverage::Coverage;
use crate::digest::{Chain, Problem};
use crate::events::RestsOn;
use crate::finding::{self, Finding, Severity, Status};
pub use crate::framework::ControlRef;
use crate::framework::FrameworkResult;
use crate::ids::{AccountId, Arn, Region};
use crate::inventory::Tool;

pub mod compare;
pub mod contradictions;

/// The version of the audit's JSON form.
///
/// 2 brought the answers, what to do first, each check's question, and the words failing, not_evaluated and passing
/// for controls.
pub const SCHEMA: u32 = 2;

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The version of this form.
    pub schema: u32,
    /// The program that judged.
    pub tool: Tool,
    /// When the facts began to be taken.
    pub started_at: Timestamp,
    /// When they were all taken; null when the run was cut off.
    pub finished_at: Option<Timestamp>,
    /// The clock by which dates were judged.
    pub now: Timestamp,
    /// What was looked at.
    pub scope: AuditScope,
    /// How the run ended.
    pub run: RunOutcome,
    /// Waivers that did not apply.
    pub waivers: WaiverReport,
    /// The population, and what was asked of it.
    pub coverage: Coverage,
    /// Totals.
    pub summary: Summary,
    /// Every check that was selected, fired or not.
    pub checks: Vec<CheckInfo>,
    /// Control by control.
    pub frameworks: Vec<FrameworkResult>,
    /// The five questions and their answers; empty where the audit was written by schema 1.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// What to do first, in this order; empty where nothing fails, or the audit was written by schema 1.
    #[serde(default)]
    pub do_first: Vec<First>,
    /// What became of the findings of an earlier audit; null when there was none to compare with.
    #[serde(default)]
    pub baseline: Option<BaselineReport>,
    /// The plans that were evaluated; null for a scan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanReport>,
    /// What the findings on records rest on; null where no records were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<RestsOn>,
    /// By check id, then subject id.
    #[serde(deserialize_with = "finding::list")]
    pub findings: Vec<Finding>,
    /// Chains of digest files; empty when none were verified.
    pub chains: Vec<Chain>,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditScope {
    /// The organization's id; null for a standalone account.
    pub organization: Option<String>,
    /// Its management account.
    pub management_account: Option<AccountId>,
    /// Who asked.
    pub caller_arn: Arn,
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// The regions.
    pub regions: Vec<Region>,
    /// Endpoints that stood in the place of AWS's own: what they answered need not be AWS's word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
    /// The globs that narrowed the catalogue, those that leave checks out with a `!` before them; empty when
    /// every check was selected. Reports that a platform compares over time tell runs apart by it.
    #[serde(default)]
    pub selection: Vec<String>,
}

/// How a run ended, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunOutcome {
    /// Nothing in scope is missing: no unreachable account, no unknown at or above the threshold.
    pub complete: bool,
    /// It was told to stop before it was done.
    pub interrupted: bool,
    /// The exit code.
    pub exit_code: u8,
    /// The least severity that counts.
    pub fail_on: Severity,
    /// Gaps do not count.
    pub allow_incomplete: bool,
    /// Nothing counts.
    pub exit_zero: bool,
}

/// Waivers that did not apply.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverReport {
    /// They match nothing.
    pub unused: Vec<String>,
    /// Their time is over.
    pub expired: Vec<String>,
    /// They cover everything, or count for longer than the settings find usual. They apply all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub broad: Vec<String>,
    /// Unknowns that an accepted gap covers.
    pub accepted_gaps: u64,
}

/// Totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Findings that pass.
    pub pass: u64,
    /// Findings that fail, waived ones included.
    pub fail: u64,
    /// Findings that nobody could tell.
    pub unknown: u64,
    /// Findings that do not apply.
    pub not_applicable: u64,
    /// Fails that carry a waiver.
    pub waived: u64,
    /// Unwaived fails.
    pub by_severity: BTreeMap<Severity, u64>,
}

impl Summary {
    /// Counts the findings.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let by_severity = Severity::ALL
            .iter()
            .map(|severity| (*severity, 0))
            .collect();
        let mut summary = Self {
            by_severity,
            ..Self::default()
        };
        for finding in findings {
            match finding.status {
                Status::Pass => summary.pass += 1,
                Status::Fail => summary.fail += 1,
                Status::Unknown => summary.unknown += 1,
                Status::NotApplicable => summary.not_applicable += 1,
            }
            if finding.status == Status::Fail && finding.waiver.is_some() {
                summary.waived += 1;
            }
            if finding.is_open_failure() {
                *summary.by_severity.entry(finding.severity).or_default() += 1;
            }
        }
        summary
    }
}

/// A check, as reports tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckInfo {
    /// Its id.
    pub id: String,
    /// True when it passes.
    pub title: String,
    /// Its severity, as overridden by the settings.
    pub severity: Severity,
    /// Which of the five questions it helps to answer; null for none.
    #[serde(default)]
    pub question: Option<Question>,
    /// What goes wrong otherwise.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// Where AWS describes it.
    pub references: Vec<String>,
    /// The controls it supports: framework id and control id.
    pub controls: Vec<ControlRef>,
}

impl CheckInfo {
    /// The check as it was run.
    #[must_use]
    pub fn of(check: &Check, severity: Severity, controls: Vec<ControlRef>) -> Self {
        Self {
            id: check.id.to_owned(),
            title: check.title.to_owned(),
            severity,
            question: check.question,
            why: check.why.to_owned(),
            fix: check.fix.to_owned(),
            references: check.references.iter().map(|it| (*it).to_owned()).collect(),
            controls,
        }
    }
}

impl Audit {
    /// Answers the five questions from the findings, and says what to do first.
    pub fn settle(&mut self) {
        self.answers = answers::of(self);
        self.do_first = first::of(self);
    }

    /// An audit that was read back, of this schema or as far as this one can say it.
    ///
    /// The answers and what to do first are derived again from the findings: the stored ones may be another version's,
    /// or nobody's. Of schema 1, old words for controls are read as the new ones, the checks' questions are what the
    /// catalogue says of them, and no answers are made up: `answers` and `do_first` stay empty.
    pub fn upgrade(&mut self) {
        // Answers rest on it: what a file says of a check that is known here is not believed.
        for check in &mut self.checks {
            if let Some(known) = catalog::find(&check.id) {
                check.question = known.question;
            }
        }
        if self.schema < 2 {
            self.answers.clear();
            self.do_first.clear();
        } else {
            self.settle();
        }
        self.schema = SCHEMA;
    }

    /// The check with this id, if it was selected.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&CheckInfo> {
        // Sorted by id.
        let at = self
            .checks
            .binary_search_by(|check| check.id.as_str().cmp(id))
            .ok()?;
        self.checks.get(at)
    }
}
