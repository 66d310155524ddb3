//! Hours and holes, and the calls that made them.

use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::digest::{Cause, Caused, Certainty, Hour, HourVerdict, Kind};
use trailaudit_checks::events::RestsOn;
use trailaudit_checks::inventory::Tool;

use super::rests_on::{minute, reason, write};
use super::sheet::Sheet;
use crate::chains::verdict;
use crate::text::page::{Margin, Page, Span as Words, Style, plain};
use crate::wording::{Headline, number};
use crate::{Format, Options, sanitize};

/// The answer of `events coverage`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Covered {
    /// The version of this form.
    pub schema: u32,
    /// Who says so.
    pub tool: Tool,
    /// Every chain.
    pub chains: Vec<CoveredChain>,
    /// Calls since which less was recorded, though the chains are whole.
    pub narrowings: Vec<Caused>,
    /// How many recorded calls may make a hole.
    pub searched: u64,
    /// All of them were compared.
    pub searched_all: bool,
    /// What the answer rests on.
    pub rests_on: RestsOn,
}

/// One chain.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CoveredChain {
    /// Its id.
    pub chain: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The trail.
    pub trail: String,
    /// The worst of its hours.
    pub verdict: HourVerdict,
    /// Its hours of delivery, those in a row of which the same is known as one.
    pub hours: Vec<Span>,
    /// What is missing or wrong, with its cause.
    pub holes: Vec<HoleTold>,
}

/// Hours in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Span {
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// How many hours, or parts of one.
    pub hours: u64,
    /// What is known of them.
    pub verdict: HourVerdict,
    /// Why no digest covers them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// One hole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HoleTold {
    /// What it is.
    pub kind: Kind,
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// The object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What it means here.
    pub detail: String,
    /// The call that made it; null: none was found in the record.
    pub cause: Option<Caused>,
}

/// The kinds of problems that leave something out.
pub const HOLES: &[Kind] = &[
    Kind::ChainGap,
    Kind::ChainRestart,
    Kind::ChainTimeDiscontinuity,
    Kind::ChainTailMissing,
    Kind::ChainMissing,
    Kind::DigestMissing,
    Kind::LogMissing,
    Kind::LogHashMismatch,
    Kind::LogCorrupt,
    Kind::LogTrailingData,
    Kind::LogUnlisted,
];

/// Hours of which the same is known, as one.
#[must_use]
pub fn spans(hours: &[Hour]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for hour in hours {
        match spans.last_mut() {
            Some(it)
                if (it.verdict, it.cause, it.end) == (hour.verdict, hour.cause, hour.start) =>
            {
                it.end = hour.end;
                it.hours += u64::from(hour.count.get());
            }
            _ => spans.push(Span {
                start: hour.start,
                end: hour.end,
                hours: u64::from(hour.count.get()),
                verdict: hour.verdict,
                cause: hour.cause,
            }),
        }
    }
    spans
}

/// The formats of coverage.
pub const COVERAGE_FORMATS: &[&Format<Covered>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: the hours of each chain, each hole and who made it",
        write: text,
    },
    &Format {
        name: "json",
        extension: "json",
        about: "The same for programs",
        write: |covered, _, out| sanitize::json(covered, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per hole and per run of hours",
        write: |covered, _, out| csv(covered, out),
    },
];

fn kebab(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// Holes of a chain that are listed; JSON has all.
const SHOWN: usize = 20;

fn text(covered: &Covered, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    let holes: usize = covered.chains.iter().map(|it| it.holes.len()).sum();
    let caused = covered.chains.iter().flat_map(|it| &it.holes);
    let caused = caused
        .filter(|hours| {
            hours
                .cause
                .as_ref()
                .is_some_and(|it| it.certainty == Certainty::Caused)
        })
        .count();
    let told = match (covered.chains.len(), holes) {
        (0, _) => "No chain of digests was found.".to_owned(),
        (chains, 0) => format!("{} chains of digests, no holes.", number(chains as u64)),
        (chains, holes) => format!(
            "{} chains of digests, {} holes; the record names the cause of {}.",
            number(chains as u64),
            number(holes as u64),
            number(caused as u64)
        ),
    };
    page.text(0, &told)?;
    for chain in &covered.chains {
        one(chain, &mut page)?;
    }
    if !covered.narrowings.is_empty() {
        page.heading("Since these calls less is recorded, or something else")?;
        for it in &covered.narrowings {
            cause(it, &mut page)?;
        }
    }
    if !covered.searched_all {
        page.text(0, "There are more calls that may make holes than are compared: a cause may be overlooked.")?;
    }
    write(&covered.rests_on, &mut page)?;
    out.flush()
}

fn one(chain: &CoveredChain, page: &mut Page<'_>) -> io::Result<()> {
    page.heading(&format!(
        "{} {} trail {}",
        chain.account, chain.region, chain.trail
    ))?;
    for span in &chain.hours {
        let why = span
            .cause
            .map(|it| format!(" ({})", reason(&kebab(&it))))
            .unwrap_or_default();
        let style = match span.verdict {
            HourVerdict::Verified => Style::Headline(Headline::Pass),
            HourVerdict::Unverified | HourVerdict::Gap => Style::Headline(Headline::Undecided),
            HourVerdict::Invalid => Style::Headline(Headline::Fail),
        };
        let hours = match span.hours {
            1 => "1 hour".to_owned(),
            hours => format!("{} hours", number(hours)),
        };
        page.item(
            Margin(2, 42),
            plain(&format!("{} to {}", minute(span.start), minute(span.end))),
            &[
                Words(style, verdict(span.verdict)),
                plain(&format!("{hours}{why}")),
            ],
        )?;
    }
    for hole in chain.holes.iter().take(SHOWN) {
        let place = match &hole.key {
            Some(key) => key.clone(),
            None => format!("{} to {}", minute(hole.start), minute(hole.end)),
        };
        page.item(
            Margin(2, 4),
            Words(Style::Strong, &kebab(&hole.kind)),
            &[plain(&place)],
        )?;
        match &hole.cause {
            Some(it) => cause(it, page)?,
            None => page.text(4, "no cause in the record")?,
        }
    }
    match chain
        .holes
        .len()
        .checked_sub(SHOWN)
        .filter(|hours| *hours > 0)
    {
        Some(more) => page.text(2, &format!("and {more} more holes; -f json lists all")),
        None => Ok(()),
    }
}

/// `caused by StopLogging at .. by ..`, as one sentence.
pub(super) fn cause_words(it: &Caused) -> String {
    let (certainty, text) = words_of(it);
    let undone = it.undone_by.as_ref().map(|undone| {
        format!(
            "; undone by {} at {}, by {} [{}]",
            undone.name, undone.time, undone.actor, undone.proof
        )
    });
    format!("{certainty} {text}{}", undone.unwrap_or_default())
}

/// How certain, and what.
fn words_of(it: &Caused) -> (&'static str, String) {
    let event = &it.event;
    let certainty = match it.certainty {
        Certainty::Caused => "caused by",
        Certainty::Possible => "possibly by",
        Certainty::Refused => "attempted by",
    };
    let error = event
        .error
        .as_ref()
        .map(|it| format!(", refused: {it}"))
        .unwrap_or_default();
    let detail = match it.detail.is_empty() {
        true => String::new(),
        false => format!(" ({})", it.detail),
    };
    let text = format!(
        "{} at {}{error}{detail}, by {} from {} [{}], event {}",
        event.name, event.time, it.actor, event.address, it.proof, event.id
    );
    (certainty, text)
}

fn cause(it: &Caused, page: &mut Page<'_>) -> io::Result<()> {
    let (certainty, text) = words_of(it);
    page.item(Margin(4, 6), plain(certainty), &[plain(&text)])?;
    if let Some(undone) = &it.undone_by {
        let text = format!(
            "{} at {}, by {} [{}], event {}",
            undone.name, undone.time, undone.actor, undone.proof, undone.id
        );
        page.item(Margin(4, 6), plain("undone by"), &[plain(&text)])?;
    }
    Ok(())
}

fn csv(covered: &Covered, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out);
    sheet.row(&[
        "row",
        "account",
        "region",
        "trail",
        "start",
        "end",
        "verdict",
        "why",
        "key",
        "certainty",
        "event",
        "event_time",
        "event_id",
        "actor",
        "address",
        "proof",
    ])?;
    for chain in &covered.chains {
        for span in &chain.hours {
            let why = span.cause.map(|it| kebab(&it)).unwrap_or_default();
            let (start, end) = (span.start.to_string(), span.end.to_string());
            let mut row = vec![
                "hours",
                &chain.account,
                &chain.region,
                &chain.trail,
                &start,
                &end,
                verdict(span.verdict),
                &why,
            ];
            row.extend([""; 8]);
            sheet.row(&row)?;
        }
        for hole in &chain.holes {
            let (start, end) = (hole.start.to_string(), hole.end.to_string());
            let kind = kebab(&hole.kind);
            let mut row = vec![
                "hole",
                &chain.account,
                &chain.region,
                &chain.trail,
                &start,
                &end,
                "",
                &kind,
                hole.key.as_deref().unwrap_or_default(),
            ];
            let (certainty, time);
            match &hole.cause {
                None => row.extend([""; 7]),
                Some(it) => {
                    certainty = kebab(&it.certainty);
                    time = it.event.time.to_string();
                    row.extend([
                        certainty.as_str(),
                        &it.event.name,
                        &time,
                        &it.event.id,
                        &it.actor,
                        &it.event.address,
                        &it.proof,
                    ]);
                }
            }
            sheet.row(&row)?;
        }
    }
    sheet.end()
}
