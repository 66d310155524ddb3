//! The sample's log bucket for one day, within the program: verified and read as a mirror is, without a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::num::NonZero;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::Deserialize;
use trailaudit_checks::calls::GET_OBJECT_RETENTION;
use trailaudit_checks::digest::KeyRing;
use trailaudit_checks::fact::Reason;

use crate::objects::{About, Listed, Lock, Metadata, Sink, Source, Unread};

/// One line of JSON with the bucket and its public keys, and one for each object, whose content is inflated.
const ARCHIVE: &[u8] = include_bytes!("demo.jsonl.zst");
/// What it may come to when it is unpacked.
const LIMIT: u64 = 16 << 20;

/// What one bucket holds, in memory.
#[derive(Debug, Clone)]
pub struct Demo {
    /// The bucket's name.
    pub bucket: String,
    /// The keys that its digests are signed with, as `--public-keys` has them.
    pub keys: KeyRing,
    objects: BTreeMap<String, Object>,
}

#[derive(Debug, Clone)]
struct Object {
    bytes: Vec<u8>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Head {
    bucket: String,
    public_keys: serde_json::Value,
}

#[derive(Deserialize)]
struct Line {
    key: String,
    content: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// When the sample is read: all digests of its day are due.
pub fn now() -> anyhow::Result<Timestamp> {
    "2026-11-16T06:00:00Z".parse().context("the sample's time")
}

impl Demo {
    /// Unpacks the sample.
    pub fn open() -> anyhow::Result<Self> {
        let mut text = String::new();
        let decoder = zstd::Decoder::new(ARCHIVE).context("the sample's archive")?;
        let unpacked = decoder.take(LIMIT).read_to_string(&mut text);
        unpacked.context("the sample's archive")?;
        let mut lines = text.lines();
        let head = lines.next().context("the sample's archive is empty")?;
        let head: Head = serde_json::from_str(head).context("the sample's first line")?;
        let keys = KeyRing::from_json(head.public_keys.to_string().as_bytes());
        let objects = lines.map(|line| {
            let line: Line = serde_json::from_str(line).context("an object of the sample")?;
            let object = Object {
                bytes: gzip(line.content.as_bytes())?,
                metadata: line.metadata.into_iter().collect(),
            };
            Ok((line.key, object))
        });
        Ok(Self {
            bucket: head.bucket,
            keys: keys.context("the sample's public keys")?,
            objects: objects.collect::<anyhow::Result<_>>()?,
        })
    }

    fn below(&self, prefix: &str) -> impl Iterator<Item = (&String, &Object)> {
        let from = self.objects.range(prefix.to_owned()..);
        from.take_while(move |(key, _)| key.starts_with(prefix))
    }
}

/// Digests and logs are stored as CloudTrail stores them; what is signed is the content.
fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content)?;
    encoder.finish()
}

impl Source for Demo {
    fn folders(&self, prefix: &str) -> Result<Vec<String>, Unread> {
        let rest = self
            .below(prefix)
            .map(|(key, _)| key.split_at(prefix.len()).1);
        let folders = rest.filter_map(|rest| rest.split_once('/'));
        let folders: BTreeSet<&str> = folders.map(|(folder, _)| folder).collect();
        Ok(folders.into_iter().map(str::to_owned).collect())
    }

    fn list(
        &self,
        prefix: &str,
        after: &str,
        page: &mut dyn FnMut(&[Listed]) -> bool,
    ) -> Result<(), Unread> {
        let objects = self.below(prefix).filter(|(key, _)| key.as_str() > after);
        let listed = objects.map(|(key, object)| Listed {
            key: key.clone(),
            size: object.bytes.len() as u64,
            regular: true,
        });
        let listed: Vec<Listed> = listed.collect();
        if !listed.is_empty() {
            page(&listed);
        }
        Ok(())
    }

    fn read(&self, key: &str, sink: &mut dyn Sink) -> Result<Option<About>, Unread> {
        let Some(object) = self.objects.get(key) else {
            return Ok(None);
        };
        sink.begin();
        sink.piece(&object.bytes);
        Ok(Some(About {
            metadata: object.metadata.clone(),
            storage: None,
        }))
    }

    fn lock(&self, _: &str) -> Result<Option<Lock>, Unread> {
        Err(Unread {
            call: GET_OBJECT_RETENTION,
            reason: Reason::Failed,
            detail: "the sample does not hold the locks of its bucket".to_owned(),
            request_id: None,
        })
    }

    fn history(&self, _: &str) -> Option<String> {
        None
    }

    fn readers(&self) -> usize {
        std::thread::available_parallelism().map_or(2, NonZero::get)
    }
}
