//! What each command does.

mod access;
mod begin;
mod collect;
mod diff;
pub mod explain;
pub mod list;
mod nightly;
mod report;
mod scan;
mod shard;
pub mod verify;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use trailaudit_reports::{Detail, Listed};

use crate::cli::{Color, Command, env};
use crate::exit::{Exit, Stop};
use crate::invocation::{Invocation, Refused, parse};
use crate::terminal::{Terminal, stdout_is_terminal, width};
use crate::{output, terminal};

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
            Command::Nightly(it) => self.nightly(it, terminal),
            Command::Shard(it) => self.shard(it, terminal),
            Command::Init(it) => self.init(it, terminal),
            Command::Waive(it) => self.waive(it, terminal),
            Command::Explain(it) => explain::explain(it).map(|()| Exit::Clean),
            Command::List(it) => list::list(it).map(|()| Exit::Clean),
            Command::Completions { shell } => Ok(completions(*shell).map(|()| Exit::Clean)?),
            Command::Man { output_dir } => Ok(man(output_dir.as_deref()).map(|()| Exit::Clean)?),
        }
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
