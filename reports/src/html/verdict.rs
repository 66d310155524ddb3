//! The top of the page: can this record be trusted, why not, what to do first.

use serde::Serialize;
use trailaudit_checks::audit::{Answer, Answered, Audit, answers};
use trailaudit_checks::finding::Severity;

use super::Story;
use super::page::{Page, SCRIPT, STYLE, hash};
use crate::ended::Ended;
use crate::wording::{self, counted, number};

/// How many reasons stand in the open; the others are a click away.
const REASONS: usize = 3;
/// How many things to do first.
const FIRST: usize = 3;

#[derive(Serialize)]
struct Top<'a> {
    style: &'static str,
    style_hash: String,
    script_hash: String,
    tool: String,
    now: String,
    facts: String,
    whose: String,
    caller: &'a str,
    accounts: String,
    regions: String,
    /// The five questions were part of the run.
    asked: bool,
    trust: Word,
    no_answers: Option<&'static str>,
    headline: &'static str,
    sentence: String,
    answers: Vec<Card<'a>>,
    totals: Vec<Total>,
    total: String,
    severities: Vec<(&'static str, String)>,
    first: Vec<First<'a>>,
    exit: String,
    selection: String,
    hidden: String,
}

#[derive(Serialize)]
struct Word {
    key: &'static str,
    symbol: &'static str,
    word: &'static str,
}

#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    asks: &'static str,
    said: Word,
    accepted: bool,
    reasons: Vec<Line<'a>>,
    more: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    check: Option<&'a str>,
    severity: Option<&'static str>,
    words: &'a str,
}

#[derive(Serialize)]
struct Total {
    key: &'static str,
    symbol: &'static str,
    word: &'static str,
    count: String,
    /// Where its part of the bar begins, and how wide it is, in thousandths.
    x: u64,
    width: u64,
}

#[derive(Serialize)]
struct First<'a> {
    check: &'a str,
    title: &'a str,
    severity: &'static str,
    count: String,
    fix: &'a str,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let audit = story.audit;
    let (headline, sentence) = wording::verdict(audit);
    let until = audit
        .finished_at
        .map_or_else(|| "cut off".to_owned(), |it| it.to_string());
    let severities = Severity::ALL.map(|severity| {
        let count = audit.summary.by_severity.get(&severity);
        (severity.as_str(), number(count.copied().unwrap_or(0)))
    });
    page.put(
        "verdict.html",
        Top {
            style: STYLE,
            style_hash: hash(STYLE),
            script_hash: hash(SCRIPT),
            tool: format!("{} {}", audit.tool.name, audit.tool.version),
            now: audit.now.to_string(),
            facts: format!("{} to {until}", audit.started_at),
            whose: wording::whose(audit),
            caller: wording::caller(audit),
            accounts: wording::by_status(&wording::accounts(audit)),
            regions: wording::by_status(&wording::regions(audit)),
            asked: !wording::is_of_events(audit),
            trust: answers::trust(&audit.answers).map_or(NOT_ANSWERED, word),
            no_answers: audit.answers.is_empty().then_some(wording::NO_ANSWERS),
            headline: headline.as_str(),
            sentence,
            answers: audit.answers.iter().map(|it| card(audit, it)).collect(),
            totals: totals(story),
            total: counted(audit.findings.len() as u64, "finding"),
            severities: severities.to_vec(),
            first: first(story),
            exit: [
                Some(wording::exit(audit)),
                wording::against(audit).map(|it| format!("baseline: {it}")),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
            selection: audit.scope.selection.join(" "),
            hidden: story.hidden(),
        },
    )
}

/// What stands for an answer where there are none.
const NOT_ANSWERED: Word = Word {
    key: "na",
    symbol: "\u{2013}",
    word: "not evaluated",
};

fn word(answered: Answered) -> Word {
    let (key, symbol) = match answered {
        Answered::Yes => ("pass", "\u{2713}"),
        Answered::No => ("fail", "\u{2715}"),
        Answered::Unknown => ("unknown", "?"),
        Answered::NotEvaluated => ("na", "\u{2013}"),
    };
    let word = wording::answered(answered);
    Word { key, symbol, word }
}

fn card<'a>(audit: &Audit, answer: &'a Answer) -> Card<'a> {
    let mut reasons = answer.reasons.iter().map(|reason| Line {
        check: reason.check.as_deref(),
        severity: reason.severity.map(Severity::as_str),
        words: &reason.message,
    });
    Card {
        name: wording::question(answer.question),
        asks: wording::asks(answer.question),
        said: word(answer.answer),
        accepted: wording::is_accepted(audit, answer),
        reasons: reasons.by_ref().take(REASONS).collect(),
        more: reasons.collect(),
    }
}

fn totals(story: &Story<'_>) -> Vec<Total> {
    let sum = &story.audit.summary;
    let parts = [
        (
            "fail",
            "\u{2715}",
            "open failures",
            sum.fail.saturating_sub(sum.waived),
        ),
        ("unknown", "?", "unknown", sum.unknown),
        ("waived", "\u{25c7}", "waived failures", sum.waived),
        ("pass", "\u{2713}", "pass", sum.pass),
        ("na", "\u{2013}", "not applicable", sum.not_applicable),
    ];
    let all: u64 = parts.iter().map(|(.., count)| count).sum();
    let scale = |count: u64| (count * 1_000).checked_div(all).unwrap_or(0);
    let mut before = 0;
    let part = |(key, symbol, word, count): (&'static str, &'static str, &'static str, u64)| {
        let x = scale(before);
        before += count;
        Total {
            key,
            symbol,
            word,
            count: number(count),
            x,
            width: scale(before) - x,
        }
    };
    parts.into_iter().map(part).collect()
}

fn first<'a>(story: &Story<'a>) -> Vec<First<'a>> {
    let first = story.audit.do_first.iter();
    let listed = &story.options.listed;
    let shown = first.filter(|it| listed.severity(it.severity) && listed.status(Ended::Fail));
    let told = shown.map(|it| First {
        check: &it.check,
        title: story.audit.check(&it.check).map_or("", |it| &it.title),
        severity: it.severity.as_str(),
        count: wording::first_count(it),
        fix: &it.remediation,
    });
    told.take(FIRST).collect()
}
