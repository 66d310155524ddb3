//! For a terminal or a log.

use std::io::{self, BufWriter, Write};

use trailaudit_checks::audit::compare::{Change, Comparison};

use super::{PARTS, coverage, message, side, step, verdict, warnings};
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::{self, number};
use crate::{Detail, Format, Options};

pub(crate) const FORMAT: Format<Comparison> = Format {
    name: "text",
    extension: "txt",
    about: "For people: what got worse, what is fixed, what else is not as before",
    write,
};

/// How many changes of one part are listed without `-v`. What got worse is always listed whole.
const MOST: usize = 20;

fn write(it: &Comparison, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    let (headline, word, sentence) = verdict(it);
    page.item(
        Margin(0, 0),
        Span(Style::Headline(headline), word),
        &[Span(Style::Strong, &sentence)],
    )?;
    for (label, words) in [
        ("before", side(&it.before)),
        ("after", side(&it.after)),
        ("findings", wording::changes(&it.counts)),
    ] {
        page.item(Margin(2, 12), Span(Style::Faint, label), &[plain(&words)])?;
    }
    for words in warnings(it) {
        page.item(Margin(2, 12), Span(Style::Strong, "note"), &[plain(&words)])?;
    }
    for (title, belongs) in PARTS {
        let all: Vec<&Change> = it.changes.iter().filter(|it| belongs(it)).collect();
        let most = match all_of(options) || title == "Worse" {
            true => all.len(),
            false => MOST,
        };
        if all.is_empty() {
            continue;
        }
        let count = number(all.len() as u64);
        page.heading(&format!("{}: {count}", title.to_uppercase()))?;
        for change in all.iter().take(most) {
            one(&mut page, change)?;
        }
        more(&mut page, all.len().saturating_sub(most))?;
    }
    if !it.coverage.is_empty() {
        page.heading("COVERAGE")?;
        let most = if all_of(options) { usize::MAX } else { MOST };
        // The worse first, and those are always told.
        let (worse, other): (Vec<_>, Vec<_>) = it.coverage.iter().partition(|it| it.worse);
        for change in worse.iter().chain(other.iter().take(most)) {
            page.item(Margin(2, 4), plain("-"), &[plain(&coverage(change))])?;
        }
        more(&mut page, other.len().saturating_sub(most))?;
    }
    out.flush()
}

/// Every change is listed.
fn all_of(options: &Options) -> bool {
    options.detail > Detail::Summary
}

fn one(page: &mut Page<'_>, change: &Change) -> io::Result<()> {
    let severity = change.severity();
    let level = severity.as_str().to_uppercase();
    let step = step(change);
    let body = [Span(Style::Strong, &change.check), plain(&step)];
    page.item(
        Margin(2, 12),
        Span(Style::Severity(severity), &level),
        &body,
    )?;
    page.text(12, &change.subject.id)?;
    page.text(12, message(change))
}

fn more(page: &mut Page<'_>, count: usize) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let words = format!(
        "and {} more: -v and -f json list them",
        number(count as u64)
    );
    page.item(Margin(2, 2), plain(""), &[Span(Style::Faint, &words)])
}
