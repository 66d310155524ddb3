//! `shard status`: which shards have delivered, and which attempts have failed.

use anyhow::Context as _;
use serde::Serialize;
use trailaudit_reports::sanitize;

use super::run::counted;
use super::{not_delivered, open};
use crate::cli::ShardStatus;
use crate::exit::{Exit, Stop};
use crate::output;
use crate::shard::{Failure, Unit};

/// How far a run is, as JSON.
#[derive(Serialize)]
struct Told<'a> {
    shard: usize,
    units: &'a [Unit],
    delivered: bool,
    /// Parts that are kept for the next attempt.
    parts_kept: usize,
    failures: Vec<Failure>,
}

pub(super) fn status(flags: &ShardStatus) -> Result<Exit, Stop> {
    let run = open(&flags.at, flags.profile.as_deref())?;
    let planned = run.plan(None)?;
    let (states, _) = run.states(planned.plan.shards.len())?;
    let mut failures = run.failures(&states)?;
    let told: Vec<Told<'_>> = states
        .iter()
        .zip(&planned.plan.shards)
        .enumerate()
        .map(|(shard, (state, units))| Told {
            shard,
            units,
            delivered: state.delivered,
            parts_kept: state.parts,
            failures: failures.remove(&shard).unwrap_or_default(),
        })
        .collect();
    if flags.json {
        let text = serde_json::to_string_pretty(&told).context("the status cannot be written")?;
        output::to_stdout(|out| writeln!(out, "{text}"))?;
    } else {
        output::to_stdout(|out| table(&told, out))?;
    }
    Ok(match not_delivered(&states).is_empty() {
        true => Exit::Clean,
        false => Exit::Incomplete,
    })
}

fn table(told: &[Told<'_>], out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let delivered = told.iter().filter(|it| it.delivered).count();
    writeln!(out, "{delivered} of {} shards have delivered", told.len())?;
    for it in told
        .iter()
        .filter(|it| !it.delivered || !it.failures.is_empty())
    {
        let state = match it.delivered {
            true => "delivered",
            false => "missing",
        };
        let kept = match it.parts_kept {
            0 => String::new(),
            _ if it.delivered => String::new(),
            kept => format!(", {kept} parts of it kept"),
        };
        let last = it.failures.last().map_or_else(String::new, |last| {
            let words: String = sanitize::line(&last.error);
            format!(", {} failed, the last: {words}", it.failures.len())
        });
        writeln!(
            out,
            "  shard {}: {state}, {}{kept}{last}",
            it.shard,
            counted(it.units)
        )?;
    }
    Ok(())
}
