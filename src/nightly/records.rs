//! The small files of a store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trailaudit_checks::inventory::Tool;

/// The version of these files.
pub const SCHEMA: u64 = 1;

/// `started.json`: a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Started {
    /// The version of this file.
    pub schema: u64,
    /// The run's id.
    pub run: String,
    /// Which attempt of this run, from 1 on.
    pub attempt: u32,
    /// The program.
    pub tool: Tool,
    /// When.
    pub started_at: Timestamp,
}

/// `failed.json`: a run ended without a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failed {
    /// The version of this file.
    pub schema: u64,
    /// When.
    pub failed_at: Timestamp,
    /// The exit code: 2, 4 or 130.
    pub exit_code: u8,
    /// What happened.
    pub error: String,
}

/// `night.json`: a run that finished, and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Night {
    /// The version of this file.
    pub schema: u64,
    /// The run's id.
    pub run: String,
    /// Which attempt of this run, from 1 on.
    pub attempt: u32,
    /// The program.
    pub tool: Tool,
    /// When the run began.
    pub started_at: Timestamp,
    /// When everything was written but this file.
    pub finished_at: Timestamp,
    /// The organization's id, else the account's.
    pub of: String,
    /// When the facts began to be taken.
    pub taken_at: Timestamp,
    /// Up to when digests were verified; null if none were.
    pub verified_until: Option<Timestamp>,
    /// Nothing in scope is missing.
    pub complete: bool,
    /// The exit code of the run.
    pub exit_code: u8,
    /// Open failures.
    pub open_failures: u64,
    /// Findings that could not be evaluated.
    pub unknown: u64,
    /// What findings were compared with; null if nothing was approved and no run ended with 0.
    pub baseline: Option<Baseline>,
    /// The bundle that this one names; null for the first.
    pub previous: Option<PreviousBundle>,
    /// Runs since the last one that finished which did not finish.
    pub earlier: Vec<Earlier>,
    /// What is wrong with the store itself.
    pub problems: Vec<String>,
    /// The files of the run.
    pub files: BTreeMap<String, FileSum>,
}

/// The audit that findings were compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Of which run.
    pub run: String,
    /// Somebody approved it; else it is the last that ended with 0.
    pub approved: bool,
}

/// The evidence before this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PreviousBundle {
    /// Of which run.
    pub run: String,
    /// SHA-256 of the bundle's `SHA256SUMS`.
    pub sha256sums: String,
}

/// A run that did not finish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Earlier {
    /// Its id.
    pub run: String,
    /// Which attempt.
    pub attempt: u32,
    /// When it began; null if its file does not say.
    pub started_at: Option<Timestamp>,
    /// How it ended.
    pub how: String,
}

/// A file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSum {
    /// SHA-256 in hexadecimal text.
    pub sha256: String,
    /// Its size in bytes.
    pub size: u64,
}

/// `latest.json`: how the last run went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Latest {
    /// Where the run's files are, below the store.
    pub path: String,
    /// The run.
    #[serde(flatten)]
    pub night: Night,
}

/// `approved.json`: which run is the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approved {
    /// The version of this file.
    pub schema: u64,
    /// The run.
    pub run: String,
    /// Which attempt.
    pub attempt: u32,
    /// SHA-256 of its `audit.json.zst`.
    pub sha256: String,
    /// Who approved it.
    pub approver: String,
    /// When.
    pub approved_at: Timestamp,
}
