//! The selected frameworks, control by control.

use std::io;

use trailaudit_checks::framework::{ControlResult, ControlStatus, FrameworkResult};

use super::Story;
use super::page::{Margin, Page, Span, Style, plain};
use crate::Detail;
use crate::wording::{self, Headline};

/// Every framework.
pub(super) fn all(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    for framework in &story.audit.frameworks {
        one(page, framework, story.detail == Detail::Everything)?;
    }
    Ok(())
}

/// The selected frameworks, each in a line.
pub(super) fn counts(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    if story.audit.frameworks.is_empty() {
        return Ok(());
    }
    page.heading("FRAMEWORKS")?;
    for framework in &story.audit.frameworks {
        let name = format!("{} {}", framework.name, framework.version);
        let counts = format!("- {}", wording::controls(framework));
        let body = [plain(&counts)];
        page.item(Margin(2, 4), Span(Style::Strong, &name), &body)?;
    }
    page.text(2, wording::NOT_A_VERDICT)
}

fn one(page: &mut Page<'_>, framework: &FrameworkResult, every: bool) -> io::Result<()> {
    let FrameworkResult {
        name,
        version,
        controls,
        ..
    } = framework;
    page.heading(&format!("FRAMEWORK: {name} {version}"))?;
    page.text(2, &wording::controls(framework))?;
    page.text(2, wording::NOT_A_VERDICT)?;
    for control in controls {
        row(page, control)?;
        if every {
            page.list(Margin(BESIDE, BESIDE), plain(""), &control.checks)?;
        }
    }
    Ok(())
}

/// The column beside the longest status.
const BESIDE: usize = 17;

fn row(page: &mut Page<'_>, control: &ControlResult) -> io::Result<()> {
    let style = headline(control.status).map_or(Style::Faint, Style::Headline);
    let aside = wording::control(control);
    let title = format!("{}.", control.title);
    let body = [
        Span(Style::Strong, &control.id),
        plain(&title),
        Span(Style::Faint, &aside),
    ];
    page.item(
        Margin(2, BESIDE),
        Span(style, wording::control_word(control.status)),
        &body,
    )
}

fn headline(status: ControlStatus) -> Option<Headline> {
    match status {
        ControlStatus::Failing => Some(Headline::Fail),
        ControlStatus::NotEvaluated => Some(Headline::Undecided),
        ControlStatus::Passing => Some(Headline::Pass),
        ControlStatus::NotCovered => None,
    }
}
