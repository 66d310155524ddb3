//! A bundle while it is written: a folder beside its place, that is moved there when it is whole.

use std::fs::File as Handle;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use trailaudit_reports::sanitize;

use super::manifest::File;
use super::sums::{Hashing, Sums, unsafe_path};
use super::tar;
use crate::files::{Access, write_whole};
use crate::leftovers;

/// The end of an archive's name.
pub const ARCHIVE: &str = ".tar.zst";

/// Where a bundle goes.
#[derive(Debug)]
pub struct Folder {
    at: PathBuf,
    /// None when only the hashes are wanted.
    dir: Option<TempDir>,
    /// Locked while it is written, so that nobody takes it for a leftover.
    held: Option<Handle>,
    files: Vec<File>,
}

/// A new file that only its owner may read: a bundle tells where an organization is weak.
fn private_file(path: &Path) -> std::io::Result<Handle> {
    let mut options = Handle::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder of the same kind, if it is not there yet.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A place that ends in `.tar.zst` is an archive's.
#[must_use]
pub fn is_archive(path: &Path) -> bool {
    path.to_string_lossy().ends_with(ARCHIVE)
}

impl Folder {
    /// A folder for what will be there. What is there already is not touched.
    pub fn new(at: &Path) -> anyhow::Result<Self> {
        if is_archive(at) {
            if at.exists() {
                bail!(
                    "{} is there already; a bundle is not overwritten",
                    at.display()
                );
            }
        } else if at.exists() && std::fs::read_dir(at).map_or(true, |mut it| it.next().is_some()) {
            bail!("{} is there already, and not an empty folder", at.display());
        }
        let beside = match at.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let failed = || format!("{} cannot be written into", beside.display());
        std::fs::create_dir_all(beside).with_context(failed)?;
        leftovers::clean(beside, leftovers::PREFIX);
        let mut builder = tempfile::Builder::new();
        builder.prefix(leftovers::PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let dir = builder.tempdir_in(beside).with_context(failed)?;
        Ok(Self {
            at: at.to_owned(),
            held: leftovers::hold(dir.path()),
            dir: Some(dir),
            files: Vec::new(),
        })
    }

    /// One that keeps nothing but the hashes of what would be in it.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            at: PathBuf::new(),
            held: None,
            dir: None,
            files: Vec::new(),
        }
    }

    /// Writes a file of the bundle.
    pub fn put(
        &mut self,
        path: &str,
        about: &str,
        write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<&File> {
        if let Some(why) = unsafe_path(path) {
            bail!("{path:?}: {why}");
        }
        let failed = || format!("{path} of the bundle cannot be written");
        let file: Box<dyn Write> = match &self.dir {
            Some(dir) => {
                let place = dir.path().join(path);
                if let Some(folder) = place.parent() {
                    private_folder(folder).with_context(failed)?;
                }
                Box::new(BufWriter::new(private_file(&place).with_context(failed)?))
            }
            None => Box::new(std::io::sink()),
        };
        let mut out = Hashing::new(file);
        write(&mut out).with_context(failed)?;
        out.flush().with_context(failed)?;
        let (sha256, size) = out.finish();
        self.files.push(File {
            path: path.to_owned(),
            size,
            sha256,
            about: about.to_owned(),
        });
        self.files.last().with_context(failed)
    }

    /// Writes a file whose bytes are there.
    pub fn bytes(&mut self, path: &str, about: &str, bytes: &[u8]) -> anyhow::Result<&File> {
        self.put(path, about, |out| Ok(out.write_all(bytes)?))
    }

    /// Writes a JSON file.
    pub fn json(
        &mut self,
        path: &str,
        about: &str,
        value: &impl serde::Serialize,
    ) -> anyhow::Result<&File> {
        self.put(path, about, |out| {
            sanitize::pretty(value, &mut *out)?;
            Ok(out.write_all(b"\n")?)
        })
    }

    /// What was written so far, in order of path.
    #[must_use]
    pub fn files(&self) -> Vec<File> {
        let mut files = self.files.clone();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The hashes of what was written so far.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let files = self.files.iter();
        files
            .map(|it| (it.path.clone(), it.sha256.clone()))
            .collect()
    }

    /// Puts the bundle where it belongs: whole, or not at all.
    pub fn finish(self) -> anyhow::Result<()> {
        let files = self.files();
        let Some(dir) = self.dir else {
            return Ok(());
        };
        let failed = || format!("{} cannot be written", self.at.display());
        if is_archive(&self.at) {
            return write_whole(&self.at, Access::Owner, |out| {
                let mut packed = zstd::Encoder::new(out, 0)?;
                for file in &files {
                    let bytes = BufReader::new(Handle::open(dir.path().join(&file.path))?);
                    tar::put(&mut packed, &file.path, file.size, bytes)?;
                }
                tar::end(&mut packed)?;
                packed.finish()?;
                Ok(())
            });
        }
        if self.at.exists() {
            std::fs::remove_dir(&self.at).with_context(failed)?;
        }
        std::fs::rename(dir.path(), &self.at).with_context(failed)?;
        // It is in its place: nothing is left to be removed.
        let _ = dir.keep();
        drop(self.held);
        Ok(())
    }
}
