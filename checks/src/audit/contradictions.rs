//! What an audit says of itself that its own findings do not bear out.
//!
//! Reports rely on the stored totals, the controls and the exit code. An audit that was read back is believed in none
//! of them: each is derived again from the findings and the coverage.

use std::collections::{BTreeMap, BTreeSet};

use super::{Audit, Summary};
use crate::audit::compare::ChangeKind;
use crate::coverage::{AccountStatus, RegionStatus};
use crate::finding::{BaselineState, Finding, Severity, Status, fingerprint};
use crate::framework::{self, Control, Framework};

/// More are not looked for.
const MANY: usize = 20;

/// Each contradiction in a sentence; none where all fits. `old`: it was read from schema 1.
#[must_use]
pub fn of(audit: &Audit, old: bool) -> Vec<String> {
    let mut found = Vec::new();
    checks(audit, &mut found);
    findings(audit, &mut found);
    if audit.summary != Summary::of(&audit.findings) {
        found.push("its totals are not those of its findings".to_owned());
    }
    // Audits of schema 1 had other rules for controls.
    if !old {
        controls(audit, &mut found);
    }
    coverage(audit, &mut found);
    baseline(audit, &mut found);
    run(audit, &mut found);
    found
}

fn checks(audit: &Audit, found: &mut Vec<String>) {
    let pairs = audit.checks.iter().zip(audit.checks.iter().skip(1));
    for (one, two) in pairs {
        if one.id == two.id {
            found.push(format!("it has the check {} twice", one.id));
        } else if one.id > two.id {
            found.push(format!(
                "{} stands after {} among its checks",
                two.id, one.id
            ));
        }
    }
}

/// One finding for each check and subject, in order, of a check that was selected.
fn findings(audit: &Audit, found: &mut Vec<String>) {
    fn key(it: &Finding) -> (&str, &str) {
        (&it.check, &it.subject.id)
    }
    for (one, two) in audit.findings.iter().zip(audit.findings.iter().skip(1)) {
        let name = || format!("{} on {}", two.check, two.subject.id);
        if key(one) == key(two) {
            found.push(format!("it has two findings of {}", name()));
        } else if key(one) > key(two) {
            found.push(format!("the finding of {} is out of order", name()));
        }
    }
    let checks = audit.checks.iter().map(|it| (it.id.as_str(), it.severity));
    let checks: BTreeMap<&str, Severity> = checks.collect();
    for it in &audit.findings {
        // More of the same would help nobody.
        if found.len() > MANY {
            return;
        }
        let name = || format!("{} on {}", it.check, it.subject.id);
        if it.fingerprint != fingerprint(&it.check, &it.subject.id) {
            found.push(format!(
                "the fingerprint of {} is that of another finding",
                name()
            ));
        }
        match checks.get(&*it.check) {
            None => found.push(format!("{}: its checks do not have this one", name())),
            Some(severity) if *severity != it.severity && !is_graded(it, *severity) => {
                found.push(format!(
                    "{} is {}, and its checks say {severity}",
                    name(),
                    it.severity
                ))
            }
            Some(_) => {}
        }
        if it.waiver.is_some() && it.status != Status::Fail {
            found.push(format!("{} is waived, and is no failure", name()));
        }
        if it.baseline.is_some() != audit.baseline.is_some() {
            found.push(format!(
                "{} is compared with an earlier audit in one place and not in the other",
                name()
            ));
        }
    }
}

/// A key event that was refused, or is worse or better than usual, differs by steps: a fail by three at most down, by one
/// up.
fn is_graded(finding: &Finding, severity: Severity) -> bool {
    let steps = [-3, -2, -1, 1];
    finding.check.starts_with("event-")
        && finding.status == Status::Fail
        && steps
            .iter()
            .any(|it| severity.stepped(*it) == finding.severity)
}

/// Controls ended as their checks did.
fn controls(audit: &Audit, found: &mut Vec<String>) {
    let selected: BTreeSet<&str> = audit.checks.iter().map(|it| it.id.as_str()).collect();
    for stored in &audit.frameworks {
        let framework = Framework {
            id: stored.id.clone(),
            name: stored.name.clone(),
            version: stored.version.clone(),
            source: String::new(),
            controls: stored
                .controls
                .iter()
                .map(|control| Control {
                    id: control.id.clone(),
                    title: control.title.clone(),
                    basis: control.basis,
                    retention_days: control.retention.map(|it| it.required_days),
                    checks: control.checks.clone(),
                })
                .collect(),
        };
        // All controls of a run were evaluated with one setting.
        let mut lengths = stored.controls.iter().filter_map(|it| it.retention);
        let days = lengths.next().map_or(0, |it| it.evaluated_days);
        let again = framework::result(&framework, &selected, &audit.findings, days);
        let mut pairs = stored.controls.iter().zip(&again.controls);
        if let Some((was, _)) = pairs.find(|(was, is)| was != is) {
            found.push(format!(
                "control {} of {} did not end as its checks did",
                was.id, stored.id
            ));
        }
    }
}

/// Each account and region once; calls that add up.
fn coverage(audit: &Audit, found: &mut Vec<String>) {
    let coverage = &audit.coverage;
    let mut seen = BTreeSet::new();
    for it in &coverage.accounts {
        if !seen.insert(&it.id) {
            found.push(format!("it has the account {} twice", it.id));
        }
    }
    let mut seen = BTreeSet::new();
    for it in &coverage.regions {
        if !seen.insert((&it.account, &it.region)) {
            found.push(format!(
                "it has the region {}/{} twice",
                it.account, it.region
            ));
        }
    }
    let sum = coverage
        .calls
        .by_operation
        .values()
        .fold(0_u64, |sum, count| sum.saturating_add(*count));
    if sum != coverage.calls.total {
        found.push(format!(
            "it counts {} calls, and {sum} by operation",
            coverage.calls.total
        ));
    }
}

/// What became of the earlier findings adds up.
fn baseline(audit: &Audit, found: &mut Vec<String>) {
    let Some(report) = &audit.baseline else {
        return;
    };
    let marked = |state| {
        let marked = audit
            .findings
            .iter()
            .filter(|it| it.baseline == Some(state));
        marked.count() as u64
    };
    let counted = |kind| report.counts.get(&kind).copied().unwrap_or_default();
    for (state, kind) in [
        (BaselineState::New, ChangeKind::New),
        (BaselineState::Unchanged, ChangeKind::Unchanged),
    ] {
        if marked(state) != counted(kind) {
            found.push(
                format!(
                    "it counts {} findings as {kind:?} against its baseline, and marks {}",
                    counted(kind),
                    marked(state)
                )
                .to_lowercase(),
            );
        }
    }
}

/// Complete only if nothing is missing; the exit code that the findings give. What an accepted gap covers is counted
/// in the audit, and not named: as far as those could explain it, the audit is believed.
fn run(audit: &Audit, found: &mut Vec<String>) {
    let run = &audit.run;
    let counts = |it: &&Finding| it.severity >= run.fail_on;
    let unknown = audit
        .findings
        .iter()
        .filter(|it| it.status == Status::Unknown);
    let unknown = unknown.filter(counts).count() as u64;
    let unexplained = unknown > audit.waivers.accepted_gaps;
    let cut_off = run.interrupted || audit.finished_at.is_none();
    let coverage = &audit.coverage;
    let unseen = coverage
        .accounts
        .iter()
        .any(|it| it.status == AccountStatus::Unreachable)
        || coverage
            .regions
            .iter()
            .any(|it| it.status == RegionStatus::Denied);
    if run.complete && (cut_off || unexplained) {
        found.push(
            "it says that the scan is complete, and its findings or its end say otherwise"
                .to_owned(),
        );
    }
    if !run.complete && !cut_off && unknown == 0 && !unseen {
        found.push("it says that the scan is incomplete, and nothing in it is missing".to_owned());
    }
    let new_only = audit.baseline.as_ref().is_some_and(|it| it.fail_on_new);
    let failing = audit.findings.iter().filter(counts).any(|finding| {
        finding.is_open_failure() && (!new_only || finding.baseline == Some(BaselineState::New))
    });
    let expected: &[u8] = if run.interrupted {
        &[130]
    } else if run.exit_zero {
        &[0]
    } else if failing {
        &[1]
    } else if run.allow_incomplete {
        &[0]
    } else if audit.finished_at.is_none() {
        &[3]
    } else if new_only {
        // Whether what is missing was missing in the earlier audit too is not in this one.
        &[0, 3]
    } else if run.complete {
        &[0]
    } else {
        &[3]
    };
    if !expected.contains(&run.exit_code) {
        found.push(format!(
            "it says exit code {}, and its findings give {}",
            run.exit_code,
            expected.first().copied().unwrap_or_default()
        ));
    }
}
