//! What each command does.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jiff::Timestamp;
use trailaudit_checks::audit::{Audit, Baseline, Ending, Rules, judge};
use trailaudit_checks::compare;
use trailaudit_checks::inventory::Tool;
use trailaudit_checks::selection::{ByChoice, Needed, Selection};
use trailaudit_reports::{Detail, Listed};

use crate::cli::env;
use crate::cli::{Collect, Color, Command, Diff, Global, Live, Report, Scan};
use crate::collect::Options;
use crate::config::{self, WaiverFile};
use crate::endpoint::is_open_to_others;
use crate::exit::{Exit, Stop};
use crate::invocation::{Invocation, Refused, parse};
use crate::recordings::Kept;
use crate::snapshot::{Snapshot, Source, load};
use crate::terminal::{Terminal, stderr_is_terminal, stdout_is_terminal, width};
use crate::verify::window;
use crate::{demo, explain, list, output, terminal};

/// Parses the command line, does what it says, tells what went wrong, and gives the exit code.
pub fn run(args: Vec<std::ffi::OsString>) -> Exit {
    match parse(&args) {
        Ok(parsed) => {
            let global = &parsed.cli.global;
            let terminal = Terminal {
                quiet: global.quiet,
                verbose: global.verbose,
            };
            for words in env::unknown_variables(std::env::vars_os().map(|(name, _)| name)) {
                terminal.warn(&words);
            }
            if parsed.has_old_flag(&args) {
                terminal.warn("-o names a folder of reports; for the file to write, use --output");
            }
            parsed.dispatch(terminal).unwrap_or_else(|stop| {
                terminal.error(stop.error());
                stop.exit()
            })
        }
        Err(Refused::Clap(error)) => {
            // Help goes to stdout and is no error.
            terminal::clap(&error, &args);
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Clean
            }
        }
        Err(Refused::Stop(stop)) => {
            let terminal = Terminal {
                quiet: false,
                verbose: false,
            };
            terminal.error(stop.error());
            stop.exit()
        }
    }
}

/// What was seen, by which rules it was judged, and the verdicts.
pub(crate) struct Judged {
    pub(crate) snapshot: Snapshot,
    pub(crate) rules: Rules,
    pub(crate) audit: Audit,
}

impl Invocation {
    fn dispatch(&self, terminal: Terminal) -> Result<Exit, Stop> {
        if let Some(path) = &self.config.path {
            terminal.detail(&format!("settings from {}", path.display()));
        }
        match &self.cli.command {
            Command::Scan(scan) => self.scan(scan, terminal),
            Command::Plan(plan) => self.plan(plan, terminal),
            Command::Collect(collect) => self.collect(collect, terminal),
            Command::Verify(verify) => self.verify(verify, terminal),
            Command::Diff(diff) => self.diff(diff, terminal),
            Command::Report(report) => self.report(report, terminal),
            Command::Evidence(it) => self.evidence(it, terminal),
            Command::Access(it) => self.access(it, terminal),
            Command::Events(it) => self.events(it, terminal),
            Command::Explain(it) => explain::explain(it).map(|()| Exit::Clean),
            Command::List(it) => list::list(it).map(|()| Exit::Clean),
            Command::Completions { shell } => Ok(completions(*shell).map(|()| Exit::Clean)?),
            Command::Man { output_dir } => Ok(man(output_dir.as_deref()).map(|()| Exit::Clean)?),
        }
    }

    fn scan(&self, scan: &Scan, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&scan.output.format, scan.output.output_dir.as_deref())?;
        let Judged {
            snapshot, audit, ..
        } = self.judged(scan, terminal)?;
        // A report is worth having even if the inventory could not be kept.
        let saved = save(scan.save_inventory.as_deref(), &snapshot, terminal);
        let options = |it: &output::Report| scan.output.of(self.options(it.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        saved?;
        let exit = exit_of(audit.run.exit_code);
        // The process ends here: to free a large organization piece by piece would only take time.
        std::mem::forget((snapshot.inventory, audit));
        Ok(exit)
    }

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
        let verified = loaded
            .as_ref()
            .is_some_and(|it| !it.inventory.chains.is_empty());
        if !verified && !scan.digests.verify_digests && selection.without_chains() == 0 {
            return Err(Stop::usage(
                "only checks on digests are selected, and no digests were verified: add --verify-digests",
            ));
        }
        let window = match scan.digests.verify_digests {
            true => Some(verify_window(scan)?),
            false => None,
        };
        let snapshot = match loaded {
            Some(snapshot) => snapshot,
            None => {
                let needed = selection.needed(by_choice(&scan.live, window.is_some()));
                let digests = window.map(|window| Digests {
                    window,
                    explain_gaps: scan.digests.explain_gaps,
                });
                self.live(&scan.live, needed, digests, terminal)?
            }
        };
        if snapshot.inventory.trailer.is_none() {
            terminal.warn("the inventory is incomplete: the run that wrote it was interrupted (it has no trailer)");
        }
        let now = scan.judge.now.or_else(|| {
            (source.as_ref() == Some(&demo::source())).then_some(snapshot.inventory.header.taken_at)
        });
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

    fn collect(&self, collect: &Collect, terminal: Terminal) -> Result<Exit, Stop> {
        let snapshot = if collect.demo {
            load(&demo::source())?
        } else {
            let mut selection = Selection::of(&collect.select.choice(), &self.config.settings)?;
            // Collecting alone verifies no digests.
            selection.without_chains();
            let choice = by_choice(&collect.live, false);
            // What is kept may be judged by any check later, unless some were chosen now.
            let needed = if collect.select.is_everything() {
                Needed::everything(choice)
            } else {
                selection.needed(choice)
            };
            self.live(&collect.live, needed, None, terminal)?
        };
        snapshot.save(&collect.output)?;
        terminal.note(&list::collected(&snapshot, &collect.output));
        let interrupted = snapshot
            .inventory
            .trailer
            .as_ref()
            .is_none_or(|it| it.interrupted);
        Ok(if interrupted {
            Exit::Interrupted
        } else {
            Exit::Clean
        })
    }

    fn report(&self, report: &Report, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&report.output.format, report.output.output_dir.as_deref())?;
        let mut audit = crate::audit_file::load(&report.audit).map_err(Stop::Usage)?;
        only_frameworks(&mut audit, &report.framework)?;
        let options = |it: &output::Report| report.output.of(self.options(it.to_stdout()));
        output::write(&reports, &audit, options, terminal)?;
        // The process ends here: to free a large audit piece by piece would only take time.
        std::mem::forget(audit);
        Ok(Exit::Clean)
    }

    fn diff(&self, diff: &Diff, terminal: Terminal) -> Result<Exit, Stop> {
        let reports = output::plan(&diff.format, diff.output_dir.as_deref())?;
        let load = |path: &Path| crate::audit_file::load(path).map_err(Stop::Usage);
        let comparison = compare::compare(&load(&diff.before)?, &load(&diff.after)?);
        let options = |it: &output::Report<_>| trailaudit_reports::Options {
            detail: detail(diff.details),
            ..self.options(it.to_stdout())
        };
        output::write(&reports, &comparison, options, terminal)?;
        Ok(if comparison.worse && !diff.exit_zero {
            Exit::Findings
        } else {
            Exit::Clean
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

    pub(crate) fn live(
        &self,
        live: &Live,
        needed: Needed,
        digests: Option<Digests>,
        terminal: Terminal,
    ) -> Result<Snapshot, Stop> {
        let Global { no_progress, .. } = self.cli.global;
        let options = Options {
            profile: live.profile.clone(),
            role_name: live.role_name.clone(),
            external_id: live.external_id.clone(),
            accounts: live.accounts.clone(),
            exclude_accounts: live.exclude_accounts.clone(),
            ous: live.ou.clone(),
            regions: live.regions.clone(),
            max_in_flight: live.max_in_flight,
            roles: self.config.roles.clone(),
            needed: needed.calls,
            needed_in_holes: needed.in_holes,
            in_every_region: needed.in_every_region,
            lookup: live.lookup_events,
            log_archive_accounts: self.config.settings.log_archive_accounts.clone(),
            verify: digests.map(|it| it.window),
            explain_gaps: digests.is_some_and(|it| it.explain_gaps),
            answers: live.keep_answers.is_some().then(kept).transpose()?,
            progress: stderr_is_terminal() && !no_progress && !terminal.quiet,
        };
        let answers = options.answers.clone();
        let snapshot = ask(options)?;
        warn_endpoints(&snapshot.inventory.header.scope.endpoints, terminal);
        if let (Some(answers), Some(path)) = (answers, &live.keep_answers) {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.save(path)?;
            terminal.note(&format!(
                "wrote the raw API responses to {}",
                path.display()
            ));
        }
        Ok(snapshot)
    }

    /// Colours and the terminal's width are for what goes to a terminal.
    pub(crate) fn options(&self, to_stdout: bool) -> trailaudit_reports::Options {
        let to_terminal = to_stdout && stdout_is_terminal();
        trailaudit_reports::Options {
            color: match self.cli.global.color {
                Color::Auto => {
                    to_terminal && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
                }
                Color::Always => true,
                Color::Never => false,
            },
            width: if to_terminal { width() } else { 80 },
            ..trailaudit_reports::Options::default()
        }
    }
}

/// Whoever listens on the way can read the calls and give the answers.
pub(crate) fn warn_endpoints(endpoints: &[String], terminal: Terminal) {
    for endpoint in endpoints {
        let url = endpoint.split(' ').next().unwrap_or_default();
        if is_open_to_others(url) {
            terminal.warn(&format!(
                "AWS was called without encryption, through {endpoint}: its responses are not proved to be AWS's"
            ));
        }
    }
}

/// Leaves the results of these frameworks; of all where none is named.
fn only_frameworks(audit: &mut Audit, wanted: &[String]) -> Result<(), Stop> {
    let missing = wanted
        .iter()
        .find(|id| !audit.frameworks.iter().any(|it| it.id == **id));
    if let Some(id) = missing {
        let held: Vec<&str> = audit.frameworks.iter().map(|it| it.id.as_str()).collect();
        let held = match held.is_empty() {
            true => "none".to_owned(),
            false => held.join(", "),
        };
        return Err(Stop::usage(format!(
            "the audit has no results of framework {id} (it has {held}): scan with `--framework {id}`"
        )));
    }
    if !wanted.is_empty() {
        audit.frameworks.retain(|it| wanted.contains(&it.id));
    }
    Ok(())
}

/// What a live run verifies of the digests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digests {
    /// From when until when.
    pub(crate) window: (Timestamp, Timestamp),
    /// Whether the calls that made holes are looked for.
    pub(crate) explain_gaps: bool,
}

/// What the flags ask for by choice.
fn by_choice(live: &Live, verify: bool) -> ByChoice {
    ByChoice {
        verify,
        lookup: live.lookup_events.is_some(),
    }
}

/// From when until when a scan verifies digests.
fn verify_window(scan: &Scan) -> Result<(Timestamp, Timestamp), Stop> {
    let now = scan.judge.now.map_or_else(clock, Ok)?;
    let (since, until) =
        window::window(Some(scan.digests.since), None, now).map_err(Stop::usage)?;
    Ok((since.unwrap_or(until), until))
}

/// What `--details` asks for.
pub(crate) fn detail(details: bool) -> Detail {
    match details {
        true => Detail::Findings,
        false => Detail::Summary,
    }
}

impl crate::cli::Output {
    /// What the flags choose.
    pub(crate) fn of(&self, usual: trailaudit_reports::Options) -> trailaudit_reports::Options {
        trailaudit_reports::Options {
            listed: Listed {
                min_severity: self.min_severity,
                severities: self.severity.clone(),
                statuses: self.status.clone(),
            },
            detail: detail(self.details),
            sarif_profile: self.sarif_profile,
            sarif_anchor: self.sarif_anchor.clone(),
            sarif_map: self.sarif_map.clone().unwrap_or_default(),
            ..usual
        }
    }
}

/// The earlier audit, if one is to be compared with.
pub(crate) fn baseline(path: Option<&Path>, fail_on_new: bool) -> Result<Option<Baseline>, Stop> {
    let Some(path) = path else {
        return match fail_on_new {
            false => Ok(None),
            true => Err(Stop::usage(
                "--fail-on-new needs an earlier audit: --baseline FILE",
            )),
        };
    };
    let audit = crate::audit_file::load(path).map_err(Stop::Usage)?;
    Ok(Some(Baseline { audit, fail_on_new }))
}

/// A baseline that is about something else makes everything new.
pub(crate) fn tell_baseline(audit: &Audit, terminal: Terminal) {
    let Some(report) = &audit.baseline else {
        return;
    };
    if report.of.organization != audit.scope.organization {
        terminal.warn("the baseline is an audit of another organization");
    }
    if report.of.selection != audit.scope.selection {
        terminal.warn("the baseline evaluated other checks: findings of checks that it lacks are labelled as new");
    }
    if report.of.interrupted {
        terminal.warn("the baseline was interrupted: findings that it lacks are labelled as new");
    }
}

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

pub(crate) fn tell_waivers(audit: &Audit, file: &WaiverFile, terminal: Terminal) {
    for words in &audit.waivers.expired {
        let at = file.place(words);
        terminal.warn(&format!("{at}expired, and was ignored: {words}"));
    }
    for words in &audit.waivers.broad {
        terminal.warn(&format!("waiver: {words}"));
    }
    for words in &audit.waivers.unused {
        let (at, meant) = (file.place(words), file.meant(words));
        terminal.warn(&format!("{at}matches no failing finding: {words}{meant}"));
    }
}

/// A place for AWS's answers.
fn kept() -> anyhow::Result<Arc<Mutex<Kept>>> {
    Ok(Arc::new(Mutex::new(Kept::new()?)))
}

/// Collects from AWS.
#[cfg(feature = "aws")]
fn ask(options: Options) -> Result<Snapshot, Stop> {
    use crate::collect::{CollectError, collect};
    let mut spool = crate::snapshot::Spool::new()?;
    match collect(options, &mut spool, tool()) {
        Ok(inventory) => Ok(Snapshot::live(inventory, spool)),
        Err(CollectError::EmptyScope(error)) => Err(Stop::Usage(error)),
        Err(CollectError::NoCredentials(error) | CollectError::Fatal(error)) => {
            Err(Stop::Fatal(error))
        }
    }
}

/// This build has no SDK in it.
#[cfg(not(feature = "aws"))]
fn ask(_: Options) -> Result<Snapshot, Stop> {
    Err(Stop::usage(
        "this build cannot ask AWS (it was made without the feature `aws`). \
         Judge a saved inventory with --inventory FILE, or try --demo",
    ))
}

/// This program.
#[must_use]
pub fn tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The real time, to the second.
pub(crate) fn clock() -> anyhow::Result<Timestamp> {
    Timestamp::from_second(Timestamp::now().as_second()).context("the clock is beyond all time")
}

/// The code that the audit says.
pub(crate) fn exit_of(code: u8) -> Exit {
    Ending::of_code(code).map_or(Exit::Fatal, Exit::from)
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut env::command(), "trailaudit", &mut script);
    output::to_stdout(|out| out.write_all(&script))
}

fn man(folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder else {
        return output::to_stdout(|out| clap_mangen::Man::new(env::command()).render(out));
    };
    let failed = || format!("pages cannot be written into {}", folder.display());
    let folder: PathBuf = folder.to_owned();
    std::fs::create_dir_all(&folder).with_context(failed)?;
    clap_mangen::generate_to(env::command(), &folder).with_context(failed)
}
