//! Who can tamper with the logs: one pure writer per format, as for audits.

mod csv;
mod full;
mod simulated;
mod table;
mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::access::{Harmless, Holder};
use trailaudit_checks::coverage::Coverage;
use trailaudit_checks::ids::AccountId;

use crate::{Format, sanitize};

pub use simulated::Answered;

/// Every format of a listing.
pub const FORMATS: &[&Format<Listing>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: tables, or each right in full with --explain",
        write: |listing, options, out| text::write(listing, options.width, out),
    },
    &Format {
        name: "json",
        extension: "json",
        about: "Every row, and what could not be seen, for programs",
        write: |listing, _, out| sanitize::json(listing, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per row",
        write: |listing, _, out| csv::write(listing, out),
    },
];

/// Every format of the answer to one request.
pub const ANSWER_FORMATS: &[&Format<Answered>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: the verdict and its reasons",
        write: |answered, options, out| simulated::text(answered, options.width, out),
    },
    &Format {
        name: "json",
        extension: "json",
        about: "The same for programs",
        write: |answered, _, out| sanitize::json(answered, out),
    },
];

/// Who can tamper, as far as somebody asked.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// Who can, the worst first.
    pub holders: Vec<Holder>,
    /// Who may be able to: a document is missing.
    pub unknown: Vec<Holder>,
    /// Who holds a right that does nothing.
    pub harmless: Vec<Harmless>,
    /// Accounts whose principals could not be read, and why.
    pub unread: BTreeMap<AccountId, String>,
    /// What was asked, and how it ended.
    pub coverage: Coverage,
    /// How people see it.
    #[serde(skip)]
    pub view: View,
}

/// How a listing is shown to people; programs get every row anyway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct View {
    /// Somebody asked for some rows: they are shown one by one.
    pub narrow: bool,
    /// By target, not by principal.
    pub by_target: bool,
    /// Each row in full.
    pub explain: bool,
}
