//! Counts for people and spreadsheets.

use std::io::{self, Write};

use super::rests_on::{among, write};
use super::sheet::Sheet;
use super::{Counted, Row};
use crate::Options;
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::number;

/// Rows of text without `--top`; JSON and CSV have all.
const SHOWN: usize = 50;

pub(super) fn text(counted: &Counted, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options.width, options.color);
    let widest = counted
        .rows
        .iter()
        .map(|it| number(it.count).len())
        .max()
        .unwrap_or(0)
        .max(7);
    let margin = Margin(0, widest + 2);
    let by = counted.by.join(", ");
    let head = match (counted.over, counted.first) {
        (Some(_), _) => format!("time, {by}"),
        (None, true) => format!("{by}, first and last time"),
        (None, false) => by,
    };
    let records = format!("{:>widest$}", "records");
    page.item(
        margin,
        Span(Style::Strong, &records),
        &[Span(Style::Strong, &head)],
    )?;
    for row in counted.rows.iter().take(SHOWN) {
        let count = format!("{:>widest$}", number(row.count));
        let values: Vec<&str> = row
            .values
            .iter()
            .map(|it| it.as_deref().unwrap_or("(none)"))
            .collect();
        let mut told = Vec::new();
        if let Some(time) = row.time {
            told.push(time.to_string());
        }
        told.push(values.join(", "));
        if let (Some(first), Some(last), true) = (row.first, row.last, counted.first) {
            told.push(format!("{first} to {last}"));
        }
        page.item(margin, plain(&count), &[plain(&told.join("  "))])?;
    }
    let hidden: u64 = counted.rows.iter().skip(SHOWN).map(|it| it.count).sum();
    let rest = counted
        .groups
        .saturating_sub(counted.rows.len().min(SHOWN) as u64);
    if rest > 0 {
        let count = format!("{:>widest$}", number(counted.others + hidden));
        page.item(
            margin,
            plain(&count),
            &[Span(
                Style::Faint,
                &format!("in {} more groups; -f json lists all", number(rest)),
            )],
        )?;
    }
    page.blank()?;
    let among = among(&counted.rests_on);
    let told = match counted.records {
        0 => format!("None in {among}."),
        all => format!(
            "{} records in {} groups, in {among}.",
            number(all),
            number(counted.groups)
        ),
    };
    page.text(0, &told)?;
    for path in &counted.never_seen {
        page.text(
            0,
            &format!("No record has {path}: is it spelled as CloudTrail spells it?"),
        )?;
    }
    write(&counted.rests_on, &mut page)?;
    out.flush()
}

pub(super) fn csv(counted: &Counted, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::new(out);
    let mut head = vec!["time"];
    head.extend(counted.by.iter().map(String::as_str));
    head.extend(["records", "first", "last"]);
    sheet.row(&head)?;
    for Row {
        time,
        values,
        count,
        first,
        last,
    } in &counted.rows
    {
        let text =
            |time: &Option<jiff::Timestamp>| time.map(|it| it.to_string()).unwrap_or_default();
        let (time, first, last) = (text(time), text(first), text(last));
        let count = count.to_string();
        let mut row = vec![time.as_str()];
        row.extend(values.iter().map(|it| it.as_deref().unwrap_or_default()));
        row.extend([count.as_str(), &first, &last]);
        sheet.row(&row)?;
    }
    sheet.end()
}
