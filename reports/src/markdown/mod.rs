//! Markdown for GitHub: a step's summary, or a comment on a pull request.
//!
//! A comment may have 65,536 characters, a summary 1 MiB. The page keeps the smaller limit, counted in bytes,
//! so that it fits everywhere. Each section has its share of it, the open failures all that the others leave;
//! what does not fit is counted in its place and at the top.

pub(crate) mod sections;
pub(crate) mod words;

use std::io::{self, Write};
use std::iter;

use trailaudit_checks::audit::{Audit, answers};
use trailaudit_checks::finding::Severity;

use crate::ended::Ended;
use crate::shown::{LOUD, Shown};
use crate::wording::{self, Names, number};
use crate::{Format, Options};
use words::{code, text};

pub(crate) const FORMAT: Format = Format {
    name: "markdown",
    extension: "md",
    about: "For a step summary or a pull request comment, within their limits",
    write,
};

/// Marks the page, for whoever replaces an earlier comment by a later one.
const MARK: &str = "<!-- trailaudit -->";
/// What the head and the sections may fill. The rest is for the lines that say what does not fit.
const ROOM: usize = 62_000;
/// How many things to do first.
const FIRST: usize = 3;
/// The longest phrase of the head.
const PHRASE: usize = 300;

fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let names = Names::of(audit);
    let shown = Shown::of(audit, &options.listed);
    let mut page = head(audit);
    let change = sections::change(audit, &names, &shown);
    page.push_str(change.as_str());
    page.push_str(&answers(audit, options));
    let others = [
        sections::unknown(&names, &shown),
        sections::waived(&names, &shown),
        sections::quiet(&names, &shown),
        sections::chains(audit),
        sections::coverage(audit, &names),
        sections::asides(audit),
        sections::frameworks(audit),
        sections::checks(audit),
    ];
    let taken: usize = others.iter().map(|section| section.as_str().len()).sum();
    let room = ROOM.saturating_sub(page.len() + taken);
    let open = sections::open(audit, &names, &shown, room);
    let sections = || iter::once(&open).chain(&others);
    let cut: Vec<String> = sections().filter_map(sections::Section::cut).collect();
    if !cut.is_empty() {
        page.push_str(&format!(
            "\n> **This page is cut** to what a comment may hold. Left out: {}. The totals count them, the other \
             formats list them.\n",
            cut.join(", ")
        ));
    }
    if let Some(hidden) = options.listed.hidden(audit, &LOUD) {
        page.push_str(&format!("\n> {hidden}\n"));
    }
    for section in sections() {
        page.push_str(section.as_str());
    }
    page.push_str(&format!("\n{}\n", text(&wording::totals(audit), PHRASE)));
    out.write_all(page.as_bytes())?;
    out.flush()
}

/// The five answers, each with its first reason, and what to do first.
fn answers(audit: &Audit, options: &Options) -> String {
    let mut page = match wording::is_of_events(audit) {
        true => String::new(),
        false => questions(audit),
    };
    page.push_str(&first(audit, options));
    page
}

/// The five answers.
fn questions(audit: &Audit) -> String {
    let Some(trust) = answers::trust(&audit.answers) else {
        return format!("\n> {}\n", wording::NO_ANSWERS);
    };
    let trust = wording::answered(trust);
    let mut page = format!(
        "\n### Can this record be trusted? {}\n\n",
        trust.to_uppercase()
    );
    for it in &audit.answers {
        let waived = match wording::is_accepted(audit, it) {
            true => " (waived)",
            false => "",
        };
        let reason = it.reasons.first();
        let check = reason.and_then(|it| it.check.as_deref());
        let check = check.map_or_else(String::new, |id| format!("{} ", code(id, PHRASE)));
        page.push_str(&format!(
            "- {} **{}**{waived}: {check}{}\n",
            wording::asks(it.question),
            wording::answered(it.answer).to_uppercase(),
            text(reason.map_or("", |it| &it.message), PHRASE)
        ));
    }
    page
}

/// What to do first.
fn first(audit: &Audit, options: &Options) -> String {
    let mut page = String::new();
    let listed = &options.listed;
    let first = audit.do_first.iter();
    let first = first.filter(|it| listed.severity(it.severity) && listed.status(Ended::Fail));
    for (at, it) in first.take(FIRST).enumerate() {
        if at == 0 {
            page.push_str("\n### Do first\n\n");
        }
        page.push_str(&format!(
            "{}. **{}** {} ({}): {}\n",
            at + 1,
            it.severity.as_str().to_uppercase(),
            code(&it.check, PHRASE),
            wording::first_count(it),
            text(&it.remediation, 2 * PHRASE)
        ));
    }
    page
}

/// The verdict, the totals, and where they come from.
fn head(audit: &Audit) -> String {
    let (word, sentence) = wording::verdict(audit);
    let sum = &audit.summary;
    let whose = match &audit.scope.organization {
        Some(id) => format!("organization {}", code(id, PHRASE)),
        None => "no organization".to_owned(),
    };
    let severities = Severity::ALL.map(|severity| {
        let count = sum.by_severity.get(&severity).copied().unwrap_or(0);
        format!("{} {severity}", number(count))
    });
    format!(
        "{MARK}\n## CloudTrail: {}\n\n{sentence}.\n\n\
         | pass | fail | of these waived | unknown | not applicable |\n\
         | ---: | ---: | ---: | ---: | ---: |\n\
         | {} | {} | {} | {} | {} |\n\n\
         {}\
         - Open failures: {}\n\
         - Scope: {whose}; asked by {}\n\
         - Accounts: {}\n\
         - Regions: {}\n\
         - Facts of {}, judged {} by {}\n\
         - Result: {}\n{}",
        word.as_str(),
        number(sum.pass),
        number(sum.fail),
        number(sum.waived),
        number(sum.unknown),
        number(sum.not_applicable),
        wording::planned(audit).map_or_else(String::new, |against| format!(
            "- Plan: {}\n",
            text(&against, PHRASE)
        )),
        severities.join(", "),
        code(wording::caller(audit), PHRASE),
        wording::by_status(&wording::accounts(audit)),
        wording::by_status(&wording::regions(audit)),
        audit.started_at,
        audit.now,
        code(
            &format!("{} {}", audit.tool.name, audit.tool.version),
            PHRASE
        ),
        wording::exit(audit),
        wording::against(audit).map_or_else(String::new, |against| format!(
            "- Baseline: {}\n",
            text(&against, PHRASE)
        )),
    )
}
