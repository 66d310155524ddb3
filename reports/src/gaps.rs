//! What stood in the way of the unknown findings, put together.

use std::collections::{BTreeMap, BTreeSet};

use trailaudit_checks::fact::Reason;
use trailaudit_checks::finding::Finding;
use trailaudit_checks::ids::{AccountId, Region};

use crate::tell::value;

/// One call, and one way in which it ended.
#[derive(Debug, Default)]
pub(crate) struct GapGroup<'a> {
    /// The call, if it is known.
    pub call: Option<String>,
    /// How it ended.
    pub reason: Option<Reason>,
    /// The IAM action that allows it.
    pub action: Option<&'a str>,
    /// How many findings wait for it.
    pub findings: u64,
    /// Where it was asked.
    pub accounts: BTreeSet<&'a AccountId>,
    /// Where it was asked.
    pub regions: BTreeSet<&'a Region>,
    /// What AWS said, each answer once.
    pub said: BTreeSet<String>,
}

impl GapGroup<'_> {
    /// `s3:GetBucketPolicy was denied`.
    pub(crate) fn title(&self) -> String {
        let call = self.call.as_deref().unwrap_or("a fact");
        match self.reason {
            Some(reason) => format!("{call} {reason}"),
            None => format!("{call} is missing"),
        }
    }
}

/// One group for each call and how it ended.
pub(crate) fn of<'a>(unknown: impl Iterator<Item = &'a Finding>) -> Vec<GapGroup<'a>> {
    let mut groups: BTreeMap<(Option<String>, Option<Reason>), GapGroup<'a>> = BTreeMap::new();
    for finding in unknown {
        let mut waits = BTreeSet::new();
        for gap in finding.evidence.iter().filter(|it| it.is_gap()) {
            let call = Some(
                gap.call
                    .map_or_else(|| gap.what.clone(), |it| it.to_string()),
            );
            let group = add(&mut groups, call.clone(), gap.reason);
            group.action = gap.action.as_deref();
            group.findings += u64::from(waits.insert((call, gap.reason)));
            group
                .accounts
                .extend(gap.account.as_ref().or(finding.subject.account.as_ref()));
            group
                .regions
                .extend(gap.region.as_ref().or(finding.subject.region.as_ref()));
            group.said.extend(gap.seen.as_ref().map(value));
        }
        if waits.is_empty() {
            let group = add(&mut groups, None, None);
            group.findings += 1;
            group.accounts.extend(&finding.subject.account);
            group.regions.extend(&finding.subject.region);
            group.said.insert(finding.message.clone());
        }
    }
    groups.into_values().collect()
}

fn add<'a, 'm>(
    groups: &'m mut BTreeMap<(Option<String>, Option<Reason>), GapGroup<'a>>,
    call: Option<String>,
    reason: Option<Reason>,
) -> &'m mut GapGroup<'a> {
    groups
        .entry((call.clone(), reason))
        .or_insert_with(|| GapGroup {
            call,
            reason,
            ..GapGroup::default()
        })
}
