//! Policies with unknown parts: a finding is told where it is the same whatever those parts turn out to be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::finding::{Finding, Status};
use crate::inventory::change::Draft;
use crate::inventory::{Inventory, Planned};
use crate::terraform::draft::{Corner, fill};

/// Settles unknown findings that the drafts settle. `evaluate` gives the findings of an inventory.
pub(super) fn settle<E>(
    inventory: &Inventory,
    plan: &Planned,
    mut findings: Vec<Finding>,
    evaluate: impl Fn(&Inventory) -> Result<Vec<Finding>, E>,
) -> Result<Vec<Finding>, E> {
    let exact: Vec<&Draft> = plan.drafts.iter().filter(|it| it.exact).collect();
    let all: Vec<&Draft> = plan.drafts.iter().collect();
    let inexact = exact.len() < all.len();
    for (drafts, sure) in [(exact, true), (all, false)] {
        let open = findings.iter().any(|it| it.status == Status::Unknown);
        if drafts.is_empty() || !open || (!sure && !inexact) {
            continue;
        }
        let mut readings = Vec::new();
        for corner in Corner::ALL {
            let mut filled = inventory.clone();
            fill(&mut filled, &drafts, corner);
            readings.push(Reading::of(evaluate(&filled)?));
        }
        findings = agreed(findings, &mut readings, sure);
    }
    Ok(findings)
}

type Key = (Arc<str>, String);
/// A finding but for its check: subject, status, message.
type Line = (String, Status, Arc<str>);

/// What one reading says, by check and subject.
struct Reading {
    all: BTreeMap<Key, Finding>,
    checks: BTreeMap<Arc<str>, BTreeSet<Line>>,
}

impl Reading {
    fn of(findings: Vec<Finding>) -> Self {
        let mut reading = Self {
            all: BTreeMap::new(),
            checks: BTreeMap::new(),
        };
        for it in findings {
            let line = (it.subject.id.clone(), it.status, it.message.clone());
            let lines = reading.checks.entry(it.check.clone()).or_default();
            lines.insert(line);
            let key = (it.check.clone(), it.subject.id.clone());
            reading.all.insert(key, it);
        }
        reading
    }
}

/// `sure`: a pass may be told as well. A document that is not certain to be the policy can prove nothing good.
fn agreed(findings: Vec<Finding>, readings: &mut [Reading], sure: bool) -> Vec<Finding> {
    // Checks on which all readings agree in every word.
    let mut whole = BTreeSet::new();
    if let Some((first, rest)) = readings.split_first().filter(|_| sure) {
        for (check, lines) in &first.checks {
            let same = rest.iter().all(|it| it.checks.get(check) == Some(lines));
            if same && lines.iter().all(|it| it.1 != Status::Unknown) {
                whole.insert(check.clone());
            }
        }
    }
    let open: BTreeSet<Arc<str>> = findings
        .iter()
        .filter(|it| it.status == Status::Unknown)
        .map(|it| it.check.clone())
        .collect();
    let mut kept = Vec::new();
    for finding in findings {
        if open.contains(&finding.check) && whole.contains(&finding.check) {
            continue;
        }
        if finding.status != Status::Unknown {
            kept.push(finding);
            continue;
        }
        let key = (finding.check.clone(), finding.subject.id.clone());
        let said: Option<Vec<&Finding>> = readings.iter().map(|it| it.all.get(&key)).collect();
        let agreed = said.and_then(|all| {
            let last = all.last()?;
            let same = all.iter().all(|it| match last.status {
                Status::Pass | Status::NotApplicable => sure && it.status == last.status,
                // For the same reason: two reasons may each be away from the other's corner.
                Status::Fail => it.status == Status::Fail && it.message == last.message,
                Status::Unknown => false,
            });
            same.then(|| (*last).clone())
        });
        kept.push(agreed.unwrap_or(finding));
    }
    if let Some(last) = readings.last_mut() {
        let moved = std::mem::take(&mut last.all).into_values();
        kept.extend(moved.filter(|it| open.contains(&it.check) && whole.contains(&it.check)));
    }
    kept
}
