//! Can this record be trusted? The five answers, each with its weightiest reasons.

use std::io;

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, more};
use crate::answers::{self, Reason, Said};
use crate::tell::Headline;

/// How many reasons of one answer are told.
const REASONS: usize = 2;

/// The answers, at the top of the page.
pub(super) fn all(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let answers = answers::all(story.audit);
    let trust = answers::trust(&answers).as_str().to_uppercase();
    page.heading(&format!("CAN THIS RECORD BE TRUSTED? {trust}"))?;
    for answer in &answers {
        let label = format!("{:<11}", answer.question.as_str());
        let mut said = answer.said.as_str().to_uppercase();
        if answer.is_accepted() {
            said.push_str(" (waived)");
        }
        let asks = format!("- {}", answer.question.asks());
        let body = [Span(style(answer.said), &said), Span(Style::Faint, &asks)];
        page.item(Margin(2, 14), Span(Style::Strong, &label), &body)?;
        let most = story.at_most(REASONS);
        for it in answer.reasons.iter().take(most) {
            reason(page, it)?;
        }
        let left = answer.reasons.len().saturating_sub(most);
        more(page, 14, left, "reasons")?;
    }
    Ok(())
}

fn reason(page: &mut Page<'_>, reason: &Reason<'_>) -> io::Result<()> {
    match reason.check {
        Some(check) => {
            let level = check.severity.as_str();
            let body = [
                Span(Style::Severity(check.severity), level),
                Span(Style::Strong, &check.id),
                plain(&reason.words),
            ];
            page.item(Margin(14, 16), plain("-"), &body)
        }
        None => page.item(Margin(14, 16), plain("-"), &[plain(&reason.words)]),
    }
}

fn style(said: Said) -> Style {
    match said {
        Said::Yes => Style::Headline(Headline::Pass),
        Said::No => Style::Headline(Headline::Fail),
        Said::CannotTell => Style::Headline(Headline::Undecided),
        Said::NotAsked => Style::Faint,
    }
}
