//! Where verifying ended, chain by chain, so that the next run reads only what is new.
//!
//! The file is replaced whole, after all of it is on the disk. A lock beside it keeps two runs apart; the system takes
//! it away with the process that holds it, however that ends. A damaged file is an error, not a fresh start.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::{Anchor, ChainId, DigestKey, Logging, Walk, Window};

use crate::exit::Stop;
use crate::files::{self, Access, write_whole};

/// The version of the file.
const SCHEMA: u64 = 1;
/// No state is larger: an anchor lists the logs of an hour.
const LARGEST: u64 = 4 << 30;

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: u64,
    /// The last digest of each chain that was verified, with all that it lists.
    chains: BTreeMap<String, Anchor>,
}

/// A state file that this run alone may use.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    chains: BTreeMap<String, Anchor>,
    /// Held until the run is over.
    _lock: File,
}

impl State {
    /// Locks and reads the file; an empty state if there is none yet.
    pub fn open(path: &Path) -> Result<Self, Stop> {
        let lock = lock(path)?;
        let there = path.try_exists();
        let there = there.with_context(|| format!("{} cannot be read", path.display()));
        let chains = match there.map_err(Stop::Usage)? {
            true => files::read(path, LARGEST)
                .and_then(|bytes| parse(&bytes))
                .with_context(|| format!("{} is no state that can be used", path.display()))
                .map_err(Stop::Usage)?,
            false => BTreeMap::new(),
        };
        Ok(Self {
            path: path.to_owned(),
            chains,
            _lock: lock,
        })
    }

    /// Where earlier runs ended.
    #[must_use]
    pub fn anchors(&self) -> &BTreeMap<String, Anchor> {
        &self.chains
    }

    /// Keeps where this run ended. Chains that it did not look at stay as they were.
    pub fn save(mut self, anchors: BTreeMap<String, Anchor>) -> anyhow::Result<()> {
        self.chains.extend(anchors);
        let content = Content {
            schema: SCHEMA,
            chains: self.chains,
        };
        write_whole(&self.path, Access::Owner, |out| {
            serde_json::to_writer_pretty(&mut *out, &content)?;
            Ok(out.write_all(b"\n")?)
        })
    }
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

fn parse(bytes: &[u8]) -> anyhow::Result<BTreeMap<String, Anchor>> {
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
    for (name, anchor) in &content.chains {
        check(name, anchor).with_context(|| format!("chain {name}"))?;
    }
    Ok(content.chains)
}

/// Nothing of it is believed that its own parts contradict.
fn check(name: &str, anchor: &Anchor) -> anyhow::Result<()> {
    let Some(key) = DigestKey::parse(&anchor.at) else {
        bail!("{} is not the key of a digest", anchor.at);
    };
    if key.chain.to_string() != name {
        bail!("{} is a digest of another chain", anchor.at);
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
