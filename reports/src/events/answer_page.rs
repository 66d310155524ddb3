//! The answer of a question, or the records of a search, as one page.

use std::io::{self, BufWriter, Write};

use trailaudit_checks::events::Record;

use super::json::reason;
use super::page::{basis, begin, end, text, uncertain};
use super::rests_on::{among, reason as words};
use super::search::Told;
use super::{Asked, Found, Match, Verdict};
use crate::wording::number;

pub(super) fn write(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let title = match &found.asked {
        Some(asked) => {
            let argument = asked.argument.as_deref().unwrap_or_default();
            format!("CloudTrail logs: {} {argument}", asked.question)
        }
        None => "Records of CloudTrail logs".to_owned(),
    };
    begin(title.trim_end(), &mut out)?;
    match (&found.asked, &found.expression) {
        (Some(asked), _) => answer(asked, &mut out)?,
        (None, Some(expression)) => {
            writeln!(out, "<p>Where <code>{}</code></p>", text(expression))?;
        }
        (None, None) => {}
    }
    basis(&found.rests_on, &mut out)?;
    writeln!(out, "</header>")?;
    if let Some(asked) = &found.asked {
        sessions(asked, &mut out)?;
    }
    writeln!(out, "<section>\n<h2>Records</h2>\n<p>{}</p>", counts(found))?;
    if found.total > 0 {
        writeln!(
            out,
            "<div class=\"scroll\"><table class=\"records\">\n<thead><tr><th>Time</th><th>Call</th><th>By</th><th>On</th>\
             <th>From</th><th>Proof</th></tr></thead>\n<tbody>"
        )?;
        found.rows.each(&mut |it| one(it, &mut out))?;
        writeln!(out, "</tbody>\n</table></div>")?;
    }
    writeln!(out, "</section>")?;
    uncertain(&found.rests_on, &mut out)?;
    end(&found.tool, &mut out)
}

/// How many there are, and how many are shown.
fn counts(found: &Found) -> String {
    let among = among(&found.rests_on);
    let shown = found.limit.map_or(found.total, |it| it.min(found.total));
    let mut told = match (found.total, shown) {
        (0, _) => format!("None in {among}."),
        (total, shown) if shown < total => format!(
            "{} of {} matching records, in {among}.",
            number(shown),
            number(total)
        ),
        (total, _) => format!("{} matching records, in {among}.", number(total)),
    };
    if found.copies > 0 {
        let copies = number(found.copies);
        told.push_str(&format!(
            " {copies} copies that other trails delivered are not shown."
        ));
    }
    told
}

fn answer(asked: &Asked, out: &mut dyn Write) -> io::Result<()> {
    let (class, word) = match asked.verdict {
        Verdict::Found => ("found", "found"),
        Verdict::Absent => ("good", "absent, verified"),
        Verdict::Open => ("open", "open"),
        Verdict::CannotTell => ("open", "cannot tell"),
    };
    let search = match asked.search_finds_more {
        true => "These records and more",
        false => "The same records",
    };
    writeln!(
        out,
        "<p class=\"answer {class}\"><b>{word}</b> {}</p>\n<p>{search}: <code>{}</code></p>",
        text(&asked.answer),
        text(&asked.search)
    )
}

/// The sessions that were followed, each with its proof.
fn sessions(asked: &Asked, out: &mut dyn Write) -> io::Result<()> {
    if asked.sessions.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section>\n<h2>Sessions that were issued</h2>\n<ul class=\"plain\">"
    )?;
    for it in &asked.sessions {
        writeln!(
            out,
            "<li><time>{}</time> <b>{}</b> {} <span class=\"proof {proof}\">{proof}</span></li>",
            it.time,
            text(&it.of),
            text(&it.how()),
            proof = text(&it.proof),
        )?;
    }
    writeln!(out, "</ul>\n</section>")
}

fn one(it: &Match<'_>, out: &mut dyn Write) -> io::Result<()> {
    let proof = match reason(it) {
        Some(reason) => format!("{}: {}", it.proof.word(), words(reason)),
        None => it.proof.word().to_owned(),
    };
    let Some(record) = Record::read(it.raw) else {
        return writeln!(
            out,
            "<tr><td colspan=\"5\">a record that cannot be read, in {}</td><td>{}</td></tr>",
            text(it.key),
            text(&proof)
        );
    };
    let told = Told::of(&record);
    let service = told.source.strip_suffix(".amazonaws.com");
    let place = format!("{} {} {}", told.account, told.region, told.ip);
    writeln!(
        out,
        "<tr><td><time>{}</time></td><td>{}:<b>{}</b> <span class=\"error\">{}</span></td><td>{}</td><td>{}</td><td>{}</td>\
         <td class=\"proof {}\">{}</td></tr>",
        text(&told.time),
        text(service.unwrap_or(&told.source)),
        text(&told.name),
        text(&told.error),
        text(&told.who()),
        text(&told.resources.join(", ")),
        text(place.trim()),
        it.proof.word(),
        text(&proof)
    )
}
