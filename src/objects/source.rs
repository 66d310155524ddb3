//! Where objects are read: a folder, or a bucket.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::digest::{LogEntry, LogOutcome, LogReader};
use trailaudit_checks::fact::{Gap, Reason};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::RetentionMode;

/// Lists and reads the objects of one bucket or of its mirror. Called from many threads at once.
pub trait Source: Sync {
    /// The names of the folders right below `prefix`, which is empty or ends with a slash.
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread>;

    /// Hands out all objects below `prefix` that come after the key `after`, in order and in pages, until `page`
    /// says that it has seen enough.
    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread>;

    /// Reads one object in pieces. `None`: there is no such object.
    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread>;

    /// Reads one log in pieces, and compares it with what its digest lists.
    fn log(&self, entry: &LogEntry, reader: &mut LogReader) -> LogRead {
        // The bytes of the log before are nobody's any more.
        reader.begin();
        match self.read(&entry.at.key, &mut Hashed(reader)) {
            Ok(Some(about)) => {
                let (outcome, bytes) = reader.end(entry);
                LogRead {
                    outcome,
                    storage: about.storage,
                    unread: None,
                    bytes,
                }
            }
            Ok(None) => LogRead::of(LogOutcome::Missing),
            Err(unread) => {
                // Half of a log is none.
                reader.begin();
                LogRead::unread(unread)
            }
        }
    }

    /// The lock of an object, asked for by itself: S3 leaves it out of an answer for more than one reason.
    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread>;

    /// What became of an object that is missing or was altered, as far as its versions tell.
    fn history(&self, key: &str) -> Option<String>;

    /// The ids of an object's stored versions, the newest first; none in a folder, which keeps no others.
    fn versions(&self, key: &str) -> Result<Vec<String>, Unread> {
        let _ = key;
        Ok(Vec::new())
    }

    /// Reads one stored version of an object in pieces. `None`: there is no such version.
    fn read_version(
        &self,
        key: &str,
        version: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<About>, Unread> {
        let _ = (key, version, sink);
        Ok(None)
    }

    /// CloudTrail's event history, which nothing signs; none where AWS is not asked.
    fn event_history(&self) -> Option<&dyn EventHistory> {
        None
    }

    /// Another bucket that can be read as well: one that the trail delivered to before.
    fn other(&self, bucket: &str) -> Option<&dyn Source> {
        let _ = bucket;
        None
    }

    /// How many objects may be read at once.
    fn readers(&self) -> usize;
}

/// The last 90 days of an account's management events, as LookupEvents gives them.
pub trait EventHistory: Sync {
    /// The account whose events it has: the caller's.
    fn account(&self) -> &str;

    /// Hands out the records of a region and a time in pages, until `page` says that it has seen enough.
    fn events(
        &self,
        region: &str,
        window: (Timestamp, Timestamp),
        page: &mut dyn FnMut(&[String]) -> bool,
    ) -> Result<(), Unread>;
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// It is an object, and not what a folder may hold beside files: a pipe, or a link that leads nowhere.
    pub regular: bool,
}

/// What is told of an object beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Its own metadata.
    pub metadata: Metadata,
    /// How S3 stores it; none in a folder.
    pub storage: Option<Storage>,
}

/// How S3 stores an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storage {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub encryption: Option<String>,
    /// The KMS key.
    pub key: Option<String>,
    /// Its lock, as far as the answer tells.
    pub lock: Option<Lock>,
    /// When it was written.
    pub modified: Option<Timestamp>,
}

/// The retention of an object; what is none could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who may shorten it.
    pub mode: Option<RetentionMode>,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// What reading one log came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRead {
    /// Whether it is what its digest lists.
    pub outcome: LogOutcome,
    /// How it is stored.
    pub storage: Option<Storage>,
    /// Why it could not be read.
    pub unread: Option<Unread>,
    /// How many bytes it has, uncompressed.
    pub bytes: u64,
}

impl LogRead {
    fn of(outcome: LogOutcome) -> Self {
        Self {
            outcome,
            storage: None,
            unread: None,
            bytes: 0,
        }
    }

    /// It could not be read.
    #[must_use]
    pub fn unread(unread: Unread) -> Self {
        Self {
            unread: Some(unread.clone()),
            ..Self::of(LogOutcome::Unread(unread.words()))
        }
    }
}

struct Hashed<'r>(&'r mut LogReader);

impl Sink for Hashed<'_> {
    fn begin(&mut self) {
        // What came before the connection was cut does not count.
        self.0.begin();
    }

    fn piece(&mut self, bytes: &[u8]) -> bool {
        self.0.push(bytes)
    }
}

/// An object's own metadata, by name.
pub type Metadata = Vec<(String, String)>;

/// Takes an object's bytes.
pub trait Sink {
    /// Reading begins, for the first time or anew after the connection was cut.
    fn begin(&mut self);
    /// The next piece. `false`: the rest need not be read.
    fn piece(&mut self, bytes: &[u8]) -> bool;
}

/// Why a listing or an object could not be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The call that would have told; for a folder, the one that it stands for.
    pub call: ApiCall,
    /// How it ended.
    pub reason: Reason,
    /// What was said.
    pub detail: String,
    /// The id of the last request.
    pub request_id: Option<String>,
}

impl Unread {
    /// The same as the gap that it leaves in the record of an account and region.
    #[must_use]
    pub fn gap(&self, account: &str, region: &str) -> Gap {
        Gap::of_call(
            self.call,
            &AccountId::from(account),
            &Region::from(region),
            self.reason,
            self.detail.as_str(),
        )
        .but(|it| it.request_id.clone_from(&self.request_id))
    }

    /// In a few words, for the problem of one object.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} {}: {}", self.call, self.reason, self.detail)
    }

    /// What stood in the way of this call.
    #[must_use]
    pub fn of(call: ApiCall, gap: Gap) -> Self {
        Self {
            call: gap.call().unwrap_or(call),
            reason: gap.reason,
            detail: gap.detail.clone(),
            request_id: gap.request_id.clone(),
        }
    }
}
