//! How a run that evaluated something ends: the one rule that picks the exit code.

/// How a run ended. The code does not depend on the format of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Complete, and nothing unwaived at or above the threshold.
    Clean,
    /// At least one unwaived failing finding at or above the threshold.
    Findings,
    /// Nothing failed, but something in scope was not assessed, and no accepted gap covers it.
    Incomplete,
    /// It was told to stop.
    Interrupted,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Clean,
        Self::Findings,
        Self::Incomplete,
        Self::Interrupted,
    ];

    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Ending::Clean => 0,
            Ending::Findings => 1,
            Ending::Incomplete => 3,
            Ending::Interrupted => 130,
        }
    }

    /// The ending with this exit code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
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

/// The exit code of a run that judged. (4 and 2 come before anything is judged.)
#[must_use]
pub fn decide(state: State) -> Ending {
    if state.interrupted {
        Ending::Interrupted
    } else if state.exit_zero {
        Ending::Clean
    } else if state.failing {
        Ending::Findings
    } else if state.missing && !state.allow_incomplete {
        Ending::Incomplete
    } else {
        Ending::Clean
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
}
