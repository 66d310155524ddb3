//! How a run ends: the exit codes.

use std::process::ExitCode;

use crate::files::NoTemporarySpace;
use trailaudit_checks::audit::Ending;
use trailaudit_checks::selection::BadChoice;
use trailaudit_checks::{catalog, framework};

use crate::suggest::hint;

/// The exit codes. They do not depend on the format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Complete, and nothing unwaived at or above `--fail-on`.
    Clean = 0,
    /// At least one unwaived failing finding at or above `--fail-on`.
    Findings = 1,
    /// Usage, configuration, waiver file or inventory is wrong; nothing was judged.
    Usage = 2,
    /// Nothing failed, but something in scope could not be seen, and no accepted gap covers it.
    Incomplete = 3,
    /// No credentials, no network, output not writable, internal error.
    Fatal = 4,
    /// A shard delivered nothing, and another attempt makes sense (EX_TEMPFAIL of sysexits.h).
    Again = 75,
    /// Interrupted; what was written says that it is incomplete.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// The code that the audit gives.
impl From<Ending> for Exit {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Clean => Exit::Clean,
            Ending::Findings => Exit::Findings,
            Ending::Incomplete => Exit::Incomplete,
            Ending::Interrupted => Exit::Interrupted,
        }
    }
}

/// The code that the audit says.
pub(crate) fn exit_of(code: u8) -> Exit {
    Ending::of_code(code).map_or(Exit::Fatal, Exit::from)
}

/// Why a run ended before anything was judged, or before everything was written.
#[derive(Debug)]
pub enum Stop {
    /// The user's to put right: exit 2.
    Usage(anyhow::Error),
    /// Not the user's words, but the world: exit 4.
    Fatal(anyhow::Error),
    /// It may go better another time: exit 75.
    Again(anyhow::Error),
}

impl Stop {
    /// A usage error in these words.
    pub fn usage(words: impl std::fmt::Display) -> Self {
        Self::Usage(anyhow::anyhow!("{words}"))
    }

    /// What came of reading an input: the user's to put right, unless this machine has no place for temporary files.
    #[must_use]
    pub fn input(error: anyhow::Error) -> Self {
        if error.chain().any(|it| it.is::<NoTemporarySpace>()) {
            Self::Fatal(error)
        } else {
            Self::Usage(error)
        }
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Stop::Usage(_) => Exit::Usage,
            Stop::Fatal(_) => Exit::Fatal,
            Stop::Again(_) => Exit::Again,
        }
    }

    /// What happened.
    #[must_use]
    pub fn error(&self) -> &anyhow::Error {
        match self {
            Stop::Usage(error) | Stop::Fatal(error) | Stop::Again(error) => error,
        }
    }
}

/// A choice of checks that selects nothing.
impl From<BadChoice> for Stop {
    fn from(bad: BadChoice) -> Self {
        match &bad {
            BadChoice::NoCheck(pattern) => {
                let all = catalog::all();
                let hint = hint(pattern, all.iter().map(|check| check.id));
                Self::usage(format!("{bad}{hint} `trailaudit list checks` lists all"))
            }
            BadChoice::NoFramework(id) => {
                let part = id.to_lowercase();
                let like: Vec<&str> = framework::ids().filter(|it| it.contains(&part)).collect();
                let hint = match like.is_empty() || part.is_empty() {
                    true => hint(id, framework::ids()),
                    false => format!("; did you mean one of {}?", like.join(", ")),
                };
                Self::usage(format!(
                    "{bad}{hint} `trailaudit list frameworks` lists all"
                ))
            }
            BadChoice::Nothing => Self::usage(bad),
            BadChoice::Broken(_) | BadChoice::BrokenNames(_) => Self::Fatal(bad.into()),
        }
    }
}

/// What is not known to be the user's to put right is fatal.
impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Fatal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_has_its_code() {
        for ending in Ending::ALL {
            assert_eq!(Exit::from(ending).code(), ending.code());
            assert_eq!(Ending::of_code(ending.code()), Some(ending));
        }
    }

    #[test]
    fn a_stop_has_its_code() {
        assert_eq!(Stop::usage("wrong").exit().code(), 2);
        assert_eq!(Stop::from(anyhow::anyhow!("broken")).exit().code(), 4);
    }
}
