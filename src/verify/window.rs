//! The time that is asked about: from `--since` until `--until`.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// CloudTrail delivers a digest within so long after its hour.
pub const ALLOWANCE: SignedDuration = SignedDuration::from_hours(2);

/// A time, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A time.
    At(Timestamp),
    /// So long before now.
    Ago(SignedDuration),
}

impl When {
    /// The time, if it is now `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(long) => now.saturating_sub(long).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = || {
            let date: Date = text.parse().ok()?;
            // Without an offset only a bare day is taken, at its beginning in UTC.
            let bare = text.len() == 10;
            let zoned = bare.then(|| date.to_zoned(TimeZone::UTC).ok())??;
            Some(Self::At(zoned.timestamp()))
        };
        let ago = || {
            let span: Span = text.parse().ok()?;
            let long = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
            (!long.is_negative()).then_some(Self::Ago(long))
        };
        let time = text.parse().ok().map(Self::At);
        time.or_else(day).or_else(ago).ok_or_else(|| {
            "a time such as 2026-03-01T12:00:00Z, a day such as 2026-03-01, or a duration such as 24h or 30d \
             is expected"
                .to_owned()
        })
    }
}

/// From when until when; an error for one that ends before it begins.
pub fn window(
    since: Option<When>,
    until: Option<When>,
    now: Timestamp,
) -> Result<(Option<Timestamp>, Timestamp), String> {
    let until = until.unwrap_or(When::Ago(ALLOWANCE)).at(now);
    let since = since.map(|it| it.at(now));
    match since {
        Some(since) if since >= until => Err(format!(
            "the window from {since} until {until} is empty: --since must come before --until, which is two hours \
             ago if it is not given"
        )),
        Some(_) | None => Ok((since, until)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_days_and_durations() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-02-28T23:00:00Z", "2026-02-28T23:00:00Z"),
            ("2026-03-01T00:00:00+01:00", "2026-02-28T23:00:00Z"),
            ("2026-02-28", "2026-02-28T00:00:00Z"),
            ("24h", "2026-02-28T12:00:00Z"),
            ("7d", "2026-02-22T12:00:00Z"),
            ("1d 12h", "2026-02-28T00:00:00Z"),
            ("90m", "2026-03-01T10:30:00Z"),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.at(now).to_string(), expected, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "-24h",
            "2026-13-01",
            "2026-02-28T23:00:00",
            "24",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_has_a_beginning_before_its_end() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let ago = |hours| Some(When::Ago(SignedDuration::from_hours(hours)));
        assert_eq!(
            window(None, None, now).unwrap().1.to_string(),
            "2026-03-01T10:00:00Z"
        );
        assert!(window(ago(3), None, now).is_ok());
        assert!(window(ago(2), None, now).is_err());
        assert!(window(ago(3), ago(4), now).is_err());
    }
}
