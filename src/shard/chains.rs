//! What a shard delivers that verified digests and logs: its chains, each by itself, and what the bucket answered about
//! the windows that it read. What takes all chains of a bucket, or all windows of a chain, is settled by the merge.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::Ends;
use trailaudit_checks::inventory::{CallRecord, VerifiedChain};

use super::Unit;
use crate::files::{self, while_temporary};
use crate::verify::Verified;

/// No chain is longer: some bytes for each of its hours, and its problems.
const LONGEST: u64 = 256 << 20;
/// How a line begins that notes an answer.
const ANSWER: &[u8] = b"{\"answer\":";

/// The chains of a shard, and what was asked for them.
#[derive(Debug, Default)]
pub struct Chains {
    /// The chains of whole accounts.
    pub chains: Vec<Verified>,
    /// What was answered about windows: a file for each.
    pub windows: Vec<(Unit, PathBuf)>,
    /// The calls.
    pub calls: Vec<CallRecord>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record", content = "value")]
enum Line {
    Verified(Box<Alone>),
    Call(Box<CallRecord>),
    /// The answers that follow are of this window.
    Window(Unit),
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
        let mut line = |line: &Line| -> anyhow::Result<()> {
            serde_json::to_writer(&mut *out, line)?;
            Ok(out.write_all(b"\n")?)
        };
        for it in &self.chains {
            line(&Line::Verified(Box::new(Alone {
                chain: it.record.clone(),
                ends: it.ends.clone(),
            })))?;
        }
        for call in &self.calls {
            line(&Line::Call(Box::new(call.clone())))?;
        }
        for (unit, answers) in &self.windows {
            serde_json::to_writer(&mut *out, &Line::Window(unit.clone()))?;
            out.write_all(b"\n")?;
            io::copy(&mut files::open(answers)?, out)?;
        }
        Ok(())
    }

    /// Reads them back. Answers go to files whose names begin with `answers`.
    pub fn read(path: &Path, answers: &Path) -> anyhow::Result<Self> {
        let mut reader = BufReader::new(files::open(path)?);
        let mut read = Self::default();
        let mut window: Option<BufWriter<File>> = None;
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let mut bounded = reader.by_ref().take(LONGEST);
            if bounded.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if let Some(out) = window.as_mut().filter(|_| line.starts_with(ANSWER)) {
                out.write_all(&line).map_err(while_temporary)?;
                continue;
            }
            let line = serde_json::from_slice(&line);
            match line.with_context(|| format!("its record {number} cannot be read"))? {
                Line::Call(call) => read.calls.push(*call),
                Line::Verified(alone) => read.chains.push(Verified {
                    ends: alone.ends,
                    ..Verified::alone(alone.chain)
                }),
                Line::Window(unit) => {
                    let to = answers.with_extension(format!("{}.jsonl", read.windows.len()));
                    let out = BufWriter::new(File::create(&to).map_err(while_temporary)?);
                    if let Some(mut done) = window.replace(out) {
                        done.flush().map_err(while_temporary)?;
                    }
                    read.windows.push((unit, to));
                }
            }
        }
        if let Some(mut done) = window {
            done.flush().map_err(while_temporary)?;
        }
        Ok(read)
    }

    /// They are those of these units: of each at least one, and of no other. A chain of no known account means that
    /// the bucket itself could not be listed.
    pub fn are_of(&self, units: &[Unit], bucket: &str) -> anyhow::Result<()> {
        let mut windows: Vec<&Unit> = self.windows.iter().map(|(unit, _)| unit).collect();
        windows.sort();
        let mut own: Vec<&Unit> = units.iter().filter(|it| it.window.is_some()).collect();
        own.sort();
        ensure!(windows == own, "its windows are not those of the plan");
        let whole = units.iter().filter(|it| it.window.is_none());
        let own: BTreeSet<&String> = whole.map(|it| &it.account).collect();
        are_of(&self.chains, &own, bucket)
    }
}

/// The chains are those of these accounts.
pub fn are_of(chains: &[Verified], own: &BTreeSet<&String>, bucket: &str) -> anyhow::Result<()> {
    let ids = chains.iter().map(|it| &it.record.chain.id);
    let held: BTreeSet<&String> = ids.clone().map(|it| &it.account).collect();
    if held.contains(&"*".to_owned()) {
        let gaps = chains.iter().flat_map(|it| &it.record.unread);
        let gap = gaps.map(|it| format!("{it}: {}", it.detail)).next();
        bail!(
            "the bucket could not be listed: {}",
            gap.unwrap_or_default()
        );
    }
    if let Some(other) = held.difference(own).next() {
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
