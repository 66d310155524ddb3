//! `events timeline`: what happened, in order, grouped by session; holes and missing logs stand in it with their causes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use trailaudit_checks::catalog;
use trailaudit_checks::events::filter::{Expression, Subject};
use trailaudit_checks::events::key::{At, Detector, Key, Local, When};
use trailaudit_checks::events::timeline::{Episode, Episodes, Hide, Lane, Seen};
use trailaudit_checks::events::{Record, Suspect};
use trailaudit_reports::events::{Bar, CoveredChain, Happened, SCHEMA, Told};

use super::coverage::{Suspects, chain, explain};
use super::detect::stores_of;
use super::hear::{compare, inventory_of};
use super::key_rows::KeyRows;
use super::reading::{Consumer, Origin};
use super::search::parse;
use super::sorter::{Sorted, Sorter};
use super::who::name_actors;
use super::{exit, target};
use crate::cli::{Noise, Timeline};
use crate::exit::{Exit, Stop};
use crate::invocation::Invocation;
use crate::output;
use crate::program::tool;
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn timeline(&self, flags: &Timeline, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, " and an expression")?;
        let expression = match words.as_slice() {
            [] => None,
            [one] => Some(parse(one)?),
            [one, another, ..] => {
                return Err(Stop::usage(format!(
                    "one expression is expected after the source, and there are more: {one}, {another}; quote the \
                     whole expression"
                )));
            }
        };
        let reports = flags.reports.plan()?;
        let expression = std::sync::Arc::new(expression);
        let known = inventory_of(&flags.input)?;
        let keys = catalog::keys();
        let told = self.enter(&flags.input, &target, terminal, &|room, span| {
            let line = Line {
                expression: &expression,
                hide: flags.noise.into(),
                detector: Detector::new(&keys, stores_of(room, known.as_ref()))
                    .map_err(anyhow::Error::from)?,
                keys: &keys,
                suspects: Suspects::default(),
                kept: Mutex::default(),
            };
            let mut heard = room.read(span, &flags.input, &line)?;
            compare(
                &flags.input,
                known.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            let Line { suspects, kept, .. } = line;
            let (suspects, _) = suspects.finish();
            explain(&mut heard.verified, &suspects);
            let problems = heard
                .verified
                .iter_mut()
                .flat_map(|it| &mut it.record.problems);
            let mut causes: Vec<_> = problems.filter_map(|it| it.cause.as_deref_mut()).collect();
            name_actors(&mut causes, room, &flags.input)?;
            let chains: Vec<CoveredChain> = heard.verified.iter().map(chain).collect();
            let kept = kept.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok((kept.finish()?, chains, heard.rests_on, heard.interrupted))
        })?;
        let Some(((joined, hidden, keys), chains, rests_on, interrupted)) = told else {
            return Ok(Exit::Clean);
        };
        let happened = Happened {
            schema: SCHEMA,
            tool: tool(),
            expression: words.first().cloned(),
            records: joined.records,
            episodes: joined.count,
            hidden,
            bars: Bar::of(&rests_on, &chains),
            keys,
            rows: Box::new(joined),
            rests_on,
        };
        let options = |it: &output::Report<Happened>| self.options(it.to_stdout());
        output::write(&reports, &happened, options, terminal)?;
        let found = happened.records > 0;
        Ok(exit(&flags.ends, &happened.rests_on, found, interrupted))
    }
}

impl From<Noise> for Hide {
    fn from(noise: Noise) -> Self {
        match noise {
            Noise::Hide => Self::Noise,
            Noise::Show => Self::Nothing,
            Noise::Only => Self::ButNoise,
        }
    }
}

/// Keeps what a timeline needs of the records.
struct Line<'e> {
    expression: &'e Option<Expression>,
    hide: Hide,
    detector: Detector,
    /// Those of the detector, in its order.
    keys: &'e [&'static Key],
    suspects: Suspects,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    pieces: Sorter,
    rows: KeyRows,
    hidden: BTreeMap<String, u64>,
}

/// What one log's records come to.
#[derive(Default)]
struct Part {
    lane: Lane,
    keys: Local,
    suspects: Vec<Suspect>,
}

impl Consumer for Line<'_> {
    type Local = Part;

    fn record(
        &self,
        local: &mut Part,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        // The cause of a hole is looked for whatever else is asked.
        local.suspects.extend(Suspect::of(record, from.proof));
        let subject = Subject {
            record,
            proof: from.proof,
        };
        if self
            .expression
            .as_ref()
            .is_some_and(|it| !it.matches(&subject))
        {
            return Ok(false);
        }
        let at = At {
            bucket: &from.at.bucket,
            key: &from.at.key,
            account: from.account,
            region: from.region,
        };
        let before = local.keys.count();
        // Each record is marked by what it is by itself.
        local.keys.begin();
        self.detector
            .record(&mut local.keys, record, from.proof, at);
        let keys = ids_of(local.keys.sorts_from(before), self.keys);
        let seen = Seen {
            at,
            proof: from.proof,
            shared: from.shared,
            keys,
        };
        Ok(local.lane.record(record, seen, self.hide))
    }

    fn end(&self, local: Part) -> anyhow::Result<()> {
        self.suspects.keep(local.suspects);
        let (pieces, hidden) = local.lane.finish();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for (class, count) in hidden {
            *kept.hidden.entry(class.to_owned()).or_default() += count;
        }
        for (sort, piece) in &pieces {
            kept.pieces.push(sort, piece)?;
        }
        kept.rows.take(local.keys)
    }
}

/// The key events that a record is by itself; what counts only beside others is told apart.
fn ids_of<'r>(sorts: impl Iterator<Item = &'r [u8]>, keys: &[&'static Key]) -> Vec<String> {
    let ids = sorts.filter_map(|sort| {
        let number = u16::from_be_bytes(*sort.first_chunk::<2>()?);
        let key = keys.get(usize::from(number))?;
        let alone = matches!(
            key.when,
            When::Each(_) | When::LogBucket(_) | When::LogKey | When::CrossAccount | When::Log
        );
        alone.then(|| key.id.to_owned())
    });
    let mut ids: Vec<String> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

type Finished = (
    Joined,
    BTreeMap<String, u64>,
    Vec<trailaudit_checks::inventory::KeyEvents>,
);

impl Kept {
    fn finish(self) -> anyhow::Result<Finished> {
        let keys = self.rows.gather()?;
        let mut by_time = Sorter::default();
        let (mut count, mut records) = (0, 0);
        let mut keep = |episode: Option<Episode>| -> anyhow::Result<()> {
            if let Some(episode) = episode {
                count += 1;
                records += episode.records;
                by_time.push(&episode.order(), &serde_json::to_vec(&episode)?)?;
            }
            Ok(())
        };
        let mut episodes = Episodes::default();
        self.pieces
            .finish()?
            .each(&mut |sort, [piece, _]| keep(episodes.piece(sort, piece)?))?;
        keep(episodes.last())?;
        let joined = Joined {
            sorted: by_time.finish()?,
            count,
            records,
        };
        Ok((joined, self.hidden, keys))
    }
}

/// The episodes, in the order of their beginning.
struct Joined {
    sorted: Sorted,
    count: u64,
    records: u64,
}

impl Told for Joined {
    fn each(&self, f: &mut dyn FnMut(&Episode) -> io::Result<()>) -> io::Result<()> {
        let mut next = |_: &[u8], [value, _]: [&[u8]; 2]| -> anyhow::Result<()> {
            let episode: Episode = serde_json::from_slice(value)?;
            Ok(f(&episode)?)
        };
        self.sorted.each(&mut next).map_err(io::Error::other)
    }
}
