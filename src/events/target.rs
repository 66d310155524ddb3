//! What an `events` command was pointed at.

use std::path::{Path, PathBuf};

use crate::cli::Input;
use crate::exit::Stop;
use crate::objects::Folder;
use crate::verify::{Wanted, find};

/// Where records are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The sample.
    Demo,
    /// A bucket, or a folder that mirrors one.
    Place(String),
    /// Files that nothing proves.
    Files(Vec<PathBuf>),
}

/// The target, and the words behind it.
pub(super) fn of(
    input: &Input,
    words: &[String],
    more: &str,
) -> Result<(Target, Vec<String>), Stop> {
    if input.demo {
        return Ok((Target::Demo, words.to_vec()));
    }
    let Some((first, rest)) = words.split_first() else {
        return Err(Stop::usage(format!(
            "name what to read: s3://BUCKET, a folder that mirrors a bucket, or files{more}; --demo reads a sample"
        )));
    };
    let path = Path::new(first);
    if path.is_file() {
        let files = rest.iter().take_while(|it| Path::new(it).is_file()).count();
        let (files, rest) = rest.split_at(files);
        let all = std::iter::once(first).chain(files);
        return Ok((
            Target::Files(all.map(PathBuf::from).collect()),
            rest.to_vec(),
        ));
    }
    if path.is_dir() && !mirrors(path)? {
        let mut files = Vec::new();
        below(path, 0, &mut files)?;
        if files.is_empty() {
            return Err(Stop::usage(format!(
                "{first} holds no log files: neither AWSLogs/, as a mirror of a bucket does, nor files named .json, \
                 .jsonl or .gz"
            )));
        }
        files.sort();
        return Ok((Target::Files(files), rest.to_vec()));
    }
    Ok((Target::Place(first.clone()), rest.to_vec()))
}

/// Whether there is anything in it where CloudTrail delivers to.
fn mirrors(path: &Path) -> Result<bool, Stop> {
    let folder = Folder::open(path, None).map_err(Stop::Usage)?;
    let wanted = Wanted {
        search: true,
        ..Wanted::default()
    };
    let found = find(&folder, &wanted);
    Ok(!found.scopes.is_empty() || !found.unread.is_empty())
}

/// Folders below the one that was named.
const DEEPEST: usize = 16;
/// Files of a folder that is no mirror.
const MOST: usize = 1_000_000;

fn below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let failed = |error: std::io::Error| {
        Stop::usage(format!("{} cannot be read: {error}", folder.display()))
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // A link may lead anywhere.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            if depth == DEEPEST {
                return Err(Stop::usage(format!(
                    "{} is too deep to be searched",
                    path.display()
                )));
            }
            below(&path, depth + 1, files)?;
        } else if kind.is_file() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if [".json", ".jsonl", ".ndjson", ".gz"]
                .iter()
                .any(|it| name.ends_with(it))
            {
                files.push(path);
            }
        }
        if files.len() > MOST {
            return Err(Stop::usage(format!(
                "{} holds more than {MOST} files",
                folder.display()
            )));
        }
    }
    Ok(())
}
