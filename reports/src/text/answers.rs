//! Can these logs be trusted? The five answers, each with its most important reasons.

use std::io;

use trailaudit_checks::audit::{Answered, Reason, answers};

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, more};
use crate::Detail;
use crate::wording::{self, Headline};

/// How many reasons of one answer are listed.
const REASONS: usize = 2;

/// The answers, at the top of the page.
pub(super) fn all(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let audit = story.audit;
    if wording::is_of_events(audit) {
        return Ok(());
    }
    let Some(trust) = answers::trust(&audit.answers) else {
        page.heading("CAN THIS RECORD BE TRUSTED?")?;
        return page.text(2, wording::NO_ANSWERS);
    };
    let trust = wording::answered(trust).to_uppercase();
    page.heading(&format!("CAN THIS RECORD BE TRUSTED? {trust}"))?;
    for answer in &audit.answers {
        let label = format!("{:<11}", wording::question(answer.question));
        let mut said = wording::answered(answer.answer).to_uppercase();
        if wording::is_accepted(audit, answer) {
            said.push_str(" (waived)");
        }
        let asks = format!("- {}", wording::asks(answer.question));
        let body = [Span(style(answer.answer), &said), Span(Style::Faint, &asks)];
        page.item(Margin(2, 14), Span(Style::Strong, &label), &body)?;
        let most = match (story.detail, answer.answer) {
            // The failing checks stand right below.
            (Detail::Summary, Answered::No | Answered::Yes | Answered::NotEvaluated) => continue,
            (Detail::Summary, Answered::Unknown) => 1,
            (Detail::Findings | Detail::Everything, _) => story.at_most(REASONS),
        };
        for it in answer.reasons.iter().take(most) {
            reason(page, it)?;
        }
        let left = answer.reasons.len().saturating_sub(most);
        more(page, 14, left, "reasons")?;
    }
    Ok(())
}

fn reason(page: &mut Page<'_>, reason: &Reason) -> io::Result<()> {
    let mut body = Vec::new();
    if let Some(severity) = reason.severity {
        body.push(Span(Style::Severity(severity), severity.as_str()));
    }
    if let Some(check) = &reason.check {
        body.push(Span(Style::Strong, check));
    }
    body.push(plain(&reason.message));
    page.item(Margin(14, 16), plain("-"), &body)
}

fn style(answered: Answered) -> Style {
    match answered {
        Answered::Yes => Style::Headline(Headline::Pass),
        Answered::No => Style::Headline(Headline::Fail),
        Answered::Unknown => Style::Headline(Headline::Undecided),
        Answered::NotEvaluated => Style::Faint,
    }
}
