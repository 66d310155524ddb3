//! Text: made to be read, at 80 columns and wider, with and without colour, in a log.
//!
//! The verdict first: five answers, and what to do first. Then two screens' worth: a line for each failing check, and
//! what could not be evaluated. Or, with details, the run, and the findings, worst first; what could not be evaluated,
//! what is accepted, what was not assessed, every check, and the controls. The verdict again at the end, where a log is
//! read from.

mod answers;
mod chains;
mod checks;
mod failures;
mod frameworks;
mod gaps;
pub(crate) mod page;
mod summary;

use std::io::{self, BufWriter, Write};

use trailaudit_checks::audit::{Audit, First};
use trailaudit_checks::finding::Severity;

use crate::ended::Ended;
use crate::shown::{LOUD, Shown};
use crate::wording::{self, Names, number};
use crate::{Detail, Format, Listed, Options};
use page::{Margin, Page, Span, Style, plain};

pub(crate) const FORMAT: Format = Format {
    name: "text",
    extension: "txt",
    about: "For people: the verdict, what to do first, then the findings, worst first",
    write,
};

fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    let story = Story::of(audit, options);
    verdict(&mut page, audit)?;
    answers::all(&mut page, &story)?;
    failures::first(&mut page, &story)?;
    match options.detail {
        Detail::Summary => summarized(&mut page, &story)?,
        Detail::Findings | Detail::Everything => detailed(&mut page, &story)?,
    }
    if let Some(hidden) = story.listed.hidden(audit, &LOUD) {
        page.blank()?;
        page.text(0, &hidden)?;
    }
    page.blank()?;
    page.text(0, &wording::totals(audit))?;
    if options.detail > Detail::Summary {
        verdict(&mut page, audit)?;
    }
    page.text(0, &wording::exit(audit))?;
    out.flush()
}

/// What fits two screens.
fn summarized(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    summary::failing(page, story)?;
    summary::causes(page, story)?;
    summary::others(page, story)?;
    summary::scope(page, story)?;
    frameworks::counts(page, story)
}

/// Each finding with its evidence.
fn detailed(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let audit = story.audit;
    covered(page, audit)?;
    failures::open(page, story)?;
    gaps::unknown(page, story)?;
    failures::waived(page, story)?;
    failures::quiet(page, story)?;
    for line in wording::waivers(audit) {
        page.text(2, &line)?;
    }
    chains::all(page, story)?;
    gaps::coverage(page, story)?;
    checks::all(page, audit)?;
    frameworks::all(page, story)
}

/// The audit, looked up once.
struct Story<'a> {
    audit: &'a Audit,
    names: Names<'a>,
    shown: Shown<'a>,
    detail: Detail,
    listed: &'a Listed,
}

impl<'a> Story<'a> {
    fn of(audit: &'a Audit, options: &'a Options) -> Self {
        Self {
            audit,
            names: Names::of(audit),
            shown: Shown::of(audit, &options.listed),
            detail: options.detail,
            listed: &options.listed,
        }
    }

    /// What to do first, as far as it is shown.
    fn first(&self) -> impl Iterator<Item = &'a First> + '_ {
        let first = self.audit.do_first.iter();
        let failures = self.listed.status(Ended::Fail);
        first.filter(move |it| failures && self.listed.severity(it.severity))
    }

    /// How many of so many are listed.
    fn at_most(&self, most: usize) -> usize {
        match self.detail {
            Detail::Everything => usize::MAX,
            Detail::Summary | Detail::Findings => most,
        }
    }
}

fn verdict(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let (headline, sentence) = wording::verdict(audit);
    let word = Span(Style::Headline(headline), headline.as_str());
    page.item(Margin(0, 0), word, &[Span(Style::Strong, &sentence)])
}

/// What the scan covered, the totals and the exit code, in some lines.
fn covered(page: &mut Page<'_>, audit: &Audit) -> io::Result<()> {
    let scope = &audit.scope;
    let severities = Severity::ALL.map(|severity| {
        let count = audit
            .summary
            .by_severity
            .get(&severity)
            .copied()
            .unwrap_or(0);
        format!("{} {severity}", number(count))
    });
    let until = audit.finished_at.map_or_else(
        || "unknown: the scan was interrupted".to_owned(),
        |it| it.to_string(),
    );
    let calls = &audit.coverage.calls;
    let unanswered = calls.failed.len() as u64;
    let rows = [
        (
            "scope",
            format!(
                "{}; scanned as {}",
                wording::whose(audit),
                wording::caller(audit)
            ),
        ),
        ("accounts", wording::by_status(&wording::accounts(audit))),
        ("regions", wording::by_status(&wording::regions(audit))),
        (
            "checks",
            format!(
                "{}; {}",
                number(audit.checks.len() as u64),
                wording::totals(audit)
            ),
        ),
        ("open", severities.join(", ")),
        (
            "API calls",
            format!("{} ({} failed)", number(calls.total), number(unanswered)),
        ),
        ("facts", format!("{} to {until}", audit.started_at)),
        (
            "evaluated",
            format!(
                "{} by {} {}",
                audit.now, audit.tool.name, audit.tool.version
            ),
        ),
        ("result", wording::exit(audit)),
    ];
    let baseline = wording::against(audit);
    let baseline = baseline.map(|words| ("baseline", words));
    page.heading("RUN")?;
    for (label, words) in rows.into_iter().chain(baseline) {
        page.item(Margin(2, 13), Span(Style::Faint, label), &[plain(&words)])?;
    }
    if !scope.selection.is_empty() {
        let words = scope.selection.join(" ");
        page.item(
            Margin(2, 13),
            Span(Style::Faint, "selected"),
            &[plain(&words)],
        )?;
    }
    Ok(())
}

/// That a list goes on.
fn more(page: &mut Page<'_>, indent: usize, count: usize, what: &str) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let words = format!("{} more {what} (in JSON and HTML)", number(count as u64));
    page.item(
        Margin(indent, indent),
        plain(""),
        &[Span(Style::Faint, &words)],
    )
}
