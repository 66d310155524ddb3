//! The selected frameworks, control by control, and the digest chains.

use std::collections::BTreeMap;
use std::io;

use trailaudit_checks::framework::{ControlResult, ControlStatus, FrameworkResult};

use super::Story;
use super::page::{Margin, Page, Span, Style, plain};
use crate::tell::{basis, control as word, counted, number};

/// Every framework; and how many chains there are, whose findings are among the others.
pub(super) fn all(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let (chains, problems) = (story.audit.chains.len(), story.audit.problems.len());
    if chains + problems > 0 {
        page.heading("DIGEST CHAINS")?;
        let chains = counted(chains as u64, "chain");
        let problems = counted(problems as u64, "problem");
        page.text(
            2,
            &format!("{chains}, {problems}; the JSON report has each of them"),
        )?;
    }
    for framework in &story.audit.frameworks {
        one(page, framework, story.verbose)?;
    }
    Ok(())
}

fn one(page: &mut Page<'_>, framework: &FrameworkResult, verbose: bool) -> io::Result<()> {
    let FrameworkResult {
        name,
        version,
        controls,
        ..
    } = framework;
    page.heading(&format!("FRAMEWORK: {name} {version}"))?;
    let mut counts: BTreeMap<ControlStatus, u64> = BTreeMap::new();
    for control in controls {
        *counts.entry(control.status).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(status, count)| format!("{} {}", number(*count), word(*status).0));
    let counts: Vec<String> = counts.collect();
    page.text(
        2,
        &format!(
            "{}: {}",
            counted(controls.len() as u64, "control"),
            counts.join(", ")
        ),
    )?;
    page.text(
        2,
        "Which checks support a control, and how they ended; whether it is met, an auditor says.",
    )?;
    for control in controls {
        row(page, control)?;
        if verbose {
            page.list(Margin(BESIDE, BESIDE), plain(""), &control.checks)?;
        }
    }
    Ok(())
}

/// The column beside the longest status.
const BESIDE: usize = 17;

fn row(page: &mut Page<'_>, control: &ControlResult) -> io::Result<()> {
    let (status, headline) = word(control.status);
    let style = headline.map_or(Style::Faint, Style::Headline);
    let checks = counted(control.checks.len() as u64, "check");
    let mut aside = format!("{checks}, {} with a pass", number(control.passed));
    if !control.not_selected.is_empty() {
        aside.push_str(&format!(
            ", {} not selected",
            number(control.not_selected.len() as u64)
        ));
    }
    aside.push_str("; ");
    aside.push_str(basis(control.basis));
    let title = format!("{}.", control.title);
    let body = [
        Span(Style::Strong, &control.id),
        plain(&title),
        Span(Style::Faint, &aside),
    ];
    page.item(Margin(2, BESIDE), Span(style, status), &body)
}
