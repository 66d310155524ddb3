//! What stood in the way of the unknown findings, put together.

use std::collections::{BTreeMap, BTreeSet};

use trailaudit_checks::fact::Reason;
use trailaudit_checks::finding::Finding;
use trailaudit_checks::ids::{AccountId, Region};

use crate::wording::value;

/// Why findings could not be evaluated, in terms of what to do about it.
#[derive(Debug)]
pub(crate) struct Cause<'a> {
    /// What stood in the way.
    pub title: String,
    /// How many findings wait for it.
    pub findings: u64,
    reason: Option<Reason>,
    actions: BTreeSet<&'a str>,
    accounts: BTreeSet<&'a AccountId>,
}

/// How many permissions or accounts one line names.
const NAMED: usize = 3;

impl Cause<'_> {
    /// The one thing to do.
    pub(crate) fn next_step(&self) -> String {
        let named = |all: Vec<&str>| {
            let more = all.len().saturating_sub(NAMED);
            let mut words = all.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
            if more > 0 {
                words.push_str(&format!(" and {more} more"));
            }
            words
        };
        match self.reason {
            Some(Reason::Denied) if !self.actions.is_empty() => {
                let actions = named(self.actions.iter().copied().collect());
                format!("grant the auditing role {actions}")
            }
            Some(Reason::DeniedByScp) => {
                "exempt the auditing role in the SCP, or leave these regions out with --regions"
                    .to_owned()
            }
            Some(Reason::Throttled) => "scan again with a smaller --max-in-flight".to_owned(),
            Some(Reason::Failed | Reason::Interrupted | Reason::Changed) => "scan again".to_owned(),
            Some(Reason::NotAsked) => {
                let accounts = named(self.accounts.iter().map(|it| it.as_str()).collect());
                format!("include it in the scan ({accounts})")
            }
            Some(Reason::NotRun) => {
                "run the part that is left out, such as --verify-digests".to_owned()
            }
            Some(Reason::Unverified) => {
                "restore the missing digests and logs (`trailaudit verify` names them)".to_owned()
            }
            Some(Reason::NotRecorded) => {
                "log these events in a trail (put-event-selectors)".to_owned()
            }
            Some(Reason::KnownAfterApply | Reason::NotInPlan) => {
                "scan the account after the apply".to_owned()
            }
            Some(
                Reason::Denied
                | Reason::Malformed
                | Reason::Unimplemented
                | Reason::NotModelled
                | Reason::TooComplex,
            )
            | None => "check it by hand (--details names each)".to_owned(),
        }
    }
}

/// The causes, those of most findings first. A finding with two of them counts for each.
pub(crate) fn causes<'a>(unknown: impl Iterator<Item = &'a Finding>) -> Vec<Cause<'a>> {
    let mut causes: BTreeMap<Option<Reason>, Cause<'a>> = BTreeMap::new();
    for finding in unknown {
        let gaps: Vec<_> = finding.evidence.iter().filter(|it| it.is_gap()).collect();
        let mut reasons: BTreeSet<Option<Reason>> = gaps.iter().map(|it| it.reason).collect();
        if gaps.is_empty() {
            reasons.insert(None);
        }
        for reason in reasons {
            let cause = causes.entry(reason).or_insert_with(|| Cause {
                title: title(reason).to_owned(),
                findings: 0,
                reason,
                actions: BTreeSet::new(),
                accounts: BTreeSet::new(),
            });
            cause.findings += 1;
            for gap in gaps.iter().filter(|it| it.reason == reason) {
                cause.actions.extend(gap.action.as_deref());
                let account = gap.account.as_ref().or(finding.subject.account.as_ref());
                cause.accounts.extend(account);
            }
        }
    }
    let mut causes: Vec<Cause<'a>> = causes.into_values().collect();
    causes.sort_by_key(|it| std::cmp::Reverse(it.findings));
    causes
}

fn title(reason: Option<Reason>) -> &'static str {
    match reason {
        Some(Reason::Denied) => "missing permissions",
        Some(Reason::DeniedByScp) => "denied by an SCP",
        Some(Reason::Throttled) => "throttled",
        Some(Reason::Failed) => "API calls failed",
        Some(Reason::Malformed) => "responses that cannot be read",
        Some(Reason::Unimplemented) => "not offered by the endpoint",
        Some(Reason::Interrupted) => "the scan ended early",
        Some(Reason::NotAsked) => "not in this scan",
        Some(Reason::KnownAfterApply) => "known after apply",
        Some(Reason::NotInPlan) => "not in the plan",
        Some(Reason::NotModelled) => "not evaluated by this program",
        Some(Reason::TooComplex) => "too complex to evaluate",
        Some(Reason::Changed) => "changed during the scan",
        Some(Reason::NotRun) => "part of the scan was not run",
        Some(Reason::Unverified) => "logs that are not verified",
        Some(Reason::NotRecorded) => "events that may not be logged",
        None => "other reasons",
    }
}

/// One call, and one way in which it ended.
#[derive(Debug, Default)]
pub(crate) struct GapGroup<'a> {
    /// The call, if it is known.
    pub call: Option<String>,
    /// How it ended.
    pub reason: Option<Reason>,
    /// It is no call: what stands for one tells how it ended.
    pub is_told: bool,
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
            Some(_) if self.is_told => call.to_owned(),
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
            group.is_told = gap.call.is_none();
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
            group.said.insert(finding.message.to_string());
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
