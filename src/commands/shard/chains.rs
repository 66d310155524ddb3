//! What one shard does of a run that verifies digests and logs. Its work has parts, each of which is kept in the run when
//! it is done: another attempt goes on from there.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use trailaudit_checks::fact::Reason;
use trailaudit_checks::inventory::CallRecord;

use super::verify::asked;
use crate::cli::Own;
use crate::exit::Stop;
use crate::files::while_temporary;
use crate::opened::{self, Asked, Opened};
use crate::program::clock;
use crate::shard::{Chains, Delivery, Head, Noting, Planned, Reads, Run, Unit, chains_are_of};
use crate::terminal::Terminal;
use crate::verify::Verified;

/// So many accounts are verified at once.
const ACCOUNTS: usize = 20;
/// All shards read one bucket, and S3 answers 503 until it has split its prefixes.
const RAMP_UP: Duration = Duration::from_secs(60);

/// An attempt at a shard.
pub(super) struct Verifying<'a> {
    pub(super) run: &'a Run,
    pub(super) planned: &'a Planned,
    pub(super) reads: &'a Reads,
    pub(super) own: &'a Own,
    pub(super) head: &'a Head,
    pub(super) work: &'a Path,
    /// No other attempt follows: what could not be read is a fact.
    pub(super) last: bool,
    pub(super) terminal: Terminal,
}

impl Verifying<'_> {
    /// Verifies the units of the shard. Where another attempt may see more, one that is not the last delivers nothing.
    pub(super) fn chains(&self) -> Result<Chains, Stop> {
        let units = self.planned.units(self.head.shard).map_err(Stop::Usage)?;
        let (whole, windows): (Vec<Unit>, Vec<Unit>) =
            units.iter().cloned().partition(|it| it.window.is_none());
        let parts: Vec<&[Unit]> = whole.chunks(ACCOUNTS).chain(windows.chunks(1)).collect();
        let mut asked = asked(self.reads, self.own, self.planned)?;
        asked.halt.on_term();
        if self.head.of > 1 && self.reads.source.starts_with("s3://") {
            asked.ramp_up = RAMP_UP;
        }
        let mut all = Chains::default();
        for (part, units) in parts.iter().enumerate() {
            let done = match self.kept(part, units)? {
                Some(kept) => kept,
                None => {
                    let done = self.part(part, units, &mut asked)?;
                    asked.ramp_up = Duration::ZERO;
                    if parts.len() > 1 {
                        self.keep(part, &done)?;
                    }
                    done
                }
            };
            all.chains.extend(done.chains);
            all.windows.extend(done.windows);
            all.calls.extend(done.calls);
        }
        all.are_of(units, &self.reads.bucket)?;
        Ok(all)
    }

    /// Some accounts, or one window.
    fn part(&self, part: usize, units: &[Unit], asked: &mut Asked) -> Result<Chains, Stop> {
        asked.extent.accounts = units.iter().map(|it| it.account.clone()).collect();
        let window = units.first().and_then(|it| Some((it, it.window?)));
        let Some((unit, window)) = window else {
            (asked.since, asked.until) = (self.reads.since, self.reads.until);
            let each = |it: Opened<'_>| opened::each(&it, false, None);
            let (chains, calls) = self.read(asked, &each)?;
            return Ok(Chains {
                chains,
                calls,
                ..Chains::default()
            });
        };
        (asked.since, asked.until) = (Some(window.start), window.end);
        let file = self.work.join(format!("window-{part}.jsonl"));
        let (_, calls) = self.read(asked, &|it| noted(it, &file))?;
        Ok(Chains {
            windows: vec![(unit.clone(), file)],
            calls,
            ..Chains::default()
        })
    }

    fn read(
        &self,
        asked: &Asked,
        work: &(dyn Fn(Opened<'_>) -> Result<Vec<Verified>, Stop> + Sync),
    ) -> Result<(Vec<Verified>, Vec<CallRecord>), Stop> {
        let (verified, asker) = opened::open(&self.reads.source, asked, work)?
            .ok_or_else(|| Stop::Fatal(anyhow!("nothing was verified")))?;
        if asked.halt.is_set() {
            return Err(Stop::Again(anyhow!("it was interrupted")));
        }
        let accounts: BTreeSet<&String> = asked.extent.accounts.iter().collect();
        chains_are_of(&verified, &accounts, &self.reads.bucket)?;
        self.worth(&verified)?;
        Ok((verified, asker.ledger))
    }

    /// Whether it is worth delivering, or another attempt may see more.
    fn worth(&self, verified: &[Verified]) -> Result<(), Stop> {
        let mut gaps = verified.iter().flat_map(|it| &it.record.unread);
        let passing = gaps.find(|it| matches!(it.reason, Reason::Throttled | Reason::Failed));
        match passing.filter(|_| !self.last) {
            None => Ok(()),
            Some(gap) => Err(Stop::Again(anyhow!(
                "{gap} ({}): another attempt may see more",
                gap.detail
            ))),
        }
    }

    /// What an earlier attempt kept of a part. One that cannot be used is done again.
    fn kept(&self, part: usize, units: &[Unit]) -> Result<Option<Chains>, Stop> {
        let file = self.work.join("part.jsonl");
        let answers = self.work.join(format!("kept-{part}"));
        let used = self.run.fetch_part(self.head.shard, part, &file, self.work);
        let used = used.and_then(|delivered| {
            let Some(delivered) = delivered else {
                return Ok(None);
            };
            self.planned.owns(&delivered.head, self.head.shard)?;
            let chains = Chains::read(&file, &answers)?;
            chains.are_of(units, &self.reads.bucket)?;
            Ok(Some(chains))
        });
        used.or_else(|error| {
            self.terminal.warn(&format!(
                "part {part} of shard {} was kept by an earlier attempt and is done again: {error:#}",
                self.head.shard
            ));
            Ok(None)
        })
    }

    fn keep(&self, part: usize, chains: &Chains) -> Result<(), Stop> {
        let file = self.work.join("part.jsonl.zst");
        let head = self.head.clone();
        Delivery::write(&file, head, |out| chains.write(out), clock)?;
        self.run.keep_part(self.head.shard, part, &file)?;
        Ok(())
    }
}

/// Verifies a window, and notes all that was answered: the merge asks again, of all windows at once.
fn noted(opened: Opened<'_>, to: &Path) -> Result<Vec<Verified>, Stop> {
    let Opened {
        source,
        found,
        request,
        keys,
    } = opened;
    let mut out = BufWriter::new(File::create(to).map_err(while_temporary)?);
    let noting = Noting::new(source, &found, &mut out);
    let with_keys = |first| {
        let keys = keys(first);
        noting.keys(&keys);
        keys
    };
    let opened = Opened {
        source: &noting,
        found,
        request,
        keys: &with_keys,
    };
    let verified = opened::each(&opened, false, None)?;
    noting.finish().map_err(while_temporary)?;
    Ok(verified)
}
