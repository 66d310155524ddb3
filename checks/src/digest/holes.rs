//! Accounts for the time in which no digest is proved: what was seen there, and what is missing.

use jiff::{SignedDuration, Timestamp};

use super::chain::{Cause, HourVerdict, INTERVAL, Logging, SLACK};
use super::key::DigestKey;
use super::problem::{Kind, Problem, Verdict, Window};
use super::walk::{Slot, Walk};

impl Walk {
    /// Lays the hours of what was seen but not proved, and of what is missing between. Tells up to where it got.
    pub(super) fn lay_slots(
        &mut self,
        slots: &[Slot],
        until: Option<Timestamp>,
        grid: impl Fn(Timestamp) -> bool,
    ) -> Timestamp {
        let begin = self.last.as_ref().map(|last| last.end);
        let mut cursor = begin.unwrap_or(self.timeline.window.start);
        let mut sure = begin.is_some();
        for slot in slots {
            let end = slot.key.end;
            // Objects that are in no place of the chain make their problem, but no hour.
            if end <= cursor
                || until.is_some_and(|until| end > until)
                || !(grid(end) || (sure && whole_hours(end, cursor)))
            {
                continue;
            }
            if slot.verdict == Verdict::Missing {
                self.missing(&slot.key, cursor);
            } else {
                let start = end.saturating_sub(INTERVAL).unwrap_or(end).max(cursor);
                if cursor < start && sure {
                    self.missing(&slot.key.ending(start), cursor);
                } else {
                    // Whether the chain had begun, only the flawed digest could say.
                    self.timeline
                        .gap(cursor, start, HourVerdict::Unverified, Cause::Unknown);
                }
                let verdict = if slot.verdict == Verdict::Unverified {
                    HourVerdict::Unverified
                } else {
                    HourVerdict::Invalid
                };
                self.timeline.digest(start, end, verdict);
            }
            (cursor, sure) = (end, true);
        }
        cursor
    }

    /// Reports the digest `key`, and one for each hour between `from` and it, as missing: as far as in the window.
    fn missing(&mut self, key: &DigestKey, from: Timestamp) {
        let Window { start, end } = self.timeline.window;
        // The rest of a hole that is not quite whole hours is no digest of its own.
        let least = from.saturating_add(SLACK).unwrap_or(from);
        let from = from.max(start);
        let beyond = key.end.duration_since(end).as_hours().max(0);
        let mut at = key
            .end
            .saturating_sub(SignedDuration::from_hours(beyond))
            .unwrap_or(key.end);
        let mut ends = Vec::new();
        while at > from && (at > least || ends.is_empty()) {
            ends.push(at);
            at = at.saturating_sub(INTERVAL).unwrap_or(from);
        }
        for at in ends.into_iter().rev() {
            let begin = at.saturating_sub(INTERVAL).unwrap_or(at).max(from);
            if !self.timeline.touches(begin, at) {
                continue;
            }
            self.digests.missing += 1;
            self.timeline
                .gap(begin, at, HourVerdict::Gap, Cause::DigestMissing);
            let problem = Problem::object(
                Kind::DigestMissing,
                Verdict::Missing,
                &key.ending(at).object(),
                Some(&self.id),
            );
            let detail = "the chain continues after this hour, and every hour has a digest";
            self.problems.push(
                problem
                    .detail(detail)
                    .differs("the digest", "no such object"),
            );
        }
    }

    /// The end of the chain: what was seen after the last proved digest, and what should have been.
    pub(super) fn close(&mut self) {
        let mut slots = std::mem::take(&mut self.hole);
        for key in std::mem::take(&mut self.absent) {
            if !slots.iter().any(|slot| slot.key.end == key.end) {
                slots.push(Slot {
                    key,
                    verdict: Verdict::Missing,
                    moved: false,
                });
            }
        }
        slots.sort_by_key(|slot| slot.key.end);
        let last_end = self.last.as_ref().map(|last| last.end);
        // A digest that was moved here says nothing of the place where it lies, unless a digest belongs there.
        slots.retain(|slot| {
            !slot.moved || last_end.is_some_and(|end| whole_hours(slot.key.end, end))
        });
        let nothing = self.last.is_none() && slots.is_empty();
        let laid = self.lay_slots(&slots, None, |_| true);
        if nothing && !self.explains_nothing() {
            let Window { start, end } = self.timeline.window;
            self.timeline
                .gap(start, end, HourVerdict::Gap, Cause::ChainMissing);
            return self.report(Kind::ChainMissing, start, end, |problem| {
                problem
                    .detail("no digest of this chain was found")
                    .differs("a digest for every hour", "none")
            });
        }
        let last = self.last.as_ref().filter(|_| slots.is_empty());
        let is_final = last.filter(|last| last.is_final).map(|last| last.end);
        self.close_tail(laid, is_final);
    }

    /// Whether the trail's state says why there is no digest.
    fn explains_nothing(&self) -> bool {
        let start = self.timeline.window.start;
        match self.logging {
            Logging::StoppedAt(time) => time <= start,
            Logging::Started { stopped, .. } => stopped.is_none_or(|time| time <= start),
            Logging::Unknown | Logging::Running => false,
        }
    }

    /// The time after the last digest: hours that are missing, those after logging was stopped, and what is not due.
    /// `is_final`: the end of a last digest that is shorter than an hour, which CloudTrail delivers after a stop.
    fn close_tail(&mut self, laid: Timestamp, is_final: Option<Timestamp>) {
        let Window { start, end } = self.timeline.window;
        let stopped = match self.logging {
            Logging::Unknown => is_final,
            Logging::Running => None,
            Logging::StoppedAt(time) => Some(time),
            Logging::Started { stopped, .. } => {
                stopped.or_else(|| self.last.as_ref().map(|last| last.end))
            }
        };
        // From when on digests are not due yet.
        let again = match self.logging {
            Logging::Started { at, .. } => at.clamp(start, end),
            Logging::Unknown | Logging::Running | Logging::StoppedAt(_) => end,
        };
        if stopped.is_none() && again < end {
            // It never logged before.
            self.timeline
                .gap(start, again, HourVerdict::Gap, Cause::NotStarted);
        }
        let due = match stopped {
            Some(time) => time.min(end),
            None => again.max(self.timeline.laid()),
        };
        let from = laid.max(self.timeline.laid());
        if due.duration_since(laid) >= INTERVAL && from < due {
            self.timeline
                .gap(from, due, HourVerdict::Gap, Cause::TailMissing);
            self.report(Kind::ChainTailMissing, from, due, |problem| {
                problem
                    .detail("the chain ends before the time range does")
                    .differs(due, laid)
            });
        }
        let from = self.timeline.laid();
        if let Some(time) = stopped.filter(|time| *time < end && from < again) {
            self.timeline
                .gap(from, again, HourVerdict::Gap, Cause::LoggingStopped);
            self.report(Kind::ChainGap, from, again, |problem| {
                problem
                    .detail(format!(
                        "logging stopped at {time}: no digest of this trail covers the time after it"
                    ))
                    .differs("a digest for every hour", "none")
            });
        }
        let from = self.timeline.laid();
        self.timeline
            .gap(from, end, HourVerdict::Gap, Cause::NotYetDelivered);
    }
}

/// Whether the two are whole hours apart, or nearly.
pub(super) fn whole_hours(one: Timestamp, other: Timestamp) -> bool {
    let over = one
        .duration_since(other)
        .as_secs()
        .rem_euclid(INTERVAL.as_secs());
    over <= SLACK.as_secs() || over >= INTERVAL.as_secs() - SLACK.as_secs()
}
