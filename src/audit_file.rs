//! Reads back the JSON that a scan wrote.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use trailaudit_checks::audit::{Audit, Baseline, SCHEMA, contradictions};

use crate::exit::Stop;
use crate::files::{AUDIT, AtMost, open, temporary_file, while_temporary};
use crate::unpack;

/// How an inventory begins.
const INVENTORY: &[u8] = br#"{"record":"header""#;

/// The file; what comes by standard input waits in a temporary one. It is read piece by piece, once or twice: the text of
/// ten thousand accounts takes more memory than what it says.
struct Saved(File);

impl Saved {
    fn at(path: &Path) -> anyhow::Result<Self> {
        if path != Path::new("-") {
            let file = open(path)?;
            if file.metadata()?.len() > AUDIT {
                bail!("it is larger than {} MB", AUDIT >> 20);
            }
            return Ok(Self(file));
        }
        let mut file = temporary_file()?;
        let mut input = AtMost::new(io::stdin().lock(), AUDIT);
        io::copy(&mut input, &mut file).map_err(while_temporary)?;
        Ok(Self(file))
    }

    /// The text from its beginning, unpacked if it is compressed.
    fn text(&self) -> io::Result<BufReader<impl Read>> {
        let mut file = &self.0;
        file.rewind()?;
        let packed = Box::new(BufReader::new(self.0.try_clone()?));
        let text = AtMost::new(unpack::plain(packed)?, AUDIT);
        Ok(BufReader::with_capacity(1 << 16, text))
    }
}

/// The audit in this file.
pub fn load(path: &Path) -> anyhow::Result<Audit> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: u64,
    }
    let wrong = || format!("{} cannot be used as an audit", path.display());
    let failed = || match path == Path::new("-") {
        true => "standard input cannot be read".to_owned(),
        false => format!("{} cannot be read", path.display()),
    };
    let saved = Saved::at(path).with_context(failed)?;
    let mut text = saved.text().with_context(failed)?;
    if text.fill_buf().with_context(failed)?.starts_with(INVENTORY) {
        bail!(
            "{0} is an inventory, not an audit. Scan it first: `trailaudit scan --inventory {0} -f json=audit.json`",
            path.display()
        );
    }
    let read: Result<Audit, _> = serde_json::from_reader(text);
    let read = match read {
        Err(error) if error.is_io() => return Err(io::Error::from(error)).with_context(failed),
        read => read,
    };
    let schema = match &read {
        Ok(audit) => u64::from(audit.schema),
        // Of what is not an audit of this form, the number says why.
        Err(_) => {
            let any: Any = serde_json::from_reader(saved.text().with_context(failed)?)
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
