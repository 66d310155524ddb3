//! What two audits read of the same logs: each its own period. What happened in one of them is neither fixed by the
//! next period, nor known from the one before.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::OF_EVENTS;
use crate::digest::Chain;
use crate::finding::{Finding, Status, SubjectKind};

/// The chains of both audits, by the id of their findings' subject.
#[derive(Debug, Default)]
pub(super) struct Periods<'a>(BTreeMap<String, (&'a Chain, &'a Chain)>);

impl<'a> Periods<'a> {
    /// Of these.
    pub(super) fn of(
        before: impl Iterator<Item = &'a Chain>,
        after: impl Iterator<Item = &'a Chain>,
    ) -> Self {
        let before: BTreeMap<String, &Chain> = before.map(|it| (it.id.to_string(), it)).collect();
        let both = after.filter_map(|it| {
            let id = it.id.to_string();
            let earlier = before.get(&id).copied()?;
            Some((id, (earlier, it)))
        });
        Self(both.collect())
    }

    fn chains(&self, finding: &Finding) -> Option<(&'a Chain, &'a Chain)> {
        match finding.subject.kind == SubjectKind::Chain {
            true => self.0.get(&finding.subject.id).copied(),
            false => None,
        }
    }

    /// Part of what the earlier audit read of this chain is before what the later one read.
    pub(super) fn left_the_window(&self, before: &Finding) -> bool {
        let chains = self.chains(before);
        chains.is_some_and(|(then, now)| then.window.start < now.window.start)
    }

    /// Both fail, and the later one for something that happened since: known failures of the same subject do not make
    /// it known.
    pub(super) fn happened_since(&self, before: &Finding, after: &Finding) -> bool {
        let fails = |it: &Finding| it.status == Status::Fail && it.waiver.is_none();
        if !fails(before) || !fails(after) {
            return false;
        }
        if after.check.starts_with(OF_EVENTS) {
            return match (last(before), last(after)) {
                (Some(then), Some(now)) => now > then,
                // Without times nothing says that it is the same event.
                (None, _) | (_, None) => before.message != after.message,
            };
        }
        let Some((then, now)) = self.chains(after) else {
            return false;
        };
        // A chain of which there never was a digest is missing in every period in the same way.
        let nothing = |it: &Chain| it.digests.valid == 0 && it.digests.invalid == 0;
        let longer = now.window.end > then.window.end;
        longer && !(nothing(then) && nothing(now)) && !super::is_same(before, after)
    }
}

/// When the last of the events of a finding happened.
pub(super) fn last(finding: &Finding) -> Option<Timestamp> {
    let last = finding.evidence.iter().find(|it| it.what == "last")?;
    last.seen.as_ref()?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::audit::compare::ChangeKind::{Fixed, New, OutOfWindow, Unchanged};
    use crate::audit::compare::compare;
    use crate::audit::{Audit, answers::tests::audit};

    /// An audit with one chain over these hours, and one finding on it with this message.
    fn night(hours: (u8, u8), valid: u64, end: &str, message: &str) -> Audit {
        let id = json!({"account": "000000000000", "region": "us-east-1", "home_region": "us-east-1", "trail": "t",
                        "bucket": "b", "prefix": ""});
        let at = |hour: u8| format!("2026-01-01T{hour:02}:00:00Z");
        audit(
            &[("delivery-digest-chain-unbroken", "critical", &[end])],
            |it| {
                let mut chain = id.clone();
                let more = json!({"window": {"start": at(hours.0), "end": at(hours.1)}, "verdict": "verified",
                "digests": {"valid": valid, "invalid": 0, "missing": 0, "unverified": 0},
                "logs": {"valid": 0, "invalid": 0, "missing": 0, "unverified": 0, "unlisted": 0}, "hours": []});
                if let (Value::Object(chain), Value::Object(more)) = (&mut chain, more) {
                    chain.extend(more);
                }
                it["chains"] = json!([chain]);
                it["findings"][0]["subject"]["kind"] = "chain".into();
                it["findings"][0]["subject"]["id"] = "000000000000/us-east-1/us-east-1/t@b/".into();
                it["findings"][0]["message"] = message.into();
                it["coverage"]["accounts"] = json!([{"id": "000000000000", "name": null, "status": "assessed", "reason": null}]);
            },
        )
    }

    #[test]
    fn a_hole_that_left_the_window_is_not_fixed() {
        let kind = |before: &Audit, after: &Audit| compare(before, after).changes[0].kind;
        let hole = night((0, 10), 9, "fail", "a hole at 3");
        assert_eq!(kind(&hole, &night((8, 18), 9, "pass", "")), OutOfWindow);
        // The same hours again, and they are whole: the digest was restored.
        assert_eq!(kind(&hole, &night((0, 18), 17, "pass", "")), Fixed);
    }

    #[test]
    fn another_hole_is_new_whatever_was_known() {
        let counts = |before: &Audit, after: &Audit| {
            let found = compare(before, after);
            let kind = found.changes.first().map_or(Unchanged, |it| it.kind);
            (found.worse, kind)
        };
        let hole = night((0, 10), 9, "fail", "a hole at 3");
        assert_eq!(
            counts(&hole, &night((8, 18), 9, "fail", "a hole at 14")),
            (true, New)
        );
        // The same one, as long as it is in the window.
        assert_eq!(
            counts(&hole, &night((2, 12), 9, "fail", "a hole at 3")),
            (false, Unchanged)
        );
        // Of the same hours nothing new can be told.
        assert!(!counts(&hole, &night((0, 10), 9, "fail", "a hole at 3 and 4")).0);
        // Nothing was ever delivered.
        let missing = night((0, 10), 0, "fail", "no digest from 0 to 10");
        assert!(
            !counts(
                &missing,
                &night((8, 18), 0, "fail", "no digest from 8 to 18")
            )
            .0
        );
        assert!(counts(&hole, &night((8, 18), 0, "fail", "no digest from 8 to 18")).0);
    }

    #[test]
    fn an_event_that_happened_again_is_new() {
        let event = |last: &str| {
            audit(&[("event-trail-stopped", "critical", &["fail"])], |it| {
                it["findings"][0]["evidence"] = json!([{"what": "last", "seen": last}]);
            })
        };
        let (one, two) = (event("2026-01-01T01:00:00Z"), event("2026-01-02T01:00:00Z"));
        assert!(compare(&one, &two).worse);
        assert!(!compare(&one, &one).worse);
        assert!(!compare(&two, &one).worse);
    }
}
