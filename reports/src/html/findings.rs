//! Every check, the worst first, with what it said of whom.

use std::collections::BTreeMap;

use serde::Serialize;
use trailaudit_checks::finding::Finding;

use super::Story;
use super::checks::Told;
use super::page::Page;
use crate::ended::Ended;
use crate::wording::number;

/// How many failing checks are unfolded, and the rows that one of them may have.
const UNFOLDED: usize = 3;
const ROWS: usize = 60;

#[derive(Serialize)]
struct Head {
    checks: String,
    counts: Vec<(&'static str, &'static str, &'static str, String)>,
    hidden: String,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let mut by_check: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in story.shown() {
        by_check.entry(&finding.check).or_default().push(finding);
    }
    let worst = |check: &&trailaudit_checks::audit::CheckInfo| {
        let findings = by_check.get(check.id.as_str());
        let ends = findings.into_iter().flatten().map(|it| Ended::of(it));
        let ended = ends.min().unwrap_or(Ended::NoSubject);
        (ended, std::cmp::Reverse(check.severity))
    };
    let mut checks: Vec<_> = story.audit.checks.iter().collect();
    checks.sort_by_cached_key(worst);
    let mut counts: BTreeMap<Ended, u64> = BTreeMap::new();
    for check in &checks {
        *counts.entry(worst(check).0).or_default() += 1;
    }
    let counts = Ended::ALL.into_iter().filter_map(|ended| {
        let count = counts.get(&ended)?;
        Some((ended.key(), ended.symbol(), ended.as_str(), number(*count)))
    });
    page.put(
        "findings.html",
        Head {
            checks: number(checks.len() as u64),
            counts: counts.collect(),
            hidden: story.hidden(),
        },
    )?;
    let mut unfolded = 0;
    for check in checks {
        let findings = by_check.remove(check.id.as_str()).unwrap_or_default();
        let mut told = Told::of(story, check, &findings);
        told.open = told.fails() && unfolded < UNFOLDED && told.rows() <= ROWS;
        unfolded += usize::from(told.open);
        page.put("check.html", told)?;
    }
    page.put("end.html", ())
}
