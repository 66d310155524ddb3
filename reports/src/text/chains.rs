//! What the digests prove: each chain as a line of hours, then what is wrong, worst first.

use std::io;

use trailaudit_checks::digest::{Cause, Chain, Hour, HourVerdict, Problem, Severity};
use trailaudit_checks::finding::Severity as Level;

use super::page::{Margin, Page, Span, Style, plain};
use super::{Story, more};
use crate::chains;
use crate::wording::{Headline, counted, number};

/// How many chains and problems are listed.
const CHAINS: usize = 40;
const PROBLEMS: usize = 20;

/// Every chain, and every problem; or that none were verified.
pub(super) fn all(page: &mut Page<'_>, story: &Story<'_>) -> io::Result<()> {
    let (all, problems) = (&story.audit.chains, &story.audit.problems);
    if all.is_empty() && problems.is_empty() {
        return Ok(());
    }
    let of = counted(all.len() as u64, "chain");
    let wrong = counted(problems.len() as u64, "problem");
    page.heading(&format!("DIGEST CHAINS: {of}, {wrong}"))?;
    let legend = "Each sign is an hour: # verified, X invalid, . gap, ? unverified, - not due (before the chain, \
                  covered by another chain, or not yet delivered). More than 72 hours are drawn in columns that show their worst.";
    page.text(2, legend)?;
    let most = story.at_most(CHAINS);
    for chain in chains::worst_first(story.audit).into_iter().take(most) {
        one(page, chain)?;
    }
    more(page, 2, all.len().saturating_sub(most), "chains")?;
    if problems.is_empty() {
        return Ok(());
    }
    page.heading(&format!(
        "PROBLEMS OF CHAINS: {}",
        number(problems.len() as u64)
    ))?;
    let most = story.at_most(PROBLEMS);
    for it in problems.iter().take(most) {
        problem(page, it)?;
    }
    more(page, 2, problems.len().saturating_sub(most), "problems")
}

fn one(page: &mut Page<'_>, chain: &Chain) -> io::Result<()> {
    let word = chains::verdict(chain.verdict).to_uppercase();
    page.blank()?;
    let id = chain.id.to_string();
    page.item(
        Margin(2, 14),
        Span(style(chain.verdict), &word),
        &[Span(Style::Strong, &id)],
    )?;
    let window = chain.window;
    let line = line(&chain.hours);
    if !line.is_empty() {
        page.item(Margin(4, 14), Span(Style::Faint, "hours"), &[plain(&line)])?;
    }
    let rows = [
        ("window", format!("{} to {}", window.start, window.end)),
        ("found", chains::found(chain)),
        ("gaps", gaps(&chain.hours)),
    ];
    for (label, words) in rows.iter().filter(|(_, words)| !words.is_empty()) {
        page.item(Margin(4, 14), Span(Style::Faint, label), &[plain(words)])?;
    }
    Ok(())
}

fn style(verdict: HourVerdict) -> Style {
    Style::Headline(match verdict {
        HourVerdict::Verified => Headline::Pass,
        HourVerdict::Unverified => Headline::Undecided,
        HourVerdict::Gap | HourVerdict::Invalid => Headline::Fail,
    })
}

/// The hours, a day of 24 signs at a time; of a long window each sign shows the worst of several hours.
fn line(hours: &[Hour]) -> String {
    const WIDEST: usize = 72;
    let count = |hour: &Hour| usize::from(hour.count.get());
    let all: usize = hours.iter().map(count).sum();
    let each = all.div_ceil(WIDEST).max(1);
    let mut signs: Vec<char> = Vec::new();
    let mut before = 0;
    for hour in hours {
        let (own, after) = (sign(hour), before + count(hour));
        for column in before / each..after.div_ceil(each) {
            match signs.get_mut(column) {
                Some(worst) if "-#?.X".find(*worst) < "-#?.X".find(own) => *worst = own,
                Some(_) => {}
                None => signs.push(own),
            }
        }
        before = after;
    }
    let mut line = String::new();
    for (at, sign) in signs.into_iter().enumerate() {
        if at > 0 && at % 24 == 0 {
            line.push(' ');
        }
        line.push(sign);
    }
    line
}

fn sign(hour: &Hour) -> char {
    if hour.cause.is_some_and(Cause::is_expected) {
        return '-';
    }
    match hour.verdict {
        HourVerdict::Verified => '#',
        HourVerdict::Unverified => '?',
        HourVerdict::Gap => '.',
        HourVerdict::Invalid => 'X',
    }
}

/// From when until when there is no digest, and why.
fn gaps(hours: &[Hour]) -> String {
    let mut spans: Vec<(jiff::Timestamp, jiff::Timestamp, Cause)> = Vec::new();
    for hour in hours {
        let Some(cause) = hour.cause else { continue };
        match spans.last_mut() {
            Some((_, end, same)) if *end == hour.start && *same == cause => *end = hour.end,
            Some(_) | None => spans.push((hour.start, hour.end, cause)),
        }
    }
    let told = spans
        .iter()
        .map(|(start, end, cause)| format!("{start} to {end} ({})", why(*cause)));
    told.collect::<Vec<_>>().join(", ")
}

fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::NotStarted => "before the chain began",
        Cause::NotYetDelivered => "not yet delivered",
        Cause::LoggingStopped => "logging was stopped",
        Cause::Covered => "logging was stopped, another trail covers it",
        Cause::Moved => "delivered to another place, and linked",
        Cause::Restart => "the chain was restarted",
        Cause::DigestMissing => "digest missing",
        Cause::Discontinuity => "between two digests",
        Cause::TailMissing => "the chain ends early",
        Cause::ChainMissing => "no digest at all",
        Cause::Elsewhere => "in another bucket or prefix",
        Cause::Unknown => "cannot be told",
    }
}

fn problem(page: &mut Page<'_>, it: &Problem) -> io::Result<()> {
    let level = match it.severity {
        Severity::Info => Level::Info,
        Severity::Low => Level::Low,
        Severity::Medium => Level::Medium,
        Severity::High => Level::High,
        Severity::Critical => Level::Critical,
    };
    let kind = match serde_json::to_value(it.kind) {
        Ok(serde_json::Value::String(kind)) => kind,
        Ok(_) | Err(_) => String::new(),
    };
    let place = match (&it.key, &it.window) {
        (Some(key), _) => format!("s3://{}/{key}", it.bucket),
        (None, Some(window)) => format!("{} to {}", window.start, window.end),
        (None, None) => String::new(),
    };
    let upper = level.to_string().to_uppercase();
    page.blank()?;
    page.item(
        Margin(2, 12),
        Span(Style::Severity(level), &upper),
        &[Span(Style::Strong, &kind), plain(&place)],
    )?;
    let text = |it: &Option<String>| it.clone().unwrap_or_default();
    let rows = [
        ("what", it.detail.clone()),
        ("chain", text(&it.chain)),
        ("expected", text(&it.expected)),
        ("seen", text(&it.seen)),
        (
            "cause",
            it.cause
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        ),
    ];
    for (label, words) in rows.iter().filter(|(_, words)| !words.is_empty()) {
        page.item(Margin(4, 14), Span(Style::Faint, label), &[plain(words)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_signs_and_many_hours_show_their_worst() {
        let time = |hour: i64| jiff::Timestamp::from_second(hour * 3_600).unwrap();
        let hour = |at: i64, verdict, cause| Hour::new(time(at), time(at + 1), verdict, cause);
        let hours = [
            hour(0, HourVerdict::Gap, Some(Cause::NotStarted)),
            hour(1, HourVerdict::Verified, None),
            hour(2, HourVerdict::Gap, Some(Cause::DigestMissing)),
            hour(3, HourVerdict::Gap, Some(Cause::DigestMissing)),
            hour(4, HourVerdict::Invalid, None),
            hour(5, HourVerdict::Unverified, None),
        ];
        assert_eq!(line(&hours), "-#..X?");
        let told = gaps(&hours);
        assert!(told.contains("1970-01-01T02:00:00Z to 1970-01-01T04:00:00Z (digest missing)"));
        let mut many = vec![hour(0, HourVerdict::Verified, None); 144];
        many[100].verdict = HourVerdict::Invalid;
        let line = line(&many);
        assert_eq!(line.chars().filter(|sign| *sign == '#').count(), 71);
        assert_eq!(line.chars().filter(|sign| *sign == 'X').count(), 1);
    }

    #[test]
    fn hours_that_are_told_once_are_drawn_each() {
        let time = |hour: i64| jiff::Timestamp::from_second(hour * 3_600).unwrap();
        let hours = |from: i64, to: i64, verdict, cause| Hour {
            count: u16::try_from(to - from).unwrap().try_into().unwrap(),
            ..Hour::new(time(from), time(to), verdict, cause)
        };
        let gap = Some(Cause::DigestMissing);
        let few = [
            hours(0, 2, HourVerdict::Verified, None),
            hours(2, 5, HourVerdict::Gap, gap),
            hours(5, 6, HourVerdict::Invalid, None),
        ];
        assert_eq!(line(&few), "##...X");
        // A column is two hours: the third begins with the last verified one.
        let many = [
            hours(0, 5, HourVerdict::Verified, None),
            hours(5, 7, HourVerdict::Gap, gap),
            hours(7, 144, HourVerdict::Verified, None),
        ];
        let drawn = line(&many).replace(' ', "");
        assert_eq!(drawn, format!("##..{}", "#".repeat(68)));
    }
}
