//! What every report must hold, through the public list of formats.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod every_format;
mod html;
mod junit;
mod large;
mod sample;
mod sarif;
mod schemas;
mod text;

use trailaudit_checks::audit::Audit;
use trailaudit_reports::{Options, named};

/// The audit in one format.
fn told(format: &str, audit: &Audit, options: &Options) -> String {
    let mut out = Vec::new();
    (named(format).unwrap().write)(audit, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}
