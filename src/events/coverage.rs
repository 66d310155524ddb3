//! `events coverage`: each hour of each chain, and for every hole the call that made it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use trailaudit_checks::digest::{DigestKey, Kind, LogKey, ObjectRef, Problem, Window};
use trailaudit_checks::events::{Hole, Record, Suspect, causes, narrowings};
use trailaudit_reports::events::{Covered, CoveredChain, HOLES, HoleTold, SCHEMA, spans};

use super::hear::{compare, inventory_of};
use super::reading::{Consumer, Origin};
use super::who::name_actors;
use super::{exit, target};
use crate::cli::Coverage;
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::program::tool;
use crate::terminal::Terminal;
use crate::verify::Verified;

impl Invocation {
    pub(super) fn coverage(&self, flags: &Coverage, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, "")?;
        if let Some(word) = words.first() {
            return Err(Stop::usage(format!(
                "one source is expected, and there is more: {word}"
            )));
        }
        let reports = flags.reports.plan()?;
        let inventory = inventory_of(&flags.input)?;
        let covered = self.enter(&flags.input, &target, terminal, &|room, span| {
            let suspects = Suspects::default();
            let mut heard = room.read(span, &flags.input, &suspects)?;
            compare(
                &flags.input,
                inventory.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            let (suspects, cut) = suspects.finish();
            explain(&mut heard.verified, &suspects);
            let mut narrowings = narrowings(&suspects);
            let problems = heard
                .verified
                .iter_mut()
                .flat_map(|it| &mut it.record.problems);
            let causes = problems.filter_map(|it| it.cause.as_deref_mut());
            let mut all: Vec<_> = causes.chain(&mut narrowings).collect();
            name_actors(&mut all, room, &flags.input)?;
            let covered = Covered {
                schema: SCHEMA,
                tool: tool(),
                chains: heard.verified.iter().map(chain).collect(),
                narrowings,
                searched: suspects.len() as u64,
                searched_all: !cut,
                rests_on: heard.rests_on,
            };
            Ok((covered, heard.interrupted))
        })?;
        let Some((covered, interrupted)) = covered else {
            return Ok(Exit::Clean);
        };
        let options = |it: &output::Report<Covered>| self.options(it.to_stdout());
        output::write(&reports, &covered, options, terminal)?;
        let found = covered.chains.iter().any(|it| !it.holes.is_empty());
        Ok(exit(&flags.ends, &covered.rests_on, found, interrupted))
    }
}

/// So many suspects are kept: calls that change trails are few.
const MOST: usize = 100_000;

/// Keeps the calls that may have made a hole.
#[derive(Debug, Default)]
pub(super) struct Suspects(Mutex<(Vec<Suspect>, bool)>);

impl Suspects {
    /// Adds those of one log.
    pub(super) fn keep(&self, found: Vec<Suspect>) {
        if found.is_empty() {
            return;
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, cut) = &mut *all;
        *cut |= all.len() + found.len() > MOST;
        all.extend(found.into_iter().take(MOST.saturating_sub(all.len())));
    }

    /// All of them, and whether there were more.
    pub(super) fn finish(self) -> (Vec<Suspect>, bool) {
        let (mut all, cut) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        // Several trails deliver the same call; which was read first must not matter.
        all.sort_by(|a, b| (a.event.time, &a.event).cmp(&(b.event.time, &b.event)));
        (all, cut)
    }
}

impl Consumer for Suspects {
    type Local = Vec<Suspect>;

    fn record(
        &self,
        local: &mut Self::Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        let suspect = Suspect::of(record, from.proof);
        let found = suspect.is_some();
        local.extend(suspect);
        Ok(found)
    }

    fn end(&self, local: Self::Local) -> anyhow::Result<()> {
        self.keep(local);
        Ok(())
    }
}

/// Joins each problem to the call that made it.
pub(super) fn explain(verified: &mut [Verified], suspects: &[Suspect]) {
    for it in verified {
        let record = &mut it.record;
        let chain = record.chain.id.clone();
        for problem in &mut record.problems {
            if !HOLES.contains(&problem.kind) {
                continue;
            }
            let Some(window) = window_of(problem) else {
                continue;
            };
            let hole = Hole {
                chain: &chain,
                window,
                key: problem.key.as_deref().filter(|_| is_object(problem.kind)),
            };
            problem.cause = causes(&hole, suspects).into_iter().next().map(Box::new);
        }
    }
}

fn is_object(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LogMissing
            | Kind::LogHashMismatch
            | Kind::LogCorrupt
            | Kind::LogTrailingData
            | Kind::LogUnlisted
            | Kind::DigestMissing
    )
}

/// The time of a problem: as it says, or as its object's name does.
fn window_of(problem: &Problem) -> Option<Window> {
    if let Some(window) = problem.window {
        return Some(window);
    }
    let key = problem.key.as_ref()?;
    let at = ObjectRef::new(problem.bucket.clone(), key.clone());
    let (start, end) = match DigestKey::parse(&at) {
        Some(digest) => (digest.end, digest.end),
        None => LogKey::parse(key)?.delivered,
    };
    Some(Window { start, end })
}

pub(super) fn chain(it: &Verified) -> CoveredChain {
    let record = &it.record;
    let mut told = BTreeSet::new();
    let holes = record
        .problems
        .iter()
        .filter(|it| HOLES.contains(&it.kind))
        .filter_map(|problem| {
            let window = window_of(problem)?;
            let key = (problem.kind, window, problem.key.clone());
            told.insert(key).then(|| HoleTold {
                kind: problem.kind,
                start: window.start,
                end: window.end,
                key: problem.key.clone(),
                detail: problem.detail.clone(),
                cause: problem.cause.as_deref().cloned(),
            })
        });
    CoveredChain {
        chain: record.id(),
        account: record.chain.id.account.clone(),
        region: record.chain.id.region.clone(),
        trail: record.chain.id.trail.clone(),
        verdict: record.chain.verdict,
        hours: spans(&record.chain.hours),
        holes: holes.collect(),
    }
}
