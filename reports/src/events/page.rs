//! Pages about records: one file that needs neither a network nor scripts, follows the reader's light or dark, and
//! prints.

use std::io::{self, Write};

use trailaudit_checks::events::RestsOn;
use trailaudit_checks::inventory::Tool;

use super::rests_on::{minute, reason};
use crate::chains::verdict;
use crate::sanitize;
use crate::wording::number;

/// The longest text that is shown whole.
const LONGEST: usize = 2_048;
/// Hours in a row that are listed; JSON has all.
const SHOWN: usize = 40;

const STYLE: &str = include_str!("../../templates/events.css");

/// Text of anybody, for an element or a quoted attribute.
pub(super) fn text(value: &str) -> String {
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

/// Everything before the heading.
pub(super) fn begin(title: &str, out: &mut dyn Write) -> io::Result<()> {
    let policy = crate::html::style_policy(STYLE);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src '{policy}'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
        title = text(title),
    )
}

/// Everything behind the last section.
pub(super) fn end(tool: &Tool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<footer>{} {}</footer>\n</body>\n</html>",
        text(&tool.name),
        text(&tool.version)
    )?;
    out.flush()
}

/// The period, and how much of it is verified.
pub(super) fn basis(rests_on: &RestsOn, out: &mut dyn Write) -> io::Result<()> {
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
    )
}

/// Hours, accounts and log files of which nothing can be said.
pub(super) fn uncertain(rests_on: &RestsOn, out: &mut dyn Write) -> io::Result<()> {
    let all = rests_on.open.len() + rests_on.not_covered.len() + rests_on.objects.len();
    if all == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "<section>\n<h2>Nothing can be said for certain of</h2>\n<ul class=\"plain\">"
    )?;
    for place in rests_on.not_covered.iter().take(SHOWN) {
        writeln!(out, "<li>{}</li>", text(place))?;
    }
    for it in rests_on.open.iter().take(SHOWN) {
        let why: Vec<&str> = it.why.iter().map(|it| reason(it)).collect();
        writeln!(
            out,
            "<li>{}/{} <time>{} to {}</time>: {} ({})</li>",
            text(&it.account),
            text(&it.region),
            minute(it.start),
            minute(it.end),
            verdict(it.verdict),
            text(&why.join("; "))
        )?;
    }
    for it in rests_on.objects.iter().take(SHOWN) {
        writeln!(
            out,
            "<li>log file {}: {}, {}</li>",
            text(&it.at.key),
            text(&it.verdict),
            text(reason(&it.why))
        )?;
    }
    let listed = [
        rests_on.open.len(),
        rests_on.not_covered.len(),
        rests_on.objects.len(),
    ];
    let more: usize = listed.iter().map(|it| it.saturating_sub(SHOWN)).sum();
    if more > 0 {
        writeln!(out, "<li>{more} more; JSON has all</li>")?;
    }
    writeln!(out, "</ul>\n</section>")
}
