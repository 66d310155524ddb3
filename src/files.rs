//! Files that are there whole or not at all, and files of others that are read within bounds.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::leftovers;

/// No settings, waivers, keys or maps are larger.
pub const SMALL: u64 = 16 << 20;
/// No audit is larger: that of ten thousand accounts has less than half of it.
pub const AUDIT: u64 = 2 << 30;

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
    leftovers::clean(folder, leftovers::PREFIX);
    let mut builder = tempfile::Builder::new();
    builder.prefix(leftovers::PREFIX);
    if let Some(permissions) = permissions(access) {
        builder.permissions(permissions);
    }
    let temporary = builder.tempfile_in(folder).with_context(failed)?;
    // Held until this process ends or the file has its name: nobody else takes it for a leftover.
    let _ = temporary.as_file().try_lock();
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

/// Opens a file to read. A pipe or a device is refused before it is opened: it may never end, or never begin.
pub fn open(path: &Path) -> anyhow::Result<File> {
    let failed = || format!("{} cannot be read", path.display());
    refuse_special(&std::fs::metadata(path).with_context(failed)?).with_context(failed)?;
    let file = File::open(path).with_context(failed)?;
    // It may be another one by now.
    refuse_special(&file.metadata().with_context(failed)?).with_context(failed)?;
    Ok(file)
}

fn refuse_special(metadata: &std::fs::Metadata) -> anyhow::Result<()> {
    if metadata.is_file() {
        Ok(())
    } else if metadata.is_dir() {
        bail!("it is a folder, a file is expected")
    } else {
        bail!(
            "it is a pipe or a device, a file is expected (`-` is standard input, where that is possible)"
        )
    }
}

/// A file's bytes, of at most so many.
pub fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{} cannot be read", path.display());
    bounded(open(path)?, most).with_context(failed)
}

/// A file's text, with words that say which file when it cannot be had.
pub fn read_text(path: &Path, most: u64) -> anyhow::Result<String> {
    let failed = || format!("{} cannot be read", path.display());
    let bytes = read(path, most)?;
    String::from_utf8(bytes)
        .context("it is not UTF-8 text")
        .with_context(failed)
}

/// All bytes of a stream, unless they are more than so many.
pub fn bounded(stream: impl io::Read, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        bail!("it is larger than {} MB", most >> 20);
    }
    Ok(bytes)
}

/// A stream that ends in an error where it is longer than so many bytes.
#[derive(Debug)]
pub struct AtMost<R> {
    stream: R,
    most: u64,
    left: u64,
}

impl<R> AtMost<R> {
    /// Nothing was read yet.
    pub fn new(stream: R, most: u64) -> Self {
        Self {
            stream,
            most,
            left: most,
        }
    }
}

impl<R: io::Read> io::Read for AtMost<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left
            .ok_or_else(|| io::Error::other(format!("it is larger than {} MB", self.most >> 20)))?;
        Ok(read)
    }
}

/// There is no place for temporary files: the fault of this machine, not of what was read.
#[derive(Debug)]
pub struct NoTemporarySpace(io::Error);

impl std::fmt::Display for NoTemporarySpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folder = std::env::temp_dir();
        write!(
            f,
            "temporary files cannot be written in {}: {}; set TMPDIR to a folder with free space",
            folder.display(),
            self.0
        )
    }
}

impl std::error::Error for NoTemporarySpace {}

/// A temporary file without a name, that nobody else can open.
pub fn temporary_file() -> anyhow::Result<File> {
    Ok(tempfile::tempfile().map_err(NoTemporarySpace)?)
}

/// A temporary folder that nobody else can open.
pub fn temporary_folder() -> anyhow::Result<tempfile::TempDir> {
    leftovers::clean(&std::env::temp_dir(), leftovers::TEMPORARY);
    let mut builder = tempfile::Builder::new();
    builder.prefix(leftovers::TEMPORARY);
    let folder = builder.tempdir().map_err(NoTemporarySpace)?;
    Ok(folder)
}

/// An error while a temporary file is written: another one where the disk is full.
#[must_use]
pub fn while_temporary(error: io::Error) -> anyhow::Error {
    let full = matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
    );
    match full {
        true => NoTemporarySpace(error).into(),
        false => error.into(),
    }
}

/// The file of this name in the working folder, if there is one.
#[must_use]
pub fn if_there(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name);
    path.is_file().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        let error = format!("{:#}", read(&path, 4).unwrap_err());
        assert!(error.contains("larger than"), "{error}");
        std::fs::write(&path, b"\xff").unwrap();
        let error = format!("{:#}", read_text(&path, 5).unwrap_err());
        assert!(error.contains("not UTF-8"), "{error}");
        let error = format!("{:#}", read(folder.path(), 5).unwrap_err());
        assert!(error.contains("folder"), "{error}");
    }

    #[test]
    fn a_stream_is_read_within_bounds() {
        let read = |most| {
            let mut bytes = Vec::new();
            let stream = AtMost::new(&b"12345"[..], most);
            io::BufReader::with_capacity(2, stream).read_to_end(&mut bytes)
        };
        assert_eq!(read(5).unwrap(), 5);
        let error = read(4).unwrap_err().to_string();
        assert!(error.contains("larger than"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_no_file() {
        for path in ["/dev/zero", "/dev/null"] {
            let error = format!("{:#}", read(Path::new(path), 5).unwrap_err());
            assert!(error.contains("a pipe or a device"), "{error}");
        }
    }
}
