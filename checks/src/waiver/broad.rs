//! Waivers that reach further than one accepts on purpose: everything at once, or for years.

use jiff::civil::Date;
use jiff::{Span, Timestamp};

use super::{Waivers, day};
use crate::catalog;
use crate::settings::Settings;
use crate::text::glob;

/// What of the waivers, accepted gaps and allowed principals that still count deserves a second look. They count all
/// the same: whoever reads the report should know.
#[must_use]
pub fn broad(waivers: &Waivers, settings: &Settings, now: Timestamp) -> Vec<String> {
    let today = day(now);
    let most = settings.waiver_max_days;
    // More days than the calendar has reach to its end.
    let last = Span::new()
        .try_days(most)
        .and_then(|days| today.checked_add(days))
        .unwrap_or(Date::MAX);
    let mut lines = Vec::new();
    let mut add = |words: &str, all: bool, what: &str, expires: Date| {
        if expires < today {
            return;
        }
        if all {
            lines.push(format!("{words} covers {what}, expires {expires}"));
        }
        if expires > last {
            lines.push(format!(
                "{words} counts for more than {most} days (`waiver_max_days`), expires {expires}"
            ));
        }
    };
    for it in &waivers.waivers {
        let all = every_check(&it.check)
            && is_anything(&it.subject)
            && it.account.as_deref().is_none_or(is_anything)
            && it.region.as_deref().is_none_or(is_anything);
        let words = format!("{} on {}", it.check, it.subject);
        add(&words, all, "every check on everything", it.expires);
    }
    for it in &waivers.accepted_gaps {
        let any = |part: &Option<String>| part.as_deref().is_none_or(is_anything);
        let all = any(&it.account) && any(&it.region) && any(&it.call);
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "*".to_owned());
        let words = format!(
            "accepted gap {}/{} {}",
            part(&it.account),
            part(&it.region),
            part(&it.call)
        );
        add(&words, all, "every call everywhere", it.expires);
    }
    for it in &settings.allowed_principals {
        let words = format!("allowed principal {}", it.arn);
        // Every ARN of a role, a user or a root begins with `arn:` and the partition.
        let all = is_anything(&it.arn)
            || [
                "arn:aws:iam::111111111111:role/a",
                "arn:aws:iam::222222222222:user/b",
            ]
            .iter()
            .all(|arn| glob(&it.arn, arn));
        add(&words, all, "every principal", it.expires);
    }
    lines
}

/// It matches whatever there is.
fn is_anything(pattern: &str) -> bool {
    pattern.contains('*') && pattern.chars().all(|it| it == '*' || it == '?')
}

/// It matches each check of the catalogue.
fn every_check(pattern: &str) -> bool {
    is_anything(pattern) || catalog::all().iter().all(|check| glob(pattern, check.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-16T06:00:00Z";

    fn told(text: &str, settings: &str) -> Vec<String> {
        let waivers = toml::from_str(text).unwrap();
        let settings: Settings = toml::from_str(settings).unwrap();
        broad(&waivers, &settings, NOW.parse().unwrap())
    }

    fn waiver(more: &str) -> String {
        format!("[[waiver]]\nreason = \"r\"\napprover = \"a\"\n{more}")
    }

    #[test]
    fn everything_until_9999_is_told_twice() {
        let lines = told(
            &waiver("check = \"*\"\nsubject = \"*\"\nexpires = \"9999-12-31\""),
            "",
        );
        assert_eq!(
            lines,
            [
                "* on * covers every check on everything, expires 9999-12-31",
                "* on * counts for more than 366 days (`waiver_max_days`), expires 9999-12-31",
            ]
        );
    }

    /// Pattern, subject, narrowing, and whether it covers everything.
    #[test]
    fn what_covers_everything_in_other_spellings() {
        for (check, subject, more, all) in [
            ("*", "*", "", true),
            ("**", "?*", "", true),
            ("*-*", "*", "", true),
            ("*", "*", "account = \"*\"\nregion = \"**\"", true),
            ("*", "*", "account = \"111111111111\"", false),
            ("*", "arn:aws:s3:::a", "", false),
            ("trail-*", "*", "", false),
            ("trail-exists", "*", "", false),
        ] {
            let text = waiver(&format!(
                "check = {check:?}\nsubject = {subject:?}\nexpires = \"2026-12-31\"\n{more}"
            ));
            assert_eq!(!told(&text, "").is_empty(), all, "{check} {subject} {more}");
        }
    }

    /// The day it expires, the setting, and whether it is too long from 2026-11-16 on.
    #[test]
    fn a_year_is_long_enough() {
        for (expires, settings, long) in [
            ("2027-11-16", "", false),
            ("2027-11-17", "", false),
            ("2027-11-18", "", true),
            ("2027-01-01", "waiver_max_days = 30", true),
            ("2026-12-16", "waiver_max_days = 30", false),
            ("9999-12-31", "waiver_max_days = 4000000000", false),
            // It counts no longer: told as expired.
            ("2026-11-15", "waiver_max_days = 0", false),
        ] {
            let text = waiver(&format!(
                "check = \"trail-exists\"\nsubject = \"x\"\nexpires = \"{expires}\""
            ));
            assert_eq!(
                !told(&text, settings).is_empty(),
                long,
                "{expires} {settings}"
            );
        }
    }

    #[test]
    fn gaps_and_principals_are_looked_at_too() {
        let gap = "[[accepted_gap]]\nreason = \"r\"\napprover = \"a\"\nexpires = \"2026-12-31\"\n";
        assert_eq!(
            told(gap, ""),
            ["accepted gap */* * covers every call everywhere, expires 2026-12-31"]
        );
        assert!(told(&format!("{gap}call = \"s3:*\""), "").is_empty());
        let principal = |arn: &str| {
            format!(
                "[[allowed_principals]]\narn = {arn:?}\nreason = \"r\"\nexpires = \"2026-12-31\""
            )
        };
        for (arn, all) in [
            ("*", true),
            ("arn:*", true),
            ("arn:aws:iam::*", true),
            ("arn:aws:iam::*:role/*", false),
            ("arn:aws:iam::111111111111:*", false),
        ] {
            assert_eq!(!told("", &principal(arn)).is_empty(), all, "{arn}");
        }
    }
}
