//! The timeline as one page: it needs neither a network nor scripts, follows the reader's light or dark, and prints.

use std::io::{self, BufWriter, Write};

use trailaudit_checks::events::timeline::{Episode, Item};

use super::super::page::{basis, begin, end, text};
use super::{Bar, Happened, by_severity, hidden, in_order, reads, who};
use crate::wording::number;

pub(super) fn write(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    begin("Timeline of CloudTrail events", &mut out)?;
    basis(&told.rests_on, &mut out)?;
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
    key_events(told, &mut out)?;
    writeln!(
        out,
        "<section>\n<h2>What happened</h2>\n<ol class=\"line\">"
    )?;
    in_order(told, &mut |it| match it {
        Ok(episode) => one(episode, &mut out),
        Err(bar) => hole(bar, &mut out),
    })?;
    writeln!(out, "</ol>\n</section>")?;
    end(&told.tool, &mut out)
}

/// Key events, the most severe first.
fn key_events(told: &Happened, out: &mut dyn Write) -> io::Result<()> {
    if told.keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Key events</h2>")?;
    for (severity, keys) in by_severity(&told.keys) {
        writeln!(
            out,
            "<h3 class=\"severity\">{0}</h3>\n<ul class=\"keys {0}\">",
            severity.as_str()
        )?;
        for key in keys {
            writeln!(
                out,
                "<li><b>{}</b> {}</li>",
                text(&key.check),
                text(&key.sentence())
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
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
        writeln!(out, "<div class=\"scroll\"><table>")?;
        for item in &episode.items {
            call(item, out)?;
        }
        writeln!(out, "</table></div>")?;
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
