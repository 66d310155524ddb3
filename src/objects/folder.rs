//! A mirror on disk: `DIR` is the bucket's root, its paths are the keys.
//!
//! Keys come from digests and file names, which may be hostile: nothing outside of the folder is opened, and nothing
//! but regular files is read.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use trailaudit_checks::calls::{ApiCall, GET_OBJECT, GET_OBJECT_RETENTION, LIST_OBJECTS};
use trailaudit_checks::fact::Reason;

use super::sidecar::{NAME, Side};
use super::source::{About, Listed, Lock, Sink, Source, Unread};

/// So many objects make a page.
const PAGE: usize = 1_000;
const PIECE: usize = 64 << 10;

thread_local! {
    /// What was read last of an object.
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A folder that holds what a bucket holds.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    side: Option<Side>,
}

impl Folder {
    /// The folder; of the side file, the lines of `bucket` and those without one.
    pub fn open(root: &Path, bucket: Option<&str>) -> anyhow::Result<Self> {
        let root = root
            .canonicalize()
            .with_context(|| format!("{} cannot be read", root.display()))?;
        if !root.is_dir() {
            anyhow::bail!("{} is not a folder", root.display());
        }
        let side = Side::open(&root, bucket)?;
        Ok(Self { root, side })
    }

    /// The path of a key, if the key is one that can be a path in the folder.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let relative = Path::new(key);
        let plain = relative
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        // `a//b` and `a/./b` are keys of their own, and no paths.
        let same = !key.split('/').any(|part| matches!(part, "" | "." | ".."));
        (plain && same && !key.contains(['\\', '\0'])).then(|| self.root.join(relative))
    }

    /// Opens a regular file that lies in the folder, also by way of links.
    fn file(&self, key: &str) -> Result<Option<File>, Unread> {
        let Some(path) = self.path(key) else {
            return Err(refused(GET_OBJECT, "the key leads out of the folder"));
        };
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if is_absent(&error) => {
                // Behind a link that leads nowhere: nobody knows whether the object was deleted.
                return match self.not_by_link(key) {
                    Err(unread) => Err(refused(GET_OBJECT, &unread.detail)),
                    Ok(()) => Ok(None),
                };
            }
            Err(error) => return Err(failed(GET_OBJECT, &error)),
        };
        if !real.starts_with(&self.root) {
            return Err(refused(
                GET_OBJECT,
                "a symbolic link leads out of the folder",
            ));
        }
        // Opening a pipe would wait for whoever writes into it.
        match real.symlink_metadata() {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(refused(GET_OBJECT, "not a regular file")),
            Err(error) => return Err(failed(GET_OBJECT, &error)),
        }
        File::open(&real)
            .map(Some)
            .map_err(|error| failed(GET_OBJECT, &error))
    }

    /// What lies in one folder, sorted as the keys are: a folder by its name with the slash.
    fn entries(&self, prefix: &str) -> Result<Vec<(String, Kind)>, Unread> {
        let path = match prefix.trim_end_matches('/') {
            "" => self.root.clone(),
            key => self
                .path(key)
                .ok_or_else(|| refused(LIST_OBJECTS, "the prefix leads out of the folder"))?,
        };
        let listing = match fs::read_dir(&path) {
            Ok(listing) => listing,
            Err(error) if is_absent(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(LIST_OBJECTS, &error)),
        };
        let mut entries = Vec::new();
        for entry in listing {
            let entry = entry.map_err(|error| failed(LIST_OBJECTS, &error))?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                let name = entry.file_name();
                let detail = format!("{prefix}{}: a name that is not UTF-8", name.display());
                return Err(refused(LIST_OBJECTS, &detail));
            };
            if prefix.is_empty() && name == NAME {
                continue;
            }
            let kind = entry.file_type();
            let kind = kind.map_err(|error| failed(LIST_OBJECTS, &error))?;
            let kind = self.kind(kind, &entry.path());
            let slash = if kind == Kind::Folder { "/" } else { "" };
            entries.push((format!("{prefix}{name}{slash}"), kind));
        }
        entries.sort_unstable();
        Ok(entries)
    }

    fn kind(&self, kind: fs::FileType, path: &Path) -> Kind {
        if kind.is_dir() {
            return Kind::Folder;
        }
        if kind.is_file() {
            return Kind::Object;
        }
        if !kind.is_symlink() {
            return Kind::Odd;
        }
        // Links to folders are not followed: they may lead out, or round in a circle.
        let real = path.canonicalize();
        let real = real.ok().filter(|real| real.starts_with(&self.root));
        let file = real.and_then(|real| real.symlink_metadata().ok());
        match (file.is_some_and(|it| it.is_file()), path.is_dir()) {
            (true, _) => Kind::Object,
            (false, true) => Kind::Link,
            (false, false) => Kind::Odd,
        }
    }

    /// Nothing on the way to a folder is a link: what it leads to is not what the mirror holds.
    fn not_by_link(&self, prefix: &str) -> Result<(), Unread> {
        let mut path = self.root.clone();
        for name in prefix.split('/').filter(|name| !name.is_empty()) {
            path.push(name);
            let kind = match path.symlink_metadata() {
                Ok(found) => found.file_type(),
                Err(error) if is_absent(&error) => return Ok(()),
                Err(error) => return Err(failed(LIST_OBJECTS, &error)),
            };
            let shown = path.strip_prefix(&self.root).unwrap_or(&path).display();
            if kind.is_symlink() {
                let detail = format!(
                    "{shown} is a symbolic link, which is not followed: copy what it leads to into the folder"
                );
                return Err(refused(LIST_OBJECTS, &detail));
            }
            if !kind.is_dir() && !kind.is_file() {
                let detail = format!("{shown} is no folder and not a regular file");
                return Err(refused(LIST_OBJECTS, &detail));
            }
        }
        Ok(())
    }

    fn walk(&self, prefix: &str, after: &str, listing: &mut Listing<'_>) -> Result<bool, Unread> {
        for (key, kind) in self.entries(prefix)? {
            match kind {
                // All of it comes before what is wanted.
                Kind::Folder if before(&key, after) => {}
                Kind::Folder => {
                    if !self.walk(&key, after, listing)? {
                        return Ok(false);
                    }
                }
                Kind::Link if before(&format!("{key}/"), after) => {}
                // The rest is listed all the same.
                Kind::Link => {
                    let unread = self.not_by_link(&key).err();
                    listing.unread = listing.unread.take().or(unread);
                }
                Kind::Object if key.as_str() <= after => {}
                // It may stand for a folder.
                Kind::Odd if key.as_str() <= after && before(&format!("{key}/"), after) => {}
                Kind::Object | Kind::Odd => {
                    let size = self.path(&key).and_then(|path| path.metadata().ok());
                    let size = size.map_or(0, |it| it.len());
                    let regular = kind == Kind::Object;
                    listing.held.push(Listed { key, size, regular });
                    if listing.held.len() >= PAGE && !listing.page() {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Folder,
    Object,
    /// A symbolic link to a folder.
    Link,
    /// A pipe and the like, or a link that leads nowhere or out of the folder.
    Odd,
}

/// All of a folder comes before the key.
fn before(folder: &str, key: &str) -> bool {
    folder < key && !key.starts_with(folder)
}

/// A listing under way.
struct Listing<'p> {
    held: Vec<Listed>,
    page: &'p mut dyn FnMut(&[Listed]) -> bool,
    /// The first part of it that cannot be listed.
    unread: Option<Unread>,
}

impl Listing<'_> {
    fn page(&mut self) -> bool {
        (self.page)(&std::mem::take(&mut self.held))
    }
}

impl Source for Folder {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        self.not_by_link(prefix)?;
        let entries = self.entries(prefix)?.into_iter();
        // What is no regular file may stand for a folder: listing it says so.
        let folders = entries.filter(|(key, kind)| match kind {
            Kind::Folder | Kind::Link => true,
            Kind::Odd => !self.path(key).is_some_and(|path| path.is_file()),
            Kind::Object => false,
        });
        let name = |key: String| {
            key.trim_end_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        Ok(folders.map(|(key, _)| name(key)).collect())
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        self.not_by_link(prefix)?;
        let mut listing = Listing {
            held: Vec::new(),
            page,
            unread: None,
        };
        if self.walk(prefix, after, &mut listing)? && !listing.held.is_empty() {
            listing.page();
        }
        listing.unread.map_or(Ok(()), Err)
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let Some(mut file) = self.file(key)? else {
            return Ok(None);
        };
        sink.begin();
        // Taken once for all objects that a thread reads.
        let mut piece = READ.take();
        piece.resize(PIECE, 0);
        loop {
            let count = match file.read(&mut piece) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(GET_OBJECT, &error)),
            };
            if count == 0 || !sink.piece(piece.get(..count).unwrap_or_default()) {
                break;
            }
        }
        READ.set(piece);
        let metadata = self.side.as_ref().map(|side| side.get(key)).transpose();
        let metadata = metadata.map_err(|error| failed(GET_OBJECT, &error))?;
        Ok(Some(About {
            metadata: metadata.unwrap_or_default(),
            storage: None,
        }))
    }

    fn lock(&self, _: &str) -> Result<Option<Lock>, Unread> {
        Err(refused(
            GET_OBJECT_RETENTION,
            "a folder does not hold the locks of a bucket",
        ))
    }

    fn history(&self, _: &str) -> Option<String> {
        None
    }

    fn readers(&self) -> usize {
        std::thread::available_parallelism().map_or(2, NonZero::get)
    }
}

/// No file can have such a name, or what would be its folder is a file: there is no such object.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename
    )
}

fn failed(call: ApiCall, error: &std::io::Error) -> Unread {
    let reason = if error.kind() == ErrorKind::PermissionDenied {
        Reason::Denied
    } else {
        Reason::Failed
    };
    Unread {
        call,
        reason,
        detail: error.to_string(),
        request_id: None,
    }
}

fn refused(call: ApiCall, detail: &str) -> Unread {
    Unread {
        call,
        reason: Reason::Failed,
        detail: detail.to_owned(),
        request_id: None,
    }
}
