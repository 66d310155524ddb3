//! Answers about the records of the logs: one pure writer per format, as for audits.

mod answer_page;
mod coverage;
mod json;
mod ocsf;
mod page;
mod rests_on;
mod search;
mod sheet;
mod stats;
mod timeline;
mod who;

use std::io;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::events::{Issued, Proof, RestsOn};
use trailaudit_checks::inventory::Tool;

use crate::{Format, sanitize};

pub use coverage::{COVERAGE_FORMATS, Covered, CoveredChain, HOLES, HoleTold, Span, spans};
pub use json::{Line, SearchAnswer, verbatim};
pub use timeline::{Bar, Happened, TIMELINE_FORMATS, TimelineAnswer, Told};
pub use who::{Identified, WHO_FORMATS};

/// The schema of these answers.
pub const SCHEMA: u32 = 1;

/// One record of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// What is proved of it.
    pub proof: Proof,
    /// Why no more is: a problem of its log.
    pub why: &'a str,
    /// The bucket of its log; empty for files.
    pub bucket: &'a str,
    /// The key of its log, or the file.
    pub key: &'a str,
    /// The how manieth record of its log, from 0.
    pub index: u64,
    /// The digest that lists its log.
    pub digest: Option<&'a str>,
    /// How many more trails delivered it.
    pub copies: u64,
    /// Its bytes.
    pub raw: &'a [u8],
}

/// Records in their order: too many to be held.
pub trait Rows {
    /// Hands out each.
    fn each(&self, f: &mut dyn FnMut(&Match<'_>) -> io::Result<()>) -> io::Result<()>;
}

/// The answer of `events search`.
pub struct Found {
    /// Who says so.
    pub tool: Tool,
    /// What was searched for.
    pub expression: Option<String>,
    /// How many records match.
    pub total: u64,
    /// How many more copies of these other trails delivered.
    pub copies: u64,
    /// At most so many are shown.
    pub limit: Option<u64>,
    /// Secrets are shown.
    pub raw: bool,
    /// The records.
    pub rows: Box<dyn Rows>,
    /// Paths of the expression that no record has.
    pub never_seen: Vec<String>,
    /// What the answer rests on.
    pub rests_on: RestsOn,
    /// The built-in question that was asked, and its answer.
    pub asked: Option<Asked>,
}

/// A built-in question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Asked {
    /// Its name.
    pub question: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// The answer, as one sentence.
    pub answer: String,
    /// The search that finds the same records.
    pub search: String,
    /// The search finds others as well, which are no answer.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub search_finds_more: bool,
    /// Sessions that were issued and followed, by the time of the call.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sessions: Vec<Issued>,
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Some record matches.
    Found,
    /// None, and all hours of the period are verified.
    Absent,
    /// None, and part of the logs is not verified.
    Open,
    /// Such calls may not be recorded at all.
    CannotTell,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            expression, total, ..
        } = self;
        write!(f, "{total} records of {expression:?}")
    }
}

/// The formats of records.
pub const FORMATS: &[&Format<Found>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: some lines for each record, and what the answer rests on",
        write: search::text,
    },
    &Format {
        name: "html",
        extension: "html",
        about: "For people: one page that opens offline, prints well and needs no scripts",
        write: |found, _, out| answer_page::write(found, out),
    },
    &Format {
        name: "json",
        extension: "json",
        about: "One object: the records as they are in the logs, and what the answer rests on",
        write: |found, _, out| json::whole(found, out),
    },
    &Format {
        name: "jsonl",
        extension: "jsonl",
        about: "One line per record, for jq and other programs",
        write: |found, _, out| json::lines(found, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per record",
        write: |found, _, out| search::csv(found, out),
    },
    &Format {
        name: "ocsf",
        extension: "ocsf.jsonl",
        about: "OCSF 1.8.0 API Activity (class 6003), one event a line",
        write: |found, _, out| ocsf::write(found, out),
    },
];

/// The answer of `events stats`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counted {
    /// The version of this form.
    pub schema: u32,
    /// Who says so.
    pub tool: Tool,
    /// What was counted.
    #[serde(rename = "where")]
    pub expression: Option<String>,
    /// By which fields.
    pub by: Vec<String>,
    /// The step of the time axis, in seconds.
    #[serde(serialize_with = "seconds", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i64>")]
    pub over: Option<SignedDuration>,
    /// How many records were counted.
    pub records: u64,
    /// How many groups there are.
    pub groups: u64,
    /// The groups, the largest first; with a time axis by time.
    pub rows: Vec<Row>,
    /// How many records are in the groups that are not shown.
    pub others: u64,
    /// With the first and last time.
    #[serde(skip)]
    pub first: bool,
    /// Paths that no record has.
    pub never_seen: Vec<String>,
    /// What the answer rests on.
    pub rests_on: RestsOn,
}

/// One group of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Row {
    /// When the step of the time axis begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The values of the fields; null where a record has none.
    pub values: Vec<Option<String>>,
    /// How many records.
    pub count: u64,
    /// The time of the first.
    pub first: Option<Timestamp>,
    /// The time of the last.
    pub last: Option<Timestamp>,
}

fn seconds<S: serde::Serializer>(it: &Option<SignedDuration>, to: S) -> Result<S::Ok, S::Error> {
    it.map(|it| it.as_secs()).serialize(to)
}

/// The formats of counts.
pub const STATS_FORMATS: &[&Format<Counted>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: a table",
        write: stats::text,
    },
    &Format {
        name: "json",
        extension: "json",
        about: "Every group, for programs",
        write: |counted, _, out| sanitize::json(counted, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per group",
        write: |counted, _, out| stats::csv(counted, out),
    },
];

/// Any of the answers in JSON, for their published schema.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Of `events search`.
    Search(Box<SearchAnswer>),
    /// Of `events stats`.
    Stats(Box<Counted>),
    /// Of `events who`.
    Who(Box<Identified>),
    /// Of `events coverage`.
    Coverage(Box<Covered>),
    /// Of `events timeline`.
    Timeline(Box<TimelineAnswer>),
}
