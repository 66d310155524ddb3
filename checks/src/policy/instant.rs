//! Points in time as policies and requests write them: ISO 8601, or seconds since 1970.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The same, or a number, as seconds since 1970.
#[expect(
    clippy::cast_precision_loss,
    reason = "times of this age are far from where seconds get lost"
)]
pub(super) fn seconds(text: &str) -> Option<f64> {
    let at = parse(text).map(|at| at.as_second() as f64 + f64::from(at.subsec_nanosecond()) / 1e9);
    at.or_else(|| super::matcher::number(text))
}

/// Without a zone it is UTC; without a time it is midnight; without a day it is the first.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Timestamp::from_second(text.parse().ok()?).ok();
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let at = if text.len() == "2026-01".len() {
        format!("{text}-01")
            .parse::<Date>()
            .ok()?
            .to_datetime(jiff::civil::Time::midnight())
    } else {
        text.parse::<DateTime>().ok()?
    };
    at.to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for text in [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00Z",
            "2026-01-01T01:00:00+01:00",
            "2026-01-01T00:00:00+0000",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00",
            "2026-01-01",
            "2026-01",
            "1767225600",
        ] {
            assert_eq!(
                parse(text).map(Timestamp::as_second),
                Some(1_767_225_600),
                "{text}"
            );
        }
        for text in ["", "-", "tomorrow", "2026-13-01", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
