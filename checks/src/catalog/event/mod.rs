//! Key events: calls in the logs that an incident response asks for first.
//!
//! What each looks for is a table: a [`Check`] as every other, the names and the condition by which
//! [`crate::events::key`] finds its records, and the techniques of MITRE ATT&CK (Enterprise, version 16) that it shows.
//! What was found comes with the inventory; here it becomes a verdict.

use crate::calls::{self, ApiCall};
use crate::check::{Check, Outcome, Run, Verdict};
use crate::context::Context;
use crate::events::key::{ALTERED, Grade, Key, Of, PLANTED, When};
use crate::fact::{Gap, Gaps, Reason, Source, Why};
use crate::finding::Severity;
use crate::ids::{AccountId, Region};
use crate::inventory::{Inventory, KeyEvents};

mod attack;
mod buckets;
mod compute;
mod data;
mod denied;
mod guards;
mod identity;
mod network;
mod record;
mod sign_in;
mod storage;
#[cfg(test)]
mod tests;

pub use attack::technique;

/// A check, and how its records are found.
#[derive(Debug)]
pub(super) struct Entry {
    check: Check,
    /// Techniques of MITRE ATT&CK.
    attack: &'static [&'static str],
    key: Key,
}

/// A key event: what differs from one to the next.
struct Event {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    why: &'static str,
    fix: &'static str,
    judged: &'static str,
    references: &'static [&'static str],
    attack: &'static [&'static str],
    sources: &'static [&'static str],
    names: &'static [&'static str],
    /// It is about failures.
    failures: bool,
    when: When,
    subject: Of,
    grade: Grade,
}

impl Event {
    /// The check, and how its records are found.
    const fn entry(self) -> Entry {
        Entry {
            check: Check {
                id: self.id,
                title: self.title,
                severity: self.severity,
                question: None,
                why: self.why,
                fix: self.fix,
                judged: self.judged,
                alike: if self.failures { OF_FAILURES } else { ALIKE },
                references: self.references,
                reads: READS,
                run: Run::Event(told),
            },
            attack: self.attack,
            key: Key {
                id: self.id,
                sources: self.sources,
                names: self.names,
                failures: self.failures,
                when: self.when,
                subject: self.subject,
                grade: self.grade,
            },
        }
    }
}

/// Logs are read as they are verified.
const READS: &[ApiCall] = &[
    calls::LIST_OBJECTS,
    calls::GET_OBJECT,
    calls::LIST_PUBLIC_KEYS,
];

/// What is not obvious of any of them.
const ALIKE: &[&str] = &[
    "A record in a log that no valid digest proves gives unknown, not fail.",
    "No such record gives a pass only where every hour of the period is verified.",
    "An attempt that was refused counts one severity step lower.",
];

/// The same, of those that are about failures.
const OF_FAILURES: &[&str] = &[
    "A record in a log that no valid digest proves gives unknown, not fail.",
    "No such record gives a pass only where every hour of the period is verified.",
];

/// What is wrong with the logs themselves; no condition on records.
static LOGS: &[Entry] = &[
    Entry {
        check: Check {
            id: ALTERED,
            title: "Log files should hold what CloudTrail wrote",
            severity: Severity::Critical,
            question: None,
            why: "A valid digest lists another hash for the log file, so its records were changed, or records were added \
                  after them. No other check uses these records.",
            fix: "Restore the earlier version of the object, verify it with `trailaudit verify`, and compare its records \
                  with those that the finding lists.",
            judged: "Fails for each log file whose hash is not the one that a valid digest lists, and for what follows its \
                     one signed gzip member.",
            alike: &[
                "A log file whose digest is missing or invalid is unknown, not altered.",
                "Records before what was added to a log file stay verified.",
            ],
            references: &[
                "https://attack.mitre.org/techniques/T1565/001/",
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1565.001"],
        key: Key::of_logs(ALTERED),
    },
    Entry {
        check: Check {
            id: PLANTED,
            title: "Log buckets should hold only log files that CloudTrail delivered",
            severity: Severity::Critical,
            question: None,
            why: "A valid digest covers the delivery time of the log file and does not list it, so it was copied there. No \
                  other check uses its records.",
            fix: "Determine who wrote the object from the data events or access logs of the bucket, keep a copy as \
                  evidence, and remove it.",
            judged: "Fails for each log file in the place of a chain whose delivery time a valid digest covers without \
                     listing the file.",
            alike: &[
                "A log file that no valid digest covers is unknown, not planted.",
                "A log file that is not yet due in a digest does not count.",
            ],
            references: &[
                "https://attack.mitre.org/techniques/T1565/001/",
                "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html",
            ],
            reads: READS,
            run: Run::Event(told),
        },
        attack: &["T1565.001"],
        key: Key::of_logs(PLANTED),
    },
];

fn entries() -> impl Iterator<Item = &'static Entry> {
    let groups = [
        buckets::ENTRIES,
        compute::ENTRIES,
        data::ENTRIES,
        denied::ENTRIES,
        guards::ENTRIES,
        identity::ENTRIES,
        network::ENTRIES,
        record::ENTRIES,
        sign_in::ENTRIES,
        storage::ENTRIES,
        LOGS,
    ];
    groups.into_iter().flatten()
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Check> {
    entries().map(|it| &it.check)
}

/// How the records of each are found, by check id.
#[must_use]
pub fn keys() -> Vec<&'static Key> {
    let mut keys: Vec<&'static Key> = entries().map(|it| &it.key).collect();
    keys.sort_by_key(|it| it.id);
    keys
}

/// The techniques of MITRE ATT&CK that the events of a check show; none for other checks.
#[must_use]
pub fn attack(id: &str) -> &'static [&'static str] {
    let mut entries = entries();
    entries
        .find(|it| it.check.id == id)
        .map_or(&[], |it| it.attack)
}

/// What it comes to that verified logs hold no record of the check, where that is no pass.
pub fn none_of(id: &str, inventory: &Inventory) -> Option<Outcome> {
    let key = &entries().find(|it| it.check.id == id)?.key;
    if key.id == "event-insight" {
        return Some(Ok(Verdict::not_applicable(
            "the logs hold no Insights event; whether trails log them, trail-insights-call-rate and trail-insights-error-rate tell",
        )));
    }
    let read = inventory.events.as_ref();
    let records = read.map_or(0, |it| it.rests_on.records.verified);
    let logged = read.map(|it| &it.logged);
    let missing = key.needs().into_iter();
    let mut missing: Vec<(&str, &str)> = missing
        .filter(|it| logged.is_none_or(|logged| !logged.contains(it)))
        .map(|it| (it.calls(), it.left_out()))
        .collect();
    // The logs themselves are there, whatever they hold.
    if records == 0 && key.when != When::Log {
        missing = vec![(
            "any event",
            "the verified logs hold no record; a trail logs what its event selectors say",
        )];
    }
    let not_logged = missing.into_iter().map(|(what, detail)| {
        Gaps::from(Gap::from(Why {
            source: Source::Records {
                what: what.to_owned(),
            },
            account: AccountId::from(""),
            region: Region::from(""),
            reason: Reason::NotRecorded,
            detail: detail.to_owned(),
            request_id: None,
        }))
    });
    // A bucket of which nobody knows that it keeps logs is not looked for.
    let trails = inventory.trails.values();
    let unknown = trails.filter_map(|it| it.configuration.bucket.known().err());
    let unknown = unknown.filter(|_| matches!(key.when, When::LogBucket(_)));
    Gaps::collect(not_logged.chain(unknown)).map(Err)
}

/// What the records come to: a fail where some are proved, and nobody knows where none is.
fn told(events: &KeyEvents, _: &Context<'_>) -> Outcome {
    let of_logs = [ALTERED, PLANTED].contains(&events.check.as_str());
    if events.count == 0 && !of_logs {
        return Err(Gap::from(Why {
            source: Source::Records {
                what: format!("the log of {}", count(events.unproven, "such event")),
            },
            account: events
                .subject
                .account
                .clone()
                .unwrap_or_else(|| AccountId::from("")),
            region: events
                .subject
                .region
                .clone()
                .unwrap_or_else(|| Region::from("")),
            reason: Reason::Unverified,
            detail: events.sentence(),
            request_id: None,
        })
        .into());
    }
    let mut verdict = Verdict::fail(events.sentence())
        .steps(events.step)
        .saw("events", events.count)
        .saw("refused", events.refused)
        .saw("first", events.first.map(|it| it.to_string()))
        .saw("last", events.last.map(|it| it.to_string()))
        .saw("proof", if of_logs { "none" } else { "verified" });
    if events.unproven > 0 {
        verdict = verdict.saw("events in logs that are not verified", events.unproven);
    }
    for record in &events.records {
        verdict = verdict.saw("record", record);
    }
    Ok(verdict)
}

/// `1 call`, `2 calls`.
fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}
