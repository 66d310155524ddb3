//! What an answer rests on, for people.

use std::io;

use jiff::Timestamp;
use trailaudit_checks::digest::HourVerdict;
use trailaudit_checks::events::{Open, RestsOn};

use crate::chains::verdict;
use crate::text::page::{Margin, Page, Span, Style, plain};
use crate::wording::number;

/// Hours in a row and objects that are listed; JSON has all.
const SHOWN: usize = 12;

/// `3 verified, 1 missing`: counts that are not zero; the first one always.
fn list(counts: &[(u64, &str)]) -> String {
    let told = counts
        .iter()
        .enumerate()
        .filter(|(at, (count, _))| *at == 0 || *count > 0);
    let told: Vec<String> = told
        .map(|(_, (count, word))| format!("{} {word}", number(*count)))
        .collect();
    told.join(", ")
}

/// The words of "none": how much was looked at, and that more cannot be said.
pub(super) fn among(rests_on: &RestsOn) -> String {
    let records = number(rests_on.records.all());
    match rests_on.window {
        Some(_) => format!(
            "{records} records of {} verified hours",
            number(rests_on.hours.verified)
        ),
        None => format!("{records} records of files, which nothing verifies"),
    }
}

/// Why hours are open, in words.
fn why(open: &Open) -> String {
    let words: Vec<&str> = open.why.iter().map(|it| reason(it)).collect();
    match words.is_empty() {
        true => "nothing is known of them".to_owned(),
        false => words.join("; "),
    }
}

/// A reason in words.
pub(super) fn reason(word: &str) -> &str {
    match word {
        "not-started" => "the chain begins later",
        "not-yet-delivered" => "not yet delivered",
        "logging-stopped" => "logging was stopped",
        "covered" => "recorded by another trail",
        "moved" => "stored in another place",
        "restart" => "the chain was restarted",
        "digest-missing" => "a digest is missing",
        "discontinuity" => "digests leave this time out",
        "tail-missing" => "the chain ends too early",
        "chain-missing" => "there are no digests",
        "elsewhere" => "the digests are in another place",
        "unknown" => "it cannot be told why",
        "digest-invalid" => "a digest is invalid",
        "log-invalid" => "a log is invalid, missing or unlisted",
        "late-logs" => "a later digest, which may list late logs, is missing or invalid",
        "not-delivered" => "not an object that CloudTrail delivered",
        "log-missing" => "a log is missing",
        "log-hash-mismatch" => "a log was altered",
        "log-corrupt" => "a log is damaged",
        "log-trailing-data" => "data was added to a log",
        "log-unread" => "a log could not be read",
        "log-unlisted" => "no digest lists it",
        "no-valid-digest" => "no valid digest lists it",
        "log-foreign-bucket" => "its digest lists it in another bucket",
        "older-version" => "an older version of the object was read",
        "event-history" => "from CloudTrail's event history, which nothing signs",
        "log-key-suspicious" => "its key is not one that CloudTrail writes",
        other => other,
    }
}

pub(super) fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    match text.strip_suffix(":00Z") {
        Some(minute) => format!("{minute}Z").replace('T', " "),
        None => text.replace('T', " "),
    }
}

/// The block at the end of every answer.
pub(super) fn write(rests_on: &RestsOn, page: &mut Page<'_>) -> io::Result<()> {
    page.heading("This answer rests on")?;
    let margin = Margin(2, 14);
    let mut row =
        |label: &str, text: &str| page.item(margin, Span(Style::Faint, label), &[plain(text)]);
    if let Some(window) = rests_on.window {
        row(
            "window",
            &format!("{} to {}", minute(window.start), minute(window.end)),
        )?;
        let hours = rests_on.hours;
        let counts = [
            (hours.verified, "verified"),
            (hours.gap, "gap"),
            (hours.invalid, "invalid"),
            (hours.unverified, "unverified"),
        ];
        row(
            "hours",
            &format!("{}, in {} chains", list(&counts), number(rests_on.chains)),
        )?;
    }
    let logs = rests_on.logs;
    let counts = [
        (logs.verified, "verified"),
        (logs.altered, "altered"),
        (logs.unlisted, "unlisted"),
        (logs.unverified, "unverified"),
        (logs.missing, "missing"),
        (logs.unread, "unread"),
        (logs.outside, "outside the window"),
    ];
    row("log files", &list(&counts))?;
    let records = rests_on.records;
    let counts = [
        (records.verified, "verified"),
        (records.altered, "altered"),
        (records.unlisted, "unlisted"),
        (records.unverified, "unverified"),
    ];
    row("records", &list(&counts))?;
    let categories: Vec<String> = rests_on
        .categories
        .iter()
        .map(|(name, count)| format!("{name} {}", number(*count)))
        .collect();
    let categories = match categories.is_empty() {
        true => "none seen".to_owned(),
        false => categories.join(", "),
    };
    row("categories", &categories)?;
    for it in &rests_on.not_logged {
        row("not logged", it)?;
    }
    if let Some(late) = rests_on.largest_lateness {
        row(
            "lateness",
            &format!(
                "at most {} min between an event and its delivery",
                number(late.unsigned_abs().div_ceil(60))
            ),
        )?;
    }
    if let (Some(until), Some(window)) = (rests_on.delivered_until, rests_on.window) {
        row(
            "read until",
            &format!(
                "{}: events before {} that were delivered later are not among these records",
                minute(until),
                minute(window.end)
            ),
        )?;
    }
    open(rests_on, page)?;
    objects(rests_on, page)
}

fn open(rests_on: &RestsOn, page: &mut Page<'_>) -> io::Result<()> {
    let all = rests_on.open.len() + rests_on.not_covered.len();
    if all == 0 {
        return Ok(());
    }
    page.heading("Nothing can be said for certain of")?;
    for place in &rests_on.not_covered {
        page.item(Margin(2, 4), plain(place), &[])?;
    }
    for it in rests_on.open.iter().take(SHOWN) {
        let place = format!("{} {}", it.account, it.region);
        let style = match it.verdict {
            HourVerdict::Invalid => Style::Strong,
            HourVerdict::Verified | HourVerdict::Unverified | HourVerdict::Gap => Style::Plain,
        };
        let text = format!(
            "{} to {}: {} ({})",
            minute(it.start),
            minute(it.end),
            verdict(it.verdict),
            why(it)
        );
        page.item(Margin(2, 4), Span(style, &place), &[plain(&text)])?;
    }
    more(rests_on.open.len(), page)
}

fn objects(rests_on: &RestsOn, page: &mut Page<'_>) -> io::Result<()> {
    if !rests_on.objects.is_empty() {
        page.heading("Log files that prove nothing")?;
    }
    for it in rests_on.objects.iter().take(SHOWN) {
        let place = match it.at.bucket.is_empty() {
            true => it.at.key.clone(),
            false => it.at.to_string(),
        };
        page.item(Margin(2, 4), plain(&place), &[])?;
        let mut text = it.verdict.clone();
        if it.why.strip_prefix("log-") != Some(it.verdict.as_str()) {
            text.push_str(&format!(": {}", reason(&it.why)));
        }
        if let Some(events) = it.events {
            text.push_str(&format!(
                "; by its digest it holds events from {} to {}",
                events.start, events.end
            ));
        }
        if it.and_more > 0 {
            text.push_str(&format!("; and {} more", number(it.and_more)));
        }
        page.text(4, &text)?;
    }
    more(rests_on.objects.len(), page)?;
    if !rests_on.problems.is_empty() {
        page.heading("Text that is not as CloudTrail writes it")?;
    }
    for it in rests_on.problems.iter().take(SHOWN) {
        let count = match it.count {
            1 => String::new(),
            count => format!(" (in {} log files, first here)", number(count)),
        };
        page.item(
            Margin(2, 4),
            plain(&it.key),
            &[plain(&format!("{}{count}", it.detail))],
        )?;
    }
    if !rests_on.unknown_fields.is_empty() {
        let names: Vec<String> = rests_on
            .unknown_fields
            .iter()
            .take(SHOWN)
            .map(|(name, count)| format!("{name} ({})", number(*count)))
            .collect();
        page.heading("Fields that CloudTrail does not document")?;
        page.list(Margin(2, 4), plain(""), &names)?;
        more(rests_on.unknown_fields.len(), page)?;
    }
    Ok(())
}

fn more(all: usize, page: &mut Page<'_>) -> io::Result<()> {
    match all.checked_sub(SHOWN).filter(|it| *it > 0) {
        Some(more) => page.text(2, &format!("and {more} more; -f json lists all")),
        None => Ok(()),
    }
}
