//! Reads back the JSON that a scan wrote.

use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use trailaudit_checks::audit::{Audit, Baseline, SCHEMA, contradictions};

use crate::exit::Stop;
use crate::files::{AUDIT, bounded, open};
use crate::unpack;

/// The text of the file, or of standard input; unpacked if it is compressed.
fn text(path: &Path) -> anyhow::Result<String> {
    let (name, reader): (String, Box<dyn BufRead>) = match path == Path::new("-") {
        true => (
            "standard input".to_owned(),
            Box::new(BufReader::new(std::io::stdin())),
        ),
        false => (
            path.display().to_string(),
            Box::new(BufReader::new(open(path)?)),
        ),
    };
    let failed = || format!("{name} cannot be read");
    let bytes = bounded(unpack::plain(reader).with_context(failed)?, AUDIT).with_context(failed)?;
    String::from_utf8(bytes)
        .context("it is not UTF-8 text")
        .with_context(failed)
}

/// The audit in this file.
pub fn load(path: &Path) -> anyhow::Result<Audit> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: u64,
    }
    let wrong = || format!("{} cannot be used as an audit", path.display());
    let text = text(path)?;
    if text.starts_with(r#"{"record":"header""#) {
        bail!(
            "{0} is an inventory, not an audit. Scan it first: `trailaudit scan --inventory {0} -f json=audit.json`",
            path.display()
        );
    }
    let read: Result<Audit, _> = serde_json::from_str(&text);
    let schema = match &read {
        Ok(audit) => u64::from(audit.schema),
        // Of what is not an audit of this form, the number says why.
        Err(_) => {
            let any: Any = serde_json::from_str(&text)
                .with_context(wrong)
                .context("an audit is the JSON of a scan (`trailaudit scan -f json=FILE`)")?;
            any.schema
        }
    };
    if schema > u64::from(SCHEMA) {
        bail!(
            "{}: its schema is {schema}, newer than what this program reads (up to {SCHEMA}). Update trailaudit",
            wrong()
        );
    }
    let mut audit = read.with_context(wrong)?;
    let old = audit.schema < SCHEMA;
    audit.upgrade();
    let contradictions = contradictions::of(&audit, old);
    match contradictions.as_slice() {
        [] => Ok(audit),
        [first, rest @ ..] => bail!(
            "{}: it contradicts itself, so it was changed or truncated after it was written: {first}{}",
            wrong(),
            match rest.len() {
                0 => String::new(),
                more => format!(" (and {more} more)"),
            }
        ),
    }
}

/// The earlier audit, if one is to be compared with.
pub(crate) fn baseline(path: Option<&Path>, fail_on_new: bool) -> Result<Option<Baseline>, Stop> {
    let Some(path) = path else {
        return match fail_on_new {
            false => Ok(None),
            true => Err(Stop::usage(
                "--fail-on-new needs an earlier audit: --baseline FILE",
            )),
        };
    };
    let audit = load(path).map_err(Stop::Usage)?;
    Ok(Some(Baseline { audit, fail_on_new }))
}
