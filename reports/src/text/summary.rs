//! What fits two screens: each failing check on a line, and what to do about what could not be evaluated.

use std::collections::BTreeMap;
use std::io;

use trailaudit_checks::finding::{Finding, Severity, Status};
use unicode_width::UnicodeWidthStr;

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, more};
use crate::chains;
use crate::ended::Ended;
use crate::gaps::{self, Cause};
use crate::wording::{self, counted, number};

/// How many failing checks have a line of their own.
const CHECKS: usize = 56;
/// How many notes on waivers and coverage are listed.
const NOTES: usize = 5;
/// Where the id of a check stands: behind the longest severity.
const ID: usize = 12;

/// Each failing check: how bad, which, how often, and the first that it is about.
pub(super) fn failing(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let rows: Vec<(Severity, &str, Vec<&Finding>)> = story.shown.worst_first().collect();
    if rows.is_empty() {
        return Ok(());
    }
    let assessed = assessed(story);
    let counts: Vec<String> = rows
        .iter()
        .map(|(_, id, findings)| {
            let of = assessed.get(id).copied().unwrap_or_default();
            let fail = number(findings.len() as u64);
            let new = findings
                .iter()
                .filter(|it| wording::new(it).is_some())
                .count() as u64;
            match new {
                0 => format!("{fail} of {}", number(of)),
                new => format!("{fail} of {}, {} new", number(of), number(new)),
            }
        })
        .collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let id_width = widest(&mut rows.iter().map(|(_, id, _)| id.len()));
    let count_width = widest(&mut counts.iter().map(String::len));
    page.heading(&format!("FAILING CHECKS: {}", number(rows.len() as u64)))?;
    for ((severity, id, findings), count) in rows.iter().zip(&counts).take(CHECKS) {
        let told = format!("{id:id_width$}  {count:>count_width$}  ");
        let room = page.width().saturating_sub(ID + told.len());
        // One that is new says more than one that is known.
        let culprit = findings.iter().find(|it| wording::new(it).is_some());
        let first = culprit.or(findings.first()).map(|it| first(it, room));
        let level = severity.as_str().to_uppercase();
        page.columns(
            Margin(2, ID),
            Span(Style::Severity(*severity), &level),
            &[
                Span(Style::Strong, &told),
                plain(&first.unwrap_or_default()),
            ],
        )?;
    }
    let left = rows.iter().skip(CHECKS);
    let severities: Vec<Severity> = left.map(|(severity, _, _)| *severity).collect();
    if let Some(worst) = severities.first() {
        let count = number(severities.len() as u64);
        page.text(
            2,
            &format!("{count} more of severity {worst} or lower (use --details, JSON or HTML)"),
        )?;
    }
    Ok(())
}

/// What is no open failure and was asked for by its status: how often, by check.
pub(super) fn others(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let shown = &story.shown;
    let waived = (Ended::Waived, &shown.waived);
    let waived = Some(waived).filter(|(ended, _)| story.listed.names(*ended));
    let quiet = shown
        .quiet
        .iter()
        .map(|(ended, findings)| (*ended, findings));
    for (ended, findings) in waived.into_iter().chain(quiet) {
        let mut checks: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&Finding>> =
            BTreeMap::new();
        for finding in findings {
            let key = (std::cmp::Reverse(finding.severity), &*finding.check);
            checks.entry(key).or_default().push(finding);
        }
        let count = counted(findings.len() as u64, "finding");
        page.heading(&format!("{}: {count}", ended.as_str().to_uppercase()))?;
        let width = checks.keys().map(|(_, id)| id.len()).max();
        let width = width.unwrap_or_default();
        for ((severity, id), findings) in checks {
            let told = format!("{id:width$}  {:>4}  ", number(findings.len() as u64));
            let room = page.width().saturating_sub(ID + told.len());
            let first = findings.first().map(|it| first(it, room));
            let level = severity.0.as_str().to_uppercase();
            page.columns(
                Margin(2, ID),
                Span(Style::Severity(severity.0), &level),
                &[
                    Span(Style::Strong, &told),
                    plain(&first.unwrap_or_default()),
                ],
            )?;
        }
    }
    Ok(())
}

/// How many subjects each check was evaluated for.
pub(super) fn assessed<'a>(story: &Story<'a>) -> BTreeMap<&'a str, u64> {
    let mut assessed: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &story.audit.findings {
        if finding.status != Status::NotApplicable {
            *assessed.entry(&finding.check).or_default() += 1;
        }
    }
    assessed
}

/// The subject's name, and the message where there is room for some of it.
fn first(finding: &Finding, room: usize) -> String {
    let name = &finding.subject.name;
    let enough = name.width() + 24;
    match room > enough {
        true => format!("{name}: {}", finding.message),
        false => name.clone(),
    }
}

/// Whose logs they are, how much of the scope was assessed, and what else must be known to trust the answers.
pub(super) fn scope(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let audit = story.audit;
    page.heading("SCOPE")?;
    let rows = [
        ("of", wording::whose(audit)),
        ("accounts", wording::by_status(&wording::accounts(audit))),
        ("regions", wording::by_status(&wording::regions(audit))),
    ];
    let baseline = wording::against(audit).map(|words| ("baseline", words));
    let plan = wording::planned(audit).map(|words| ("plan", words));
    for (label, words) in rows.into_iter().chain(plan).chain(baseline) {
        page.item(Margin(2, 12), Span(Style::Faint, label), &[plain(&words)])?;
    }
    let mut ended: BTreeMap<&str, u64> = BTreeMap::new();
    for chain in &audit.chains {
        *ended.entry(chains::verdict(chain.verdict)).or_default() += 1;
    }
    if !ended.is_empty() {
        let words = format!("{} (--details shows the hours)", wording::by_status(&ended));
        let label = Span(Style::Faint, "chains");
        page.item(Margin(2, 12), label, &[plain(&words)])?;
    }
    for endpoint in &audit.scope.endpoints {
        let words = format!("custom endpoint {endpoint}: the responses are not proved to be AWS's");
        let label = Span(Style::Strong, "called");
        page.item(Margin(2, 12), label, &[plain(&words)])?;
    }
    let notes = wording::asides(audit);
    for note in notes.iter().take(NOTES) {
        page.item(Margin(2, 4), plain("-"), &[plain(note)])?;
    }
    let left = notes.len().saturating_sub(NOTES);
    more(page, 2, left, "notes")
}

/// What could not be evaluated, by its cause, each with the one thing to do about it.
pub(super) fn causes(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let causes = gaps::causes(story.shown.unknown.iter().copied());
    if causes.is_empty() {
        return Ok(());
    }
    let count = counted(story.shown.unknown.len() as u64, "finding");
    page.heading(&format!("COULD NOT BE EVALUATED: {count}"))?;
    for cause in &causes {
        let Cause {
            title, findings, ..
        } = cause;
        let count = format!("({})", counted(*findings, "finding"));
        let next = format!("{count}: {}", cause.next_step());
        page.item(
            Margin(2, 4),
            plain("-"),
            &[Span(Style::Strong, title), plain(&next)],
        )?;
    }
    Ok(())
}
