//! CloudTrail's event history for the hours that are open. Nothing signs it: its records are shown, and no hour is
//! verified by them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trailaudit_checks::digest::{ObjectRef, Window};
use trailaudit_checks::events::{Open, Proof, Reason};

use super::reading::{Consumer, Facts, Origin, Reading};
use crate::objects::{EventHistory, Source};

/// So long CloudTrail keeps it: "Viewing recent management events", CloudTrail User Guide.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Reads what the history holds of these hours. What could not be looked up, in sentences.
pub(super) fn read<C: Consumer>(
    source: &dyn Source,
    open: &[Open],
    now: Timestamp,
    reading: &Reading<C>,
) -> Vec<String> {
    let Some(history) = source.event_history() else {
        return Vec::new();
    };
    let oldest = now.saturating_sub(KEPT).unwrap_or(now);
    let mut notes = Vec::new();
    let mut others: BTreeMap<&str, u64> = BTreeMap::new();
    for it in open {
        if it.account != history.account() {
            *others.entry(&it.account).or_default() += 1;
            continue;
        }
        let window = Window {
            start: it.start.max(oldest),
            end: it.end.min(now),
        };
        let place = format!("{}/{}", it.account, it.region);
        if window.start >= window.end {
            notes.push(format!(
                "the event history of {place} begins at {oldest}, after the open hours from {}",
                it.start
            ));
            continue;
        }
        let window = (window.start, window.end);
        if let Err(words) = one(history, it, window, reading) {
            notes.push(format!(
                "the event history of {place} was not read: {words}"
            ));
        }
    }
    let count = others.values().sum::<u64>();
    if count > 0 {
        let names: Vec<&str> = others.keys().copied().take(20).collect();
        notes.push(format!(
            "LookupEvents answers for account {} only: {count} open periods of {} were not looked up",
            history.account(),
            names.join(", ")
        ));
    }
    notes
}

fn one<C: Consumer>(
    history: &dyn EventHistory,
    open: &Open,
    window: (Timestamp, Timestamp),
    reading: &Reading<C>,
) -> Result<(), String> {
    let at = ObjectRef::new(
        String::new(),
        format!("LookupEvents/{}/{}", open.account, open.region),
    );
    let origin = Origin {
        account: &open.account,
        region: &open.region,
        at: &at,
        digest: None,
        proof: Proof::Unverified(Reason::NotDelivered),
        why: "event-history",
        // Logs may hold the same records, altered or not.
        shared: true,
    };
    let mut page = |records: &[String]| {
        let mut facts = Facts::default();
        let text = format!("{{\"Records\":[{}]}}", records.join(","));
        reading.text(&mut facts, &origin, text.as_bytes(), None);
        reading.add(facts);
        true
    };
    let read = history.events(&open.region, window, &mut page);
    read.map_err(|unread| unread.words())
}
