//! The lines of such a file.

use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::LogEntry;
use trailaudit_checks::hex;

use crate::objects::{Listed, LogRead, Metadata, Storage, Unread};
use crate::verify::{Keys, Scope};

/// One answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer", content = "value")]
pub(super) enum Answer {
    /// An account and region that is there.
    Scope(Scope),
    /// A folder that could not be listed while these were looked for.
    Unsearched(String, Unread),
    /// The folders right below a prefix.
    Folders(String, Result<Vec<String>, Unread>),
    /// A page of a listing.
    Page(String, Vec<Listed>),
    /// The listing ended: whole, or not.
    Listed(String, Option<Unread>),
    /// A digest.
    Object(Id, Object),
    /// What reading a log came to.
    Log(Id, LogRead),
    /// What the versions of an object tell.
    History(Id, String),
    /// The public keys.
    Keys(Keys),
}

/// An object that was read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Object {
    /// All of it.
    Whole {
        /// Its own metadata.
        metadata: Metadata,
        /// How it is stored.
        storage: Option<Storage>,
        /// Its bytes, in hexadecimal text.
        bytes: String,
    },
    /// There is none.
    Absent,
    /// It could not be read.
    Unread(Unread),
}

/// What an answer is about: half of a SHA-256, in hexadecimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Id(String);

/// The same, as it is looked up.
pub(super) type Raw = [u8; 16];

impl Id {
    /// An object with this key.
    pub(super) fn object(key: &str) -> Self {
        Self::of(&[b"object", key.as_bytes()])
    }

    /// A log, compared with one hash: another digest may list another.
    pub(super) fn log(entry: &LogEntry) -> Self {
        Self::of(&[b"log", entry.at.key.as_bytes(), &entry.sha256])
    }

    /// The versions of the object with this key.
    pub(super) fn history(key: &str) -> Self {
        Self::of(&[b"history", key.as_bytes()])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let hash = hash.finish();
        Self(hex::encode(hash.as_ref().get(..16).unwrap_or_default()))
    }

    /// None for what is no id.
    pub(super) fn raw(&self) -> Option<Raw> {
        hex::decode(&self.0)?.try_into().ok()
    }
}
