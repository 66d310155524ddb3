//! Which rows are wanted, and how they are shown.

use trailaudit_checks::access::{Holder, Wanted, short};
use trailaudit_checks::text::glob;
use trailaudit_reports::access::View;

use crate::cli::{self, By};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Globs; none for all.
    pub principals: Vec<String>,
    /// Globs; none for all but reading.
    pub actions: Vec<String>,
    /// Globs; none for all.
    pub targets: Vec<String>,
    /// How rows are grouped.
    pub by: By,
    /// Each row in full.
    pub explain: bool,
}

impl Question {
    /// What the flags ask.
    #[must_use]
    pub fn of(flags: &cli::Access) -> Self {
        Self {
            principals: flags.principal.clone(),
            actions: flags.action.clone(),
            targets: flags.target.clone(),
            by: flags.by,
            explain: flags.explain,
        }
    }

    /// Reading is told only to those who name it.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            minor: !self.actions.is_empty(),
            indirect: true,
        }
    }

    /// How the rows are shown to people.
    pub(super) fn view(&self) -> View {
        let all = [&self.principals, &self.actions, &self.targets];
        View {
            narrow: all.iter().any(|globs| !globs.is_empty()),
            by_target: self.by == By::Target,
            explain: self.explain,
        }
    }

    pub(super) fn asks(&self, row: &Holder) -> bool {
        self.asks_of(&row.principal.id, row.action, &row.target)
    }

    pub(super) fn asks_of(&self, principal: &str, action: &str, target: &str) -> bool {
        let lower: Vec<String> = self.actions.iter().map(|it| it.to_lowercase()).collect();
        // By its ARN, as the table shows it, or by its name.
        let name = principal.rsplit('/').next().unwrap_or(principal);
        any(&self.principals, &[principal, &short(principal), name])
            && any(&lower, &[&action.to_lowercase()])
            && any(&self.targets, &[target])
    }
}

fn any(patterns: &[String], texts: &[&str]) -> bool {
    let matches = |pattern: &String| texts.iter().any(|text| glob(pattern, text));
    patterns.is_empty() || patterns.iter().any(matches)
}
