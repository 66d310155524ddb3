//! Opens a bundle that nobody vouches for: a folder, or an archive that is unpacked within bounds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

use super::folder::is_archive;
use super::sums::unsafe_path;
use super::tar;
use crate::unpack::{RATIO, SLACK};
use crate::{files, leftovers};

/// No bundle has more files.
const FILES: usize = 10_000;
/// No bundle is larger.
const BYTES: u64 = 64 << 30;
/// No file that is read as a whole is larger.
pub const WHOLE: u64 = 4 << 30;

/// A bundle's files, by path. None of their bytes are believed yet.
#[derive(Debug)]
pub struct Opened {
    root: PathBuf,
    /// How many bytes each has.
    pub files: BTreeMap<String, u64>,
    /// Removed in the end; locked until then.
    _unpacked: Option<(TempDir, Option<File>)>,
}

/// Opens a folder or an archive.
pub fn open(path: &Path) -> anyhow::Result<Opened> {
    let failed = || format!("{} cannot be read", path.display());
    if !is_archive(path) {
        // What is named on the command line may be a link; nothing in it may.
        std::fs::read_dir(path).with_context(failed)?;
        return Ok(Opened {
            root: path.to_owned(),
            files: walk(path)?,
            _unpacked: None,
        });
    }
    let file = files::open(path)?;
    let most = file
        .metadata()
        .with_context(failed)?
        .len()
        .saturating_mul(RATIO)
        .saturating_add(SLACK);
    let dir = files::temporary_folder()?;
    let held = leftovers::hold(dir.path());
    unpack(file, dir.path(), most.min(BYTES))
        .with_context(|| format!("{} is no bundle of evidence", path.display()))?;
    Ok(Opened {
        root: dir.path().to_owned(),
        files: walk(dir.path())?,
        _unpacked: Some((dir, held)),
    })
}

fn unpack(archive: File, to: &Path, most: u64) -> anyhow::Result<()> {
    let mut left = most;
    let mut count = 0;
    tar::each(zstd::Decoder::new(archive)?, |path, size, bytes| {
        if let Some(why) = unsafe_path(path) {
            bail!("it holds {path:?}: {why}");
        }
        count += 1;
        left = left
            .checked_sub(size)
            .filter(|_| count <= FILES)
            .with_context(|| format!("it unpacks to more than {FILES} files or {most} bytes"))?;
        let place = to.join(path);
        if let Some(folder) = place.parent() {
            std::fs::create_dir_all(folder).map_err(files::while_temporary)?;
        }
        let mut file = File::create_new(&place)
            .map_err(files::while_temporary)
            .with_context(|| format!("it holds {path} twice"))?;
        io::copy(bytes, &mut file).map_err(files::while_temporary)?;
        Ok(())
    })
}

/// Every file below a folder. A link, a device, a name that no bundle has: refused, and never followed.
fn walk(root: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    let mut total: u64 = 0;
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let name = entry.file_name();
            let path = match (folder.as_str(), name.to_str()) {
                ("", Some(name)) => name.to_owned(),
                (folder, Some(name)) => format!("{folder}/{name}"),
                (_, None) => bail!("it holds {name:?}, a name that no bundle has"),
            };
            if let Some(why) = unsafe_path(&path) {
                bail!("it holds {path:?}: {why}");
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let size = entry.metadata()?.len();
                total = total.saturating_add(size);
                files.insert(path, size);
            } else {
                bail!("it holds {path}, which is a link or a device and no file");
            }
            if files.len() + folders.len() > FILES || total > BYTES {
                bail!("it holds more than {FILES} files or {BYTES} bytes");
            }
        }
    }
    Ok(files)
}

impl Opened {
    /// Where a file lies.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// It is there.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// A file to be read piece by piece.
    pub fn stream(&self, path: &str) -> anyhow::Result<File> {
        if !self.has(path) {
            bail!("{path} is missing");
        }
        File::open(self.at(path)).with_context(|| format!("{path} cannot be read"))
    }

    /// A file's bytes, of at most so many.
    pub fn read(&self, path: &str, most: u64) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.stream(path)?.take(most + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            bail!("{path} is larger than {most} bytes");
        }
        Ok(bytes)
    }

    /// A JSON file.
    pub fn json<T: serde::de::DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let bytes = self.read(path, WHOLE)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{path} cannot be understood"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])], more: &[u8]) -> (TempDir, PathBuf) {
        let mut bytes = Vec::new();
        for (path, content) in files {
            tar::put(&mut bytes, path, content.len() as u64, *content).unwrap();
        }
        tar::end(&mut bytes).unwrap();
        bytes.extend(more);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.tar.zst");
        std::fs::write(&path, zstd::encode_all(bytes.as_slice(), 0).unwrap()).unwrap();
        (dir, path)
    }

    #[test]
    fn an_archive_is_unpacked() {
        let (_dir, path) = archive(&[("a", b"1"), ("b/c", b"22")], b"");
        let opened = open(&path).unwrap();
        let sizes: Vec<_> = opened
            .files
            .iter()
            .map(|(path, size)| (path.as_str(), *size))
            .collect();
        assert_eq!(sizes, [("a", 1), ("b/c", 2)]);
        assert_eq!(opened.read("b/c", 2).unwrap(), b"22");
        opened.read("b/c", 1).unwrap_err();
        opened.read("../x.tar.zst", 1 << 20).unwrap_err();
    }

    #[test]
    fn a_hostile_one_is_not() {
        let bomb = vec![0; 80 << 20];
        for (files, more, why) in [
            (&[("../a", &b"1"[..])][..], &b""[..], "leads out"),
            (&[("b/../../a", b"1")], b"", "leads out"),
            (&[("/a", b"1")], b"", "leads out"),
            (&[(".ssh", b"1")], b"", "names have"),
            (&[("a", b"1"), ("a", b"2")], b"", "twice"),
            (&[("a", b"1")], b"more", "behind the end"),
            (&[("a", bomb.as_slice())], b"", "unpacks to more"),
        ] {
            let (dir, path) = archive(files, more);
            let error = format!("{:#}", open(&path).unwrap_err());
            assert!(error.contains(why), "{error}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        }
        let (dir, path) = archive(&[("a", b"1")], b"");
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            open(&path).unwrap_err();
        }
        std::fs::write(&path, b"no archive at all").unwrap();
        open(&path).unwrap_err();
        drop(dir);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_holds_files_and_nothing_else() {
        use std::os::unix::fs::symlink;
        type Make = fn(&Path) -> io::Result<()>;
        let make: [(&str, Make); 5] = [
            ("a link or a device", |at| {
                symlink("/etc/passwd", at.join("a"))
            }),
            ("a link or a device", |at| symlink("/etc", at.join("a"))),
            ("names have", |at| {
                std::fs::write(at.join("a\u{1b}[31m"), "")
            }),
            ("names have", |at| std::fs::write(at.join(".hidden"), "")),
            ("two folders deep", |at| {
                std::fs::create_dir_all(at.join("a/b/c"))?;
                std::fs::write(at.join("a/b/c/d"), "")
            }),
        ];
        for (why, make) in make {
            let dir = tempfile::tempdir().unwrap();
            make(dir.path()).unwrap();
            let error = format!("{:#}", open(dir.path()).unwrap_err());
            assert!(error.contains(why), "{error}");
        }
    }
}
