//! Numbers as decimals of any size: `1e999`, `18446744073709551616` and `0.1` are what they say.

use std::cmp::Ordering;

/// A decimal: its sign, its digits without zeros at either end, and where the point stands before them.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    /// The power of ten of `0.digits`.
    scale: i128,
}

fn parse(text: &str) -> Option<Decimal> {
    let (negative, rest) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let split = rest.iter().position(|it| matches!(it, b'e' | b'E'));
    let (mantissa, exponent) = match split {
        Some(at) => (rest.get(..at)?, exponent(rest.get(at + 1..)?)?),
        None => (rest, 0),
    };
    let point = mantissa.iter().position(|it| *it == b'.');
    let (whole, fraction) = match point {
        Some(at) => (mantissa.get(..at)?, mantissa.get(at + 1..)?),
        None => (mantissa, &[][..]),
    };
    if whole.is_empty() || (point.is_some() && fraction.is_empty()) {
        return None;
    }
    let mut digits: Vec<u8> = [whole, fraction].concat();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let zeros = digits.iter().take_while(|it| **it == b'0').count();
    digits.drain(..zeros);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    if digits.is_empty() {
        return Some(Decimal {
            negative: false,
            digits,
            scale: 0,
        });
    }
    let places = i128::try_from(whole.len()).ok()? - i128::try_from(zeros).ok()?;
    Some(Decimal {
        negative,
        digits,
        scale: exponent.saturating_add(places),
    })
}

fn exponent(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().try_fold(0_i128, |value, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        Some(value.saturating_mul(10).saturating_add(i128::from(digit)))
    })?;
    Some(if negative { -value } else { value })
}

/// Whether a text is a number.
#[must_use]
pub fn is_number(text: &str) -> bool {
    parse(text).is_some()
}

/// How two numbers compare; none if either text is no number.
#[must_use]
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let sign = |number: &Decimal| match (number.digits.is_empty(), number.negative) {
        (true, _) => 0,
        (false, true) => -1,
        (false, false) => 1,
    };
    let size = (a.scale, &a.digits).cmp(&(b.scale, &b.digits));
    Some(match (sign(&a), sign(&b)) {
        (0, 0) => Ordering::Equal,
        (x, y) if x != y => x.cmp(&y),
        (-1, _) => size.reverse(),
        _ => size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_any_size() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, expected) in [
            ("1", "1.0", Equal),
            ("10", "1e1", Equal),
            ("0.1", "1E-1", Equal),
            ("100e-2", "+1", Equal),
            ("-0", "0.00", Equal),
            ("1e999", "1e998", Greater),
            ("1e999", "1e1000", Less),
            ("18446744073709551616", "18446744073709551615", Greater),
            ("0.1000000000000000000001", "0.1", Greater),
            ("-5", "3", Less),
            ("-5", "-7", Greater),
            ("-1e5", "-100000", Equal),
            ("0", "1e-400", Less),
            ("0", "-1e-400", Greater),
            ("007", "7", Equal),
            (
                "1e99999999999999999999999999999999999999999999",
                "2",
                Greater,
            ),
        ] {
            assert_eq!(compare(a, b), Some(expected), "{a} {b}");
            assert_eq!(compare(b, a), Some(expected.reverse()), "{b} {a}");
        }
        for text in ["", "-", "1.", ".5", "1e", "0x10", "1 ", "NaN", "1e+", "é"] {
            assert_eq!(compare(text, "1"), None, "{text}");
        }
    }
}
