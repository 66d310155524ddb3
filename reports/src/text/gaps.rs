//! What could not be told, and what of the population was not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use trailaudit_checks::coverage::{AccountStatus, RegionStatus};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::ids::AccountId;

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, account_word, more, region_word};
use crate::tell::{self, GapGroup, counted, number};

/// How many accounts, regions or answers are named.
const NAMED: usize = 5;
/// How many lines of the coverage are listed.
const LINES: usize = 20;

/// The unknown findings, by what stood in their way.
pub(super) fn unknown(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    if story.unknown.is_empty() {
        return Ok(());
    }
    let mut checks: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &story.unknown {
        *checks.entry(&finding.check).or_default() += 1;
    }
    let findings = counted(story.unknown.len() as u64, "finding");
    let of = counted(checks.len() as u64, "check");
    page.heading(&format!("COULD NOT BE TOLD: {findings} of {of}"))?;
    let groups = tell::gaps(story.unknown.iter().copied());
    for group in &groups {
        gap(page, story, group)?;
    }
    let checks: Vec<String> = checks
        .iter()
        .map(|(id, count)| format!("{id} ({})", number(*count)))
        .collect();
    page.blank()?;
    page.item(
        Margin(2, 4),
        plain(""),
        &[plain(&format!("Undecided: {}", checks.join(", ")))],
    )?;
    let denied = groups
        .iter()
        .filter(|group| group.reason == Some(Reason::Denied));
    let actions: BTreeSet<&str> = denied.filter_map(|group| group.action).collect();
    if !actions.is_empty() {
        let actions: Vec<&str> = actions.into_iter().collect();
        let words = format!(
            "To decide them, allow the auditing role: {}",
            actions.join(", ")
        );
        page.item(Margin(2, 4), plain(""), &[plain(&words)])?;
    }
    Ok(())
}

fn gap(page: &mut Page<'_>, story: &Story<'_>, group: &GapGroup<'_>) -> io::Result<()> {
    let findings = format!("({})", counted(group.findings, "finding"));
    let title = group.title();
    page.item(
        Margin(2, 4),
        plain("-"),
        &[Span(Style::Strong, &title), plain(&findings)],
    )?;
    let named = story.shown(NAMED);
    let accounts = few(
        group.accounts.iter().map(|it| story.names.account(it)),
        named,
    );
    let regions = few(group.regions.iter().map(ToString::to_string), named);
    let rows = [
        ("action", group.action.unwrap_or_default().to_owned()),
        ("accounts", accounts),
        ("regions", regions),
        ("answer", few(group.said.iter().cloned(), story.shown(1))),
    ];
    for (label, words) in rows.iter().filter(|(_, words)| !words.is_empty()) {
        page.item(Margin(4, 14), Span(Style::Faint, label), &[plain(words)])?;
    }
    Ok(())
}

/// The first of them by name, and how many more.
fn few(all: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let mut words = all.take(most).collect::<Vec<_>>().join(", ");
    if more > 0 {
        words.push_str(&format!(" and {} more", number(more as u64)));
    }
    words
}

/// The accounts and regions that were not fully assessed, and why; and what stays open.
pub(super) fn coverage(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let coverage = &story.audit.coverage;
    let mut lines: Vec<(String, String)> = Vec::new();
    for account in &coverage.accounts {
        if account.status != AccountStatus::Assessed {
            let who = format!("account {}", story.names.account(&account.id));
            lines.push((
                who,
                because(account_word(account.status), account.reason.as_deref()),
            ));
        }
    }
    let mut apart: BTreeMap<RegionStatus, (u64, BTreeSet<&AccountId>)> = BTreeMap::new();
    let mut regions: BTreeMap<(&AccountId, RegionStatus), Vec<_>> = BTreeMap::new();
    for region in &coverage.regions {
        match region.status {
            RegionStatus::Assessed => {}
            RegionStatus::NotEnabled | RegionStatus::Excluded => {
                let (count, accounts) = apart.entry(region.status).or_default();
                *count += 1;
                accounts.insert(&region.account);
            }
            RegionStatus::Partial | RegionStatus::Denied | RegionStatus::DeniedByScp => {
                regions
                    .entry((&region.account, region.status))
                    .or_default()
                    .push(region);
            }
        }
    }
    for ((account, status), regions) in regions {
        let names = few(
            regions.iter().map(|it| it.region.to_string()),
            story.shown(NAMED),
        );
        let why = regions.first().and_then(|it| it.reason.as_deref());
        let what = format!("regions of {}: {names}", story.names.account(account));
        lines.push((what, because(region_word(status), why)));
    }
    if lines.is_empty() && apart.is_empty() && coverage.notes.is_empty() {
        return Ok(());
    }
    page.heading("COVERAGE")?;
    let most = story.shown(LINES);
    for (what, why) in lines.iter().take(most) {
        page.item(Margin(2, 4), plain("-"), &[Span(Style::Strong, what)])?;
        page.text(4, why)?;
    }
    more(
        page,
        2,
        lines.len().saturating_sub(most),
        "accounts and regions",
    )?;
    for (status, (count, accounts)) in apart {
        let accounts = counted(accounts.len() as u64, "account");
        let words = format!(
            "{} of {accounts}: {}",
            counted(count, "region"),
            region_word(status)
        );
        page.item(Margin(2, 4), plain("-"), &[plain(&words)])?;
    }
    for note in &coverage.notes {
        page.item(Margin(2, 4), plain("-"), &[plain(note)])?;
    }
    Ok(())
}

fn because(status: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    }
}
