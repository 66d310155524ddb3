//! What an answer rests on: which hours, logs and records of the window are proved, and which are missing, altered or
//! unread.
//!
//! Digests speak of delivery, questions of the time of events. CloudTrail delivers within minutes as a rule, and
//! promises no time. So an hour of events is verified when the digests of that hour are proved and whole, and so is
//! every digest of the [`LATE`] hours after it that there is: a log that was delivered then may hold its events. Where
//! a digest gives the times of a log's oldest and newest event, which it signs, a log that is missing or altered
//! concerns the hours between these alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proof::Proof;
use crate::digest::{Cause, Chain, DigestKey, HourVerdict, INTERVAL, ObjectRef, Problem, Window};

/// So late a log may be delivered after an event that it holds. Nothing documents a bound; CloudTrail's backfill
/// digests come within this time.
pub const LATE: SignedDuration = SignedDuration::from_hours(36);

/// Why an hour is open whose own digests are proved.
const LATE_LOGS: &str = "late-logs";

/// The stamp in a log's name may be so much before its newest event.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RestsOn {
    /// The time that was asked about; none for files, and where nothing was found.
    pub window: Option<Window>,
    /// How many chains of digests were read.
    pub chains: u64,
    /// Hours of events, of each account and region.
    pub hours: Hours,
    /// Log files.
    pub logs: Logs,
    /// Records of the window, by what is proved of each.
    pub records: Records,
    /// The event categories of these records, with their numbers.
    pub categories: BTreeMap<String, u64>,
    /// The longest time in seconds between an event and the delivery of its log.
    pub largest_lateness: Option<i64>,
    /// Until when delivered logs were read: events that were delivered later are not among the records.
    pub delivered_until: Option<Timestamp>,
    /// The hours of which nothing certain can be said.
    pub open: Vec<Open>,
    /// Objects that hold no proved record, with the reason; the first of each kind and place.
    pub objects: Vec<ObjectNote>,
    /// What is wrong with the text of records.
    pub problems: Vec<TextProblem>,
    /// Fields that CloudTrail does not document, with how many records have each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub unknown_fields: BTreeMap<String, u64>,
    /// Accounts and regions in which nothing was looked for, or nothing found.
    pub not_covered: Vec<String>,
    /// Categories of events that no trail of the inventory logs: that there are none says nothing. Without an inventory
    /// it is not known, and this is empty.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_logged: Vec<String>,
    /// Whether all of the window and scope is verified.
    pub complete: bool,
}

/// How many hours came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hours {
    /// Every log that may hold its events is proved.
    pub verified: u64,
    /// Not recorded, or its digests are missing.
    pub gap: u64,
    /// A digest or a log of it is wrong or missing.
    pub invalid: u64,
    /// Not to be judged.
    pub unverified: u64,
}

/// How many log files came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Logs {
    /// Proved.
    pub verified: u64,
    /// Not what its digest lists.
    pub altered: u64,
    /// A valid digest covers its delivery and does not list it.
    pub unlisted: u64,
    /// Read, and not to be judged.
    pub unverified: u64,
    /// Listed and not there.
    pub missing: u64,
    /// There, and not read.
    pub unread: u64,
    /// Not read, since the signed times of its events lie outside of the window.
    pub outside: u64,
}

/// How many records came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Records {
    /// In a proved log.
    pub verified: u64,
    /// In a log that is not what its digest lists.
    pub altered: u64,
    /// In a log that no digest lists.
    pub unlisted: u64,
    /// In what cannot be judged.
    pub unverified: u64,
}

impl Logs {
    /// Adds the counts of another.
    pub fn add(&mut self, other: Self) {
        self.verified += other.verified;
        self.altered += other.altered;
        self.unlisted += other.unlisted;
        self.unverified += other.unverified;
        self.missing += other.missing;
        self.unread += other.unread;
        self.outside += other.outside;
    }
}

impl Records {
    /// One more.
    pub fn count(&mut self, proof: Proof) {
        match proof {
            Proof::Verified | Proof::Version => self.verified += 1,
            Proof::Altered => self.altered += 1,
            Proof::Unlisted => self.unlisted += 1,
            Proof::Unverified(_) => self.unverified += 1,
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: Self) {
        self.verified += other.verified;
        self.altered += other.altered;
        self.unlisted += other.unlisted;
        self.unverified += other.unverified;
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.verified + self.altered + self.unlisted + self.unverified
    }
}

/// Hours in a row of which the same is to be said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Open {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// From when on.
    pub start: Timestamp,
    /// Until when.
    pub end: Timestamp,
    /// How bad it is.
    pub verdict: HourVerdict,
    /// Why: a cause of verify's hours, the kind of a log's problem, or `late-logs`: a digest that may list logs of this
    /// hour is missing or wrong.
    pub why: Vec<String>,
}

/// One object that proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ObjectNote {
    /// The object.
    pub at: ObjectRef,
    /// What it is thereby: `missing`, `altered`, `unlisted`, `unverified`, `unread`; `version` of what its stored
    /// versions tell.
    pub verdict: String,
    /// Why.
    pub why: String,
    /// The signed times of its oldest and newest event, where a digest gives them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub events: Option<Window>,
    /// How many more there are of the kind.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub and_more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(it: &u64) -> bool {
    *it == 0
}

/// One kind of fault in the text of records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TextProblem {
    /// Its name, such as `record-format`.
    pub kind: String,
    /// The first object that has it.
    pub key: String,
    /// Where in the object's uncompressed bytes.
    pub offset: u64,
    /// What it is.
    pub detail: String,
    /// How many there are in all objects.
    pub count: u64,
}

/// A log whose events concern certain hours, and that proves nothing about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The account of its chain.
    pub account: String,
    /// The region of its chain.
    pub region: String,
    /// The chain, by its id.
    pub chain: String,
    /// The kind of its problem.
    pub why: &'static str,
    /// What it makes of an hour.
    pub verdict: HourVerdict,
    /// The time of its events, as far as known.
    pub events: Window,
}

/// The hours of events in the window.
#[must_use]
pub fn hours(window: Window, chains: &[(&Chain, &[Problem])], lost: &[Lost]) -> (Hours, Vec<Open>) {
    let mut places: BTreeMap<(&str, &str), Vec<Flaws>> = BTreeMap::new();
    for (chain, problems) in chains {
        let id = chain.id.to_string();
        let mut flaws = Flaws::of(window, chain, problems);
        let own = lost.iter().filter(|it| it.chain == id);
        flaws.0.extend(own.map(Flaw::from));
        let place = places.entry((&chain.id.account, &chain.id.region));
        place.or_default().push(flaws);
    }
    let mut count = Hours::default();
    let mut open: Vec<Open> = Vec::new();
    for ((account, region), chains) in places {
        for hour in each_hour(window) {
            let (verdict, why) = all_of(&chains, hour);
            match verdict {
                HourVerdict::Verified => {
                    count.verified += 1;
                    continue;
                }
                // As it should be, though nothing can be said of it.
                _ if why == [words(Cause::NotYetDelivered)] => {}
                HourVerdict::Unverified => count.unverified += 1,
                HourVerdict::Gap => count.gap += 1,
                HourVerdict::Invalid => count.invalid += 1,
            }
            let same = open.last_mut().filter(|last| {
                (
                    last.account.as_str(),
                    last.region.as_str(),
                    last.end,
                    last.verdict,
                    &last.why,
                ) == (account, region, hour.start, verdict, &why)
            });
            match same {
                Some(it) => it.end = hour.end,
                None => open.push(Open {
                    account: account.to_owned(),
                    region: region.to_owned(),
                    start: hour.start,
                    end: hour.end,
                    verdict,
                    why,
                }),
            }
        }
    }
    (count, open)
}

/// What is known of one hour by all chains of a place. Trails may record different events, and a digest does not tell
/// which: where one of them has a hole, another that is whole does not fill it. A trail that did not deliver there yet,
/// or delivered to another place, has none.
fn all_of(chains: &[Flaws], hour: Window) -> (HourVerdict, Vec<String>) {
    let elsewhere = [words(Cause::NotStarted), words(Cause::Moved)];
    let all: Vec<_> = chains.iter().map(|it| it.at(hour)).collect();
    let here = all.iter().filter(|(_, why)| {
        why.is_empty() || !why.iter().all(|it| elsewhere.contains(&it.as_str()))
    });
    let worst = here.max().or_else(|| all.iter().max());
    worst
        .cloned()
        .unwrap_or_else(|| (HourVerdict::Gap, Vec::new()))
}

/// The full hours of a window, cut at its ends.
fn each_hour(window: Window) -> impl Iterator<Item = Window> {
    let second = INTERVAL.as_secs();
    let mut from = window.start;
    std::iter::from_fn(move || {
        if from >= window.end {
            return None;
        }
        let next = (from.as_second().div_euclid(second) + 1) * second;
        let end = Timestamp::from_second(next).unwrap_or(window.end);
        let hour = Window {
            start: from,
            end: end.min(window.end),
        };
        from = hour.end;
        Some(hour)
    })
}

/// What stands against the hours of one chain.
struct Flaws(Vec<Flaw>);

struct Flaw {
    window: Window,
    verdict: HourVerdict,
    why: String,
}

impl From<&Lost> for Flaw {
    fn from(lost: &Lost) -> Self {
        Self {
            // Both ends are times of events.
            window: Window {
                start: lost.events.start,
                end: lost
                    .events
                    .end
                    .saturating_add(SignedDuration::from_secs(1))
                    .unwrap_or(lost.events.end),
            },
            verdict: lost.verdict,
            why: lost.why.to_owned(),
        }
    }
}

impl Flaws {
    fn of(window: Window, chain: &Chain, problems: &[Problem]) -> Self {
        let mut flaws = Vec::new();
        // A digest that is wrong or not there may list logs that were late.
        let digests: BTreeSet<Timestamp> = problems
            .iter()
            .filter_map(|problem| {
                let at = ObjectRef::new(problem.bucket.clone(), problem.key.clone()?);
                problem
                    .verdict
                    .and(DigestKey::parse(&at))
                    .map(|key| key.end)
            })
            .collect();
        for hour in &chain.hours {
            if hour.verdict == HourVerdict::Verified {
                continue;
            }
            let within = Window {
                start: hour.start,
                end: hour.end,
            };
            let after = hour.start >= window.end;
            let ends_here = matches!(
                hour.cause,
                Some(
                    Cause::TailMissing
                        | Cause::NotYetDelivered
                        | Cause::ChainMissing
                        | Cause::NotStarted
                )
            );
            // Where a chain ends behind the window, nothing is known to be missing: it is told until when was read.
            if after && ends_here {
                continue;
            }
            let end = hour.end;
            let broken = digests.iter().any(|it| *it > hour.start && *it <= end);
            let why = match (hour.cause, broken) {
                (Some(cause), _) => words(cause),
                (None, true) => "digest-invalid",
                (None, false) => "log-invalid",
            };
            let may_list = match hour.cause {
                Some(
                    Cause::NotStarted
                    | Cause::NotYetDelivered
                    | Cause::LoggingStopped
                    | Cause::Covered
                    | Cause::Moved
                    | Cause::ChainMissing
                    | Cause::TailMissing,
                ) => false,
                // Where a digest ended before its hour did, it was the chain's last: nothing was delivered after it.
                Some(Cause::Restart) => hour.start.as_second() % INTERVAL.as_secs() == 0,
                Some(
                    Cause::DigestMissing | Cause::Discontinuity | Cause::Elsewhere | Cause::Unknown,
                ) => true,
                None => broken || hour.verdict == HourVerdict::Unverified,
            };
            if may_list {
                flaws.push(Flaw {
                    window: Window {
                        start: hour.start.saturating_sub(LATE).unwrap_or(hour.start),
                        end: hour.start,
                    },
                    verdict: HourVerdict::Unverified,
                    why: LATE_LOGS.to_owned(),
                });
            }
            if !after {
                flaws.push(Flaw {
                    window: within,
                    // What was not recorded here, though nothing is wrong with that, was not recorded here.
                    verdict: match hour.cause {
                        Some(Cause::NotYetDelivered) => HourVerdict::Unverified,
                        Some(cause) if cause.is_expected() => HourVerdict::Gap,
                        Some(_) | None => hour.verdict,
                    },
                    why: why.to_owned(),
                });
            }
        }
        // What the chain was not asked about is not known: chains may begin at different times.
        let first = chain.hours.first().map_or(window.end, |it| it.start);
        let last = chain.hours.last().map_or(window.end, |it| it.end);
        for (start, end, verdict, why) in [
            (window.start, first, HourVerdict::Gap, Cause::NotStarted),
            (last, window.end, HourVerdict::Unverified, Cause::Unknown),
        ] {
            flaws.push(Flaw {
                window: Window { start, end },
                verdict,
                why: words(why).to_owned(),
            });
        }
        Self(flaws)
    }

    /// What is known of one hour by this chain.
    fn at(&self, hour: Window) -> (HourVerdict, Vec<String>) {
        let here = self.0.iter().filter(|hours| {
            let Window { start, end } = hours.window;
            start < hour.end && end > hour.start
        });
        let mut verdict = HourVerdict::Verified;
        let mut why = BTreeSet::new();
        for flaw in here {
            verdict = verdict.max(flaw.verdict);
            why.insert(flaw.why.clone());
        }
        if verdict > HourVerdict::Unverified {
            why.remove(LATE_LOGS);
        }
        (verdict, why.into_iter().collect())
    }
}

/// The name of a cause, as JSON has it.
fn words(cause: Cause) -> &'static str {
    match cause {
        Cause::NotStarted => "not-started",
        Cause::NotYetDelivered => "not-yet-delivered",
        Cause::LoggingStopped => "logging-stopped",
        Cause::Covered => "covered",
        Cause::Moved => "moved",
        Cause::Restart => "restart",
        Cause::DigestMissing => "digest-missing",
        Cause::Discontinuity => "discontinuity",
        Cause::TailMissing => "tail-missing",
        Cause::ChainMissing => "chain-missing",
        Cause::Elsewhere => "elsewhere",
        Cause::Unknown => "unknown",
    }
}
