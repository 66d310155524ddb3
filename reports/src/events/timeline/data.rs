//! The timeline for programs and spreadsheets.

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trailaudit_checks::events::RestsOn;
use trailaudit_checks::events::timeline::Episode;
use trailaudit_checks::inventory::{KeyEvents, Tool};

use super::super::sheet::Sheet;
use super::{Bar, Happened, in_order};
use crate::sanitize;

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

pub(super) fn json(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn lines(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
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

pub(super) fn csv(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
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
