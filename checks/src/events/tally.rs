//! Counts records without opening them: of proved logs whose bytes show that no record of theirs can match.
//!
//! CloudTrail writes a log as one line, each record begins with `eventVersion`, and each has one `eventCategory`. Within
//! a JSON string every quotation mark is escaped, so that these words with their own quotation marks stand in none.
//! Where a log looks different in any way, it is not counted here, and is read record by record. That every record
//! begins so holds of what CloudTrail writes below `CloudTrail/`, whose hash a digest lists; of nothing else.

use std::collections::BTreeMap;

use memchr::memmem;

/// The number of records, and how many of them are of each category.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub records: u64,
    /// By category.
    pub categories: BTreeMap<&'static str, u64>,
}

const BEGIN: &[u8] = b"{\"Records\":[{\"eventVersion\":\"1.";
const RECORD: &[u8] = b"{\"eventVersion\":\"1.";
const NEXT: &[u8] = b"},";
const CATEGORY: &[u8] = b"\"eventCategory\":\"";
const CATEGORIES: [&str; 4] = ["Management", "Data", "Insight", "NetworkActivity"];

/// The count; none for a log that is not written as CloudTrail writes them.
#[must_use]
pub fn tally(log: &[u8]) -> Option<Tally> {
    if log == b"{\"Records\":[]}" {
        return Some(Tally::default());
    }
    if !log.starts_with(BEGIN) || !log.ends_with(b"}]}") {
        return None;
    }
    let mut tally = Tally::default();
    for at in memmem::find_iter(log, RECORD) {
        // The first behind `[`, the others behind the record before.
        let before = log.get(..at)?;
        let apart = at == BEGIN.len() - RECORD.len() || before.ends_with(NEXT);
        if !apart {
            return None;
        }
        tally.records += 1;
    }
    let mut categories = [0_u64; CATEGORIES.len()];
    for at in memmem::find_iter(log, CATEGORY) {
        let rest = log.get(at + CATEGORY.len()..)?;
        let named = |name: &str| {
            rest.strip_prefix(name.as_bytes())
                .is_some_and(|it| it.first() == Some(&b'"'))
        };
        let which = CATEGORIES.iter().position(|it| named(it))?;
        *categories.get_mut(which)? += 1;
    }
    if categories.iter().sum::<u64>() != tally.records {
        return None;
    }
    let found = CATEGORIES
        .iter()
        .zip(categories)
        .filter(|(_, count)| *count > 0);
    tally.categories = found.map(|(name, count)| (*name, count)).collect();
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(more: &str) -> String {
        format!(r#"{{"eventVersion":"1.11","eventName":"X",{more}"eventCategory":"Data"}}"#)
    }

    fn log(records: &[String]) -> Vec<u8> {
        format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes()
    }

    #[test]
    fn as_cloudtrail_writes_it() {
        let two = log(&[
            record(""),
            record(r#""requestParameters":{"a":"{\"eventVersion\":\"1.0"},"#),
        ]);
        let tally = tally(&two).unwrap();
        assert_eq!(tally.records, 2);
        assert_eq!(tally.categories, BTreeMap::from([("Data", 2)]));
    }

    #[test]
    fn anything_else_is_read_whole() {
        let nested = record(r#""a":{"eventVersion":"1.11"},"#);
        let array = record(r#""a":[{"eventVersion":"1.11"}],"#);
        let category = record(r#""a":{"eventCategory":"Data"},"#);
        for odd in [nested.clone(), array.clone(), category.clone()] {
            assert_eq!(tally(&log(&[record(""), odd.clone()])), None, "{odd}");
        }
        for odd in [nested, array, category, r#"{"eventName":"X"}"#.to_owned()] {
            assert_eq!(tally(&log(std::slice::from_ref(&odd))), None, "{odd}");
        }
        let pretty = String::from_utf8(log(&[record("")]))
            .unwrap()
            .replace(':', ": ");
        assert_eq!(tally(pretty.as_bytes()), None);
        let cut = log(&[record("")]);
        assert_eq!(tally(cut.get(..cut.len() - 1).unwrap()), None);
    }
}
