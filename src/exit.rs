//! How a run ends: the exit codes, and the one rule that picks among them.

use std::process::ExitCode;

use crate::files::NoTemporarySpace;

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

/// All that the exit code depends on, once something was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// The run was told to stop before it was done.
    pub interrupted: bool,
    /// A failing finding at or above the threshold has no waiver.
    pub failing: bool,
    /// An unknown at or above the threshold, an unreachable account, a denied region or a file that was cut
    /// off, and no accepted gap covers it.
    pub missing: bool,
    /// `--allow-incomplete`.
    pub allow_incomplete: bool,
    /// `--exit-zero`.
    pub exit_zero: bool,
}

/// The exit code of a run that judged. (4 and 2 come before: see [`Stop`].)
#[must_use]
pub fn decide(state: State) -> Exit {
    if state.interrupted {
        Exit::Interrupted
    } else if state.exit_zero {
        Exit::Clean
    } else if state.failing {
        Exit::Findings
    } else if state.missing && !state.allow_incomplete {
        Exit::Incomplete
    } else {
        Exit::Clean
    }
}

/// Why a run ended before anything was judged, or before everything was written.
#[derive(Debug)]
pub enum Stop {
    /// The user's to put right: exit 2.
    Usage(anyhow::Error),
    /// Not the user's words, but the world: exit 4.
    Fatal(anyhow::Error),
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
        }
    }

    /// What happened.
    #[must_use]
    pub fn error(&self) -> &anyhow::Error {
        match self {
            Stop::Usage(error) | Stop::Fatal(error) => error,
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

    /// Every state, by hand: interrupted, failing, missing, allow-incomplete, exit-zero, and the code.
    #[test]
    fn every_state() {
        const TABLE: [(u8, u8, u8, u8, u8, u8); 32] = [
            (0, 0, 0, 0, 0, 0),
            (0, 0, 0, 0, 1, 0),
            (0, 0, 0, 1, 0, 0),
            (0, 0, 0, 1, 1, 0),
            (0, 0, 1, 0, 0, 3),
            (0, 0, 1, 0, 1, 0),
            (0, 0, 1, 1, 0, 0),
            (0, 0, 1, 1, 1, 0),
            (0, 1, 0, 0, 0, 1),
            (0, 1, 0, 0, 1, 0),
            (0, 1, 0, 1, 0, 1),
            (0, 1, 0, 1, 1, 0),
            (0, 1, 1, 0, 0, 1),
            (0, 1, 1, 0, 1, 0),
            (0, 1, 1, 1, 0, 1),
            (0, 1, 1, 1, 1, 0),
            (1, 0, 0, 0, 0, 130),
            (1, 0, 0, 0, 1, 130),
            (1, 0, 0, 1, 0, 130),
            (1, 0, 0, 1, 1, 130),
            (1, 0, 1, 0, 0, 130),
            (1, 0, 1, 0, 1, 130),
            (1, 0, 1, 1, 0, 130),
            (1, 0, 1, 1, 1, 130),
            (1, 1, 0, 0, 0, 130),
            (1, 1, 0, 0, 1, 130),
            (1, 1, 0, 1, 0, 130),
            (1, 1, 0, 1, 1, 130),
            (1, 1, 1, 0, 0, 130),
            (1, 1, 1, 0, 1, 130),
            (1, 1, 1, 1, 0, 130),
            (1, 1, 1, 1, 1, 130),
        ];
        for (interrupted, failing, missing, allow, zero, code) in TABLE {
            let state = State {
                interrupted: interrupted == 1,
                failing: failing == 1,
                missing: missing == 1,
                allow_incomplete: allow == 1,
                exit_zero: zero == 1,
            };
            assert_eq!(decide(state).code(), code, "{state:?}");
        }
    }

    #[test]
    fn a_stop_has_its_code() {
        assert_eq!(Stop::usage("wrong").exit().code(), 2);
        assert_eq!(Stop::from(anyhow::anyhow!("broken")).exit().code(), 4);
    }
}
