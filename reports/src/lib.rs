//! How an audit is told: one pure writer per format.
//!
//! A writer gets an [`Audit`] and tells all of it. It does not sort, read the clock or decide the exit code.

pub mod access;
mod asff;
mod aws;
mod chains;
mod csv;
mod diff;
mod ended;
pub mod events;
mod facts;
mod gaps;
mod html;
mod identity;
mod json;
mod junit;
mod markdown;
mod object;
mod ocsf;
mod oscal;
pub mod sanitize;
mod sarif;
pub mod sheets;
mod shown;
mod text;
mod wording;

use std::io;

use trailaudit_checks::audit::Audit;
use trailaudit_checks::audit::compare::Comparison;
use trailaudit_checks::finding::Severity;

pub use ended::Ended;
pub use sarif::{Anchor, AnchorMap, BadAnchor, BadMap, Profile};

/// Every format, in the order in which they are listed.
pub const FORMATS: &[&Format] = &[
    &text::FORMAT,
    &json::FORMAT,
    &sarif::FORMAT,
    &junit::FORMAT,
    &markdown::FORMAT,
    &csv::FORMAT,
    &ocsf::FORMAT,
    &asff::FORMAT,
    &oscal::FORMAT,
    &html::FORMAT,
];

/// Every format of two audits, one against the other.
pub const DIFF_FORMATS: &[&Format<Comparison>] = &[&diff::TEXT, &diff::JSON, &diff::MARKDOWN];

/// One way of telling an audit, or something else.
#[derive(Debug)]
pub struct Format<T = Audit> {
    /// What people type.
    pub name: &'static str,
    /// The end of a file's name, without the dot.
    pub extension: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Writes the whole report.
    pub write: fn(&T, &Options, &mut dyn io::Write) -> io::Result<()>,
}

/// The format with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.name == name)
}

/// Which findings people see. The others are counted; answers, totals and the exit code know nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// None below it.
    pub min_severity: Severity,
    /// Only these; empty for all.
    pub severities: Vec<Severity>,
    /// Only those that ended so; empty for all.
    pub statuses: Vec<Ended>,
}

impl Default for Listed {
    fn default() -> Self {
        Self {
            min_severity: Severity::Info,
            severities: Vec::new(),
            statuses: Vec::new(),
        }
    }
}

/// How much the text report lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// What fits two screens: the answers, what to do first, a line for each failing check.
    #[default]
    Summary,
    /// The findings with their evidence, the first of each list.
    Findings,
    /// Every line.
    Everything,
}

/// What a caller may choose. Each writer reads only what concerns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Text, Markdown and HTML: which findings are listed.
    pub listed: Listed,
    /// Text: with colours.
    pub color: bool,
    /// Text: how many cells wide.
    pub width: usize,
    /// Text: how much is listed.
    pub detail: Detail,
    /// SARIF: for whom.
    pub sarif_profile: Profile,
    /// SARIF: the file that results point to, in place of a path made from the subject.
    pub sarif_anchor: Option<Anchor>,
    /// SARIF: the files that declare subjects, which count before the anchor.
    pub sarif_map: AnchorMap,
    /// OSCAL: the files beside the report that hold what it rests on.
    pub evidence: Vec<Linked>,
}

/// A file that a report rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Where it is, as seen from the report.
    pub href: String,
    /// What it is.
    pub about: String,
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// It is the ledger: what request ids refer to.
    pub is_ledger: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listed: Listed::default(),
            color: false,
            width: 80,
            detail: Detail::default(),
            sarif_profile: Profile::default(),
            sarif_anchor: None,
            sarif_map: AnchorMap::default(),
            evidence: Vec::new(),
        }
    }
}
