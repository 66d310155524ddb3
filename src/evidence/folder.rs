//! A bundle while it is written: a folder beside its place, that is moved there when it is whole.

use std::fs::File as Handle;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use trailaudit_reports::sanitize::Json;

use super::manifest::File;
use super::sums::{Hashing, Sums, unsafe_path};
use super::tar;
use crate::files::{Access, write_whole};

/// The end of an archive's name.
pub const ARCHIVE: &str = ".tar.zst";

/// Where a bundle goes.
#[derive(Debug)]
pub struct Folder {
    at: PathBuf,
    /// None when only the hashes are wanted.
    dir: Option<TempDir>,
    files: Vec<File>,
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
        let dir = tempfile::Builder::new()
            .prefix(".trailaudit-")
            .tempdir_in(beside)
            .with_context(failed)?;
        Ok(Self {
            at: at.to_owned(),
            dir: Some(dir),
            files: Vec::new(),
        })
    }

    /// One that keeps nothing but the hashes of what would be in it.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            at: PathBuf::new(),
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
                    std::fs::create_dir_all(folder).with_context(failed)?;
                }
                Box::new(BufWriter::new(
                    Handle::create_new(&place).with_context(failed)?,
                ))
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
            serde_json::to_writer_pretty(&mut Json(&mut *out), value)?;
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
        Ok(())
    }
}
