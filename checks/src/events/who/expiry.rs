//! `expiration` as STS writes it into records: `Jul 1, 2026, 12:08:19 PM`.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The instant, with or without the comma before the clock; newer records have a narrow blank before AM and PM.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let blank = |it: char| it.is_whitespace() || it == ',' || it == '\u{202f}';
    let mut words = text.split(blank).filter(|word| !word.is_empty());
    let month = words.next()?;
    let month = MONTHS
        .iter()
        .position(|it| month.eq_ignore_ascii_case(it))?;
    let month = i8::try_from(month + 1).ok()?;
    let day: i8 = words.next()?.parse().ok()?;
    let year: i16 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':');
    let mut part = || -> Option<i8> { clock.next()?.parse().ok() };
    let (hour, minute, second) = (part()?, part()?, part()?);
    let hour = match words.next() {
        Some(half) if (1..=12).contains(&hour) => match half.to_ascii_uppercase().as_str() {
            "AM" => hour % 12,
            "PM" => hour % 12 + 12,
            _ => return None,
        },
        Some(_) => return None,
        None => hour,
    };
    if !(1..=31).contains(&day) || !(1970..=9000).contains(&year) {
        return None;
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..60).contains(&second) {
        return None;
    }
    let last = date(year, month, 1).days_in_month();
    let day = date(year, month, day.min(last));
    let time = day.at(hour, minute, second, 0).to_zoned(TimeZone::UTC);
    Some(time.ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_sts_writes_it() {
        for (text, wanted) in [
            ("Jul 1, 2026, 12:08:19 PM", "2026-07-01T12:08:19Z"),
            ("Sep 17, 2020 8:04:10 PM", "2020-09-17T20:04:10Z"),
            ("Feb 1, 2026, 12:00:05 AM", "2026-02-01T00:00:05Z"),
            ("Feb 1, 2026, 11:00:05\u{202f}AM", "2026-02-01T11:00:05Z"),
        ] {
            assert_eq!(parse(text), wanted.parse().ok(), "{text}");
        }
        for text in [
            "",
            "Foo 1, 2026, 1:00:00 PM",
            "Jul 1",
            "Jul 1, 2026, 13:00:00 PM",
            "Jul 99, 2026, 1:00:00 PM",
            "Jul 1, 99999, 1:00:00 PM",
            "Jul 1, 2026, 1:99:00 PM",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
