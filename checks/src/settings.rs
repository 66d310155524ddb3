//! What only the user can know: retention, approved places and people.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::ids::AccountId;

/// The judging half of `trailaudit.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many days logs must be kept; at least one, since every bucket keeps them for none.
    #[serde(deserialize_with = "at_least_a_day")]
    pub retention_days: u32,
    /// How old the last delivery may be.
    #[schemars(with = "String")]
    pub delivery_max_age: SignedDuration,
    /// How far back a stop of a trail counts.
    #[schemars(with = "String")]
    pub gap_window: Days,
    /// The accounts that hold logs and nothing else.
    pub log_archive_accounts: Vec<AccountId>,
    /// The buckets that trails may deliver to.
    pub approved_buckets: Vec<String>,
    /// The regions that trails may be made in.
    pub approved_home_regions: Vec<String>,
    /// What the names of trails and log buckets must look like.
    #[schemars(with = "String")]
    pub naming_pattern: NamingPattern,
    /// The tags that trails must carry.
    pub required_tags: Vec<String>,
    /// ARNs whose data events must be recorded.
    pub required_data_event_resources: Vec<String>,
    /// Principals that may hold tamper rights, until when and why.
    pub allowed_principals: Vec<AllowedPrincipal>,
    /// For how many days a waiver may count without a word about it.
    pub waiver_max_days: u32,
    /// Per check: another severity, or off, with a reason.
    pub checks: BTreeMap<String, CheckOverride>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_days: 365,
            delivery_max_age: SignedDuration::from_hours(24),
            gap_window: Days(90),
            log_archive_accounts: Vec::new(),
            approved_buckets: Vec::new(),
            approved_home_regions: Vec::new(),
            naming_pattern: NamingPattern::default(),
            required_tags: Vec::new(),
            required_data_event_resources: Vec::new(),
            allowed_principals: Vec::new(),
            waiver_max_days: 366,
            checks: BTreeMap::new(),
        }
    }
}

fn at_least_a_day<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        0 => Err(serde::de::Error::custom(
            "retention_days must be at least 1: with 0 every bucket would pass",
        )),
        days => Ok(days),
    }
}

/// A length of time in whole days, at least one: `90d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Days(u32);

impl Days {
    /// So many; none for no days at all, and for more than ten thousand.
    #[must_use]
    pub fn new(days: u32) -> Option<Self> {
        (1..=10_000).contains(&days).then_some(Self(days))
    }

    /// As a duration.
    #[must_use]
    pub fn get(self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.0))
    }
}

impl TryFrom<String> for Days {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|it| it.parse().ok());
        days.and_then(Self::new)
            .ok_or_else(|| format!("{text:?} is not a number of days from \"1d\" to \"10000d\""))
    }
}

impl From<Days> for String {
    fn from(days: Days) -> Self {
        format!("{}d", days.0)
    }
}

impl std::fmt::Display for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.0 == 1 { "" } else { "s" };
        write!(f, "{} day{plural}", self.0)
    }
}

/// What names must look like: `*` is any run of characters, `?` exactly one. Empty: anything goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamingPattern(String);

/// A naming pattern that no name could match.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// Trails have names of up to 128 characters, buckets of up to 63.
    #[error("a naming pattern has at most 128 characters, this one has {0}")]
    TooLong(usize),
    /// Not `*` or `?`, and in no name of a trail or bucket.
    #[error(
        "a naming pattern has letters, digits, `.`, `_`, `-`, `*` and `?`; {0:?} is none of them"
    )]
    Character(char),
}

impl NamingPattern {
    /// As written; none when there is none.
    #[must_use]
    pub fn get(&self) -> Option<&str> {
        Some(self.0.as_str()).filter(|it| !it.is_empty())
    }
}

impl TryFrom<String> for NamingPattern {
    type Error = BadPattern;

    fn try_from(text: String) -> Result<Self, BadPattern> {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || "._-*?".contains(*c);
        match (text.chars().count(), text.chars().find(|c| !allowed(c))) {
            (count, _) if count > 128 => Err(BadPattern::TooLong(count)),
            (_, Some(other)) => Err(BadPattern::Character(other)),
            (_, None) => Ok(Self(text)),
        }
    }
}

impl From<NamingPattern> for String {
    fn from(pattern: NamingPattern) -> Self {
        pattern.0
    }
}

/// A principal whose tamper rights are accepted. The finding stays a fail and carries a waiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedPrincipal {
    /// An ARN, or a glob over ARNs.
    pub arn: String,
    /// Why.
    #[serde(deserialize_with = "crate::text::written::said")]
    pub reason: String,
    /// Through which day, UTC.
    #[serde(deserialize_with = "crate::text::written::date")]
    #[schemars(with = "String")]
    pub expires: Date,
}

/// What the user changes about one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckOverride {
    /// In place of the check's own.
    pub severity: Option<Severity>,
    /// `false` leaves the check out.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Why.
    #[serde(deserialize_with = "crate::text::written::said")]
    pub reason: String,
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeping_logs_for_no_day_is_no_requirement() {
        let read = |text: &str| toml::from_str::<Settings>(text).map(|it| it.retention_days);
        assert_eq!(read("retention_days = 1").ok(), Some(1));
        assert_eq!(read("").ok(), Some(365));
        let error = read("retention_days = 0").unwrap_err();
        assert!(error.message().contains("at least 1"), "{error}");
    }

    #[test]
    fn a_window_has_a_length() {
        let read = |text: &str| {
            let settings: Result<Settings, _> = toml::from_str(&format!("gap_window = {text}"));
            settings.map(|it| it.gap_window.get().as_hours())
        };
        assert_eq!(read("\"90d\"").ok(), Some(90 * 24));
        assert_eq!(Settings::default().gap_window.get().as_hours(), 90 * 24);
        for bad in ["\"0d\"", "\"-1d\"", "\"90\"", "\"10001d\"", "\"\"", "90"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn naming_patterns() {
        let read = |text: &str| {
            let settings: Result<Settings, _> =
                toml::from_str(&format!("naming_pattern = {text:?}"));
            settings.map_err(|error| error.message().to_owned())
        };
        let pattern = read("org-*-??").unwrap().naming_pattern;
        assert_eq!(pattern.get(), Some("org-*-??"));
        assert_eq!(read("").unwrap().naming_pattern.get(), None);
        assert!(read(&"a".repeat(128)).is_ok());
        assert!(read(&"a".repeat(129)).unwrap_err().contains("has 129"));
        assert!(read("logs[0-9]").unwrap_err().contains("'['"));
    }

    #[test]
    fn every_key_has_a_default_that_can_be_shown() {
        let defaults = toml::Table::try_from(Settings::default()).unwrap();
        assert!(defaults.contains_key("naming_pattern"));
    }
}
