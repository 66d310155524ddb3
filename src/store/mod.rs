//! Where runs are kept: a folder, or a part of a bucket. What is written once is never written over.
//!
//! This is the one part of the program that writes to AWS, with a client of its own: the client that reads for a scan
//! refuses every write.

mod folder;
#[cfg(feature = "aws")]
mod guard;
#[cfg(feature = "aws")]
mod s3;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::bail;
#[cfg(feature = "aws")]
use jiff::Timestamp;

pub use folder::Folder;
#[cfg(feature = "aws")]
pub use s3::Bucket;

/// Objects of runs lie below this; they are written once.
pub const RUNS: &str = "audits/";
/// What shards deliver lies below this.
pub const SHARDS: &str = "shards/";
/// The plan of a sharded run: which shard does what.
pub const PLAN: &str = "plan.json";
/// What the planning saw: the organization, and every account without its details.
pub const ORGANIZATION: &str = "organization.jsonl.zst";
/// What the merge writes, unless a file is named.
pub const INVENTORY: &str = "inventory.jsonl.zst";

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// What lies below a prefix of a bucket; the prefix is empty or ends with a slash.
    Bucket {
        /// Its name.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text {
                "" | "-" => {
                    Err("a folder is expected, or s3://BUCKET or s3://BUCKET/PREFIX".to_owned())
                }
                _ => Ok(Self::Folder(PathBuf::from(text))),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-".contains(&c);
        if bucket.len() < 3 || bucket.len() > 63 || !bucket.bytes().all(named) {
            return Err(format!("`{bucket}` is not a bucket's name"));
        }
        let prefix = prefix.trim_end_matches('/');
        let part = |it: &str| {
            let plain = |c: u8| c.is_ascii_alphanumeric() || b"!-_.'()=+@".contains(&c);
            !matches!(it, "" | "." | "..") && it.bytes().all(plain)
        };
        if !prefix.is_empty() && !prefix.split('/').all(part) {
            return Err(format!(
                "`{prefix}` cannot be a store's prefix: letters, digits and ! - _ . ' ( ) = + @ are expected between \
                 single slashes"
            ));
        }
        Ok(Self::Bucket {
            bucket: bucket.to_owned(),
            prefix: match prefix {
                "" => String::new(),
                prefix => format!("{prefix}/"),
            },
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => path.display().fmt(f),
            Self::Bucket { bucket, prefix } => {
                write!(f, "s3://{bucket}/{prefix}")
            }
        }
    }
}

/// What a store is for, and with it which of its objects are written once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kept {
    /// Audits of `nightly`, run after run.
    #[default]
    Audits,
    /// The plan of a sharded run, and what its shards deliver.
    Shards,
}

impl Kept {
    /// What is written once: objects of these names, or below these folders.
    #[must_use]
    pub fn once(self) -> &'static [&'static str] {
        match self {
            Self::Audits => &[RUNS],
            Self::Shards => &[PLAN, ORGANIZATION, SHARDS, INVENTORY],
        }
    }

    /// The folder whose objects are listed.
    #[must_use]
    pub fn listed(self) -> &'static str {
        match self {
            Self::Audits => RUNS,
            Self::Shards => SHARDS,
        }
    }

    /// Small objects beside it are replaced from run to run.
    #[must_use]
    pub fn replaces(self) -> bool {
        self == Self::Audits
    }

    /// An object of this name is written once.
    #[must_use]
    pub fn is_once(self, name: &str) -> bool {
        self.once().iter().any(|it| match it.ends_with('/') {
            true => name.len() > it.len() && name.starts_with(it),
            false => name == *it,
        })
    }
}

/// What came of writing an object that must not be there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It was written.
    Written,
    /// One of this name is there; it was left as it is.
    Exists,
}

/// Reads and writes the objects of a store. Names are relative to it, their parts separated by slashes.
pub trait Store {
    /// The names of all objects that are written once, but for those at the root; sorted.
    fn names(&self) -> anyhow::Result<Vec<String>>;

    /// Copies an object into a file. `false`: there is none.
    fn fetch(&self, name: &str, to: &Path) -> anyhow::Result<bool>;

    /// A small object's bytes. `None`: there is none.
    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>>;

    /// Writes an object that is written once, unless one of this name is there.
    fn put(&self, name: &str, file: &Path) -> anyhow::Result<Put>;

    /// Writes the one small object that is replaced from run to run.
    fn replace(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()>;
}

/// How a store is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Profile of the SDK's configuration.
    pub profile: Option<String>,
    /// Role to write with.
    pub role: Option<String>,
    /// Lock objects of runs for so many days.
    pub lock_days: Option<u32>,
    /// What it is for.
    pub kept: Kept,
}

/// Opens it. A folder is made when something is written.
pub fn open(place: &Place, options: &Options) -> anyhow::Result<Box<dyn Store>> {
    match place {
        Place::Folder(_) if options.lock_days.is_some() => {
            bail!("--object-lock-days is for a bucket; a folder has no Object Lock")
        }
        Place::Folder(_) if options.role.is_some() => bail!("--store-role is for a bucket"),
        Place::Folder(path) => Ok(Box::new(Folder::new(path, options.kept))),
        #[cfg(feature = "aws")]
        Place::Bucket { bucket, prefix } => {
            let until = options.lock_days.map(locked_until).transpose()?;
            Ok(Box::new(Bucket::open(bucket, prefix, options, until)?))
        }
        #[cfg(not(feature = "aws"))]
        Place::Bucket { .. } => {
            bail!("this build cannot write to a bucket (it was made without the feature `aws`)")
        }
    }
}

/// The end of a lock that begins now.
#[cfg(feature = "aws")]
fn locked_until(days: u32) -> anyhow::Result<Timestamp> {
    let long = jiff::SignedDuration::from_hours(i64::from(days) * 24);
    Ok(Timestamp::now().checked_add(long)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let bucket = |bucket: &str, prefix: &str| {
            Ok(Place::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!("s3://audits".parse::<Place>(), bucket("audits", ""));
        assert_eq!("s3://audits/".parse::<Place>(), bucket("audits", ""));
        assert_eq!(
            "s3://audits/a/b/".parse::<Place>(),
            bucket("audits", "a/b/")
        );
        assert_eq!(
            "a/b".parse::<Place>(),
            Ok(Place::Folder(PathBuf::from("a/b")))
        );
        for wrong in [
            "",
            "-",
            "s3://",
            "s3:///a",
            "s3://Audits",
            "s3://audits/../x",
            "s3://audits/a//b",
            "s3://audits/a*",
            "s3://audits/a/./b",
        ] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_refuses_what_only_a_bucket_has() {
        let place = Place::Folder(PathBuf::from("x"));
        let lock = Options {
            lock_days: Some(1),
            ..Options::default()
        };
        assert!(open(&place, &lock).is_err());
        let role = Options {
            role: Some("arn:aws:iam::111111111111:role/x".to_owned()),
            ..Options::default()
        };
        assert!(open(&place, &role).is_err());
    }
}
