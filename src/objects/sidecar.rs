//! The side file of a mirror, `.metadata.jsonl`: the objects' metadata, which a folder cannot hold.
//!
//! Each line is `{"bucket", "key", "metadata"}`. Only where each line begins is kept, 16 bytes for each.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use serde::Deserialize;

use super::source::Metadata;

/// The name of the file, in the mirror's root.
pub(super) const NAME: &str = ".metadata.jsonl";
/// A signature takes 512 characters, a key at most 1,024.
const LONGEST: u64 = 64 << 10;

/// Where the metadata of each key stands.
#[derive(Debug)]
pub(super) struct Side {
    file: Mutex<File>,
    /// Hashes of keys, and where their lines begin; sorted.
    lines: Vec<(u64, u64)>,
}

#[derive(Deserialize)]
struct Line {
    bucket: Option<String>,
    key: String,
    #[serde(default)]
    metadata: std::collections::BTreeMap<String, String>,
}

impl Side {
    /// Reads where the lines are; `None` without a file. Lines of other buckets are left out.
    pub(super) fn open(root: &Path, bucket: Option<&str>) -> anyhow::Result<Option<Self>> {
        let path = root.join(NAME);
        let failed = || format!("{} cannot be read", path.display());
        match path.symlink_metadata() {
            Ok(found) if found.is_file() => {}
            Ok(_) => anyhow::bail!("{}: it is not a regular file", failed()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(failed),
        }
        let file = File::open(&path).with_context(failed)?;
        let mut reader = BufReader::new(file);
        let (mut lines, mut at, mut number) = (Vec::new(), 0_u64, 0_u64);
        let mut text = Vec::new();
        loop {
            text.clear();
            number += 1;
            let read = reader
                .by_ref()
                .take(LONGEST)
                .read_until(b'\n', &mut text)
                .with_context(failed)?;
            if read == 0 {
                break;
            }
            if read as u64 == LONGEST && text.last() != Some(&b'\n') {
                anyhow::bail!("{}:{number}: the line is too long", path.display());
            }
            if !text.trim_ascii().is_empty() {
                let line: Line = serde_json::from_slice(&text)
                    .with_context(|| format!("{}:{number}", path.display()))?;
                let ours =
                    bucket.is_none_or(|name| line.bucket.as_deref().is_none_or(|it| it == name));
                if ours {
                    lines.push((hash(&line.key), at));
                }
            }
            at += read as u64;
        }
        lines.sort_unstable();
        let file = Mutex::new(reader.into_inner());
        Ok(Some(Self { file, lines }))
    }

    /// The metadata of `key`; the last line counts, if there are several.
    pub(super) fn get(&self, key: &str) -> std::io::Result<Metadata> {
        let wanted = hash(key);
        let first = self.lines.partition_point(|(hash, _)| *hash < wanted);
        let found = self.lines.iter().skip(first);
        let mut metadata = Metadata::new();
        for (_, at) in found.take_while(|(hash, _)| *hash == wanted) {
            let line = self.line(*at)?;
            if line.key == key {
                metadata = line.metadata.into_iter().collect();
            }
        }
        Ok(metadata)
    }

    fn line(&self, at: u64) -> std::io::Result<Line> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(at))?;
        let mut text = Vec::with_capacity(2_048);
        BufReader::with_capacity(2_048, &mut *file)
            .take(LONGEST)
            .read_until(b'\n', &mut text)?;
        serde_json::from_slice(&text).map_err(Into::into)
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
