//! Reads back the JSON that a scan wrote.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use trailaudit_checks::audit::{Audit, SCHEMA};

use crate::files::read_text;

/// The audit in this file.
pub fn load(path: &Path) -> anyhow::Result<Audit> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: u64,
    }
    let wrong = || format!("{} is no audit that can be used", path.display());
    let text = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("standard input cannot be read")?
    } else {
        read_text(path)?
    };
    let any: Any = serde_json::from_str(&text)
        .with_context(wrong)
        .context("`trailaudit scan -f json=FILE` writes audits")?;
    if any.schema > u64::from(SCHEMA) {
        bail!(
            "{}: its schema is {}, newer than what this program reads (up to {SCHEMA}). Update trailaudit",
            wrong(),
            any.schema
        );
    }
    let mut audit: Audit = serde_json::from_str(&text).with_context(wrong)?;
    audit.upgrade();
    Ok(audit)
}
