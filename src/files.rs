//! Files that are there whole or not at all.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Who may read what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever the process's umask lets.
    Usual,
    /// The owner alone: mode 0600.
    Owner,
}

/// Writes a file by way of a temporary one in the same folder. A device or a pipe is written as it is.
pub fn write_whole(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let failed = || format!("{} cannot be written", path.display());
    // A link stays a link: what it points to is replaced.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if path.exists() && !path.is_file() {
        if path.is_dir() {
            anyhow::bail!("{}: it is a folder; name a file in it", failed());
        }
        let mut out = std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .with_context(failed)?;
        return write(&mut out);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".trailaudit-");
    if let Some(permissions) = permissions(access) {
        builder.permissions(permissions);
    }
    let temporary = builder.tempfile_in(folder).with_context(failed)?;
    let mut out = BufWriter::new(temporary);
    write(&mut out).with_context(failed)?;
    let temporary = out
        .into_inner()
        .map_err(|error| error.into_error())
        .with_context(failed)?;
    temporary
        .persist(path)
        .map_err(|error| error.error)
        .with_context(failed)?;
    Ok(())
}

#[cfg(unix)]
fn permissions(access: Access) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    // The umask takes its part of the first.
    Some(Permissions::from_mode(match access {
        Access::Usual => 0o666,
        Access::Owner => 0o600,
    }))
}

#[cfg(not(unix))]
fn permissions(_: Access) -> Option<Permissions> {
    None
}

/// A file's text, with words that say which file when it cannot be had.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The file of this name in the working folder, if there is one.
#[must_use]
pub fn if_there(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    path.is_file().then_some(path)
}

/// Whether writing failed because nobody reads any more: no error of ours.
#[must_use]
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
