//! The files of a run: as its own record says they are, or not at all.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use trailaudit_reports::sanitize;

use super::{FileSum, Night, Place};
use crate::files::{self, Access, write_whole};
use crate::hashing::sha256_of;
use crate::store::{Put, Store};

/// Writes a small file that is not there yet.
pub(crate) fn put_json(
    store: &dyn Store,
    name: &str,
    value: &impl serde::Serialize,
    work: &Path,
) -> anyhow::Result<Put> {
    let path = work.join("record.json");
    write_whole(&path, Access::Owner, |out| Ok(sanitize::json(value, out)?))?;
    store.put(name, &path)
}

/// A file of a run, as the run's own record says it is.
pub(crate) fn fetch(
    store: &dyn Store,
    place: &Place,
    night: &Night,
    name: &str,
    work: &Path,
) -> anyhow::Result<PathBuf> {
    let wanted = night.files.get(name);
    let wanted = wanted.with_context(|| format!("run {} has no {name}", place.run))?;
    // Its name says what it is.
    let to = work.join(format!("{}-{}-{name}", place.run, place.attempt));
    let full = place.file(name);
    if !store.fetch(&full, &to)? {
        anyhow::bail!("{full} of the store is gone");
    }
    let found = sum(&to)?;
    if found != *wanted {
        anyhow::bail!(
            "{full} of the store is not what the run wrote: its SHA-256 is {}, expected {}",
            found.sha256,
            wanted.sha256
        );
    }
    Ok(to)
}

/// What a file holds.
pub(crate) fn sum(path: &Path) -> anyhow::Result<FileSum> {
    let failed = || format!("{} cannot be read", path.display());
    let file = std::io::BufReader::new(files::open(path)?);
    let (sha256, size) = sha256_of(file).with_context(failed)?;
    Ok(FileSum { sha256, size })
}
