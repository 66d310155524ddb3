//! What was seen, live or in an inventory, is judged: for a scan and for a bundle of evidence.

use std::path::Path;

use jiff::Timestamp;
use trailaudit_checks::audit::{Audit, Rules, judge};
use trailaudit_checks::selection::Selection;

use crate::audit_file::baseline;
use crate::cli::Scan;
use crate::exit::Stop;
use crate::invocation::Invocation;
use crate::live::{Digests, by_choice};
use crate::notices::{tell_baseline, tell_waivers};
use crate::program::{clock, tool};
use crate::snapshot::{Snapshot, Source, load};
use crate::terminal::Terminal;
use crate::verify::window;
use crate::{config, demo};

/// What was seen, by which rules it was judged, and the verdicts.
pub(crate) struct Judged {
    pub(crate) snapshot: Snapshot,
    pub(crate) rules: Rules,
    pub(crate) audit: Audit,
}

impl Invocation {
    /// Collects or loads, and judges.
    pub(crate) fn judged(&self, scan: &Scan, terminal: Terminal) -> Result<Judged, Stop> {
        let config = &self.config;
        let source = self.source(scan)?;
        let mut selection = Selection::of(&scan.select.choice(), &config.settings)?;
        let waivers = config::load_waivers(scan.judge.waivers.as_deref()).map_err(Stop::Usage)?;
        if let Some(path) = &waivers.path {
            terminal.detail(&format!("waivers from {}", path.display()));
        }
        let baseline = baseline(scan.judge.baseline.as_deref(), scan.judge.fail_on_new)?;
        let loaded = source.as_ref().map(load).transpose().map_err(Stop::input)?;
        // What many processes verified is judged as `verify` judges.
        let of_chains =
            |it: &Snapshot| it.inventory.accounts.is_empty() && !it.inventory.chains.is_empty();
        if scan.select.is_everything() && loaded.as_ref().is_some_and(of_chains) {
            selection = Selection::of_verify(&config.settings)?;
        }
        let verified = loaded
            .as_ref()
            .is_some_and(|it| !it.inventory.chains.is_empty());
        if !verified && !scan.digests.verify_digests && selection.without_chains() == 0 {
            return Err(Stop::usage(
                "only checks on digests are selected, and no digests were verified: add --verify-digests",
            ));
        }
        let heard = loaded
            .as_ref()
            .is_some_and(|it| it.inventory.events.is_some());
        let demo = source.as_ref() == Some(&demo::source());
        if scan.digests.events && !scan.digests.verify_digests && !heard && !demo {
            return Err(Stop::usage(
                "--events evaluates the logs that --verify-digests verifies: add --verify-digests",
            ));
        }
        if !heard && !scan.digests.events && selection.without_events() == 0 {
            return Err(Stop::usage(
                "only checks on events are selected, and no events were read: add --verify-digests --events, or use \
                 `trailaudit events detect`",
            ));
        }
        let window = match scan.digests.verify_digests {
            true => Some(verify_window(scan)?),
            false => None,
        };
        let snapshot = match loaded {
            Some(mut snapshot) => {
                if demo && scan.digests.events {
                    snapshot.inventory.events = Some(self.demo_events(terminal)?);
                    if let Some(trailer) = &mut snapshot.inventory.trailer {
                        trailer.counts.insert("events".to_owned(), 1);
                    }
                }
                snapshot
            }
            None => {
                let needed = selection.needed(by_choice(&scan.live, window.is_some()));
                let digests = window.map(|window| Digests {
                    window,
                    explain_gaps: scan.digests.explain_gaps,
                    events: scan.digests.events,
                });
                let mut snapshot = self.live(&scan.live, needed, digests, terminal)?;
                if scan.digests.events {
                    // Where nothing was read, nothing is known.
                    snapshot.inventory.events.get_or_insert_default();
                }
                snapshot
            }
        };
        if snapshot.inventory.trailer.is_none() {
            terminal.warn("the inventory is incomplete: the run that wrote it was interrupted (it has no trailer)");
        }
        let now = scan
            .judge
            .now
            .or_else(|| demo.then_some(snapshot.inventory.header.taken_at));
        let rules = Rules {
            tool: tool(),
            selection,
            settings: config.settings.clone(),
            waivers: waivers.content.clone(),
            baseline,
            now: now.map_or_else(clock, Ok)?,
            fail_on: scan.judge.fail_on,
            allow_incomplete: scan.judge.allow_incomplete,
            exit_zero: scan.judge.exit_zero,
        };
        let audit =
            judge(&snapshot.inventory, &snapshot, &rules).map_err(|error| match source {
                Some(_) => Stop::Usage(error),
                None => Stop::Fatal(error),
            })?;
        tell_waivers(&audit, &waivers, terminal);
        tell_baseline(&audit, terminal);
        Ok(Judged {
            snapshot,
            rules,
            audit,
        })
    }

    /// The inventory to judge; none for a live run. A flag says more than a variable does.
    pub(crate) fn source(&self, scan: &Scan) -> Result<Option<Source>, Stop> {
        let inventory = scan.inventory.as_ref().map(|path| match path {
            path if path == Path::new("-") => Source::Stdin,
            path => Source::File(path.clone()),
        });
        let source = match (scan.demo, inventory) {
            (true, Some(inventory)) => match (self.is_flag("demo"), self.is_flag("inventory")) {
                (true, false) => demo::source(),
                (false, true) => inventory,
                (true, true) | (false, false) => {
                    return Err(Stop::usage(
                        "--demo and --inventory are two inputs; give one of them",
                    ));
                }
            },
            (true, None) => demo::source(),
            (false, Some(inventory)) => inventory,
            (false, None) => return Ok(None),
        };
        // A filter that is silently not applied would make a report of more than was asked for.
        let live = [
            "profile",
            "role_name",
            "external_id",
            "accounts",
            "exclude_accounts",
            "ou",
            "regions",
            "max_in_flight",
            "lookup_events",
            "keep_answers",
            "save_inventory",
            "verify_digests",
            "explain_gaps",
            "since",
        ];
        if let Some(id) = live.into_iter().find(|id| self.is_flag(id)) {
            let flag = id.replace('_', "-");
            let values = self.words(id).join(" ");
            return Err(Stop::usage(format!(
                "--{flag} {values} is for asking AWS, and this scan judges {}; give it to the run that collects",
                source.name()
            )));
        }
        Ok(Some(source))
    }
}

/// From when until when a scan verifies digests.
fn verify_window(scan: &Scan) -> Result<(Timestamp, Timestamp), Stop> {
    let now = scan.judge.now.map_or_else(clock, Ok)?;
    let (since, until) =
        window::window(Some(scan.digests.since), None, now).map_err(Stop::usage)?;
    Ok((since.unwrap_or(until), until))
}

/// Keeps the inventory, where that is asked for.
pub(crate) fn save(
    path: Option<&Path>,
    snapshot: &Snapshot,
    terminal: Terminal,
) -> anyhow::Result<()> {
    if let Some(path) = path {
        snapshot.save(path)?;
        terminal.note(&format!("wrote the inventory to {}", path.display()));
    }
    Ok(())
}
