//! Classes of values that conditions on one key can tell apart, and a value of each.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::cidr::{self, Ranges};
use super::condition::Condition;
use super::context::View;
use super::matcher::Matcher;
use crate::text::Glob;
use crate::text::witnesses;

/// One value of each class that these conditions, all on one key, can tell apart.
pub(super) fn representatives(conditions: &[&Condition], view: &View<'_>) -> Option<Vec<String>> {
    let (mut texts, mut numbers, mut dates, mut ranges) = (vec![], vec![], vec![], vec![]);
    for matchers in conditions.iter().filter_map(|c| c.matchers(view)) {
        let mut own = Vec::new();
        for matcher in matchers {
            match matcher {
                Matcher::Text(glob) => texts.push(glob),
                Matcher::Arn(glob) => {
                    texts.push(glob);
                    // Texts that are no ARN fail the comparison, whatever the pattern.
                    texts.push(arn_shape());
                }
                Matcher::Bool(_) => {
                    texts.push(Glob::literal("true", true));
                    texts.push(Glob::literal("false", true));
                }
                Matcher::Number(_, limit) => numbers.push(limit),
                Matcher::Date(_, limit) => dates.push(limit),
                Matcher::Ip(range) => own.push(range),
            }
        }
        if !own.is_empty() {
            ranges.push(Ranges::of(&own));
        }
    }
    let kinds = [
        texts.is_empty(),
        numbers.is_empty(),
        dates.is_empty(),
        ranges.is_empty(),
    ];
    if kinds.iter().filter(|empty| !**empty).count() > 1 {
        // One key, read as a number here and as a text there.
        return None;
    }
    if !numbers.is_empty() {
        return Some(around_numbers(numbers));
    }
    if !dates.is_empty() {
        return Some(around_dates(&dates));
    }
    if !ranges.is_empty() {
        return Some(around_ranges(&ranges));
    }
    texts.sort();
    texts.dedup();
    witnesses(&texts.iter().collect::<Vec<_>>(), &Glob::everything())
}

/// One text of `within` for each combination of the patterns of these conditions, all on one key that holds text.
pub(super) fn representatives_within(
    conditions: &[&Condition],
    view: &View<'_>,
    within: &Glob,
) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for matcher in conditions.iter().filter_map(|c| c.matchers(view)).flatten() {
        match matcher {
            Matcher::Text(glob) | Matcher::Arn(glob) => texts.push(glob),
            Matcher::Bool(_) | Matcher::Number(..) | Matcher::Date(..) | Matcher::Ip(_) => {
                return None;
            }
        }
    }
    texts.sort();
    texts.dedup();
    witnesses(&texts.iter().collect::<Vec<_>>(), within)
}

fn arn_shape() -> Glob {
    Glob::wild("*:*:*:*:*:*", false)
}

fn around_numbers(mut limits: Vec<f64>) -> Vec<String> {
    limits.sort_by(f64::total_cmp);
    limits.dedup();
    let mut values = Vec::new();
    let mut before: Option<f64> = None;
    for limit in limits {
        values.push(before.map_or(limit - 1.0, |before| f64::midpoint(before, limit)));
        values.push(limit);
        before = Some(limit);
    }
    values.extend(before.map(|last| last + 1.0));
    let mut texts: Vec<String> = values.iter().map(f64::to_string).collect();
    // A text that is no number fails every comparison.
    texts.push("x".to_owned());
    texts
}

fn around_dates(limits: &[Timestamp]) -> Vec<String> {
    let tick = SignedDuration::from_nanos(1);
    let mut values = BTreeSet::new();
    for limit in limits {
        values.extend(limit.checked_sub(tick).ok());
        values.insert(*limit);
        values.extend(limit.checked_add(tick).ok());
    }
    let mut texts: Vec<String> = values.iter().map(Timestamp::to_string).collect();
    texts.push("x".to_owned());
    texts
}

fn around_ranges(ranges: &[Ranges]) -> Vec<String> {
    let mut texts: Vec<String> = cidr::representatives(ranges)
        .iter()
        .map(IpAddr::to_string)
        .collect();
    texts.push("x".to_owned());
    texts
}

#[cfg(test)]
mod tests {
    use super::super::cidr::Cidr;
    use super::*;

    #[test]
    fn classes_of_numbers() {
        assert_eq!(
            around_numbers(vec![3.0, 1.0, 3.0]),
            ["0", "1", "2", "3", "4", "x"]
        );
    }

    #[test]
    fn classes_of_ranges() {
        let ranges = ["10.0.0.0/8", "255.0.0.0/8", "::/0"].map(|text| {
            let range = Cidr::parse(text).unwrap();
            Ranges::of(&[range])
        });
        assert_eq!(
            around_ranges(&ranges),
            ["0.0.0.0", "10.0.0.0", "255.0.0.0", "::", "x"]
        );
    }

    #[test]
    fn classes_of_texts() {
        let condition = |operator: &str, value: &str| {
            Condition::new(operator, "k", vec![value.to_owned()], true)
        };
        let (like, equals) = (
            condition("StringLike", "a*"),
            condition("StringEquals", "ab"),
        );
        let context = super::super::context::Context::unknown();
        let texts = representatives(&[&like, &equals], &View::of(&context)).unwrap();
        assert_eq!(texts.len(), 3, "{texts:?}");
        let number = condition("NumericLessThan", "5");
        assert!(representatives(&[&like, &number], &View::of(&context)).is_none());
    }

    /// Without the second class `ArnNotLike` would seem never to hold.
    #[test]
    fn classes_of_arns() {
        let condition = Condition::new("ArnNotLike", "k", vec!["arn:aws:s3:::a".to_owned()], true);
        let context = super::super::context::Context::unknown();
        let texts = representatives(&[&condition], &View::of(&context)).unwrap();
        let arn = |text: &&String| text.matches(':').count() >= 5;
        assert_eq!(
            (texts.len(), texts.iter().filter(arn).count()),
            (3, 2),
            "{texts:?}"
        );
    }
}
