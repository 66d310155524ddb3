//! Where verifying ended, chain by chain, so that the next run reads only what is new.
//!
//! The file is replaced whole, after all of it is on the disk. A lock beside it keeps two runs apart; the system takes
//! it away with the process that holds it, however that ends. A damaged file is an error, not a fresh start.
//!
//! All that is in it can be computed from the bucket, so that it proves nothing by itself: only with an authentication
//! code under a key of the auditor does it say what an earlier run verified.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use ring::hmac;
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::{Anchor, ChainId, DigestKey, HourVerdict, Logging, Walk, Window};

use crate::exit::Stop;
use crate::files::{self, Access, write_whole};

/// The version of the file.
const SCHEMA: u64 = 2;
/// No state is larger: an anchor lists the logs of an hour.
const LARGEST: u64 = 4 << 30;
/// A shorter key can be guessed.
const SHORTEST_KEY: usize = 32;
const LONGEST_KEY: u64 = 64 << 10;

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: u64,
    /// When it was written; not in files of schema 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_at: Option<Timestamp>,
    /// The last digest of each chain that was verified, with all that it lists.
    chains: BTreeMap<String, Saved>,
    /// HMAC-SHA256 over the file's content without this field, in hexadecimal text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
}

impl Content {
    /// What the authentication code covers: the meaning of the file, whatever its layout.
    fn message(&self) -> anyhow::Result<Vec<u8>> {
        let Self {
            schema,
            written_at,
            chains,
            mac: _,
        } = self;
        Ok(serde_json::to_vec(&(
            "trailaudit state",
            schema,
            written_at,
            chains,
        ))?)
    }
}

/// Where verifying a chain ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The last digest.
    #[serde(flatten)]
    pub anchor: Anchor,
    /// From when on all hours up to it were looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The verdict on these hours; files of schema 1 do not say it.
    #[serde(default = "unverified")]
    pub verdict: HourVerdict,
    /// The runs that read these hours are known to have done so.
    #[serde(skip)]
    pub proved: bool,
}

fn unverified() -> HourVerdict {
    HourVerdict::Unverified
}

/// What a state file is worth: it can be made from the bucket's content alone, unless a key says by whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Vouched {
    /// Its authentication code was checked.
    pub authentic: bool,
    /// When it was written.
    pub written: Option<Timestamp>,
}

/// A key for authentication codes.
pub struct StateKey(hmac::Key);

impl std::fmt::Debug for StateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateKey")
    }
}

impl StateKey {
    /// The bytes of a file.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let failed = || format!("{} cannot be read", path.display());
        let mut bytes = Vec::new();
        let file = File::open(path).with_context(failed)?;
        file.take(LONGEST_KEY)
            .read_to_end(&mut bytes)
            .with_context(failed)?;
        if bytes.len() < SHORTEST_KEY {
            bail!(
                "{} holds {} bytes, and a key needs at least {SHORTEST_KEY} \
                 (`openssl rand -out {} 32` makes one)",
                path.display(),
                bytes.len(),
                path.display(),
            );
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

/// A state file that this run alone may use.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    chains: BTreeMap<String, Saved>,
    vouched: Vouched,
    key: Option<StateKey>,
    /// The file has an authentication code, and there is no key to check it with.
    unchecked: bool,
    /// Held until the run is over.
    _lock: File,
}

impl State {
    /// Locks and reads the file; an empty state if there is none yet.
    pub fn open(path: &Path, key: Option<StateKey>) -> Result<Self, Stop> {
        let lock = lock(path)?;
        let usage = |result: anyhow::Result<Content>| {
            let result = result.with_context(|| format!("{} cannot be used", path.display()));
            result.map_err(Stop::Usage)
        };
        let there = path.try_exists();
        let there = there.with_context(|| format!("{} cannot be read", path.display()));
        let content = match there.map_err(Stop::Usage)? {
            true => {
                let read = files::read(path, LARGEST).and_then(|bytes| parse(&bytes));
                Some(usage(read)?)
            }
            false => None,
        };
        let (mut chains, mut vouched, mut unchecked) = (BTreeMap::new(), Vouched::default(), false);
        if let Some(content) = content {
            vouched.written = content.written_at;
            match (&content.mac, &key) {
                (Some(mac), Some(key)) => {
                    let message = content.message()?;
                    let code = decode(mac).unwrap_or_default();
                    if hmac::verify(&key.0, &message, &code).is_err() {
                        return Err(Stop::usage(format!(
                            "{} was changed, or was written with another key than that of --state-key: its \
                             authentication code does not match",
                            path.display()
                        )));
                    }
                    vouched.authentic = true;
                }
                (Some(_), None) => unchecked = true,
                (None, _) => {}
            }
            chains = content.chains;
            for saved in chains.values_mut() {
                saved.proved = vouched.authentic;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            chains,
            vouched,
            key,
            unchecked,
            _lock: lock,
        })
    }

    /// Where earlier runs ended.
    #[must_use]
    pub fn chains(&self) -> &BTreeMap<String, Saved> {
        &self.chains
    }

    /// What the file is worth.
    #[must_use]
    pub fn vouched(&self) -> Vouched {
        self.vouched
    }

    /// Keeps where this run ended. Chains that it did not look at stay as they were. A file that was made with a key is
    /// not replaced by one without, and nothing that rests on an unauthenticated file gets an authentication code.
    /// What is to be said about that, if anything.
    pub fn save(
        mut self,
        chains: BTreeMap<String, Saved>,
        now: Timestamp,
    ) -> anyhow::Result<Option<String>> {
        let path = self.path.display();
        if self.unchecked {
            return Ok(Some(format!(
                "{path} was left as it is: it was written with a key, and none was given (--state-key FILE)"
            )));
        }
        self.chains.extend(chains);
        let proved = self.chains.values().all(|it| it.proved);
        let mut content = Content {
            schema: SCHEMA,
            written_at: Some(now),
            chains: self.chains,
            mac: None,
        };
        if let Some(key) = self.key.as_ref().filter(|_| proved) {
            let code = hmac::sign(&key.0, &content.message()?);
            content.mac = Some(encode(code.as_ref()));
        }
        let words = (self.key.is_some() && !proved).then(|| {
            format!(
                "{path} was written without an authentication code: it continues one that has none. Remove it, or give \
                 --since, so that the hours before it are read again"
            )
        });
        write_whole(&self.path, Access::Owner, |out| {
            serde_json::to_writer_pretty(&mut *out, &content)?;
            Ok(out.write_all(b"\n")?)
        })?;
        Ok(words)
    }
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        let whole = pair.len() == 2 && pair.bytes().all(|it| it.is_ascii_hexdigit());
        whole.then(|| u8::from_str_radix(pair, 16).ok())?
    });
    pairs.collect()
}

fn lock(path: &Path) -> Result<File, Stop> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let name = PathBuf::from(name);
    let failed = || format!("{} cannot be locked", path.display());
    let file = File::options()
        .create(true)
        .append(true)
        .open(&name)
        .with_context(|| format!("{} cannot be written", name.display()))
        .with_context(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Stop::Fatal(anyhow::anyhow!(
            "{} is in use by another run; wait for it, or give this one a --state of its own",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => {
            Err(Stop::Fatal(anyhow::Error::new(error).context(failed())))
        }
    }
}

fn parse(bytes: &[u8]) -> anyhow::Result<Content> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        schema: u64,
    }
    let any: Any = serde_json::from_slice(bytes)?;
    if any.schema > SCHEMA {
        let newer = any.schema;
        bail!(
            "its schema is {newer}, newer than what this program reads (up to {SCHEMA}). Update trailaudit"
        );
    }
    let content: Content = serde_json::from_slice(bytes)?;
    for (name, saved) in &content.chains {
        check(name, saved).with_context(|| format!("chain {name}"))?;
    }
    Ok(content)
}

/// Nothing of it is believed that its own parts contradict.
fn check(name: &str, saved: &Saved) -> anyhow::Result<()> {
    /// A digest's name has its end to the second.
    const SLACK: i64 = 60;
    let anchor = &saved.anchor;
    let Some(key) = DigestKey::parse(&anchor.at) else {
        bail!("{} is not the key of a digest", anchor.at);
    };
    if key.chain.to_string() != name {
        bail!("{} is a digest of another chain", anchor.at);
    }
    if anchor.end.duration_since(key.end).as_secs().abs() > SLACK {
        bail!("its end {} is not that of {}", anchor.end, anchor.at);
    }
    if saved.since.is_some_and(|since| since >= anchor.end) {
        bail!("it is empty: it begins where it ends, at {}", anchor.end);
    }
    if !is_usable(&key.chain, anchor) {
        bail!("its hash or its signature is damaged");
    }
    Ok(())
}

fn is_usable(chain: &ChainId, anchor: &Anchor) -> bool {
    let window = Window {
        start: anchor.end,
        end: anchor.end,
    };
    Walk::new(chain.clone(), window, Logging::Unknown)
        .anchored(anchor)
        .is_some()
}
