//! What a value is tested for.

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::Timestamp;
use regex::Regex;

use super::super::number;
use super::super::raw::{Kind, Raw};
use super::super::time;
use super::event::Item;
use super::pattern::Pattern;

/// A test of one value.
#[derive(Debug)]
pub(super) enum Test {
    /// Without case, with wildcards; numbers and times by what they are.
    Equal(Equal),
    /// Exactly this text.
    Exact(String),
    /// A number or a time against another.
    Compare(Order, Bound),
    /// A part of the text.
    Regex(Box<Regex>),
    /// Any of these.
    In(Vec<Member>),
    /// There is a value, and it is not null.
    Exists,
    /// Yes, or a text that is not empty.
    Holds,
}

/// An equality.
#[derive(Debug)]
pub(super) struct Equal {
    pub(super) pattern: Pattern,
    /// The text, if it has no wildcards and is a number.
    pub(super) number: Option<String>,
    /// The instant, if it is one.
    pub(super) time: Option<Timestamp>,
}

/// A member of a list.
#[derive(Debug)]
pub(super) enum Member {
    /// As after `=`.
    Equal(Equal),
    /// Addresses of a network.
    Network(Network),
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What a value is compared with.
#[derive(Debug)]
pub(super) enum Bound {
    Number(String),
    Time(Timestamp),
}

/// The addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    bits: u128,
    length: u32,
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::More => found.is_gt(),
            Self::AtLeast => found.is_ge(),
        }
    }
}

impl Network {
    /// `10.0.0.0/8`, `2001:db8::/32`, or one address. IPv4 is the part of IPv6 that maps it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => {
                let digits = !length.is_empty() && length.bytes().all(|it| it.is_ascii_digit());
                (
                    address,
                    Some(length.parse::<u32>().ok().filter(|_| digits)?),
                )
            }
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (most, ahead) = match address {
            IpAddr::V4(_) => (32, 96),
            IpAddr::V6(_) => (128, 0),
        };
        let length = length.unwrap_or(most);
        (length <= most).then(|| Self {
            bits: bits(address),
            length: length + ahead,
        })
    }

    /// Whether a text is an address of it.
    pub(super) fn holds(&self, text: &str) -> bool {
        let Ok(address) = text.trim().parse() else {
            return false;
        };
        let shift = 128 - self.length;
        let prefix = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
        prefix(bits(address)) == prefix(self.bits)
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl Equal {
    fn holds_of_text(&self, text: &str) -> bool {
        self.pattern.matches(text)
            || self
                .time
                .is_some_and(|wanted| time::parse(text) == Some(wanted))
    }

    fn holds(&self, item: Item<'_>) -> bool {
        match item {
            Item::Json(raw) => {
                let same_number = raw.kind() == Kind::Number
                    && self.number.as_ref().is_some_and(|wanted| {
                        let own = std::str::from_utf8(raw.bytes()).unwrap_or_default();
                        number::compare(own, wanted) == Some(Ordering::Equal)
                    });
                same_number || raw.tested().is_some_and(|text| self.holds_of_text(&text))
            }
            Item::Text(text) => self.holds_of_text(text),
            Item::Flag(flag) => self.pattern.matches(word(flag)),
            Item::Time(instant, text) => {
                self.pattern.matches(text) || (instant.is_some() && instant == self.time)
            }
        }
    }
}

fn word(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

impl Test {
    /// Whether it holds of a value.
    pub(super) fn holds(&self, item: Item<'_>) -> bool {
        match self {
            Self::Equal(equal) => equal.holds(item),
            Self::Exact(wanted) => with_text(item, &mut |text| text == wanted),
            Self::Regex(regex) => with_text(item, &mut |text| regex.is_match(text)),
            Self::In(members) => members.iter().any(|member| match member {
                Member::Equal(equal) => equal.holds(item),
                Member::Network(network) => with_text(item, &mut |text| network.holds(text)),
            }),
            Self::Compare(order, bound) => compared(item, bound).is_some_and(|it| order.holds(it)),
            Self::Exists => match item {
                Item::Json(raw) => !raw.is_null(),
                Item::Text(text) => !text.is_empty(),
                Item::Flag(_) | Item::Time(..) => true,
            },
            Self::Holds => match item {
                Item::Json(raw) => raw.flag() == Some(true),
                Item::Text(text) => !text.is_empty(),
                Item::Flag(flag) => flag,
                Item::Time(..) => true,
            },
        }
    }
}

fn with_text(item: Item<'_>, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match item {
        Item::Json(raw) => raw.tested().is_some_and(|text| test(&text)),
        Item::Text(text) | Item::Time(_, text) => test(text),
        Item::Flag(flag) => test(word(flag)),
    }
}

/// How a value compares with a bound; none if it is of another kind.
fn compared(item: Item<'_>, bound: &Bound) -> Option<Ordering> {
    match (bound, item) {
        (Bound::Number(wanted), Item::Json(raw)) => number::compare(&scalar(raw)?, wanted),
        (Bound::Number(wanted), Item::Text(text)) => number::compare(text, wanted),
        (Bound::Time(wanted), Item::Json(raw)) => Some(time::instant(raw)?.cmp(wanted)),
        (Bound::Time(wanted), Item::Text(text)) => Some(time::parse(text)?.cmp(wanted)),
        (Bound::Time(wanted), Item::Time(own, _)) => Some(own?.cmp(wanted)),
        (_, Item::Flag(_)) | (Bound::Number(_), Item::Time(..)) => None,
    }
}

fn scalar(raw: Raw<'_>) -> Option<super::super::text::Text<'_>> {
    match raw.kind() {
        Kind::String | Kind::Number => raw.text(),
        Kind::Null | Kind::Bool(_) | Kind::Array | Kind::Object | Kind::Unreadable => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        for (network, address, holds) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "10.0.0.1", true),
            ("2001:db8::/32", "2001:db8:1::", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8", "AWS Internal", false),
            ("10.0.0.0/8", "ec2.amazonaws.com", false),
        ] {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.holds(address), holds, "{network:?} {address}");
        }
        for text in [
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "x",
            "::/129",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
