//! What a shard does at once: an account, or some days of it.

use std::fmt;

use anyhow::{Context as _, ensure};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trailaudit_checks::digest::Window;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One account; where it has too much for one process, some days of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Unit {
    /// The account's id.
    pub account: String,
    /// Only these days; none for all that the plan asks for.
    pub window: Option<Window>,
}

impl Unit {
    /// All of an account.
    #[must_use]
    pub fn account(id: &str) -> Self {
        Self {
            account: id.to_owned(),
            window: None,
        }
    }

    /// An account in windows of so many whole days of UTC: only the first begins and only the last ends within a day.
    #[must_use]
    pub fn in_days(id: &str, whole: Window, days: i64) -> Vec<Self> {
        let mut units = Vec::new();
        let mut start = whole.start;
        while start < whole.end {
            let next =
                midnight(start).saturating_add(DAY.saturating_mul(days.clamp(1, 10_000) as i32));
            let end = next.unwrap_or(whole.end).min(whole.end);
            let window = Some(Window { start, end });
            units.push(Self {
                account: id.to_owned(),
                window,
            });
            start = end;
        }
        units
    }
}

/// The beginning of the day.
fn midnight(time: Timestamp) -> Timestamp {
    let day = TimeZone::UTC
        .to_datetime(time)
        .date()
        .to_zoned(TimeZone::UTC);
    day.map_or(time, |it| it.timestamp())
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.account)?;
        match self.window {
            Some(Window { start, end }) => write!(f, " {start}/{end}"),
            None => Ok(()),
        }
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> Self {
        unit.to_string()
    }
}

impl TryFrom<String> for Unit {
    type Error = anyhow::Error;

    fn try_from(text: String) -> anyhow::Result<Self> {
        let what = || format!("{text:?} is neither an account nor some days of one");
        let Some((account, days)) = text.split_once(' ') else {
            return Ok(Self::account(&text));
        };
        let (start, end) = days.split_once('/').with_context(what)?;
        let start: Timestamp = start.parse().with_context(what)?;
        let end: Timestamp = end.parse().with_context(what)?;
        ensure!(start < end, what());
        Ok(Self {
            account: account.to_owned(),
            window: Some(Window { start, end }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(start: &str, end: &str) -> Window {
        Window {
            start: start.parse().unwrap(),
            end: end.parse().unwrap(),
        }
    }

    #[test]
    fn days_are_cut_at_midnight_and_leave_nothing_out() {
        let whole = window("2026-03-01T13:30:00Z", "2026-03-05T02:00:00Z");
        let of = |days| -> Vec<String> {
            let units = Unit::in_days("1", whole, days).into_iter();
            units.map(|it| it.to_string()).collect()
        };
        assert_eq!(
            of(2),
            [
                "1 2026-03-01T13:30:00Z/2026-03-03T00:00:00Z",
                "1 2026-03-03T00:00:00Z/2026-03-05T00:00:00Z",
                "1 2026-03-05T00:00:00Z/2026-03-05T02:00:00Z",
            ]
        );
        assert_eq!(of(1).len(), 5);
        assert_eq!(of(9), ["1 2026-03-01T13:30:00Z/2026-03-05T02:00:00Z"]);
        for days in [i64::MIN, 0, 1, 2, 3, i64::MAX] {
            let units = Unit::in_days("1", whole, days);
            let windows: Vec<Window> = units.iter().filter_map(|it| it.window).collect();
            assert_eq!(windows[0].start, whole.start);
            assert_eq!(windows[windows.len() - 1].end, whole.end);
            assert!(windows.windows(2).all(|it| it[0].end == it[1].start));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "111122223333",
            "1 2026-03-01T13:30:00Z/2026-03-03T00:00:00Z",
        ] {
            let unit: Unit = text.to_owned().try_into().unwrap();
            assert_eq!(unit.to_string(), text);
        }
        for text in ["1 ", "1 a/b", "1 2026-03-03T00:00:00Z/2026-03-03T00:00:00Z"] {
            assert!(Unit::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
