//! What a shard delivers that verified digests and logs: its chains, each by itself. What takes all chains of a bucket is
//! settled by the merge.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::Ends;
use trailaudit_checks::inventory::{CallRecord, VerifiedChain};

use crate::files;
use crate::verify::Verified;

/// No chain is longer: some bytes for each of its hours, and its problems.
const LONGEST: u64 = 256 << 20;

/// The chains of a shard, and what was asked for them.
#[derive(Debug, Default)]
pub struct Chains {
    /// The chains.
    pub chains: Vec<Verified>,
    /// The calls.
    pub calls: Vec<CallRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record", content = "value")]
enum Line {
    Verified(Box<Alone>),
    Call(Box<CallRecord>),
}

/// A chain, and what is settled with the others.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Alone {
    chain: VerifiedChain,
    ends: Ends,
}

impl Chains {
    /// Writes a line for each.
    pub fn write(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        let chains = self.chains.iter().map(|it| {
            Line::Verified(Box::new(Alone {
                chain: it.record.clone(),
                ends: it.ends.clone(),
            }))
        });
        let calls = self.calls.iter().cloned().map(Box::new).map(Line::Call);
        for line in chains.chain(calls) {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Reads them back.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut reader = BufReader::new(files::open(path)?);
        let mut read = Self::default();
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let mut bounded = reader.by_ref().take(LONGEST);
            if bounded.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let line = serde_json::from_slice(&line);
            match line.with_context(|| format!("its record {number} cannot be read"))? {
                Line::Call(call) => read.calls.push(*call),
                Line::Verified(alone) => read.chains.push(Verified {
                    ends: alone.ends,
                    ..Verified::alone(alone.chain)
                }),
            }
        }
        Ok(read)
    }

    /// They are those of these accounts: of each at least one, and of no other. A chain of no known account means that
    /// the bucket itself could not be listed.
    pub fn are_of(&self, accounts: &[String], bucket: &str) -> anyhow::Result<()> {
        let ids = self.chains.iter().map(|it| &it.record.chain.id);
        let held: BTreeSet<&String> = ids.clone().map(|it| &it.account).collect();
        let own: BTreeSet<&String> = accounts.iter().collect();
        if held.contains(&"*".to_owned()) {
            let gaps = self.chains.iter().flat_map(|it| &it.record.unread);
            let gap = gaps.map(|it| format!("{it}: {}", it.detail)).next();
            bail!(
                "the bucket could not be listed: {}",
                gap.unwrap_or_default()
            );
        }
        if let Some(other) = held.difference(&own).next() {
            bail!("it holds a chain of account {other}, which is not one of its own");
        }
        if let Some(lacks) = own.difference(&held).next() {
            bail!("it lacks account {lacks}");
        }
        let elsewhere = ids.clone().find(|it| it.bucket != bucket);
        if let Some(id) = elsewhere {
            bail!("it holds a chain of the bucket {}", id.bucket);
        }
        let mut seen = BTreeSet::new();
        ensure!(
            ids.clone().all(|it| seen.insert(it)),
            "it holds a chain twice"
        );
        Ok(())
    }
}
