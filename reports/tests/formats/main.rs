//! What every report must hold, through the public list of formats.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod asff;
mod chains;
mod csv;
mod diff;
mod every_format;
mod html;
mod junit;
mod large;
mod markdown;
mod ocsf;
mod oscal;
mod sample;
mod sarif;
mod schemas;
mod text;

use serde_json::Value;
use trailaudit_checks::audit::Audit;
use trailaudit_reports::{Detail, Options, named};

/// The audit in one format.
/// Every finding is listed.
fn detailed() -> Options {
    Options {
        detail: Detail::Findings,
        ..Options::default()
    }
}

fn told(format: &str, audit: &Audit, options: &Options) -> String {
    let mut out = Vec::new();
    (named(format).unwrap().write)(audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a JSON Schema says against the values.
fn errors(schema: &str, values: &[Value]) -> Vec<String> {
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong = values.iter().flat_map(|it| validator.iter_errors(it));
    wrong
        .map(|it| format!("{}: {it}", it.instance_path()))
        .collect()
}
