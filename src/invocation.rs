//! The command line as it was meant: flag over variable over settings file over default.

use clap::parser::ValueSource;
use clap::{ArgMatches, FromArgMatches as _};

use crate::cli::env;
use crate::cli::{Cli, Command, Evidence, Shard};
use crate::config::{self, Config};
use crate::exit::Stop;

/// The command line with the settings file.
#[derive(Debug)]
pub struct Invocation {
    /// The flags, wherever their values came from.
    pub cli: Cli,
    /// What the settings file says beside them.
    pub config: Config,
    matches: ArgMatches,
}

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Refused {
    /// Wrong usage; or help, which is no error.
    Clap(clap::Error),
    /// A settings file that cannot be used.
    Stop(Stop),
}

/// Flag over variable over settings file over default: the file's values become the flags' defaults.
pub fn parse(args: &[std::ffi::OsString]) -> Result<Invocation, Refused> {
    let parse = |command: clap::Command| {
        let matches = command.try_get_matches_from(args)?;
        Ok((Cli::from_arg_matches(&matches)?, matches))
    };
    let (cli, matches) =
        parse(env::command()).map_err(|error| match env::blamed_variable(&error, args) {
            Some(variable) => {
                Refused::Stop(Stop::usage(format!("{variable}: {}", of_no_flag(&error))))
            }
            None => Refused::Clap(error),
        })?;
    let config = match cli.command {
        Command::Scan(_)
        | Command::Plan(_)
        | Command::Collect(_)
        | Command::Verify(_)
        | Command::Report(_)
        | Command::Access(_)
        | Command::Events(_)
        | Command::Nightly(_)
        | Command::Shard(Shard::Plan(_))
        | Command::Evidence(Evidence::Create(_)) => config::load(cli.global.config.as_deref())
            .map_err(|error| Refused::Stop(Stop::Usage(error)))?,
        Command::Evidence(Evidence::Verify(_) | Evidence::Sample(_))
        | Command::Diff(_)
        | Command::Shard(
            Shard::PlanVerify(_)
            | Shard::PlanResources(_)
            | Shard::Run(_)
            | Shard::Merge(_)
            | Shard::Status(_),
        )
        | Command::Init(_)
        | Command::Waive(_)
        | Command::Explain(_)
        | Command::List(_)
        | Command::Completions { .. }
        | Command::Man { .. } => Config::default(),
    };
    let Some(path) = &config.path else {
        return Ok(Invocation {
            cli,
            matches,
            config,
        });
    };
    let flags = config
        .flags
        .iter()
        .map(|(key, values)| (key.as_str(), values.as_slice()));
    let (cli, matches) =
        parse(env::with_defaults(env::command(), flags)).map_err(|error: clap::Error| {
            // Without the file it parsed: the fault is in the file.
            let words = of_no_flag(&error);
            Refused::Stop(Stop::usage(format!("{}: {words}", path.display())))
        })?;
    Ok(Invocation {
        cli,
        matches,
        config,
    })
}

/// What clap says of a value that stands on no command line: `key: invalid value 'x': what is expected`.
fn of_no_flag(error: &clap::Error) -> String {
    let words = error.to_string();
    let words = words.trim_start_matches("error: ");
    // The value may have line feeds of its own; a tip and the way to the help come behind an empty line.
    let words = words.split("\n\n").next().unwrap_or_default().trim_end();
    let Some((said, expected)) = words.split_once(" for '--") else {
        return words.to_owned();
    };
    let (flag, expected) = expected.split_once('\'').unwrap_or((expected, ""));
    let key = flag.split([' ', '=']).next().unwrap_or_default();
    format!("{}: {said}{expected}", key.replace('-', "_"))
}

impl Invocation {
    /// The file to write was given by `-o`, as earlier versions had it.
    #[must_use]
    pub fn has_old_flag(&self, args: &[std::ffi::OsString]) -> bool {
        let has_file = matches!(
            self.cli.command,
            Command::Collect(_) | Command::Evidence(Evidence::Create(_))
        );
        let is_old = |it: &std::ffi::OsString| it.to_string_lossy().starts_with("-o");
        has_file && args.iter().skip(1).any(is_old)
    }

    /// It was given on the command line, not by a variable or a file.
    #[must_use]
    pub fn is_flag(&self, id: &str) -> bool {
        let matches = self.innermost();
        // A command that has no such flag was not given it.
        matches.try_get_raw(id).is_ok()
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    }

    /// The values of a flag, as they were given.
    #[must_use]
    pub fn words(&self, id: &str) -> Vec<String> {
        let words = self.innermost().try_get_raw(id).ok().flatten();
        words
            .into_iter()
            .flatten()
            .map(|it| it.to_string_lossy().into_owned())
            .collect()
    }

    /// Of the command itself, such as `create` of `evidence create`.
    fn innermost(&self) -> &ArgMatches {
        let mut matches = &self.matches;
        while let Some((_, inner)) = matches.subcommand() {
            matches = inner;
        }
        matches
    }
}
