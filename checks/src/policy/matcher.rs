//! One value of a condition against one value of a request.

use super::cidr::Cidr;
use super::instant;
use super::operator::Order;
use crate::text::Glob;

/// One value of a condition, ready to be compared.
#[derive(Debug, Clone)]
pub(super) enum Matcher {
    Text(Glob),
    Arn(Glob),
    Bool(bool),
    Number(Order, f64),
    Date(Order, jiff::Timestamp),
    Ip(Cidr),
}

impl Matcher {
    pub(super) fn bool(glob: Glob) -> Option<Self> {
        match (glob.matches("true"), glob.matches("false")) {
            (true, false) => Some(Self::Bool(true)),
            (false, true) => Some(Self::Bool(false)),
            (true, true) | (false, false) => None,
        }
    }

    /// `None`: the value is not of the type that is compared.
    pub(super) fn matches(&self, value: &str) -> Option<bool> {
        match self {
            Self::Text(glob) => Some(glob.matches(value)),
            Self::Arn(glob) => (value.splitn(6, ':').count() == 6 || glob.is_everything())
                .then(|| glob.matches(value)),
            Self::Bool(wanted) => boolean(value).map(|value| value == *wanted),
            Self::Number(order, limit) => {
                number(value).map(|value| order.holds(value.partial_cmp(limit)))
            }
            Self::Date(order, limit) => {
                instant::parse(value).map(|value| order.holds(Some(value.cmp(limit))))
            }
            Self::Ip(range) => value.parse().ok().map(|address| range.contains(address)),
        }
    }
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

pub(super) fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    if !text.bytes().all(plain) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
