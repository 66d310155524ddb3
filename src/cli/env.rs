//! The other names of flags: every one has a variable `TRAILAUDIT_*`, and most a key in `trailaudit.toml`.
//!
//! Both are derived from the flag's own name, so that none is forgotten.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, CommandFactory as _};

use crate::cli::Cli;
use crate::suggest::hint;

/// Flags of `scan` that make no sense as a lasting setting.
const NO_KEY: [&str; 5] = ["demo", "inventory", "save_inventory", "keep_answers", "now"];

/// Commands whose flags can be given in other ways.
const RUNS: [&str; 7] = [
    "scan", "plan", "collect", "verify", "report", "access", "nightly",
];

/// Commands of `shard`.
const SHARD: [&str; 5] = ["plan", "plan-verify", "run", "merge", "status"];

/// Flags of `access` that say what is asked this time; `--format` has other values there than for a report.
const QUESTION: [&str; 6] = ["principal", "action", "target", "by", "explain", "format"];

fn is_own(command: &str, arg: &Arg) -> bool {
    command == "access" && QUESTION.contains(&arg.get_id().as_str())
}

/// The command line, with a variable for every flag.
#[must_use]
pub fn command() -> clap::Command {
    let command = one_layout(Cli::command()).mut_args(with_variable);
    // Its answers are findings, as those of a scan: the same flags are written the same.
    let command = command.mut_subcommand("events", |it| {
        it.mut_subcommand("detect", |it| it.mut_args(bare))
    });
    each_run(command, |name, it| {
        it.mut_args(|arg| match is_own(name, &arg) {
            true => arg,
            false => with_variable(arg),
        })
    })
}

/// One layout of the help of all commands: values are named in the sentence, and the flag for help stands with those of
/// every command.
fn one_layout(command: clap::Command) -> clap::Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .help("Print help")
        .help_heading("Global options")
        .action(ArgAction::Help);
    let command = command.disable_help_flag(true).arg(help).mut_args(|arg| {
        match arg.get_action().takes_values() {
            true => arg.hide_possible_values(true),
            false => arg,
        }
    });
    let names: Vec<String> = command
        .get_subcommands()
        .map(|it| it.get_name().to_owned())
        .collect();
    names.iter().fold(command, |command, name| {
        command.mut_subcommand(name, one_layout)
    })
}

/// The commands that collect, judge or report.
fn each_run(
    command: clap::Command,
    change: impl Fn(&str, clap::Command) -> clap::Command,
) -> clap::Command {
    RUNS.into_iter()
        .fold(command, |command, name| {
            command.mut_subcommand(name, |it| change(name, it))
        })
        .mut_subcommand("evidence", |command| {
            command.mut_subcommand("create", |it| change("create", it))
        })
        .mut_subcommand("shard", |command| {
            SHARD.into_iter().fold(command, |command, name| {
                command.mut_subcommand(name, |it| change(name, it))
            })
        })
}

/// The keys of `trailaudit.toml` that are defaults of flags.
#[must_use]
pub fn flag_keys() -> Vec<Arg> {
    let mut keys: Vec<Arg> = Vec::new();
    for command in command().get_subcommands() {
        if matches!(command.get_name(), "scan" | "report") {
            let new = command
                .get_arguments()
                .filter(|arg| arg.get_long().is_some() && !is_question(arg))
                .filter(|arg| !NO_KEY.contains(&arg.get_id().as_str()))
                .filter(|arg| !keys.iter().any(|it| it.get_id() == arg.get_id()));
            let new: Vec<Arg> = new.cloned().collect();
            keys.extend(new);
        }
    }
    keys.sort_by_key(|arg| arg.get_id().as_str().to_owned());
    keys
}

/// The command line again, with the settings file's values as the defaults of its flags.
pub fn with_defaults<'a>(
    command: clap::Command,
    flags: impl Iterator<Item = (&'a str, &'a [String])> + Clone,
) -> clap::Command {
    each_run(command, |name, it| {
        it.mut_args(|arg| {
            if is_own(name, &arg) {
                return arg;
            }
            let set = flags.clone().find(|(key, _)| *key == arg.get_id().as_str());
            match set {
                Some((_, values)) => {
                    let values: Vec<OsString> = values.iter().map(OsString::from).collect();
                    arg.default_values(values)
                }
                None => arg,
            }
        })
    })
}

/// Variables of this name that the tests and the build use.
const NO_FLAGS: [&str; 3] = [
    "TRAILAUDIT_BIN",
    "TRAILAUDIT_RENEW",
    "TRAILAUDIT_POLICY_CASES",
];

/// What to say of variables that look like ours and are not.
pub fn unknown_variables(names: impl Iterator<Item = OsString>) -> Vec<String> {
    let names = names.filter_map(|it| it.into_string().ok());
    let mut names = names
        .filter(|it| it.starts_with("TRAILAUDIT_") && !NO_FLAGS.contains(&it.as_str()))
        .peekable();
    if names.peek().is_none() {
        return Vec::new();
    }
    let known = variables(&command());
    let unknown = names.filter(|it| !known.contains(it));
    unknown
        .map(|it| {
            let hint = hint(&it, known.iter().map(String::as_str));
            format!("unknown environment variable {it}{hint} It was ignored")
        })
        .collect()
}

/// The variables of a command and those below it.
fn variables(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(Arg::get_env);
    let mut all: BTreeSet<String> = own.map(|it| it.to_string_lossy().into_owned()).collect();
    command
        .get_subcommands()
        .for_each(|it| all.extend(variables(it)));
    all
}

/// The variable that gave the value which clap refuses: it stands on no command line.
pub fn blamed_variable(error: &clap::Error, args: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let long = arg
        .split([' ', '='])
        .next()?
        .strip_prefix("--")?
        .trim_end_matches("...");
    let variable = format!("TRAILAUDIT_{}", long.replace('-', "_").to_uppercase());
    std::env::var_os(&variable)?;
    let short = short_of(&command(), long);
    let given = |word: &OsString| {
        let text = word.to_string_lossy();
        let rest = text.strip_prefix("--").and_then(|it| it.strip_prefix(long));
        rest.is_some_and(|it| it.is_empty() || it.starts_with('='))
            || short.is_some_and(|it| text.starts_with(&format!("-{it}")))
    };
    (!args.iter().any(given)).then_some(variable)
}

/// It asks for the help or the version: neither is a setting.
fn is_question(arg: &Arg) -> bool {
    matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    )
}

fn short_of(command: &clap::Command, long: &str) -> Option<char> {
    let own = command
        .get_arguments()
        .find(|it| it.get_long() == Some(long));
    own.and_then(Arg::get_short)
        .or_else(|| command.get_subcommands().find_map(|it| short_of(it, long)))
}

/// `--exit-zero`, and `--exit-zero=false` against a settings file that says otherwise.
fn bare(arg: Arg) -> Arg {
    match arg.get_value_names().is_some_and(|it| it == ["BOOL"]) {
        true => arg
            .value_parser(BoolishValueParser::new())
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .hide_possible_values(true)
            .hide_default_value(true),
        false => arg,
    }
}

fn with_variable(arg: Arg) -> Arg {
    let Some(long) = arg.get_long().filter(|_| !is_question(&arg)) else {
        return arg;
    };
    let variable = format!("TRAILAUDIT_{}", long.replace('-', "_").to_uppercase());
    let arg = if matches!(arg.get_action(), ArgAction::SetTrue) {
        arg.value_parser(BoolishValueParser::new())
    } else {
        bare(arg)
    };
    // Told once below the help, not on every line of it.
    arg.env(variable).hide_env(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn every_flag_of_a_run_has_a_variable() {
        let command = command();
        for name in ["scan", "collect", "verify", "report"] {
            for arg in command.find_subcommand(name).unwrap().get_arguments() {
                if arg.get_long().is_some() && arg.get_id() != "help" {
                    assert!(arg.get_env().is_some(), "{name} {}", arg.get_id());
                }
            }
        }
    }
}
