//! Hours that follow on each other and are alike, told once: a year without data is one line, not nine thousand.

use std::num::NonZeroU16;

use jiff::{SignedDuration, Timestamp};

use super::chain::{Cause, Hour, HourVerdict};

impl Hour {
    /// One digest's hour.
    #[must_use]
    pub fn new(
        start: Timestamp,
        end: Timestamp,
        verdict: HourVerdict,
        cause: Option<Cause>,
    ) -> Self {
        Self {
            start,
            end,
            verdict,
            cause,
            count: NonZeroU16::MIN,
        }
    }

    /// How long each of its parts is.
    fn each(&self) -> SignedDuration {
        self.end.duration_since(self.start) / i32::from(self.count.get())
    }

    /// Takes in what follows, if its parts are like the own ones: nothing is lost by it.
    fn takes(&mut self, next: &Self) -> bool {
        let alike = self.end == next.start
            && (self.verdict, self.cause) == (next.verdict, next.cause)
            && self.each() == next.each();
        let count = self.count.checked_add(next.count.get());
        match count.filter(|_| alike) {
            Some(count) => {
                (self.end, self.count) = (next.end, count);
                true
            }
            None => false,
        }
    }

    /// Its parts, one by one.
    fn parts(&self) -> impl Iterator<Item = Self> + use<> {
        let (whole, each) = (self.clone(), self.each());
        (0..i32::from(self.count.get())).map(move |at| {
            let start = whole.start.saturating_add(each * at);
            let end = whole.start.saturating_add(each * (at + 1));
            Self::new(
                start.unwrap_or(whole.start),
                end.unwrap_or(whole.end),
                whole.verdict,
                whole.cause,
            )
        })
    }
}

/// Hours in order, those that are alike as one.
pub(super) fn merged(hours: impl IntoIterator<Item = Hour>) -> Vec<Hour> {
    let mut all: Vec<Hour> = Vec::new();
    for hour in hours {
        if !all.last_mut().is_some_and(|last| last.takes(&hour)) {
            all.push(hour);
        }
    }
    all
}

/// Changes hours, each by itself.
pub(super) fn change(hours: &mut Vec<Hour>, mut to: impl FnMut(&mut Hour)) {
    let parts = hours.iter().flat_map(Hour::parts);
    let all = merged(parts.map(|mut hour| {
        to(&mut hour);
        hour
    }));
    *hours = all;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    fn hour(start: i64, end: i64, cause: Option<Cause>) -> Hour {
        let verdict = match cause {
            None => HourVerdict::Verified,
            Some(_) => HourVerdict::Gap,
        };
        Hour::new(at(start), at(end), verdict, cause)
    }

    /// The window begins and ends within an hour, a digest is short, and in the midst are hours of other causes.
    fn hours() -> Vec<Hour> {
        let missing = Some(Cause::DigestMissing);
        vec![
            hour(20, 60, missing),
            hour(60, 120, missing),
            hour(120, 180, missing),
            hour(180, 240, missing),
            hour(240, 300, None),
            hour(300, 360, None),
            hour(360, 380, None),
            hour(380, 440, Some(Cause::Restart)),
            hour(440, 500, missing),
        ]
    }

    #[test]
    fn hours_that_are_alike_are_told_once_and_nothing_is_lost() {
        let all = merged(hours());
        let told: Vec<_> = all
            .iter()
            .map(|it| (it.start, it.end, it.count.get()))
            .collect();
        let expected = [
            (20, 60, 1),
            (60, 240, 3),
            (240, 360, 2),
            (360, 380, 1),
            (380, 440, 1),
            (440, 500, 1),
        ];
        assert_eq!(told, expected.map(|(from, to, n)| (at(from), at(to), n)));
        let parts: Vec<Hour> = all.iter().flat_map(Hour::parts).collect();
        assert_eq!(parts, hours());
        assert_eq!(merged(all.clone()), all);
    }

    #[test]
    fn one_of_many_is_changed_by_itself() {
        let mut all = merged(hours());
        change(&mut all, |hour| {
            if hour.end > at(130) && hour.cause == Some(Cause::DigestMissing) {
                hour.cause = Some(Cause::Moved);
            }
        });
        let told: Vec<_> = all
            .iter()
            .take(3)
            .map(|it| (it.start, it.end, it.cause, it.count.get()))
            .collect();
        let (missing, moved) = (Some(Cause::DigestMissing), Some(Cause::Moved));
        let expected = [
            (at(20), at(60), missing, 1),
            (at(60), at(120), missing, 1),
            (at(120), at(240), moved, 2),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn seventeen_months_without_data_are_one_line() {
        let n = 17 * 730;
        let missing = Some(Cause::ChainMissing);
        let all = merged((0..n).map(|it| hour(it * 60, (it + 1) * 60, missing)));
        let [one] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(i64::from(one.count.get()), n);
        let json = serde_json::to_string(one).unwrap();
        assert!(json.len() < 120, "{json}");
        assert_eq!(&serde_json::from_str::<Hour>(&json).unwrap(), one);
    }

    #[test]
    fn a_file_that_has_no_counts_is_read() {
        let hour = r#"{"start": "2026-03-01T00:00:00Z", "end": "2026-03-01T01:00:00Z", "verdict": "verified"}"#;
        assert_eq!(serde_json::from_str::<Hour>(hour).unwrap().count.get(), 1);
        // Of nothing nothing is said.
        let none = hour.replace('}', r#", "count": 0}"#);
        assert!(serde_json::from_str::<Hour>(&none).is_err());
    }
}
