//! Every check that was selected, fired or not, by how it ended.

use std::collections::BTreeMap;
use std::io;

use trailaudit_checks::audit::Audit;

use super::page::{Margin, Page, Span, Style};
use crate::ended::Ended;
use crate::tell::number;

/// Every check, in a few lines.
pub(super) fn all(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let mut worst: BTreeMap<&str, Ended> = BTreeMap::new();
    for finding in &audit.findings {
        let ended = Ended::of(finding);
        let worst = worst.entry(&finding.check).or_insert(ended);
        *worst = ended.min(*worst);
    }
    let mut groups: BTreeMap<Ended, Vec<String>> = BTreeMap::new();
    for check in &audit.checks {
        let ended = worst.get(check.id.as_str()).copied();
        let group = groups.entry(ended.unwrap_or(Ended::NoSubject)).or_default();
        group.push(check.id.clone());
    }
    if groups.is_empty() {
        return Ok(());
    }
    page.heading(&format!("CHECKS: {}", number(audit.checks.len() as u64)))?;
    for (ended, checks) in groups {
        let label = format!("{} {}", number(checks.len() as u64), ended.as_str());
        page.list(Margin(2, 22), Span(Style::Strong, &label), &checks)?;
    }
    Ok(())
}
