//! What fails: the first things to do, each check with its subjects, and what is waived.

use std::collections::BTreeMap;
use std::io;

use trailaudit_checks::audit::First;
use trailaudit_checks::finding::Finding;

use super::page::{Margin, Page, Span, Style, plain};
use super::summary::assessed;
use super::{Story, more};
use crate::Detail;
use crate::wording::{self, counted, number};

/// How many things to do first.
const FIRST: usize = 3;
/// How many subjects of one check are listed.
const SUBJECTS: usize = 10;
/// How many facts of one finding are listed.
const FACTS: usize = 5;

/// What to do first.
pub(super) fn first(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let most = story.at_most(FIRST);
    let first: Vec<&First> = story.first().take(most).collect();
    if first.is_empty() {
        return Ok(());
    }
    page.heading("DO FIRST")?;
    for (at, it) in first.into_iter().enumerate() {
        let label = format!("{}.", at + 1);
        let level = it.severity.as_str().to_uppercase();
        let count = format!("({})", wording::first_count(it));
        let body = [
            Span(Style::Severity(it.severity), &level),
            Span(Style::Strong, &it.check),
            plain(&count),
        ];
        page.item(Margin(2, 5), plain(&label), &body)?;
        page.text(5, &it.remediation)?;
    }
    Ok(())
}

/// Every open failure, grouped by check, then by what was seen.
pub(super) fn open(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    if story.shown.open.is_empty() {
        return Ok(());
    }
    let assessed = assessed(story);
    let count: usize = story.shown.open.values().map(Vec::len).sum();
    page.heading(&format!("OPEN FAILURES: {}", number(count as u64)))?;
    for (severity, id, findings) in story.shown.worst_first() {
        page.blank()?;
        let level = severity.as_str().to_uppercase();
        let fail = number(findings.len() as u64);
        let of = assessed.get(id).copied().unwrap_or(0);
        let count = format!("fails on {fail} of {}", number(of));
        let body = [Span(Style::Strong, id), plain(&count)];
        page.item(
            Margin(2, 12),
            Span(Style::Severity(severity), &level),
            &body,
        )?;
        let check = story.audit.check(id);
        if let Some(check) = check {
            field(page, "expected", &check.title)?;
            field(page, "why", &check.why)?;
        }
        subjects(page, story, &findings)?;
        if let Some(check) = check {
            field(page, "fix", &check.fix)?;
            if story.detail == Detail::Everything {
                for link in &check.references {
                    field(page, "see", link)?;
                }
            }
        }
    }
    Ok(())
}

fn field(page: &mut Page<'_>, label: &str, words: &str) -> io::Result<()> {
    page.item(Margin(4, 14), Span(Style::Faint, label), &[plain(words)])
}

/// Findings of one check: those with the same words and facts together, with the subjects they are said of.
fn subjects(page: &mut Page<'_>, story: &Story<'_>, findings: &[&Finding]) -> io::Result<()> {
    let mut groups: Vec<(&Finding, Vec<&Finding>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for finding in findings.iter().copied() {
        let key = format!("{}\n{}", finding.message, facts(finding).join("\n"));
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, group)) => group.push(finding),
            None => groups.push((finding, vec![finding])),
        }
    }
    let mut left = story.at_most(SUBJECTS);
    let mut listed = 0;
    for (said, group) in &groups {
        if left == 0 {
            break;
        }
        page.item(Margin(4, 6), plain("-"), &[plain(&said.message)])?;
        for finding in group.iter().take(left) {
            let subject = story.names.subject(&finding.subject);
            match wording::new(finding) {
                Some(new) => page.item(
                    Margin(6, 6),
                    plain(""),
                    &[Span(Style::Strong, new), plain(&subject)],
                )?,
                None => page.text(6, &subject)?,
            }
        }
        let shown = group.len().min(left);
        left -= shown;
        listed += shown;
        let facts = facts(said);
        for fact in facts.iter().take(story.at_most(FACTS)) {
            page.item(
                Margin(8, 10),
                Span(Style::Faint, "actual"),
                &[Span(Style::Faint, fact)],
            )?;
        }
        more(
            page,
            8,
            facts.len().saturating_sub(story.at_most(FACTS)),
            "facts",
        )?;
    }
    more(page, 4, findings.len() - listed, "failures of this check")
}

fn facts(finding: &Finding) -> Vec<String> {
    finding.evidence.iter().map(wording::evidence).collect()
}

/// What passes or does not apply, where it was asked for.
pub(super) fn quiet(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    for (ended, findings) in &story.shown.quiet {
        let count = number(findings.len() as u64);
        page.heading(&format!("{}: {count}", ended.as_str().to_uppercase()))?;
        for finding in findings {
            let subject = story.names.subject(&finding.subject);
            let body = [
                Span(Style::Severity(finding.severity), finding.severity.as_str()),
                Span(Style::Strong, &finding.check),
                plain(&subject),
            ];
            page.item(Margin(2, 4), plain("-"), &body)?;
            page.text(4, &finding.message)?;
        }
    }
    Ok(())
}

/// The accepted risks, each with its end; and the waivers that did not apply.
pub(super) fn waived(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let report = &story.audit.waivers;
    if !story.shown.waived.is_empty() {
        page.heading(&format!(
            "WAIVED: {}",
            number(story.shown.waived.len() as u64)
        ))?;
        let most = story.at_most(SUBJECTS);
        for finding in story.shown.waived.iter().take(most) {
            let level = finding.severity.as_str();
            let subject = story.names.subject(&finding.subject);
            let waiver = finding
                .waiver
                .as_deref()
                .map(wording::waiver)
                .unwrap_or_default();
            let body = [
                Span(Style::Severity(finding.severity), level),
                Span(Style::Strong, &finding.check),
                plain(&subject),
            ];
            page.item(Margin(2, 4), plain("-"), &body)?;
            page.text(4, &finding.message)?;
            page.text(4, &waiver)?;
        }
        more(
            page,
            2,
            story.shown.waived.len().saturating_sub(most),
            "waived failures",
        )?;
    }
    for (words, what) in [
        (&report.expired, "Expired waivers, which were ignored"),
        (&report.broad, "Broad waivers, which apply"),
        (&report.unused, "Waivers that match nothing"),
    ] {
        if !words.is_empty() {
            page.blank()?;
            page.text(0, &format!("{what}:"))?;
            for waiver in words {
                page.item(Margin(2, 4), plain("-"), &[plain(waiver)])?;
            }
        }
    }
    if report.accepted_gaps > 0 {
        page.blank()?;
        let count = counted(report.accepted_gaps, "unknown finding");
        page.text(
            0,
            &format!("Accepted gaps cover {count}: still unknown, but not a reason for exit 3."),
        )?;
    }
    Ok(())
}
