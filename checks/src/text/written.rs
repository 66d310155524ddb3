//! What people write into settings and waivers, read with errors that say what is expected.

use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// Words that are there: nobody accepts a risk for no reason.
pub(crate) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let words = String::deserialize(deserializer)?;
    if words.trim().is_empty() {
        return Err(D::Error::custom("it must say something, it is empty"));
    }
    Ok(words)
}

/// A day, with an example where it is none.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bad = |_| D::Error::custom("a date is expected, such as 2027-03-31");
    // A time of day is no part of a date.
    match text.contains(['T', 't', ' ', ':']) {
        true => Err(bad(())),
        false => text.parse().map_err(|_: jiff::Error| bad(())),
    }
}
