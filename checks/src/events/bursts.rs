//! Bursts of different calls by one actor, as of somebody who finds out what credentials can do.
//!
//! Records are taken in the order of their time; then it is known of each whether it belongs to a burst. Memory is
//! bounded by what happened within ten minutes, and by the bursts that were found.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::key::WITHIN;
use super::{Proof, Record};
use crate::finding::short;

/// So many different calls within [`WITHIN`] are a burst.
pub const LEAST: usize = 10;
/// Different calls of one actor that are kept at hand: it takes fewer to be a burst.
const HELD: usize = 64;
/// Actors after which those without a call in the last ten minutes are forgotten.
const ACTORS: usize = 10_000;
/// The longest text of a record that is kept.
const LONGEST: usize = 300;

/// The calls of one actor in the last ten minutes: when each was last seen.
type Calls = HashMap<String, Timestamp>;

/// Bursts, by actor.
#[derive(Debug, Default)]
pub struct Bursts {
    recent: HashMap<String, Calls>,
    found: BTreeMap<String, Vec<(Timestamp, Timestamp)>>,
}

impl Bursts {
    /// Takes the next record. One without a time, and one that was planted or altered, makes no burst.
    pub fn take(&mut self, record: &Record<'_>, proof: Proof) {
        if matches!(proof, Proof::Altered | Proof::Unlisted) {
            return;
        }
        let Some(time) = record.time() else { return };
        let since = time.checked_sub(WITHIN).unwrap_or(Timestamp::MIN);
        if self.recent.len() > ACTORS {
            self.recent
                .retain(|_, calls| calls.values().any(|it| *it >= since));
        }
        let actor = actor(record);
        let calls = self.recent.entry(actor.clone()).or_default();
        calls.retain(|_, last| *last >= since);
        let source = record.source().unwrap_or_default();
        let name = record.name().unwrap_or_default();
        calls.insert(short(&format!("{source} {name}"), LONGEST), time);
        if calls.len() < LEAST {
            return;
        }
        if calls.len() > HELD {
            let oldest = calls.iter().min_by_key(|it| (it.1, it.0));
            if let Some(oldest) = oldest.map(|it| it.0.clone()) {
                calls.remove(&oldest);
            }
        }
        let first = calls.values().min().copied().unwrap_or(time);
        let spans = self.found.entry(actor).or_default();
        match spans.last_mut() {
            Some(last) if first <= last.1 => last.1 = last.1.max(time),
            _ => spans.push((first, time)),
        }
    }

    /// Whether a record belongs to a burst, once all were taken.
    #[must_use]
    pub fn hold(&self, record: &Record<'_>) -> bool {
        let Some(time) = record.time() else {
            return false;
        };
        let Some(spans) = self.found.get(&actor(record)) else {
            return false;
        };
        let after = spans.partition_point(|(first, _)| *first <= time);
        let span = after.checked_sub(1).and_then(|it| spans.get(it));
        span.is_some_and(|(_, last)| time <= *last)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.found.values().map(|it| it.len() as u64).sum()
    }
}

fn actor(record: &Record<'_>) -> String {
    short(&record.actor().id, LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(user: &str, name: &str, second: i64) -> String {
        let time = Timestamp::from_second(1_772_359_200 + second).unwrap();
        format!(
            r#"{{"eventTime":"{time}","eventName":"{name}","eventSource":"iam.amazonaws.com",
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/{user}"}}}}"#
        )
    }

    /// The bursts, and which calls belong to one.
    fn found(calls: &[String], proof: Proof) -> (u64, Vec<bool>) {
        let records: Vec<Record<'_>> = calls
            .iter()
            .map(|it| Record::read(it.as_bytes()).unwrap())
            .collect();
        let mut bursts = Bursts::default();
        records.iter().for_each(|it| bursts.take(it, proof));
        let held = records.iter().map(|it| bursts.hold(it)).collect();
        (bursts.count(), held)
    }

    fn many(user: &str, count: i64, from: i64, step: i64) -> Vec<String> {
        (0..count)
            .map(|it| call(user, &format!("Get{it}"), from + it * step))
            .collect()
    }

    #[test]
    fn ten_different_calls_in_ten_minutes_by_one_actor() {
        let proof = Proof::Verified;
        assert_eq!(found(&many("a", 10, 0, 1), proof), (1, vec![true; 10]));
        assert_eq!(found(&many("a", 9, 0, 1), proof).0, 0);
        // The first and the last are 600 seconds apart, and then a second more.
        let edge = |last| {
            let mut calls = many("a", 9, 0, 1);
            calls.push(call("a", "Get9", last));
            found(&calls, proof).0
        };
        assert_eq!((edge(600), edge(601)), (1, 0));
        let same: Vec<String> = (0..20).map(|it| call("a", "GetUser", it)).collect();
        assert_eq!(found(&same, proof).0, 0);
        let mut two = many("a", 5, 0, 2);
        two.extend((5..10).map(|it| call("b", &format!("Get{it}"), it * 2)));
        assert_eq!(found(&two, proof).0, 0);
        assert_eq!(found(&many("a", 10, 0, 1), Proof::Unlisted).0, 0);
        assert_eq!(found(&many("a", 10, 0, 1), Proof::Altered).0, 0);
    }

    #[test]
    fn what_belongs_to_a_burst() {
        let mut calls = vec![call("a", "Early", 0)];
        calls.extend(many("a", 12, 1_000, 1));
        calls.push(call("b", "Get1", 1_005));
        calls.push(call("a", "Late", 5_000));
        // A second burst of the same actor, an hour later.
        calls.extend(many("a", 10, 9_000, 10));
        let (count, held) = found(&calls, Proof::Verified);
        let mut expected = vec![false];
        expected.extend([true; 12]);
        expected.extend([false, false]);
        expected.extend([true; 10]);
        assert_eq!((count, held), (2, expected));
    }
}
