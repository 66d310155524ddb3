//! A store in a folder: of one machine, or of a network file system.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{Kept, Put, Store};
use crate::files::{self, Access, write_whole};
use crate::leftovers;

/// A folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    kept: Kept,
}

impl Folder {
    /// This folder, which need not be there yet.
    #[must_use]
    pub fn new(root: &Path, kept: Kept) -> Self {
        Self {
            root: root.to_owned(),
            kept,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Names of files below a folder. Links are not followed: a store makes none.
fn below(folder: &Path, prefix: &str, names: &mut Vec<String>) -> anyhow::Result<()> {
    let failed = || format!("{} cannot be listed", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(failed),
    };
    for entry in entries {
        let entry = entry.with_context(failed)?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            continue;
        };
        let kind = entry.file_type().with_context(failed)?;
        if kind.is_dir() {
            below(&entry.path(), &format!("{prefix}{name}/"), names)?;
        } else if kind.is_file() && !name.starts_with(leftovers::PREFIX) {
            names.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

/// A folder that only its owner may read: a run tells where an organization is weak.
fn private_folder(path: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("the folder {} cannot be created", path.display()))
}

impl Store for Folder {
    fn names(&self) -> anyhow::Result<Vec<String>> {
        let (mut names, listed) = (Vec::new(), self.kept.listed());
        below(&self.path(listed), listed, &mut names)?;
        names.sort();
        Ok(names)
    }

    fn fetch(&self, name: &str, to: &Path) -> anyhow::Result<bool> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(false);
        }
        let mut from = files::open(&path)?;
        let failed = || format!("{} cannot be copied", path.display());
        let mut to = File::create(to).with_context(failed)?;
        io::copy(&mut from, &mut to).with_context(failed)?;
        Ok(true)
    }

    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        files::read(&path, files::SMALL).map(Some)
    }

    fn put(&self, name: &str, file: &Path) -> anyhow::Result<Put> {
        let path = self.path(name);
        let failed = || format!("{} cannot be written", path.display());
        let folder = path.parent().with_context(failed)?;
        private_folder(folder)?;
        let mut temporary = tempfile::Builder::new()
            .prefix(leftovers::PREFIX)
            .tempfile_in(folder)
            .with_context(failed)?;
        io::copy(&mut files::open(file)?, temporary.as_file_mut()).with_context(failed)?;
        temporary.as_file().sync_all().with_context(failed)?;
        match temporary.persist_noclobber(&path) {
            Ok(_) => Ok(Put::Written),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(Put::Exists),
            Err(error) => Err(error.error).with_context(failed),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        private_folder(&self.root)?;
        write_whole(&self.path(name), Access::Owner, |out| {
            Ok(out.write_all(bytes)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_once_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = Folder::new(&folder.path().join("new"), Kept::Audits);
        assert_eq!(store.names().unwrap(), Vec::<String>::new());
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let name = "audits/2026-12-01/r/night.json";
        assert_eq!(store.put(name, &one).unwrap(), Put::Written);
        assert_eq!(store.put(name, &two).unwrap(), Put::Exists);
        assert_eq!(store.read(name).unwrap().unwrap(), b"1");
        assert_eq!(store.names().unwrap(), [name]);
        assert!(store.fetch(name, &two).unwrap());
        assert_eq!(fs::read(&two).unwrap(), b"1");
        assert!(!store.fetch("audits/none", &two).unwrap());
        store.replace("latest.json", b"a").unwrap();
        store.replace("latest.json", b"b").unwrap();
        assert_eq!(store.read("latest.json").unwrap().unwrap(), b"b");
        // It is no run's.
        assert_eq!(store.names().unwrap(), [name]);
    }
}
