//! Which rows are wanted, and the rows as lines of CSV.

use std::io::{self, Write};

use trailaudit_checks::access::{Holder, Wanted, short, strength_word, word};
use trailaudit_checks::text::glob;

use super::Listing;
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

    /// Some rows only.
    pub(super) fn is_narrow(&self) -> bool {
        !self.principals.is_empty() || !self.actions.is_empty() || !self.targets.is_empty()
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

/// One line per row.
pub(super) fn csv(listing: &Listing, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "principal,kind,account,action,harm,severity,target,verdict,strength,direct,condition,path,statements"
    )?;
    for row in listing.holders.iter().chain(&listing.unknown) {
        let path: Vec<String> = row
            .path
            .iter()
            .map(|hop| format!("{} -> {}", hop.by, hop.to))
            .collect();
        let fields = [
            row.principal.id.as_str(),
            row.principal.kind.as_str(),
            row.principal.account.as_str(),
            row.action,
            row.harm.as_str(),
            row.severity.as_str(),
            &row.target,
            word(row.verdict),
            row.strength.map(strength_word).unwrap_or_default(),
            if row.direct { "true" } else { "false" },
            row.condition.as_deref().unwrap_or_default(),
            &path.join("; "),
            &row.statements.join("; "),
        ];
        let fields: Vec<String> = fields.iter().map(|it| quoted(it)).collect();
        writeln!(out, "{}", fields.join(","))?;
    }
    Ok(())
}

/// What a spreadsheet would take for a formula begins with a quote.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
