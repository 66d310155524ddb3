//! Times as records have them: one instant for every way of writing it.

use std::cell::Cell;

use jiff::Timestamp;

use super::bytes::has_backslash;
use super::raw::{Kind, Raw};

/// The instant of a value. A JSON number is seconds since 1970. A string of digits is no time: nothing says what it
/// counts.
#[must_use]
pub fn instant(value: Raw<'_>) -> Option<Timestamp> {
    match value.kind() {
        Kind::String => match value.bytes() {
            // As it nearly always is spelled: read without decoding.
            [b'"', inside @ .., b'"'] if !has_backslash(inside) => read(inside),
            _ => parse(&value.text()?),
        },
        Kind::Number => epoch(std::str::from_utf8(value.bytes()).ok()?),
        Kind::Null | Kind::Bool(_) | Kind::Array | Kind::Object | Kind::Unreadable => None,
    }
}

/// The instant of a text: `2026-02-04T00:00:00Z`, with a fraction, with an offset, with a blank for the `T`, without
/// a zone (then UTC), or without marks (`20260204T000000Z`). A date alone is its midnight in UTC.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    read(text.as_bytes())
}

thread_local! {
    /// A day with what follows it, as it was spelled last, and its midnight: most records of a log are of the same.
    static DAY: Cell<([u8; DAY_LENGTH], i64)> = const { Cell::new(([0; DAY_LENGTH], 0)) };
}

/// `2026-02-04T`.
const DAY_LENGTH: usize = 11;

fn read(bytes: &[u8]) -> Option<Timestamp> {
    if let Some((day, [h1, h2, b':', m1, m2, b':', s1, s2, b'Z'])) =
        bytes.split_first_chunk::<DAY_LENGTH>()
    {
        let (known, midnight) = DAY.get();
        if known == *day {
            let time = of_day([h1, h2, m1, m2, s1, s2])?;
            return Timestamp::new(midnight + time, 0).ok();
        }
    }
    let (date, rest) = match bytes {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] => {
            ([y1, y2, y3, y4, m1, m2, d1, d2], rest)
        }
        [y1, y2, y3, y4, m1, m2, d1, d2, rest @ ..] => ([y1, y2, y3, y4, m1, m2, d1, d2], rest),
        _ => return None,
    };
    let dashed = bytes.get(4) == Some(&b'-');
    let (clock, rest) = match rest {
        [] if dashed => ([&b'0'; 6], rest),
        [
            b'T' | b't' | b' ',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            rest @ ..,
        ] if dashed => ([h1, h2, m1, m2, s1, s2], rest),
        [b'T' | b't', h1, h2, m1, m2, s1, s2, rest @ ..] if !dashed => {
            ([h1, h2, m1, m2, s1, s2], rest)
        }
        _ => return None,
    };
    let (fraction, zone) = match rest {
        [b'.', rest @ ..] => {
            let digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
            let (fraction, zone) = rest.split_at_checked(digits)?;
            (nanoseconds(fraction)?, zone)
        }
        _ => (0, rest),
    };
    let offset = offset(zone)?;
    let [y1, y2, y3, y4, m1, m2, d1, d2] = date;
    let (year, month, day) = (
        pair(y1, y2)? * 100 + pair(y3, y4)?,
        pair(m1, m2)?,
        pair(d1, d2)?,
    );
    let midnight = days(year, month, day)? * 86_400;
    if let Some((day, _)) = bytes.split_first_chunk().filter(|_| dashed) {
        DAY.set((*day, midnight));
    }
    Timestamp::new(midnight + of_day(clock)? - offset, fraction).ok()
}

/// The second of a day, by the digits of hour, minute and second.
fn of_day([h1, h2, m1, m2, s1, s2]: [&u8; 6]) -> Option<i64> {
    let (hour, minute, second) = (pair(h1, h2)?, pair(m1, m2)?, pair(s1, s2)?);
    // A leap second is the one before it.
    let known = hour <= 23 && minute <= 59 && second <= 60;
    known.then_some(hour * 3_600 + minute * 60 + second.min(59))
}

fn pair(tens: &u8, ones: &u8) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years begin in March, so that the day of a leap year is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The seconds by which a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match zone {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, h1, h2, b':', m1, m2] | [sign, h1, h2, m1, m2] => {
            (sign, pair(h1, h2)?, pair(m1, m2)?)
        }
        [sign, h1, h2] => (sign, pair(h1, h2)?, 0),
        _ => return None,
    };
    let ahead = hours * 3_600 + minutes * 60;
    match sign {
        b'+' if hours < 24 && minutes < 60 => Some(ahead),
        b'-' if hours < 24 && minutes < 60 => Some(-ahead),
        _ => None,
    }
}

/// Digits after the point of a second; digits beyond the ninth are cut.
fn nanoseconds(digits: &[u8]) -> Option<i32> {
    if digits.is_empty() {
        return None;
    }
    let mut value = 0;
    for place in 0..9 {
        let digit = match digits.get(place) {
            Some(digit) if digit.is_ascii_digit() => i32::from(digit - b'0'),
            Some(_) => return None,
            None => 0,
        };
        value = value * 10 + digit;
    }
    Some(value)
}

fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, nanoseconds(fraction.as_bytes())?),
        None => (text, 0),
    };
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    Timestamp::new(whole.parse().ok()?, sign * fraction).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_for_every_spelling() {
        let seconds = 1_770_163_200;
        for (json, milliseconds) in [
            (r#""2026-02-04T00:00:00Z""#, 0),
            (r#""2026-02-04T00:00:00.123Z""#, 123),
            (r#""2026-02-04T00:00:00.123000999999Z""#, 123),
            (r#""2026-02-04T01:00:00+01:00""#, 0),
            (r#""2026-02-03T17:30:00-0630""#, 0),
            (r#""2026-02-04 00:00:00""#, 0),
            (r#""2026-02-04T00:00:00""#, 0),
            (r#""2026-02-04""#, 0),
            (r#""20260204T000000Z""#, 0),
            (r#""2026-02-04T00:00:00\u005a""#, 0),
            ("1770163200", 0),
            ("1770163200.123", 123),
        ] {
            let got = instant(Raw::new(json.as_bytes())).map(|it| it.as_millisecond());
            assert_eq!(got, Some(seconds * 1_000 + milliseconds), "{json}");
        }
        for json in [
            r#""1770163200""#,
            r#""redacted""#,
            r#""""#,
            r#""2026-02-30T00:00:00Z""#,
            r#""2026-13-01T00:00:00Z""#,
            r#""2026-02-04T24:00:00Z""#,
            r#""2026-02-04T00:00:00.Z""#,
            r#""2026-02-04T00:00:00Zulu""#,
            r#""2026-02-04T00:00""#,
            r#""20260204""#,
            "1770163200000",
            "1e9",
            "null",
            "{}",
        ] {
            assert_eq!(instant(Raw::new(json.as_bytes())), None, "{json}");
        }
    }

    #[test]
    fn the_calendar_is_that_of_jiff() {
        for year in [1600_i16, 1900, 1970, 1999, 2000, 2024, 2026, 2100, 9998] {
            for month in 1_i8..=12 {
                for day in 1_i8..=31 {
                    let text = format!("{year:04}-{month:02}-{day:02}T12:34:56Z");
                    let expected = text.parse::<Timestamp>().ok();
                    assert_eq!(parse(&text), expected, "{text}");
                    // Once more, and another second of the same day.
                    assert_eq!(parse(&text), expected, "{text}");
                    let last = text.replace("12:34:56", "23:59:60");
                    let seconds = |it: Option<Timestamp>| it.map(Timestamp::as_second);
                    let end = seconds(expected).map(|it| it + (11 * 60 + 25) * 60 + 3);
                    assert_eq!(seconds(parse(&last)), end, "{last}");
                    for none in ["24:00:00", "12:60:00", "12:34:61", "1a:34:56", "12-34-56"] {
                        let text = text.replace("12:34:56", none);
                        assert_eq!(parse(&text), None, "{text}");
                    }
                }
            }
        }
    }
}
