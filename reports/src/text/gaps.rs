//! What could not be evaluated, and what of the population was not assessed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use trailaudit_checks::coverage::{AccountStatus, RegionCoverage, RegionStatus};
use trailaudit_checks::fact::Reason;
use trailaudit_checks::ids::AccountId;

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, more};
use crate::gaps::{self, GapGroup};
use crate::wording::{account_word, counted, number, region_word};

/// How many accounts, regions or answers are named.
const NAMED: usize = 5;
/// How many lines of the coverage are listed.
const LINES: usize = 20;

/// The unknown findings, by what stood in their way.
pub(super) fn unknown(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    if story.shown.unknown.is_empty() {
        return Ok(());
    }
    let mut checks: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &story.shown.unknown {
        *checks.entry(&finding.check).or_default() += 1;
    }
    let findings = counted(story.shown.unknown.len() as u64, "finding");
    let of = counted(checks.len() as u64, "check");
    page.heading(&format!("COULD NOT BE EVALUATED: {findings} of {of}"))?;
    let groups = gaps::of(story.shown.unknown.iter().copied());
    for group in &groups {
        gap(page, story, group)?;
    }
    let checks = checks
        .iter()
        .map(|(id, count)| format!("{id} ({})", number(*count)));
    let checks: Vec<String> = checks.collect();
    page.blank()?;
    page.list(
        Margin(2, 4),
        plain("Checks that could not be evaluated:"),
        &checks,
    )?;
    let denied = groups
        .iter()
        .filter(|group| group.reason == Some(Reason::Denied));
    let actions: BTreeSet<&str> = denied.filter_map(|group| group.action).collect();
    if !actions.is_empty() {
        let actions: Vec<String> = actions.into_iter().map(str::to_owned).collect();
        page.list(Margin(2, 4), plain("Grant the auditing role:"), &actions)?;
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
    let named = story.at_most(NAMED);
    let accounts = few(
        group.accounts.iter().map(|it| story.names.account(it)),
        named,
    );
    let regions = few(group.regions.iter().map(ToString::to_string), named);
    let rows = [
        (
            "action",
            group.action.map(str::to_owned).into_iter().collect(),
        ),
        ("accounts", accounts),
        ("regions", regions),
        (
            "response",
            few(group.said.iter().cloned(), story.at_most(1)),
        ),
    ];
    for (label, words) in rows.iter().filter(|(_, words)| !words.is_empty()) {
        page.list(Margin(4, 14), Span(Style::Faint, label), words)?;
    }
    Ok(())
}

/// The first of them by name, and how many more.
fn few(all: impl ExactSizeIterator<Item = String>, most: usize) -> Vec<String> {
    let more = all.len().saturating_sub(most);
    let mut words: Vec<String> = all.take(most).collect();
    if more > 0 {
        words.push(format!("and {} more", number(more as u64)));
    }
    words
}

/// The accounts and regions that were not fully assessed, and why; and what stays open.
pub(super) fn coverage(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let coverage = &story.audit.coverage;
    let accounts = coverage
        .accounts
        .iter()
        .any(|it| it.status != AccountStatus::Assessed);
    let regions = coverage
        .regions
        .iter()
        .any(|it| it.status != RegionStatus::Assessed);
    if !accounts && !regions && coverage.notes.is_empty() {
        return Ok(());
    }
    page.heading("COVERAGE")?;
    accounts_of(page, story)?;
    regions_of(page, story)?;
    for note in &coverage.notes {
        page.item(Margin(2, 4), plain("-"), &[plain(note)])?;
    }
    Ok(())
}

fn accounts_of(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    // What should have been seen comes before what was not meant to be.
    let (mut missing, mut aside) = (Vec::new(), Vec::new());
    for account in &story.audit.coverage.accounts {
        match account.status {
            AccountStatus::Assessed => {}
            AccountStatus::Partial | AccountStatus::Unreachable => missing.push(account),
            AccountStatus::NotActive | AccountStatus::Former | AccountStatus::Excluded => {
                aside.push(account);
            }
        }
    }
    let most = story.at_most(LINES);
    for account in missing.iter().chain(&aside).take(most) {
        let who = format!("account {}", story.names.account(&account.id));
        page.item(Margin(2, 4), plain("-"), &[Span(Style::Strong, &who)])?;
        page.text(
            4,
            &because(account_word(account.status), account.reason.as_deref()),
        )?;
    }
    more(
        page,
        2,
        (missing.len() + aside.len()).saturating_sub(most),
        "accounts",
    )
}

fn regions_of(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let mut missing: BTreeMap<(&AccountId, RegionStatus), Vec<&RegionCoverage>> = BTreeMap::new();
    let mut aside: BTreeMap<RegionStatus, (u64, BTreeSet<&AccountId>)> = BTreeMap::new();
    for region in &story.audit.coverage.regions {
        match region.status {
            RegionStatus::Assessed => {}
            RegionStatus::Partial | RegionStatus::Denied | RegionStatus::DeniedByScp => {
                missing
                    .entry((&region.account, region.status))
                    .or_default()
                    .push(region);
            }
            RegionStatus::NotEnabled | RegionStatus::Excluded => {
                let (count, accounts) = aside.entry(region.status).or_default();
                *count += 1;
                accounts.insert(&region.account);
            }
        }
    }
    let most = story.at_most(LINES);
    for ((account, status), regions) in missing.iter().take(most) {
        let who = format!("regions of {}:", story.names.account(account));
        let named = few(
            regions.iter().map(|it| it.region.to_string()),
            story.at_most(NAMED),
        );
        page.item(
            Margin(2, 4),
            plain("-"),
            &[Span(Style::Strong, &who), plain(&named.join(", "))],
        )?;
        let reasons: BTreeSet<Option<&str>> =
            regions.iter().map(|it| it.reason.as_deref()).collect();
        for reason in reasons.iter().take(story.at_most(1)) {
            page.text(4, &because(region_word(*status), *reason))?;
        }
        more(
            page,
            4,
            reasons.len().saturating_sub(story.at_most(1)),
            "reasons",
        )?;
    }
    more(
        page,
        2,
        missing.len().saturating_sub(most),
        "sets of regions",
    )?;
    for (status, (count, accounts)) in aside {
        let accounts = counted(accounts.len() as u64, "account");
        let words = format!(
            "{} of {accounts}: {}",
            counted(count, "region"),
            region_word(status)
        );
        page.item(Margin(2, 4), plain("-"), &[plain(&words)])?;
    }
    Ok(())
}

fn because(status: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    }
}
