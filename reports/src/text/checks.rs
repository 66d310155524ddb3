//! Every check that was selected, fired or not, by how it ended.

use std::io;

use trailaudit_checks::audit::Audit;

use super::page::{Margin, Page, Span, Style};
use crate::ended;
use crate::wording::number;

/// Every check, in a few lines.
pub(super) fn all(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let groups = ended::checks(audit);
    if groups.is_empty() {
        return Ok(());
    }
    page.heading(&format!("CHECKS: {}", number(audit.checks.len() as u64)))?;
    for (ended, checks) in groups {
        let label = format!("{} {}", number(checks.len() as u64), ended.as_str());
        let checks: Vec<String> = checks.into_iter().map(str::to_owned).collect();
        page.list(Margin(2, 22), Span(Style::Strong, &label), &checks)?;
    }
    Ok(())
}
