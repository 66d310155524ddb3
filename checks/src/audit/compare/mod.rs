//! An audit against an earlier one: what is new, fixed, changed, or no longer told.
//!
//! Findings are the same by fingerprint, which is check and subject. What counts as worse is said once, in
//! `Seen::worse_than`: the baseline of a scan and the `diff` of two audits both ask there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::coverage::{AccountStatus, Coverage, RegionStatus};
use crate::digest::Chain;
use crate::finding::{BaselineState, Evidence, Finding, Fingerprint, Severity, Status, Subject};
use crate::ids::{AccountId, Region};
use crate::inventory::Tool;

mod periods;
#[cfg(test)]
mod tests;

use periods::{Periods, last};

/// Two audits, one against the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The earlier one.
    pub before: Side,
    /// The later one.
    pub after: Side,
    /// Something got worse: exit 1.
    pub worse: bool,
    /// How many findings changed in which way; all kinds are there.
    pub counts: BTreeMap<ChangeKind, u64>,
    /// Every finding that is not as before: those that got worse first, by severity, then by check and subject.
    pub changes: Vec<Change>,
    /// Accounts and regions whose coverage is not as before.
    pub coverage: Vec<CoverageChange>,
}

/// Which audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The program that judged.
    pub tool: Tool,
    /// When the facts began to be taken.
    pub started_at: Timestamp,
    /// The clock by which dates were judged.
    pub now: Timestamp,
    /// The organization's id; null for a standalone account.
    pub organization: Option<String>,
    /// What narrowed the catalogue.
    pub selection: Vec<String>,
    /// The run was cut off.
    pub interrupted: bool,
    /// How many findings it has.
    pub findings: u64,
}

/// One finding, then and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// SHA-256 of check id, line feed, subject id.
    pub fingerprint: Fingerprint,
    /// The check's id.
    pub check: Arc<str>,
    /// What was judged.
    pub subject: Arc<Subject>,
    /// In which way it is not as before.
    pub kind: ChangeKind,
    /// It got worse.
    pub worse: bool,
    /// What the earlier audit says; null when it does not know of it.
    pub before: Option<Seen>,
    /// What the later audit says; null when it does not know of it.
    pub after: Option<Seen>,
}

/// In which way a finding is not as before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The earlier audit does not know of it, or it got worse since.
    New,
    /// It failed or could not be told, and now it passes or does not apply; or its owner was looked at in full
    /// and no longer has the resource.
    Fixed,
    /// Told in another way, and neither worse nor fixed.
    Changed,
    /// It passed or did not apply, and its owner, looked at in full, no longer has the resource.
    Gone,
    /// The later audit did not ask, or did not see all of its owner: nobody knows.
    NotAssessed,
    /// What failed happened before what the later audit read of the logs: nothing was fixed.
    OutOfWindow,
    /// As before.
    Unchanged,
}

impl ChangeKind {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Fixed,
        Self::Changed,
        Self::Gone,
        Self::NotAssessed,
        Self::OutOfWindow,
        Self::Unchanged,
    ];

    /// As it stands on the later finding.
    fn state(self) -> BaselineState {
        match self {
            ChangeKind::New => BaselineState::New,
            ChangeKind::Unchanged => BaselineState::Unchanged,
            ChangeKind::Fixed
            | ChangeKind::Changed
            | ChangeKind::Gone
            | ChangeKind::NotAssessed
            | ChangeKind::OutOfWindow => BaselineState::Updated,
        }
    }
}

/// What one audit says of one check and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// How it ended.
    pub status: Status,
    /// How bad a fail is.
    pub severity: Severity,
    /// The risk is accepted.
    pub waived: bool,
    /// One sentence.
    pub message: Arc<str>,
}

impl Seen {
    fn of(finding: &Finding) -> Self {
        Self {
            status: finding.status,
            severity: finding.severity,
            waived: finding.waiver.is_some(),
            message: finding.message.clone(),
        }
    }

    fn is_open_failure(&self) -> bool {
        self.status == Status::Fail && !self.waived
    }

    /// A fail that nobody has accepted is worse than anything else, and than one of lesser severity. What cannot
    /// be told any more is worse than whatever was told, a fail included: a fail that is hidden is not fixed.
    fn worse_than(&self, before: Option<&Self>) -> bool {
        let before_status = before.map(|it| it.status);
        match self.status {
            Status::Pass | Status::NotApplicable => false,
            Status::Fail if self.waived => false,
            Status::Fail => {
                before.is_none_or(|it| !it.is_open_failure() || it.severity < self.severity)
            }
            Status::Unknown => before_status != Some(Status::Unknown),
        }
    }
}

/// An account or a region whose coverage is not as before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageChange {
    /// The account.
    pub account: AccountId,
    /// The region; null for the account as a whole.
    pub region: Option<Region>,
    /// How it ended then; null when it was not there.
    pub before: Option<String>,
    /// How it ended now; null when it is not there.
    pub after: Option<String>,
    /// It can no longer be seen.
    pub worse: bool,
}

/// What the earlier audit is to a scan that has it as its baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineReport {
    /// The earlier audit.
    pub of: Side,
    /// Only what is new since counts for the exit code.
    pub fail_on_new: bool,
    /// How many findings changed in which way; all kinds are there.
    pub counts: BTreeMap<ChangeKind, u64>,
    /// Findings of the earlier audit that this one does not have: those that are fixed, gone or not assessed.
    pub absent: Vec<Change>,
}

/// The later audit against the earlier one.
#[must_use]
pub fn compare(before: &Audit, after: &Audit) -> Comparison {
    let looked = Looked::of(after);
    let periods = Periods::of(before.chains.iter(), after.chains.iter());
    let mut counts = none();
    let mut changes = Vec::new();
    for (_, change) in each(&before.findings, &after.findings, &looked, &periods) {
        *counts.entry(change.kind).or_default() += 1;
        if change.kind != ChangeKind::Unchanged {
            changes.push(change);
        }
    }
    changes.sort_by(|a, b| {
        let key = |it: &Change| (!it.worse, it.kind, std::cmp::Reverse(it.severity()));
        key(a).cmp(&key(b)).then_with(|| {
            let place = |it: &Change| (it.check.clone(), it.subject.id.clone());
            place(a).cmp(&place(b))
        })
    });
    let coverage = coverage(&before.coverage, &after.coverage);
    let cut_off = after.run.interrupted && !before.run.interrupted;
    Comparison {
        worse: cut_off || changes.iter().any(|it| it.worse) || coverage.iter().any(|it| it.worse),
        before: Side::of(before),
        after: Side::of(after),
        counts,
        changes,
        coverage,
    }
}

/// Marks the later findings by the earlier audit, and gives what became of those that are not among them.
#[must_use]
pub fn mark<'a>(
    before: &'a Audit,
    findings: &mut [Finding],
    chains: impl Iterator<Item = &'a Chain>,
    looked: &Looked<'_>,
    fail_on_new: bool,
) -> BaselineReport {
    let periods = Periods::of(before.chains.iter(), chains);
    let (mut counts, mut absent) = (none(), Vec::new());
    let mut states = vec![None; findings.len()];
    for (place, change) in each(&before.findings, findings, looked, &periods) {
        *counts.entry(change.kind).or_default() += 1;
        match place.and_then(|place| states.get_mut(place)) {
            Some(state) => *state = Some(change.kind.state()),
            None => absent.push(change),
        }
    }
    for (finding, state) in findings.iter_mut().zip(states) {
        finding.baseline = state;
    }
    BaselineReport {
        of: Side::of(before),
        fail_on_new,
        counts,
        absent,
    }
}

/// All kinds, none counted yet.
fn none() -> BTreeMap<ChangeKind, u64> {
    ChangeKind::ALL.into_iter().map(|kind| (kind, 0)).collect()
}

/// What became of each finding, in order of check and subject, and its place among the later ones. One after the other:
/// of millions, hardly any are kept.
fn each<'a>(
    before: &'a [Finding],
    after: &'a [Finding],
    looked: &'a Looked<'_>,
    periods: &'a Periods<'_>,
) -> impl Iterator<Item = (Option<usize>, Change)> {
    pairs(before, after).filter_map(|(place, pair)| Some((place, pair.change(looked, periods)?)))
}

/// What one finding says in each of the audits.
#[derive(Debug, Clone, Copy, Default)]
struct Pair<'a> {
    before: Option<&'a Finding>,
    after: Option<&'a Finding>,
}

/// Each check and subject of either audit, with its place in the later one.
fn pairs<'a>(
    before: &'a [Finding],
    after: &'a [Finding],
) -> impl Iterator<Item = (Option<usize>, Pair<'a>)> {
    fn in_order(findings: &[Finding]) -> Peekable<IntoIter<(usize, &Finding)>> {
        let mut all: Vec<(usize, &Finding)> = findings.iter().enumerate().collect();
        // Audits are in this order already.
        all.sort_by(|(_, a), (_, b)| key(a).cmp(&key(b)));
        all.into_iter().peekable()
    }
    fn key(finding: &Finding) -> (&str, &str) {
        (&finding.check, &finding.subject.id)
    }
    let (mut before, mut after) = (in_order(before), in_order(after));
    std::iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((_, then)), Some((_, now))) => key(then).cmp(&key(now)),
        };
        let then = before.next_if(|_| order.is_le());
        let now = after.next_if(|_| order.is_ge());
        let pair = Pair {
            before: then.map(|(_, it)| it),
            after: now.map(|(_, it)| it),
        };
        Some((now.map(|(place, _)| place), pair))
    })
}

impl Pair<'_> {
    fn change(&self, looked: &Looked<'_>, periods: &Periods<'_>) -> Option<Change> {
        let finding = self.after.or(self.before)?;
        let (before, after) = (self.before.map(Seen::of), self.after.map(Seen::of));
        let both = self.before.zip(self.after);
        let anew = both.is_some_and(|(then, now)| periods.happened_since(then, now));
        let worse = anew
            || after
                .as_ref()
                .is_some_and(|it| it.worse_than(before.as_ref()));
        Some(Change {
            fingerprint: finding.fingerprint,
            check: finding.check.clone(),
            subject: finding.subject.clone(),
            kind: self.kind(looked, periods, worse),
            worse,
            before,
            after,
        })
    }

    fn kind(&self, looked: &Looked<'_>, periods: &Periods<'_>, worse: bool) -> ChangeKind {
        if let (Some(before), None) = (self.before, self.after)
            && before.check.starts_with(OF_EVENTS)
        {
            return looked.events_since(before);
        }
        let (before, after) = match (self.before, self.after) {
            (_, Some(_)) if worse => return ChangeKind::New,
            (None, _) => return ChangeKind::New,
            (Some(before), None) if !looked.saw_all_of(before) => return ChangeKind::NotAssessed,
            (Some(before), None) if is_good(before.status) => return ChangeKind::Gone,
            (Some(_), None) => return ChangeKind::Fixed,
            (Some(before), Some(after)) => (before, after),
        };
        // What happened stays so: another period was read.
        let event = before.check.starts_with(OF_EVENTS);
        if !is_good(before.status) && is_good(after.status) && event {
            ChangeKind::Changed
        } else if !is_good(before.status)
            && is_good(after.status)
            && periods.left_the_window(before)
        {
            ChangeKind::OutOfWindow
        } else if !is_good(before.status) && is_good(after.status) {
            ChangeKind::Fixed
        } else if is_same(before, after) {
            ChangeKind::Unchanged
        } else {
            ChangeKind::Changed
        }
    }
}

fn is_good(status: Status) -> bool {
    match status {
        Status::Pass | Status::NotApplicable => true,
        Status::Fail | Status::Unknown => false,
    }
}

/// A fail for the same reason, an unknown for want of the same answers. How a pass is worded is of no interest:
/// it has times in it that differ from run to run; so have request ids.
fn is_same(before: &Finding, after: &Finding) -> bool {
    let facts = |finding: &Finding| -> Vec<Evidence> {
        let bare = |evidence: &Evidence| Evidence {
            request_id: None,
            ..evidence.clone()
        };
        finding.evidence.iter().map(bare).collect()
    };
    before.status == after.status
        && before.severity == after.severity
        && before.waiver.is_some() == after.waiver.is_some()
        && (is_good(after.status)
            || (before.message == after.message && facts(before) == facts(after)))
}

impl Change {
    /// The severity of the later finding, else of the earlier.
    #[must_use]
    pub fn severity(&self) -> Severity {
        let seen = self.after.as_ref().or(self.before.as_ref());
        seen.map_or(Severity::Info, |it| it.severity)
    }
}

/// What the later audit looked at: a finding that it lacks is gone only where it looked at everything.
#[derive(Debug)]
pub struct Looked<'a> {
    checks: BTreeSet<&'a str>,
    accounts: BTreeMap<&'a AccountId, AccountStatus>,
    regions: BTreeMap<(&'a AccountId, &'a Region), RegionStatus>,
    interrupted: bool,
    /// Since when events were read; none where none were.
    events: Option<Timestamp>,
}

/// How the ids of checks on events begin.
const OF_EVENTS: &str = "event-";

impl<'a> Looked<'a> {
    fn of(audit: &'a Audit) -> Self {
        let checks = audit.checks.iter().map(|it| it.id.as_str()).collect();
        let events = audit.events.as_ref();
        Self {
            events: events.and_then(|it| it.window).map(|it| it.start),
            ..Self::at(&audit.coverage, checks, audit.run.interrupted)
        }
    }

    /// With these checks, at this population.
    #[must_use]
    pub fn at(coverage: &'a Coverage, checks: BTreeSet<&'a str>, interrupted: bool) -> Self {
        let accounts = coverage.accounts.iter().map(|it| (&it.id, it.status));
        let regions = coverage.regions.iter();
        Self {
            checks,
            accounts: accounts.collect(),
            regions: regions
                .map(|it| ((&it.account, &it.region), it.status))
                .collect(),
            interrupted,
            events: None,
        }
    }

    /// The same, of an audit that read events since then.
    #[must_use]
    pub fn with_events(self, events: Option<Timestamp>) -> Self {
        Self { events, ..self }
    }

    /// What became of events that are not told any more: never fixed.
    fn events_since(&self, before: &Finding) -> ChangeKind {
        match (self.events, last(before)) {
            _ if self.interrupted || !self.checks.contains(&*before.check) => {
                ChangeKind::NotAssessed
            }
            (Some(_), _) if is_good(before.status) => ChangeKind::Gone,
            (Some(since), Some(last)) if last < since => ChangeKind::OutOfWindow,
            _ => ChangeKind::NotAssessed,
        }
    }

    fn saw_all_of(&self, finding: &Finding) -> bool {
        let subject = &finding.subject;
        let account = subject.account.as_ref();
        // Whose owner nobody names may be anywhere: then everything must have been seen.
        let assessed = match account {
            Some(account) => self.accounts.get(account) == Some(&AccountStatus::Assessed),
            None => {
                !self.accounts.is_empty()
                    && self.accounts.values().all(|account| match account {
                        AccountStatus::Assessed | AccountStatus::NotActive => true,
                        AccountStatus::Partial
                        | AccountStatus::Unreachable
                        | AccountStatus::Former
                        | AccountStatus::Excluded => false,
                    })
            }
        };
        let region = match account.zip(subject.region.as_ref()) {
            None => true,
            Some(place) => match self.regions.get(&place) {
                Some(RegionStatus::Assessed | RegionStatus::NotEnabled) => true,
                None
                | Some(
                    RegionStatus::Partial
                    | RegionStatus::Denied
                    | RegionStatus::DeniedByScp
                    | RegionStatus::Excluded,
                ) => false,
            },
        };
        !self.interrupted && self.checks.contains(&*finding.check) && assessed && region
    }
}

impl Side {
    /// What names this audit.
    #[must_use]
    pub fn of(audit: &Audit) -> Self {
        Self {
            tool: audit.tool.clone(),
            started_at: audit.started_at,
            now: audit.now,
            organization: audit.scope.organization.clone(),
            selection: audit.scope.selection.clone(),
            interrupted: audit.run.interrupted,
            findings: audit.findings.len() as u64,
        }
    }
}

/// Accounts, then regions, that did not end as before. Worse is what cannot be seen any more; what is seen in
/// part shows in the findings that could not be told.
fn coverage(before: &Coverage, after: &Coverage) -> Vec<CoverageChange> {
    let accounts = |of: &Coverage| {
        let each = of.accounts.iter();
        let each = each.map(|status| ((status.id.clone(), None), word(&status.status)));
        each.collect::<BTreeMap<_, _>>()
    };
    let regions = |of: &Coverage| {
        let each = of.regions.iter();
        let each = each.map(|status| {
            let place = (status.account.clone(), Some(status.region.clone()));
            (place, word(&status.status))
        });
        each.collect::<BTreeMap<_, _>>()
    };
    let unseen = [
        word(&AccountStatus::Unreachable),
        word(&RegionStatus::Denied),
    ];
    let mut changes = changed(&accounts(before), &accounts(after), &unseen);
    changes.extend(changed(&regions(before), &regions(after), &unseen));
    changes
}

/// The part of the later coverage that did not end so before.
#[must_use]
pub fn newly(before: &Coverage, after: &Coverage) -> Coverage {
    let mut coverage = after.clone();
    coverage.accounts.retain(|account| {
        let then = before.account(&account.id);
        then.map(|then| then.status) != Some(account.status)
    });
    let then: BTreeMap<_, _> = before
        .regions
        .iter()
        .map(|it| ((&it.account, &it.region), it.status))
        .collect();
    coverage
        .regions
        .retain(|it| then.get(&(&it.account, &it.region)) != Some(&it.status));
    coverage
}

type Ended = BTreeMap<(AccountId, Option<Region>), String>;

fn changed(before: &Ended, after: &Ended, unseen: &[String]) -> Vec<CoverageChange> {
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let changes = places.into_iter().filter_map(|place| {
        let (then, now) = (before.get(place), after.get(place));
        (then != now).then(|| CoverageChange {
            account: place.0.clone(),
            region: place.1.clone(),
            before: then.cloned(),
            after: now.cloned(),
            worse: now.is_some_and(|it| unseen.contains(it)),
        })
    });
    changes.collect()
}

/// As it stands in JSON.
fn word(status: &impl Serialize) -> String {
    let value = serde_json::to_value(status).ok();
    let word = value.as_ref().and_then(|it| it.as_str());
    word.unwrap_or_default().to_owned()
}
