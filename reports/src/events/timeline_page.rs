//! The timeline as one page: it needs neither a network nor scripts, follows the reader's light or dark, and prints.

use std::io::{self, BufWriter, Write};

use trailaudit_checks::events::timeline::{Episode, Item};

use super::timeline::{Bar, Happened, hidden, in_order, reads, who};
use crate::sanitize;
use crate::wording::number;

/// The longest text that is shown whole.
const LONGEST: usize = 2_048;

const STYLE: &str = include_str!("../../templates/timeline.css");

/// Text of anybody, for an element or a quoted attribute.
fn text(value: &str) -> String {
    let mut out = String::new();
    for c in sanitize::short(value, LONGEST).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn write(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let rests_on = &told.rests_on;
    let policy = crate::html::style_policy(STYLE);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src '{policy}'\">\n<meta name=\"viewport\" content=\"width=device-width, \
         initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>Timeline of CloudTrail \
         events</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>Timeline of CloudTrail events</h1>\n"
    )?;
    let window = rests_on.window.map_or_else(
        || "records of files, which nothing verifies".to_owned(),
        |it| format!("{} to {}", it.start, it.end),
    );
    let hours = &rests_on.hours;
    let open = hours.gap + hours.invalid + hours.unverified;
    writeln!(
        out,
        "<p>{}</p>\n<p class=\"{}\">{} hours verified, {} not; {} records verified, {} not. {}</p>",
        text(&window),
        if rests_on.complete { "good" } else { "open" },
        number(hours.verified),
        number(open),
        number(rests_on.records.verified),
        number(rests_on.records.all() - rests_on.records.verified),
        match rests_on.complete {
            true => "The logs of the whole period are verified.",
            false => "There may be more in the logs that are not verified.",
        }
    )?;
    if let Some(expression) = &told.expression {
        writeln!(out, "<p>Where <code>{}</code></p>", text(expression))?;
    }
    writeln!(
        out,
        "<p>{} episodes of {} records. {}</p>\n</header>",
        number(told.episodes),
        number(told.records),
        text(&hidden(told))
    )?;
    if !told.keys.is_empty() {
        writeln!(out, "<section>\n<h2>Key events</h2>\n<ul class=\"keys\">")?;
        for key in &told.keys {
            writeln!(
                out,
                "<li><b>{}</b> {}</li>",
                text(&key.check),
                text(&key.sentence())
            )?;
        }
        writeln!(out, "</ul>\n</section>")?;
    }
    writeln!(
        out,
        "<section>\n<h2>What happened</h2>\n<ol class=\"line\">"
    )?;
    in_order(told, &mut |it| match it {
        Ok(episode) => one(episode, &mut out),
        Err(bar) => hole(bar, &mut out),
    })?;
    writeln!(
        out,
        "</ol>\n</section>\n<footer>{} {}</footer>\n</body>\n</html>",
        text(&told.tool.name),
        text(&told.tool.version)
    )?;
    out.flush()
}

fn one(episode: &Episode, out: &mut dyn Write) -> io::Result<()> {
    let when = match (episode.start, episode.end) {
        (Some(start), Some(end)) if start != end => format!("{start} to {end}"),
        (Some(start), _) => start.to_string(),
        (None, _) => "no time".to_owned(),
    };
    let marked = episode.items.iter().any(|it| !it.keys.is_empty());
    writeln!(
        out,
        "<li class=\"episode{}\">\n<h3><time>{}</time> {} <span class=\"proof {}\">{}</span></h3>\n<p class=\"where\">{} from {}</p>",
        if marked { " marked" } else { "" },
        text(&when),
        text(&who(episode)),
        text(&episode.proof),
        text(&episode.proof),
        text(&episode.places.join(", ")),
        text(&match episode.addresses.is_empty() {
            true => "no address".to_owned(),
            false => episode.addresses.join(", "),
        })
    )?;
    if !episode.items.is_empty() {
        writeln!(out, "<table>")?;
        for item in &episode.items {
            call(item, out)?;
        }
        writeln!(out, "</table>")?;
    }
    if episode.more_items > 0 {
        writeln!(
            out,
            "<p>{} more writes and refused calls</p>",
            number(episode.more_items)
        )?;
    }
    let reads = reads(episode, 40);
    if !reads.is_empty() {
        writeln!(out, "<p class=\"reads\">Read: {}</p>", text(&reads))?;
    }
    writeln!(out, "</li>")
}

fn call(item: &Item, out: &mut dyn Write) -> io::Result<()> {
    let time = item.time.map_or_else(
        || "no time".to_owned(),
        |it| it.to_string().get(11..19).unwrap_or_default().to_owned(),
    );
    writeln!(
        out,
        "<tr><td>{}</td><td><b>{}</b></td><td>{}</td><td class=\"error\">{}</td><td class=\"key\">{}</td></tr>",
        text(&time),
        text(&item.name),
        text(&item.on),
        text(&item.error),
        text(&item.keys.join(" "))
    )
}

fn hole(bar: &Bar, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<li class=\"hole\"><h3><time>{}</time> {}/{}</h3><p>{}</p><p>Cause: {}</p></li>",
        text(&bar.when()),
        text(&bar.account),
        text(&bar.region),
        text(&bar.what),
        text(
            bar.cause
                .as_deref()
                .unwrap_or("no cause was found in the logs")
        )
    )
}
