//! How bad something is. Imports nothing from its siblings, and can be moved along with any of them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a fail or a problem is; the worst is the greatest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A weakness that needs others to matter; or something could not be verified.
    Low,
    /// Weakens the logs; or is unusual, and AWS itself may be the cause.
    Medium,
    /// Events can be missed or lost; or part of the logs is not proved.
    High,
    /// Logs are missing, lost, altered, removed, or open to strangers.
    Critical,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::High,
        Self::Medium,
        Self::Low,
        Self::Info,
    ];

    /// So many steps worse; less than none for better.
    #[must_use]
    pub fn stepped(self, steps: i8) -> Self {
        let at = Self::ALL
            .iter()
            .position(|it| *it == self)
            .unwrap_or_default();
        let at = i64::try_from(at).unwrap_or_default() - i64::from(steps);
        let at = usize::try_from(at.max(0)).unwrap_or_default();
        Self::ALL.get(at).copied().unwrap_or(Self::Info)
    }

    /// As it stands in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_is_the_worst() {
        assert_eq!(Severity::ALL.iter().max(), Some(&Severity::Critical));
        assert!(Severity::ALL.is_sorted_by(|a, b| a > b));
        assert_eq!(Severity::High.stepped(1), Severity::Critical);
        assert_eq!(Severity::Critical.stepped(1), Severity::Critical);
        assert_eq!(Severity::High.stepped(-1), Severity::Medium);
        assert_eq!(Severity::Low.stepped(-100), Severity::Info);
    }
}
