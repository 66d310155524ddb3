//! Digests and logs in a bucket: what `verify` reads them with.
//!
//! Its threads wait here for answers; each request goes through [`Ask`] as any other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use jiff::Timestamp;
use tokio::runtime::Handle;
use trailaudit_checks::calls::{
    ApiCall, GET_OBJECT, GET_OBJECT_RETENTION, LIST_OBJECT_VERSIONS, LIST_OBJECTS,
};
use trailaudit_checks::fact::{Gap, Known, Reason, Unknown};
use trailaudit_checks::inventory::RetentionMode;

use super::ask::{Ask, Target, malformed, pages, send};
use super::limits::Listing;
use super::time;
use crate::objects::{About, EventHistory, Halt, Listed, Lock, Sink, Source, Storage, Unread};

/// So often an object is read anew when its body is cut off.
const ATTEMPTS: u32 = 4;
/// Nothing of a body for so long: it is cut off.
const STALLED: Duration = Duration::from_secs(30);

/// A bucket, read with the credentials of its target.
#[derive(Debug)]
pub struct Bucket {
    pub(super) ask: Arc<Ask>,
    /// Whom to ask, in the bucket's region.
    pub(super) target: Target,
    pub(super) name: String,
    pub(super) runtime: Handle,
    pub(super) max_in_flight: usize,
    /// Nothing is waited for once it is set.
    pub(super) halt: Halt,
    /// Buckets that are verified in the same run: trails may have delivered to them before.
    pub(super) others: Vec<Bucket>,
}

impl Bucket {
    pub(super) fn wait<T>(
        &self,
        call: ApiCall,
        work: impl Future<Output = T>,
    ) -> Result<T, Unread> {
        self.runtime.block_on(self.halt.unless_set(call, work))
    }

    /// Reads an object, or one version of it, anew where its body is cut off.
    fn read_whole(
        &self,
        key: &str,
        version: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<Option<About>, Unread> {
        let mut cut = String::new();
        for attempt in 1..=ATTEMPTS {
            match self.wait(GET_OBJECT, self.once(key, version, sink))? {
                Ok(read) => return Ok(read),
                Err(Ok(unread)) => return Err(unread),
                Err(Err(words)) => cut = words,
            }
            if attempt < ATTEMPTS {
                std::thread::sleep(Duration::from_millis(200) * attempt);
            }
        }
        Err(Unread {
            call: GET_OBJECT,
            reason: Reason::Failed,
            detail: format!("the body was cut off {ATTEMPTS} times: {cut}"),
            request_id: None,
        })
    }

    async fn page(
        &self,
        prefix: &str,
        after: &str,
        token: Option<String>,
    ) -> Result<(Vec<Listed>, Option<String>), Unread> {
        let after = Some(after.to_owned()).filter(|it| !it.is_empty() && token.is_none());
        let request = self
            .ask
            .clients
            .s3
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix)
            .set_start_after(after)
            .set_continuation_token(token);
        let answer = send!(
            self.ask,
            &self.target,
            LIST_OBJECTS,
            &self.name,
            &[],
            aws_sdk_s3,
            request
        );
        match answer {
            Known(Some(out)) => {
                let more = out.is_truncated.unwrap_or_default();
                let next = out.next_continuation_token.filter(|_| more);
                if more && next.is_none() {
                    let what = "a page of the listing does not say how to go on";
                    return Err(Unread::of(
                        LIST_OBJECTS,
                        malformed(&self.target, LIST_OBJECTS, what),
                    ));
                }
                let listed = out.contents.unwrap_or_default().into_iter();
                let listed = listed.filter_map(|it| {
                    Some(Listed {
                        key: it.key?,
                        size: u64::try_from(it.size.unwrap_or_default()).unwrap_or_default(),
                        regular: true,
                    })
                });
                Ok((listed.collect(), next))
            }
            Known(None) => Ok((Vec::new(), None)),
            Unknown(gap) => Err(Unread::of(LIST_OBJECTS, gap)),
        }
    }

    /// Reads an object once. `Err(None)`: its body was cut off.
    async fn once(
        &self,
        key: &str,
        version: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<Option<About>, Result<Unread, String>> {
        let request = self
            .ask
            .clients
            .s3
            .get_object()
            .bucket(&self.name)
            .key(key)
            .set_version_id(version.map(str::to_owned));
        let answer = send!(
            self.ask,
            &self.target,
            GET_OBJECT,
            &self.name,
            &["NoSuchKey", "NoSuchVersion"],
            aws_sdk_s3,
            request
        );
        let mut out = match answer {
            Known(Some(out)) => out,
            Known(None) => return Ok(None),
            Unknown(gap) => return Err(Ok(refused(GET_OBJECT, gap))),
        };
        sink.begin();
        loop {
            match tokio::time::timeout(STALLED, out.body.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(piece))) => {
                    if !sink.piece(&piece) {
                        break;
                    }
                }
                Ok(Some(Err(error))) => return Err(Err(error.to_string())),
                Err(_) => return Err(Err("nothing came for half a minute".to_owned())),
            }
        }
        let told = out.object_lock_mode.is_some() || out.object_lock_retain_until_date.is_some();
        let lock = told.then(|| Lock {
            mode: mode(out.object_lock_mode.as_ref().map(ObjectLockMode::as_str)),
            until: time::maybe(out.object_lock_retain_until_date.as_ref()),
        });
        let storage = Storage {
            encryption: out.server_side_encryption.map(|it| it.as_str().to_owned()),
            key: out.ssekms_key_id,
            lock,
            modified: time::maybe(out.last_modified.as_ref()),
        };
        Ok(Some(About {
            metadata: out.metadata.unwrap_or_default().into_iter().collect(),
            storage: Some(storage),
        }))
    }

    async fn retention(&self, key: &str) -> Result<Option<Lock>, Unread> {
        let request = self
            .ask
            .clients
            .s3
            .get_object_retention()
            .bucket(&self.name)
            .key(key);
        let answer = send!(
            self.ask,
            &self.target,
            GET_OBJECT_RETENTION,
            key,
            &["NoSuchObjectLockConfiguration"],
            aws_sdk_s3,
            request
        );
        match answer {
            Known(out) => Ok(out.and_then(|it| it.retention).map(|it| Lock {
                mode: mode(it.mode.as_ref().map(ObjectLockRetentionMode::as_str)),
                until: time::maybe(it.retain_until_date.as_ref()),
            })),
            Unknown(gap) => Err(Unread::of(GET_OBJECT_RETENTION, gap)),
        }
    }

    async fn stored_versions(&self, key: &str) -> Result<Versions, Unread> {
        let request = self
            .ask
            .clients
            .s3
            .list_object_versions()
            .bucket(&self.name)
            .prefix(key)
            .max_keys(20);
        let answer = send!(
            self.ask,
            &self.target,
            LIST_OBJECT_VERSIONS,
            key,
            &[],
            aws_sdk_s3,
            request
        );
        let out = match answer {
            Known(out) => out,
            Unknown(gap) => return Err(Unread::of(LIST_OBJECT_VERSIONS, gap)),
        };
        let Some(out) = out else {
            return Ok(Versions::default());
        };
        let named = |at: Option<String>, id: Option<String>, when: Option<DateTime>| {
            (at.as_deref() == Some(key)).then(|| Version {
                id: id.unwrap_or_default(),
                written: time::maybe(when.as_ref()),
            })
        };
        let kept = out.versions.unwrap_or_default().into_iter();
        let deleted = out.delete_markers.unwrap_or_default().into_iter();
        Ok(Versions {
            kept: kept
                .filter_map(|it| named(it.key, it.version_id, it.last_modified))
                .collect(),
            deleted: deleted
                .filter_map(|it| named(it.key, it.version_id, it.last_modified))
                .collect(),
        })
    }
}

/// A mode of retention; none for a word that S3 does not use today.
fn mode(word: Option<&str>) -> Option<RetentionMode> {
    match word? {
        "COMPLIANCE" => Some(RetentionMode::Compliance),
        "GOVERNANCE" => Some(RetentionMode::Governance),
        _ => None,
    }
}

/// Versions and delete markers of one object, the newest first.
#[derive(Debug, Default)]
struct Versions {
    kept: Vec<Version>,
    deleted: Vec<Version>,
}

/// A version or a delete marker.
#[derive(Debug)]
struct Version {
    id: String,
    written: Option<Timestamp>,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)?;
        self.written.map_or(Ok(()), |it| write!(f, " of {it}"))
    }
}

impl Versions {
    fn tell(&self) -> Option<String> {
        match (self.deleted.first(), self.kept.as_slice()) {
            (Some(marker), [version, ..]) => Some(format!(
                "deleted by the marker {marker}; the version {version} survives"
            )),
            (Some(marker), []) => Some(format!(
                "deleted by the marker {marker}; no version survives"
            )),
            (None, [newest, before, ..]) => Some(format!(
                "replaced by the version {newest}; the version {before} survives"
            )),
            (None, [_] | []) => None,
        }
    }
}

/// An object in an archive is not denied: it has to be restored.
fn refused(call: ApiCall, gap: Gap) -> Unread {
    let archived = gap.detail.starts_with("InvalidObjectState");
    let mut unread = Unread::of(call, gap);
    if archived {
        unread.reason = Reason::Failed;
        unread.detail = format!(
            "archived, to be restored before it can be read ({})",
            unread.detail
        );
    }
    unread
}

impl Source for Bucket {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        let ask = &self.ask;
        let target = &self.target;
        let listed = self.wait(LIST_OBJECTS, async {
            pages!(
                ask,
                target,
                LIST_OBJECTS,
                &self.name,
                &[],
                aws_sdk_s3,
                |token| ask
                    .clients
                    .s3
                    .list_objects_v2()
                    .bucket(&self.name)
                    .prefix(prefix)
                    .delimiter("/")
                    .set_continuation_token(token.clone()),
                |out| (out.common_prefixes, out.next_continuation_token)
            )
        })?;
        let folders = match listed {
            Known(folders) => folders.unwrap_or_default(),
            Unknown(gap) => return Err(Unread::of(LIST_OBJECTS, gap)),
        };
        let name = |folder: String| {
            let name = folder.strip_prefix(prefix)?.trim_end_matches('/');
            (!name.is_empty()).then(|| name.to_owned())
        };
        Ok(folders
            .into_iter()
            .filter_map(|it| name(it.prefix?))
            .collect())
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        let mut token = None;
        let mut pages = Listing::new(LIST_OBJECTS);
        loop {
            let asked = self.page(prefix, after, token.clone());
            let (listed, next) = self.wait(LIST_OBJECTS, asked)??;
            let on = page(&listed);
            token = pages.next(next).map_err(|what| {
                Unread::of(LIST_OBJECTS, malformed(&self.target, LIST_OBJECTS, &what))
            })?;
            if !on || token.is_none() {
                return Ok(());
            }
        }
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        self.read_whole(key, None, sink)
    }

    fn versions(&self, key: &str) -> Result<Vec<String>, Unread> {
        let versions = self.wait(LIST_OBJECT_VERSIONS, self.stored_versions(key))??;
        Ok(versions.kept.into_iter().map(|it| it.id).collect())
    }

    fn read_version(
        &self,
        key: &str,
        version: &str,
        sink: &mut dyn Sink,
    ) -> Result<Option<About>, Unread> {
        self.read_whole(key, Some(version), sink)
    }

    fn event_history(&self) -> Option<&dyn EventHistory> {
        Some(self)
    }

    fn lock(&self, key: &str) -> Result<Option<Lock>, Unread> {
        self.wait(GET_OBJECT_RETENTION, self.retention(key))?
    }

    fn history(&self, key: &str) -> Option<String> {
        match self.wait(LIST_OBJECT_VERSIONS, self.stored_versions(key)) {
            Ok(Ok(versions)) => versions.tell(),
            Ok(Err(unread)) | Err(unread) => {
                Some(format!("its versions are not known: {}", unread.words()))
            }
        }
    }

    fn other(&self, bucket: &str) -> Option<&dyn Source> {
        let other = self.others.iter().find(|it| it.name == bucket)?;
        Some(other)
    }

    fn readers(&self) -> usize {
        self.max_in_flight
    }
}
