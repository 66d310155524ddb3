//! Accepted risks, each with the days it has left; and the waivers that did not apply.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use trailaudit_checks::finding::{AppliedWaiver, Finding};

use super::Story;
use super::page::Page;
use crate::wording::counted;

/// From so few days left on, a date is pointed out.
const SOON: i64 = 30;

#[derive(Serialize)]
struct Waivers<'a> {
    rows: Vec<Row<'a>>,
    expired: &'a [String],
    broad: &'a [String],
    unused: &'a [String],
    accepted_gaps: String,
    today: String,
}

#[derive(Serialize)]
struct Row<'a> {
    check: &'a str,
    severity: &'static str,
    subject: String,
    message: &'a str,
    reason: &'a str,
    approver: &'a str,
    ticket: &'a str,
    expires: &'a str,
    left: String,
    soon: bool,
}

pub(super) fn write(page: &mut Page<'_>, story: &Story<'_>) -> std::io::Result<()> {
    let report = &story.audit.waivers;
    let today = story.audit.now;
    let rows = story.shown().filter_map(|finding| {
        let waiver = finding.waiver.as_ref()?;
        Some(row(story, finding, waiver, today))
    });
    let mut rows: Vec<Row<'_>> = rows.collect();
    // The next to end comes first.
    rows.sort_by_key(|it| it.expires);
    page.put(
        "waivers.html",
        Waivers {
            rows,
            expired: &report.expired,
            broad: &report.broad,
            unused: &report.unused,
            accepted_gaps: if report.accepted_gaps > 0 {
                counted(report.accepted_gaps, "unknown finding")
            } else {
                String::new()
            },
            today: today.to_zoned(TimeZone::UTC).date().to_string(),
        },
    )
}

fn row<'a>(
    story: &Story<'_>,
    finding: &'a Finding,
    waiver: &'a AppliedWaiver,
    now: Timestamp,
) -> Row<'a> {
    let days = days_left(&waiver.expires, now);
    Row {
        check: &finding.check,
        severity: finding.severity.as_str(),
        subject: story.names.subject(&finding.subject),
        message: &finding.message,
        reason: &waiver.reason,
        approver: &waiver.approver,
        ticket: waiver.ticket.as_deref().unwrap_or(""),
        expires: &waiver.expires,
        left: match days {
            None => "not a date".to_owned(),
            Some(days @ ..0) => format!("over for {}", counted(days.unsigned_abs(), "day")),
            Some(0) => "ends today".to_owned(),
            Some(days) => counted(days.unsigned_abs(), "day"),
        },
        soon: days.is_none_or(|days| days <= SOON),
    }
}

/// How many days come after today, UTC, through the day it names.
fn days_left(expires: &str, now: Timestamp) -> Option<i64> {
    let expires: Date = expires.parse().ok()?;
    let today = now.to_zoned(TimeZone::UTC).date();
    Some(i64::from(expires.since(today).ok()?.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        let now = "2026-03-01T23:59:59Z".parse().unwrap();
        for (expires, left) in [
            ("2026-03-01", Some(0)),
            ("2026-03-02", Some(1)),
            ("2026-02-28", Some(-1)),
            ("2027-03-01", Some(365)),
            ("soon", None),
        ] {
            assert_eq!(days_left(expires, now), left, "{expires}");
        }
    }
}
