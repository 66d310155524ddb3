//! What happened, in order: for people, spreadsheets and programs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::catalog;
use trailaudit_checks::events::RestsOn;
use trailaudit_checks::events::timeline::Episode;
use trailaudit_checks::finding::Severity;
use trailaudit_checks::inventory::{KeyEvents, Tool};

use super::CoveredChain;
use super::rests_on::{minute, reason};
use crate::Format;
use crate::wording::number;

mod data;
mod page;
mod text;

pub use data::TimelineAnswer;

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
        write: text::text,
    },
    &Format {
        name: "html",
        extension: "html",
        about: "For people: one page that opens offline, prints well and needs no scripts",
        write: |told, _, out| page::write(told, out),
    },
    &Format {
        name: "json",
        extension: "json",
        about: "One object: episodes, holes, key events, and what they rest on",
        write: |told, _, out| data::json(told, out),
    },
    &Format {
        name: "jsonl",
        extension: "jsonl",
        about: "One line per episode, for jq and other programs",
        write: |told, _, out| data::lines(told, out),
    },
    &Format {
        name: "csv",
        extension: "csv",
        about: "For spreadsheets: one line per write, refused call, kind of read and hole",
        write: |told, _, out| data::csv(told, out),
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
