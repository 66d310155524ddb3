//! `events detect`: the key events of the logs as findings, by the same rules and writers as a scan's.

use std::sync::{Mutex, PoisonError};

use trailaudit_checks::audit::{Audit, Rules, judge};
use trailaudit_checks::catalog;
use trailaudit_checks::events::filter::FilterError;
use trailaudit_checks::events::key::{At, Detector, Local, Stores};
use trailaudit_checks::events::{Record, RestsOn};
use trailaudit_checks::inventory::{EventsRead, Inventory};
use trailaudit_checks::selection::Selection;

use super::demo;
use super::hear::{Room, compare, inventory_of};
use super::key_rows::KeyRows;
use super::key_watch::stores_in;
use super::reading::{Consumer, Origin};
use super::target::{self, Target};
use crate::audit_file::baseline;
use crate::cli::{Detect, Input};
use crate::config;
use crate::exit::{Exit, Stop, exit_of};
use crate::invocation::Invocation;
use crate::notices::{tell_baseline, tell_waivers};
use crate::opened::{Asker, inventory};
use crate::output;
use crate::program::{clock, tool};
use crate::snapshot::{Snapshot, Spool};
use crate::terminal::Terminal;

impl Invocation {
    pub(super) fn detect(&self, flags: &Detect, terminal: Terminal) -> Result<Exit, Stop> {
        let (target, words) = target::of(&flags.input, &flags.words, "")?;
        if let Some(word) = words.first() {
            return Err(Stop::usage(format!(
                "one source is expected, and there is more: {word}"
            )));
        }
        let reports = output::plan(&flags.output.format, flags.output.output_dir.as_deref())?;
        let settings = &self.config.settings;
        let selection = Selection::of_events(&flags.select.choice(), settings)?;
        let waivers = config::load_waivers(flags.rules.waivers.as_deref()).map_err(Stop::Usage)?;
        if let Some(path) = &waivers.path {
            terminal.detail(&format!("waivers from {}", path.display()));
        }
        let baseline = baseline(flags.rules.baseline.as_deref(), flags.rules.fail_on_new)?;
        let now = match (flags.input.now, &target) {
            (Some(now), _) => now,
            (None, Target::Demo) => demo::now()?,
            (None, Target::Place(_) | Target::Files(_)) => clock()?,
        };
        let known = inventory_of(&flags.input)?;
        let read = self.enter(&flags.input, &target, terminal, &|room, span| {
            let stores = stores_of(room, known.as_ref());
            let finder = Finder::new(stores).map_err(anyhow::Error::from)?;
            let mut heard = room.read(span, &flags.input, &finder)?;
            compare(
                &flags.input,
                known.as_ref(),
                &heard.verified,
                &mut heard.rests_on,
            );
            let events = finder.finish(heard.rests_on)?;
            Ok((events, heard.verified, heard.interrupted))
        })?;
        let Some((events, verified, interrupted)) = read else {
            return Ok(Exit::Clean);
        };
        let mut judged = inventory(verified, Asker::default(), now, now, interrupted);
        judged.events = Some(events);
        let snapshot = Snapshot::live(judged, Spool::new()?);
        let rules = Rules {
            tool: tool(),
            selection,
            settings: settings.clone(),
            waivers: waivers.content.clone(),
            baseline,
            now,
            fail_on: flags.rules.fail_on,
            allow_incomplete: flags.rules.allow_incomplete,
            exit_zero: flags.rules.exit_zero,
        };
        let audit: Audit = judge(&snapshot.inventory, &snapshot, &rules)?;
        tell_waivers(&audit, &waivers, terminal);
        tell_baseline(&audit, terminal);
        let options = |it: &output::Report| flags.output.of(self.options(it.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        Ok(exit_of(audit.run.exit_code))
    }
}

impl Invocation {
    /// The key events of the sample, for a scan of it.
    pub(crate) fn demo_events(&self, terminal: Terminal) -> Result<EventsRead, Stop> {
        let input = Input::demo().map_err(anyhow::Error::from)?;
        let read = self.enter(&input, &Target::Demo, terminal, &|room, span| {
            let finder = Finder::new(stores_of(room, None)).map_err(anyhow::Error::from)?;
            let heard = room.read(span, &input, &finder)?;
            Ok(finder.finish(heard.rests_on)?)
        })?;
        read.ok_or_else(|| Stop::Fatal(anyhow::anyhow!("the sample was not read")))
    }
}

/// What is known to keep logs: the bucket that is read, and what an inventory names.
pub(super) fn stores_of(room: &Room<'_>, known: Option<&Inventory>) -> Stores {
    let bucket = match room {
        Room::Bucket(opened, _) => Some(opened.request.bucket.clone()),
        Room::Files(_) => None,
    };
    let mut stores = known.map(stores_in).unwrap_or_default();
    stores.buckets.extend(bucket.filter(|it| it != "*"));
    stores
}

/// Rows of key events that are held: those of a day of most accounts. Nothing else of that size is in memory.
const HELD: usize = 48 << 20;

/// Keeps what the key events need of the records.
#[derive(Debug)]
pub(super) struct Finder {
    detector: Detector,
    rows: Mutex<KeyRows>,
}

impl Finder {
    pub(super) fn new(stores: Stores) -> Result<Self, FilterError> {
        Ok(Self {
            detector: Detector::new(&catalog::keys(), stores)?,
            rows: Mutex::new(KeyRows::holding(HELD)),
        })
    }

    /// What the records came to.
    pub(super) fn finish(self, rests_on: RestsOn) -> anyhow::Result<EventsRead> {
        let rows = self
            .rows
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let logged = self.detector.logged();
        Ok(EventsRead::of(rests_on, rows.gather()?, logged))
    }
}

impl Consumer for Finder {
    type Local = Local;

    fn record(
        &self,
        local: &mut Local,
        from: &Origin<'_>,
        record: &Record<'_>,
    ) -> anyhow::Result<bool> {
        let at = At {
            bucket: &from.at.bucket,
            key: &from.at.key,
            account: from.account,
            region: from.region,
        };
        Ok(self.detector.record(local, record, from.proof, at))
    }

    fn end(&self, local: Local) -> anyhow::Result<()> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.take(local)
    }
}
