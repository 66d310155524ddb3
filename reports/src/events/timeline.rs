//! What happened, in order: for people, spreadsheets and programs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::catalog;
use trailaudit_checks::events::RestsOn;
use trailaudit_checks::events::timeline::{Episode, Item};
use trailaudit_checks::finding::Severity;
use trailaudit_checks::inventory::{KeyEvents, Tool};

use super::CoveredChain;
use super::rests_on::{minute, reason, write};
use super::sheet::Sheet;
use super::timeline_page;
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::{Headline, number};
use crate::{Format, Options, sanitize};

/// Episodes in their order: too many to be held.
pub trait Told {
    /// Hands out each.
    fn each(&self, f: &mut dyn FnMut(&Episode) -> io::Result<()>) -> io::Result<()>;
}

/// The answer of `events timeline`.
pub struct Happened {
    /// The version of this form.
    pub schema: u32,
    /// Who says so.
    pub tool: Tool,
    /// What was asked for.
    pub expression: Option<String>,
    /// How many records are told.
    pub records: u64,
    /// How many episodes.
    pub episodes: u64,
    /// Records that are not told, by their class of noise.
    pub hidden: BTreeMap<String, u64>,
    /// Holes, with their causes.
    pub bars: Vec<Bar>,
    /// Key events, by check and subject.
    pub keys: Vec<KeyEvents>,
    /// The episodes.
    pub rows: Box<dyn Told>,
    /// What it rests on.
    pub rests_on: RestsOn,
}

impl std::fmt::Debug for Happened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} episodes of {:?}", self.episodes, self.expression)
    }
}

/// A time of which something is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Bar {
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What is missing.
    pub what: String,
    /// The call that made it, in words; null: none was found in the logs.
    pub cause: Option<String>,
    /// Its `eventID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

impl Bar {
    /// Hours that are open, and holes of chains with their causes.
    #[must_use]
    pub fn of(rests_on: &RestsOn, chains: &[CoveredChain]) -> Vec<Self> {
        let open = rests_on.open.iter().map(|it| {
            let words: Vec<&str> = it.why.iter().map(|it| reason(it)).collect();
            Self {
                start: it.start,
                end: it.end,
                account: it.account.clone(),
                region: it.region.clone(),
                what: format!("the log is not verified: {}", words.join("; ")),
                cause: None,
                event: None,
            }
        });
        let holes = chains.iter().flat_map(|chain| {
            chain.holes.iter().map(|it| Self {
                start: it.start,
                end: it.end,
                account: chain.account.clone(),
                region: chain.region.clone(),
                what: match &it.key {
                    Some(key) => format!("{} ({key})", it.detail),
                    None => it.detail.clone(),
                },
                cause: it.cause.as_ref().map(super::coverage::cause_words),
                event: it.cause.as_ref().map(|it| it.event.id.clone()),
            })
        });
        let holes: Vec<Self> = holes.collect();
        // Open hours have the cause of the hole that makes them so.
        let open = open.map(|mut bar| {
            let same = |it: &&Self| {
                let place = (&it.account, &it.region) == (&bar.account, &bar.region);
                place && it.cause.is_some() && it.start < bar.end && bar.start <= it.end
            };
            if let Some(hole) = holes.iter().find(same) {
                bar.cause.clone_from(&hole.cause);
                bar.event.clone_from(&hole.event);
            }
            bar
        });
        let open: Vec<Self> = open.collect();
        let mut all: Vec<Self> = open.into_iter().chain(holes).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Its time, in words.
    pub(super) fn when(&self) -> String {
        match self.start == self.end {
            true => minute(self.start),
            false => format!("{} to {}", minute(self.start), minute(self.end)),
        }
    }
}

/// The formats of a timeline.
pub const TIMELINE_FORMATS: &[&Format<Happened>] = &[
    &Format {
        name: "text",
        extension: "txt",
        about: "For people: episodes in order, writes and refused calls in full, holes with their causes",
        write: text,
    },
    &Format {
        name: "html",
        extension: "html",
        about: "For people: one page that opens offline, prints well and needs no scripts",
        write: |told, _, out| timeline_page::write(told, out),
    },
    &Format {
        name: "json",
        extension: "json",
        about: "One object: episodes, holes, key events, and what they rest on",
        write: |told, _, out| json(told, out),
    },
    &Format {
        name: "jsonl",
        extension: "jsonl",
        about: "One line per episode, for jq and other programs",
        write: |told, _, out| lines(told, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per write, refused call, kind of read and hole",
        write: |told, _, out| csv(told, out),
    },
];

/// Episodes and holes, by their beginning.
pub(super) fn in_order(
    told: &Happened,
    f: &mut dyn FnMut(Result<&Episode, &Bar>) -> io::Result<()>,
) -> io::Result<()> {
    let mut bars = told.bars.iter().peekable();
    told.rows.each(&mut |episode| {
        while let Some(bar) = bars.next_if(|it| episode.start.is_none_or(|start| it.start <= start))
        {
            f(Err(bar))?;
        }
        f(Ok(episode))
    })?;
    bars.try_for_each(|bar| f(Err(bar)))
}

/// Key events by their severity, the highest first; each in the order of its check and subject.
pub(super) fn by_severity(keys: &[KeyEvents]) -> Vec<(Severity, Vec<&KeyEvents>)> {
    let severity = |it: &KeyEvents| {
        let check = catalog::find(&it.check);
        check.map_or(Severity::Info, |check| check.severity.stepped(it.step))
    };
    let mut all: BTreeMap<Reverse<Severity>, Vec<&KeyEvents>> = BTreeMap::new();
    for it in keys {
        all.entry(Reverse(severity(it))).or_default().push(it);
    }
    all.into_iter().map(|(it, keys)| (it.0, keys)).collect()
}

/// Who did it, in words.
pub(super) fn who(episode: &Episode) -> String {
    match episode.session.is_empty() {
        true => episode.actor.clone(),
        false => format!("{}, session named {}", episode.actor, episode.session),
    }
}

/// Reads in words, those of most first.
pub(super) fn reads(episode: &Episode, most: usize) -> String {
    let mut all: Vec<(&String, &u64)> = episode.reads.iter().collect();
    all.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    let named: Vec<String> = all
        .iter()
        .take(most)
        .map(|(name, count)| match count {
            1 => (*name).clone(),
            count => format!("{name} x{}", number(**count)),
        })
        .collect();
    let more: u64 = all.iter().skip(most).map(|it| *it.1).sum::<u64>() + episode.more_reads;
    match more {
        0 => named.join(", "),
        more => format!("{} and {} more", named.join(", "), number(more)),
    }
}

/// What is hidden, in words; empty for nothing.
pub(super) fn hidden(told: &Happened) -> String {
    let all: u64 = told.hidden.values().sum();
    if all == 0 {
        return String::new();
    }
    let classes: Vec<String> = told
        .hidden
        .iter()
        .map(|(class, count)| format!("{class} {}", number(*count)))
        .collect();
    format!(
        "{} records are hidden as noise ({}); --noise show shows them.",
        number(all),
        classes.join(", ")
    )
}

fn text(told: &Happened, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    in_order(told, &mut |it| match it {
        Ok(episode) => one(episode, &mut page),
        Err(bar) => hole(bar, &mut page),
    })?;
    if told.episodes > 0 {
        page.blank()?;
    }
    page.text(
        0,
        &format!(
            "{} episodes of {} records.",
            number(told.episodes),
            number(told.records)
        ),
    )?;
    let hidden = hidden(told);
    if !hidden.is_empty() {
        page.text(0, &hidden)?;
    }
    for (severity, keys) in by_severity(&told.keys) {
        for key in keys {
            page.item(
                Margin(2, 38),
                Span(Style::Headline(Headline::Fail), &key.check),
                &[
                    Span(Style::Severity(severity), severity.as_str()),
                    plain(&key.sentence()),
                ],
            )?;
        }
    }
    write(&told.rests_on, &mut page)?;
    out.flush()
}

fn one(episode: &Episode, page: &mut Page<'_>) -> io::Result<()> {
    let when = match (episode.start, episode.end) {
        (Some(start), Some(end)) if start != end => format!("{start} to {end}"),
        (Some(start), _) => start.to_string(),
        (None, _) => "no time".to_owned(),
    };
    let style = match episode.proof.as_str() {
        "verified" | "version" => Style::Headline(Headline::Pass),
        _ => Style::Headline(Headline::Undecided),
    };
    let proof = format!("[{}]", episode.proof);
    let who = who(episode);
    page.item(
        Margin(0, 22),
        Span(Style::Strong, &when),
        &[plain(&who), Span(style, &proof)],
    )?;
    let margin = Margin(4, 9);
    let places = episode.places.join(", ");
    let from = episode.addresses.join(", ");
    for (label, value) in [("in", &places), ("from", &from)] {
        if !value.is_empty() {
            page.item(margin, Span(Style::Faint, label), &[plain(value)])?;
        }
    }
    for item in &episode.items {
        call(item, page)?;
    }
    if episode.more_items > 0 {
        let more = format!(
            "{} more writes and refused calls",
            number(episode.more_items)
        );
        page.text(4, &more)?;
    }
    let reads = reads(episode, 12);
    if !reads.is_empty() {
        page.item(margin, Span(Style::Faint, "read"), &[plain(&reads)])?;
    }
    Ok(())
}

fn call(item: &Item, page: &mut Page<'_>) -> io::Result<()> {
    let time = item.time.map_or_else(
        || "no time".to_owned(),
        |it| it.to_string().get(11..19).unwrap_or_default().to_owned(),
    );
    let keys = item.keys.join(" ");
    let mut body = vec![Span(Style::Strong, &item.name)];
    if !item.on.is_empty() {
        body.push(plain(&item.on));
    }
    if !item.error.is_empty() {
        body.push(Span(Style::Headline(Headline::Undecided), &item.error));
    }
    if !keys.is_empty() {
        body.push(Span(Style::Headline(Headline::Fail), &keys));
    }
    page.item(Margin(4, 9), Span(Style::Faint, &time), &body)
}

fn hole(bar: &Bar, page: &mut Page<'_>) -> io::Result<()> {
    let when = bar.when();
    let place = format!("{}/{}:", bar.account, bar.region);
    page.item(
        Margin(0, 22),
        Span(Style::Headline(Headline::Undecided), "===="),
        &[Span(Style::Strong, &when), plain(&place), plain(&bar.what)],
    )?;
    let cause = bar
        .cause
        .as_deref()
        .unwrap_or("no cause was found in the logs");
    page.item(Margin(4, 9), Span(Style::Faint, "cause"), &[plain(cause)])
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Head<'a> {
    schema: u32,
    tool: &'a Tool,
    #[serde(rename = "where")]
    expression: &'a Option<String>,
    records: u64,
    hidden: &'a BTreeMap<String, u64>,
    holes: &'a [Bar],
    key_events: &'a [KeyEvents],
    rests_on: &'a RestsOn,
}

/// The answer of `events timeline` in JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TimelineAnswer {
    /// The version of this form.
    schema: u32,
    /// Who says so.
    tool: Tool,
    /// What was asked for.
    #[serde(rename = "where")]
    expression: Option<String>,
    /// How many records are told.
    records: u64,
    /// Records that are not told, by their class of noise.
    hidden: BTreeMap<String, u64>,
    /// Holes, with their causes.
    holes: Vec<Bar>,
    /// Key events, by check and subject.
    key_events: Vec<KeyEvents>,
    /// What it rests on.
    rests_on: RestsOn,
    /// What happened, by the beginning.
    episodes: Vec<Episode>,
}

fn json(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let head = Head {
        schema: told.schema,
        tool: &told.tool,
        expression: &told.expression,
        records: told.records,
        hidden: &told.hidden,
        holes: &told.bars,
        key_events: &told.keys,
        rests_on: &told.rests_on,
    };
    let mut bytes = Vec::new();
    sanitize::pretty(&head, &mut bytes)?;
    out.write_all(bytes.strip_suffix(b"\n}").unwrap_or(&bytes))?;
    out.write_all(b",\n  \"episodes\": [")?;
    let mut first = true;
    told.rows.each(&mut |episode| {
        out.write_all(if first { b"\n    " } else { b",\n    " })?;
        first = false;
        Ok(sanitize::compact(episode, &mut out)?)
    })?;
    out.write_all(if first { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
    out.flush()
}

fn lines(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    in_order(told, &mut |it| {
        match it {
            Ok(episode) => sanitize::compact(&serde_json::json!({"episode": episode}), &mut out)?,
            Err(bar) => sanitize::compact(&serde_json::json!({"hole": bar}), &mut out)?,
        }
        out.write_all(b"\n")
    })?;
    out.flush()
}

fn csv(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out);
    sheet.row(&[
        "kind",
        "start",
        "end",
        "actor",
        "session",
        "proof",
        "name",
        "source",
        "count",
        "on",
        "error",
        "account",
        "region",
        "ip",
        "event_id",
        "key_events",
        "cause",
    ])?;
    let time = |it: Option<Timestamp>| it.map_or_else(String::new, |it| it.to_string());
    in_order(told, &mut |it| match it {
        Err(bar) => sheet.row(&[
            "hole",
            &bar.start.to_string(),
            &bar.end.to_string(),
            "",
            "",
            "",
            &bar.what,
            "",
            "",
            "",
            "",
            &bar.account,
            &bar.region,
            "",
            bar.event.as_deref().unwrap_or_default(),
            "",
            bar.cause
                .as_deref()
                .unwrap_or("no cause was found in the logs"),
        ]),
        Ok(episode) => {
            let (start, end) = (time(episode.start), time(episode.end));
            for item in &episode.items {
                let at = time(item.time);
                sheet.row(&[
                    "call",
                    &at,
                    &at,
                    &episode.actor,
                    &episode.session,
                    &item.proof,
                    &item.name,
                    &item.source,
                    "1",
                    &item.on,
                    &item.error,
                    &item.account,
                    &item.region,
                    &item.ip,
                    &item.id,
                    &item.keys.join(" "),
                    "",
                ])?;
            }
            let more = [
                (
                    "(further writes and refused calls)".to_owned(),
                    episode.more_items,
                ),
                ("(further reads)".to_owned(), episode.more_reads),
            ];
            let more = more.into_iter().filter(|(_, count)| *count > 0);
            let reads = episode
                .reads
                .iter()
                .map(|(name, count)| (name.clone(), *count));
            for (name, count) in reads.chain(more) {
                sheet.row(&[
                    "reads",
                    &start,
                    &end,
                    &episode.actor,
                    &episode.session,
                    &episode.proof,
                    &name,
                    "",
                    &count.to_string(),
                    "",
                    "",
                    &episode.places.join(" "),
                    "",
                    &episode.addresses.join(" "),
                    "",
                    "",
                    "",
                ])?;
            }
            Ok(())
        }
    })?;
    sheet.end()
}
