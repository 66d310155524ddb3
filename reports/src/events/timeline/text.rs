//! The timeline for a terminal.

use std::io::{self, Write};

use trailaudit_checks::events::timeline::{Episode, Item};

use super::super::rests_on::write;
use super::{Bar, Happened, by_severity, hidden, in_order, reads, who};
use crate::Options;
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::{Headline, number};

pub(super) fn text(told: &Happened, options: &Options, out: &mut dyn Write) -> io::Result<()> {
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
