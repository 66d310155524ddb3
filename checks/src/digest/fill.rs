//! Puts each proved digest in its place and accounts for the time between it and the one before.

use jiff::Timestamp;

use super::chain::{Cause, HourVerdict, Last};
use super::document::Previous;
use super::ends::Arrival;
use super::holes::whole_hours;
use super::key::DigestKey;
use super::open::Link;
use super::problem::{Kind, Problem, Verdict, Window};
use super::walk::{Slot, Walk};
use crate::hex;

/// What a digest says of the one before it, compared with what was seen.
enum Joint {
    /// It is a starting digest.
    Starts,
    /// It names the last proved digest.
    ToLast,
    /// It names a digest of this chain that ends then and is not proved: flawed, or missing.
    ToSlot(Timestamp),
    /// It names a digest that is none of this chain's, here.
    ToElsewhere,
    /// It names what cannot come before it.
    Wrong,
}

impl Walk {
    /// Places a proved digest. All that was seen since the last one is accounted for now.
    pub(super) fn place(&mut self, link: Link, signature: Vec<u8>) {
        let mut slots = std::mem::take(&mut self.hole);
        slots.sort_by_key(|slot| slot.key.end);
        let joint = self.joint(&link, &mut slots);
        self.remember_former(&link);
        let mut mismatch = self.contradicts_witness(&link);
        let last_end = self.last.as_ref().map(|last| last.end);
        match joint {
            Joint::Starts => self.start(&link, &slots),
            Joint::ToLast => {
                mismatch |= self.compare_link(&link);
                self.continue_from(last_end.unwrap_or(link.start), &link);
            }
            Joint::ToSlot(end) => {
                let grid = |stamp: Timestamp| whole_hours(stamp, end);
                self.lay_slots(&slots, Some(end), grid);
                self.continue_from(end, &link);
            }
            Joint::ToElsewhere => self.elsewhere(&link),
            Joint::Wrong => {
                self.mismatch(
                    &link,
                    "the digest does not name the previous digest as its predecessor",
                    |walk, previous| {
                        let last = walk.last.as_ref().map_or_else(
                            || "a digest of this chain".to_owned(),
                            |last| last.at.to_string(),
                        );
                        (last, previous.at.to_string())
                    },
                );
                mismatch = true;
                self.timeline.gap(
                    self.timeline.laid(),
                    link.start,
                    HourVerdict::Gap,
                    Cause::Unknown,
                );
            }
        }
        let verdict = if mismatch {
            HourVerdict::Invalid
        } else {
            HourVerdict::Verified
        };
        let hour = self
            .timeline
            .digest(link.start, link.end, HourVerdict::Verified);
        self.timeline.spoil(hour, verdict);
        self.last = Some(Last {
            at: link.at.clone(),
            end: link.end,
            sha256: link.sha256,
            signature,
            is_final: link.is_final(),
        });
        if self.timeline.touches(link.start, link.end) {
            self.reached.clone_from(&self.last);
        }
        self.accept(link, hour);
    }

    fn joint(&self, link: &Link, slots: &mut Vec<Slot>) -> Joint {
        let Some(previous) = &link.previous else {
            return Joint::Starts;
        };
        if self
            .last
            .as_ref()
            .is_some_and(|last| last.at == previous.at)
        {
            return Joint::ToLast;
        }
        let Some(key) = DigestKey::parse(&previous.at).filter(|key| !key.backfill) else {
            return Joint::Wrong;
        };
        let mut here = self.id.clone();
        if key.chain != here {
            here.bucket.clone_from(&key.chain.bucket);
            here.prefix.clone_from(&key.chain.prefix);
            let hole = self.last.as_ref().is_none_or(|last| last.end < link.start);
            return if key.chain == here && hole {
                Joint::ToElsewhere
            } else {
                Joint::Wrong
            };
        }
        let end = key.end;
        if self.last.as_ref().is_some_and(|last| end <= last.end) || end > link.end {
            return Joint::Wrong;
        }
        if !slots.iter().any(|slot| slot.key.end == end) {
            slots.push(Slot {
                key,
                verdict: Verdict::Missing,
                moved: false,
            });
            slots.sort_by_key(|slot| slot.key.end);
        }
        Joint::ToSlot(end)
    }

    /// A starting digest: the first of all, or a restart.
    fn start(&mut self, link: &Link, slots: &[Slot]) {
        let Some(last_end) = self.last.as_ref().map(|last| last.end) else {
            if slots.is_empty() {
                return self.timeline.gap(
                    self.timeline.laid(),
                    link.start,
                    HourVerdict::Gap,
                    Cause::NotStarted,
                );
            }
            self.lay_slots(slots, Some(link.start), |_| true);
            return self.restart(self.timeline.laid(), link);
        };
        let laid = self.lay_slots(slots, Some(link.start), |stamp| {
            whole_hours(stamp, last_end)
        });
        self.restart(laid, link);
    }

    fn restart(&mut self, from: Timestamp, link: &Link) {
        if from < link.start {
            self.timeline
                .gap(from, link.start, HourVerdict::Gap, Cause::Restart);
            self.report(Kind::ChainGap, from, link.start, |problem| {
                let detail =
                    "logging or log file validation was disabled: the digest after the gap starts a new chain";
                problem
                    .detail(detail)
                    .differs("a digest for every hour", "none")
            });
        } else {
            self.report(Kind::ChainRestart, link.start, link.start, |problem| {
                let detail = "the digest starts a new chain: it does not verify earlier digests";
                problem
                    .detail(detail)
                    .differs("a digest that names its predecessor", "a starting digest")
            });
        }
    }

    /// Remembers the other place that the trail delivered to, if the digest names one.
    fn remember_former(&mut self, link: &Link) {
        let Some(key) = link
            .previous
            .as_ref()
            .and_then(|previous| DigestKey::parse(&previous.at))
        else {
            return;
        };
        let (before, now) = (&key.chain, &self.id);
        let same_trail = (&before.account, &before.region) == (&now.account, &now.region)
            && (&before.trail, &before.home_region) == (&now.trail, &now.home_region);
        if same_trail {
            let place = (before.bucket.clone(), key.account_prefix());
            self.former.insert(place);
        }
    }

    /// Whether another digest is stored here than the one that an earlier run verified.
    fn contradicts_witness(&mut self, link: &Link) -> bool {
        let Some(witness) = self.witness.take_if(|witness| witness.at == link.at) else {
            return false;
        };
        let seen = hex::encode(&link.sha256);
        if witness.sha256 == seen {
            return false;
        }
        self.report(Kind::ChainLinkMismatch, link.start, link.end, |problem| {
            problem
                .detail(format!(
                    "{}: the digest was replaced since an earlier run verified it",
                    link.at.key
                ))
                .differs(witness.sha256, seen)
        });
        true
    }

    /// Checks that the digest begins where its predecessor ends.
    fn continue_from(&mut self, end: Timestamp, link: &Link) {
        if end == link.start {
            return;
        }
        self.timeline
            .gap(end, link.start, HourVerdict::Gap, Cause::Discontinuity);
        let (from, until) = (end.min(link.start), end.max(link.start));
        let detail = if end < link.start {
            "no digest covers the time between them"
        } else {
            "the two overlap"
        };
        self.report(Kind::ChainTimeDiscontinuity, from, until, |problem| {
            problem
                .detail(format!(
                    "{} does not start where its predecessor ends: {detail}",
                    link.at.key
                ))
                .differs(end, link.start)
        });
    }

    /// Compares what a digest says of its predecessor's bytes and signature with what was read.
    fn compare_link(&mut self, link: &Link) -> bool {
        let (Some(last), Some(previous)) = (&self.last, &link.previous) else {
            return false;
        };
        let (what, expected, seen) = if previous.sha256 != last.sha256 {
            (
                "hash",
                hex::encode(&previous.sha256),
                hex::encode(&last.sha256),
            )
        } else if previous.signature != last.signature {
            (
                "signature",
                hex::encode(&previous.signature),
                hex::encode(&last.signature),
            )
        } else {
            return false;
        };
        let detail = format!(
            "the {what} that the digest names for its predecessor is not that of the predecessor"
        );
        self.mismatch(link, &detail, |_, _| (expected, seen));
        true
    }

    fn mismatch(
        &mut self,
        link: &Link,
        detail: &str,
        values: impl FnOnce(&Self, &Previous) -> (String, String),
    ) {
        let Some(previous) = &link.previous else {
            return;
        };
        let (expected, seen) = values(self, previous);
        self.report(Kind::ChainLinkMismatch, link.start, link.end, |problem| {
            problem
                .detail(format!("{}: {detail}", link.at.key))
                .differs(expected, seen)
        });
    }

    /// The trail delivered to another place before. What lies there is another chain, or an anchor of it is needed.
    fn elsewhere(&mut self, link: &Link) {
        let from = self.timeline.laid();
        self.departures.extend(self.last.clone());
        if let Some(previous) = link.previous.clone() {
            self.arrivals.push(Arrival {
                at: link.at.clone(),
                start: link.start,
                end: link.end,
                from,
                previous,
            });
        }
        self.timeline
            .gap(from, link.start, HourVerdict::Unverified, Cause::Elsewhere);
        let Some(previous) = link
            .previous
            .as_ref()
            .filter(|_| self.timeline.touches(from, link.start) && from < link.start)
        else {
            return;
        };
        let problem = Problem::object(
            Kind::DigestUnverified,
            Verdict::Unverified,
            &previous.at,
            Some(&self.id),
        );
        let detail = format!(
            "until {} the trail delivered to another location; the digests there were not verified in this run",
            link.start
        );
        self.problems.push(
            problem
                .detail(detail)
                .differs("a digest of this chain", &previous.at),
        );
        self.digests.unverified += 1;
    }

    /// Reports a problem of the chain, if its time touches the window.
    pub(super) fn report(
        &mut self,
        kind: Kind,
        from: Timestamp,
        until: Timestamp,
        fill: impl FnOnce(Problem) -> Problem,
    ) {
        if self.timeline.touches(from, until) {
            let window = Window {
                start: from,
                end: until,
            };
            self.problems
                .push(fill(Problem::chain(kind, &self.id, window)));
        }
    }
}
