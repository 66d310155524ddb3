//! What the logs' own signatures prove: each chain of digests over its window.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use trailaudit_checks::digest::{Cause, Chain, Hour, HourVerdict, Problem};

use super::Story;
use super::page::Page;
use crate::wording::{counted, number};

/// How many spans and problems are told one by one.
const SPANS: usize = 6;
const PROBLEMS: usize = 500;
/// The width of a timeline.
const WIDTH: i64 = 1_000;

#[derive(Serialize)]
struct Chains<'a> {
    count: String,
    rows: Vec<Row>,
    problems: Vec<Told>,
    more_problems: String,
    asked: bool,
    how: &'a str,
}

/// Chains of one trail and account that look the same.
#[derive(Serialize)]
struct Row {
    account: String,
    name: String,
    trail: String,
    place: String,
    regions: String,
    window: [String; 2],
    verdict: (&'static str, &'static str, &'static str),
    bars: Vec<Bar>,
    words: String,
    spans: Vec<String>,
    digests: String,
    logs: String,
}

#[derive(Serialize)]
struct Bar {
    key: &'static str,
    x: i64,
    width: i64,
}

#[derive(Serialize)]
struct Told {
    kind: String,
    severity: String,
    place: String,
    object: String,
    detail: String,
    expected: String,
    seen: String,
    cause: String,
}

/// Hours with the same verdict, one after the other.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: Timestamp,
    end: Timestamp,
    verdict: HourVerdict,
    cause: Option<Cause>,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let (chains, problems) = (&story.audit.chains, &story.audit.problems);
    let more = problems.len().saturating_sub(PROBLEMS);
    page.put(
        "chains.html",
        Chains {
            asked: !chains.is_empty() || !problems.is_empty(),
            how: "No digest was verified in this run: scan with --verify-digests, or see trailaudit verify.",
            count: format!(
                "{}, {}",
                counted(chains.len() as u64, "chain"),
                counted(problems.len() as u64, "problem")
            ),
            rows: rows(story, chains),
            problems: problems.iter().take(PROBLEMS).map(problem).collect(),
            more_problems: if more > 0 {
                format!(
                    "And {} more: the JSON report has each of them.",
                    number(more as u64)
                )
            } else {
                String::new()
            },
        },
    )
}

fn rows(story: &Story<'_>, chains: &[Chain]) -> Vec<Row> {
    let mut groups: BTreeMap<_, Vec<&Chain>> = BTreeMap::new();
    for chain in chains {
        let id = &chain.id;
        let key = (
            // The worst first.
            std::cmp::Reverse(chain.verdict),
            &id.account,
            (&id.home_region, &id.trail, &id.bucket, &id.prefix),
            chain.window,
            spans(&chain.hours),
        );
        groups.entry(key).or_default().push(chain);
    }
    let row = |((.., spans), chains): ((_, _, _, _, Vec<Span>), Vec<&Chain>)| {
        let chain = *chains.first()?;
        Some(row(story, chain, &chains, &spans))
    };
    groups.into_iter().filter_map(row).collect()
}

fn row(story: &Story<'_>, chain: &Chain, chains: &[&Chain], spans: &[Span]) -> Row {
    let id = &chain.id;
    let account = id.account.as_str().into();
    let sum = |count: fn(&Chain) -> u64| chains.iter().map(|it| count(it)).sum::<u64>();
    let digests = [
        (sum(|it| it.digests.valid), "valid"),
        (sum(|it| it.digests.invalid), "invalid"),
        (sum(|it| it.digests.missing), "missing"),
        (sum(|it| it.digests.unverified), "unverified"),
    ];
    let logs = [
        (sum(|it| it.logs.valid), "valid"),
        (sum(|it| it.logs.invalid), "invalid"),
        (sum(|it| it.logs.missing), "missing"),
        (sum(|it| it.logs.unverified), "unverified"),
        (sum(|it| it.logs.unlisted), "unlisted"),
    ];
    let regions: Vec<&str> = chains.iter().map(|it| it.id.region.as_str()).collect();
    let notable = |it: &&Span| it.verdict != HourVerdict::Verified;
    let told = spans.iter().filter(notable).take(SPANS).map(|span| {
        format!(
            "{} to {}: {}",
            span.start,
            span.end,
            words(span.verdict, span.cause)
        )
    });
    let mut told: Vec<String> = told.collect();
    let more = spans.iter().filter(notable).count() - told.len();
    if more > 0 {
        told.push(format!("and {} more", number(more as u64)));
    }
    let place = if id.prefix.is_empty() {
        id.bucket.clone()
    } else {
        format!("{}/{}", id.bucket, id.prefix)
    };
    Row {
        name: story.names.get(&account).unwrap_or("").to_owned(),
        account: id.account.clone(),
        trail: format!("{} ({})", id.trail, id.home_region),
        place,
        regions: regions.join(", "),
        window: [chain.window.start.to_string(), chain.window.end.to_string()],
        verdict: mark(chain.verdict, None),
        bars: bars(chain, spans),
        words: lengths(spans),
        spans: told,
        digests: nonzero(&digests),
        logs: nonzero(&logs),
    }
}

fn spans(hours: &[Hour]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for hour in hours {
        match spans.last_mut() {
            Some(last)
                if (last.verdict, last.cause, last.end)
                    == (hour.verdict, hour.cause, hour.start) =>
            {
                last.end = hour.end;
            }
            Some(_) | None => spans.push(Span {
                start: hour.start,
                end: hour.end,
                verdict: hour.verdict,
                cause: hour.cause,
            }),
        }
    }
    spans
}

fn bars(chain: &Chain, spans: &[Span]) -> Vec<Bar> {
    let window = chain.window;
    let all = window.end.duration_since(window.start).as_secs().max(1);
    let at = |time: Timestamp| {
        let since = time.duration_since(window.start).as_secs();
        since.clamp(0, all).saturating_mul(WIDTH) / all
    };
    let bar = |span: &Span| Bar {
        key: mark(span.verdict, span.cause).0,
        x: at(span.start),
        // However short, it is seen.
        width: (at(span.end) - at(span.start)).max(3),
    };
    spans.iter().map(bar).collect()
}

/// `22 h verified, 2 h gap`.
fn lengths(spans: &[Span]) -> String {
    let mut sums: BTreeMap<(HourVerdict, Option<Cause>), SignedDuration> = BTreeMap::new();
    for span in spans {
        let sum = sums.entry((span.verdict, span.cause)).or_default();
        *sum = sum.saturating_add(span.end.duration_since(span.start));
    }
    let told = sums.iter().map(|((verdict, cause), sum)| {
        let minutes = u64::try_from(sum.as_mins()).unwrap_or(0);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        let length = match (hours, minutes) {
            (_, 0) => format!("{} h", number(hours)),
            (0, _) => format!("{minutes} min"),
            (_, _) => format!("{} h {minutes} min", number(hours)),
        };
        format!("{length} {}", words(*verdict, *cause))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// The name of a style, a sign and a word.
fn mark(verdict: HourVerdict, cause: Option<Cause>) -> (&'static str, &'static str, &'static str) {
    match verdict {
        HourVerdict::Verified => ("pass", "\u{2713}", "verified"),
        HourVerdict::Unverified => ("unknown", "?", "unverified"),
        HourVerdict::Gap if cause.is_some_and(Cause::is_expected) => {
            ("na", "\u{2013}", "nothing due")
        }
        HourVerdict::Gap => ("gap", "\u{25cc}", "gap"),
        HourVerdict::Invalid => ("fail", "\u{2715}", "invalid"),
    }
}

fn words(verdict: HourVerdict, cause: Option<Cause>) -> String {
    let (_, _, word) = mark(verdict, cause);
    let cause = match cause {
        None => return word.to_owned(),
        Some(Cause::NotStarted) => "the chain begins later",
        Some(Cause::NotYetDelivered) => "not yet delivered",
        Some(Cause::LoggingStopped) => "logging was stopped",
        Some(Cause::Covered) => "logging was stopped, another trail covers it",
        Some(Cause::Moved) => "delivered to another place, and linked",
        Some(Cause::Restart) => "the chain began anew",
        Some(Cause::DigestMissing) => "digest missing",
        Some(Cause::Discontinuity) => "the next digest begins later",
        Some(Cause::TailMissing) => "the chain ends too early",
        Some(Cause::ChainMissing) => "no digest at all",
        Some(Cause::Elsewhere) => "delivered elsewhere",
        Some(Cause::Unknown) => "cause not known",
    };
    format!("{word} ({cause})")
}

fn nonzero(counts: &[(u64, &str)]) -> String {
    let told = counts.iter().filter(|(count, _)| *count > 0);
    let told = told.map(|(count, word)| format!("{} {word}", number(*count)));
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        "none".to_owned()
    } else {
        told.join(", ")
    }
}

fn problem(problem: &Problem) -> Told {
    let word = |make: &dyn Fn() -> serde_json::Result<serde_json::Value>| {
        make()
            .ok()
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let window = problem
        .window
        .map(|it| format!("{} to {}", it.start, it.end));
    Told {
        kind: word(&|| serde_json::to_value(problem.kind)),
        severity: word(&|| serde_json::to_value(problem.severity)),
        place: format!("{}/{}", problem.account, problem.region),
        object: problem
            .key
            .clone()
            .or(window)
            .unwrap_or_else(|| problem.bucket.clone()),
        detail: problem.detail.clone(),
        expected: problem.expected.clone().unwrap_or_default(),
        seen: problem.seen.clone().unwrap_or_default(),
        cause: problem
            .cause
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    }
}
