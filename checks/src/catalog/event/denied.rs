//! Key events: calls that were refused.

use super::{Entry, Event};
use crate::events::key::{Distinct, First, Grade, Of, When};
use crate::finding::Severity;

pub(super) static ENTRIES: &[Entry] = &[
    Event {
        id: "event-denied-first",
        title: "Principals should not begin to be denied",
        severity: Severity::Medium,
        why: "A principal that never failed before and now is denied may be used by somebody else.",
        fix: "Ask the owner of the principal about the call, and review its other calls of that hour with `trailaudit events ask what-did`.",
        judged: "Fails for the first denied call of each actor in what was read, one severity step lower: earlier calls may be unknown.",
        references: &[
            "https://attack.mitre.org/techniques/T1580/",
            "https://attack.mitre.org/techniques/T1087/004/",
        ],
        attack: &["T1580", "T1087.004"],
        sources: &[],
        names: &[],
        failures: true,
        when: When::First(First::DeniedOfActor),
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
    Event {
        id: "event-denied-burst",
        title: "Principals should not be denied many different calls",
        severity: Severity::High,
        why: "Ten or more different denied calls in ten minutes are typical for somebody who enumerates the permissions of stolen credentials.",
        fix: "Disable the credentials, determine their origin with `trailaudit events who`, and review the calls that were allowed.",
        judged: "Fails for each actor with 10 or more different denied calls in ten minutes of event time, by verified records of any call.",
        references: &[
            "https://attack.mitre.org/techniques/T1580/",
            "https://attack.mitre.org/techniques/T1087/004/",
        ],
        attack: &["T1580", "T1087.004"],
        sources: &[],
        names: &[],
        failures: true,
        when: When::Distinct {
            least: 10,
            of: Distinct::DeniedNames,
        },
        subject: Of::Actor,
        grade: Grade::Same,
    }
    .entry(),
];
