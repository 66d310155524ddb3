//! The command `plan`: Terraform plans, evaluated before they are applied.

mod source;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use trailaudit_checks::audit::{Audit, Baseline, Rules, judge};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::{Iam, Inventory};
use trailaudit_checks::selection::Selection;
use trailaudit_checks::terraform::{self, LARGEST, Reading, Where};

use crate::audit_file::baseline;
use crate::cli::Plan;
use crate::config::{self, WaiverFile};
use crate::exit::{Exit, Stop, exit_of};
use crate::files;
use crate::invocation::Invocation;
use crate::judged::save;
use crate::notices::{tell_baseline, tell_waivers};
use crate::output;
use crate::program::{clock, tool};
use crate::snapshot::{Snapshot, Source, Spool, load};
use crate::terminal::Terminal;

impl Invocation {
    /// Reads the plans, and evaluates what they make of the logging.
    pub(crate) fn plan(&self, it: &Plan, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&it.output.format, it.output.output_dir.as_deref())?;
        let plans = it.files.iter().map(|path| read(path));
        let mut plans: Vec<terraform::Plan> =
            plans.collect::<Result<_, _>>().map_err(Stop::Usage)?;
        let live = it.onto.as_deref().map(|path| match path {
            path if path == Path::new("-") => load(&Source::Stdin),
            path => load(&Source::File(path.to_owned())),
        });
        let live = live.transpose().map_err(Stop::input)?;
        if live.is_some() && it.judge.baseline.is_some() {
            return Err(Stop::usage(
                "--onto compares with the inventory as it is: leave out --baseline",
            ));
        }
        if it.fail_on_all && live.is_none() {
            return Err(Stop::usage(
                "--fail-on-all goes with --onto: without an inventory, every open failure counts",
            ));
        }
        let sources = it.source.as_deref().map(source::read).transpose();
        let sources = sources.map_err(Stop::Usage)?.map(Arc::new);
        if let Some(sources) = &sources {
            for plan in &mut plans {
                plan.with_sources(sources.clone());
            }
        }
        let (mut rules, waivers) = self.rules(it, terminal)?;
        let reading = |redact| Reading {
            given: Where {
                account: it.account.clone().map(AccountId::from),
                region: it.region.clone().map(Region::from),
            },
            tool: tool(),
            now: rules.now,
            redact,
        };
        let inventory = |redact| -> Inventory {
            let mut inventory = match &live {
                Some(live) => terraform::onto(&live.inventory, &plans, &reading(redact)),
                None => terraform::alone(&plans, &reading(redact)),
            };
            if let Some(plan) = &mut inventory.plan {
                plan.full = it.full;
                if let Some(sources) = &sources {
                    plan.locate(sources);
                }
            }
            inventory
        };
        let planned = inventory(false);
        if let Some(live) = &live {
            let before = judge(&live.inventory, live, &rules).map_err(Stop::Usage)?;
            rules.baseline = Some(Baseline {
                audit: before,
                fail_on_new: !it.fail_on_all,
            });
        }
        let audit = evaluate(&planned, live.as_ref(), &rules)?;
        tell_waivers(&audit, &waivers, terminal);
        if it.onto.is_none() {
            tell_baseline(&audit, terminal);
        }
        let saved = match &it.save_inventory {
            Some(path) => snapshot(inventory(true), live.as_ref())
                .and_then(|snapshot| save(Some(path.as_path()), &snapshot, terminal)),
            None => Ok(()),
        };
        let options = |report: &output::Report| it.output.of(self.options(report.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        saved?;
        Ok(exit_of(audit.run.exit_code))
    }

    fn rules(&self, it: &Plan, terminal: Terminal) -> Result<(Rules, WaiverFile), Stop> {
        let settings = &self.config.settings;
        let mut selection = Selection::of(&it.select.choice(), settings)?;
        // Plans hold no digests.
        selection.without_events();
        if selection.without_chains() == 0 {
            return Err(Stop::usage(
                "only checks on digests are selected, and no plan says anything of digests",
            ));
        }
        let waivers = config::load_waivers(it.judge.waivers.as_deref()).map_err(Stop::Usage)?;
        if let Some(path) = &waivers.path {
            terminal.detail(&format!("waivers from {}", path.display()));
        }
        let rules = Rules {
            tool: tool(),
            selection,
            settings: settings.clone(),
            waivers: waivers.content.clone(),
            baseline: baseline(it.judge.baseline.as_deref(), it.judge.fail_on_new)?,
            now: it.judge.now.map_or_else(clock, Ok)?,
            fail_on: it.judge.fail_on,
            allow_incomplete: it.judge.allow_incomplete,
            exit_zero: it.judge.exit_zero,
        };
        Ok((rules, waivers))
    }
}

/// A plan alone does not say who else there is in the account.
const NO_IAM: &[Iam] = &[];

/// The IAM documents stay those of the inventory.
fn evaluate(planned: &Inventory, live: Option<&Snapshot>, rules: &Rules) -> Result<Audit, Stop> {
    match live {
        Some(live) => judge(planned, live, rules).map_err(Stop::Usage),
        None => match judge(planned, NO_IAM, rules) {
            Ok(audit) => Ok(audit),
            Err(never) => match never {},
        },
    }
}

/// What is written: without what is sensitive.
fn snapshot(inventory: Inventory, live: Option<&Snapshot>) -> anyhow::Result<Snapshot> {
    let mut spool = Spool::new()?;
    let mut failed = Ok(());
    if let Some(live) = live {
        live.each_iam(|mut iam| {
            if let Some(plan) = &inventory.plan {
                terraform::iam::apply(plan, &mut iam);
            }
            if failed.is_ok() {
                failed = spool.append(&iam);
            }
        })?;
    }
    failed?;
    Ok(Snapshot::live(inventory, spool))
}

fn read(path: &Path) -> anyhow::Result<terraform::Plan> {
    let name = path.display().to_string();
    let bytes = match path {
        path if path == Path::new("-") => {
            let mut bytes = Vec::new();
            let mut stdin = std::io::stdin().lock().take(LARGEST + 1);
            let read = stdin.read_to_end(&mut bytes);
            read.context("standard input cannot be read")?;
            anyhow::ensure!(
                bytes.len() as u64 <= LARGEST,
                "standard input is larger than {LARGEST} bytes"
            );
            bytes
        }
        path => files::read(path, LARGEST)?,
    };
    terraform::Plan::read(&name, &bytes).with_context(|| format!("{name} is not a plan"))
}
