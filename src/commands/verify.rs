//! What `verify` does: verify, judge, report.

use trailaudit_checks::audit::{Rules, judge};
use trailaudit_checks::selection::Selection;
use trailaudit_reports::Detail;

use crate::audit_file::baseline;
use crate::cli::Verify;
use crate::config;
use crate::endpoint;
use crate::events::Watch;
use crate::exit::{Exit, Stop, exit_of};
use crate::invocation::Invocation;
use crate::notices::tell_waivers;
use crate::opened::{self, Asked, Opened};
use crate::output;
use crate::program::{clock, tool};
use crate::snapshot::{Snapshot, Spool};
use crate::terminal::{Terminal, stderr_is_terminal};
use crate::verify::Tap;

impl Invocation {
    pub(crate) fn verify(&self, flags: &Verify, terminal: Terminal) -> Result<Exit, Stop> {
        let waivers = config::load_waivers(flags.judge.waivers.as_deref()).map_err(Stop::Usage)?;
        if let Some(path) = &waivers.path {
            terminal.detail(&format!("waivers from {}", path.display()));
        }
        let baseline = baseline(flags.judge.baseline.as_deref(), flags.judge.fail_on_new)?;
        let reports = output::plan(&flags.output.format, flags.output.output_dir.as_deref())?;
        let now = flags.judge.now.map_or_else(clock, Ok)?;
        let progress = stderr_is_terminal() && !self.cli.global.no_progress && !terminal.quiet;
        let asked = Asked::of(&flags.extent, now, progress)?.resumed(flags)?;
        let verified = |it: Opened<'_>| {
            let watch = flags.explain_gaps.then(Watch::default);
            let tap = watch.as_ref().map(|it| it as &dyn Tap);
            let mut verified = opened::run(&it, asked.progress, tap)?;
            if let Some(watch) = watch {
                watch.explain(&mut verified);
            }
            Ok(verified)
        };
        let Some((verified, session)) = opened::open(&flags.source, &asked, &verified)? else {
            return Ok(Exit::Clean);
        };
        let finished = flags.judge.now.map_or_else(clock, Ok)?;
        // What was verified is reported even if it could not be kept.
        let saved = opened::save(asked.state, &verified, now);
        let interrupted = asked.halt.is_set();
        let inventory = opened::inventory(verified, session, now, finished, interrupted);
        endpoint::warn(&inventory.header.scope.endpoints, terminal);
        let snapshot = Snapshot::live(inventory, Spool::new()?);
        let rules = Rules {
            tool: tool(),
            selection: Selection::of_verify(&self.config.settings)?,
            settings: self.config.settings.clone(),
            waivers: waivers.content.clone(),
            baseline,
            now,
            fail_on: flags.judge.fail_on,
            allow_incomplete: flags.judge.allow_incomplete,
            exit_zero: flags.judge.exit_zero,
        };
        let audit = judge(&snapshot.inventory, &snapshot, &rules)?;
        tell_waivers(&audit, &waivers, terminal);
        // Hour by hour is what it is run for.
        let options = |report: &output::Report| trailaudit_reports::Options {
            detail: Detail::Findings,
            ..flags.output.of(self.options(report.to_stdout()))
        };
        output::write(&reports, &audit, options, terminal)?;
        if let Some(words) = saved? {
            terminal.warn(&words);
        }
        Ok(exit_of(audit.run.exit_code))
    }
}
