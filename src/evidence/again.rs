//! Judges an inventory again by the rules that a saved audit names: the verdicts must be the same.

use trailaudit_checks::audit::{Audit, Rules, judge};
use trailaudit_checks::selection::{Choice, Selection};
use trailaudit_checks::settings::Settings;
use trailaudit_checks::waiver::Waivers;

use crate::exit::Stop;
use crate::snapshot::Snapshot;

/// The rules of a saved audit. What it does not hold, the settings and the waivers, comes with it.
pub fn rules(
    snapshot: &Snapshot,
    audit: &Audit,
    settings: Settings,
    waivers: Waivers,
) -> Result<Rules, Stop> {
    let choice = Choice::of_words(&audit.scope.selection);
    let mut selection = Selection::of(&choice, &settings)?;
    if snapshot.inventory.chains.is_empty() {
        selection.without_chains();
    }
    if snapshot.inventory.events.is_none() {
        selection.without_events();
    }
    Ok(Rules {
        tool: crate::program::tool(),
        selection,
        settings,
        waivers,
        baseline: None,
        now: audit.now,
        fail_on: audit.run.fail_on,
        allow_incomplete: audit.run.allow_incomplete,
        exit_zero: audit.run.exit_zero,
    })
}

/// Where the audit is not what these rules make of the inventory; none when it is the same.
pub fn differs(
    snapshot: &Snapshot,
    rules: &Rules,
    audit: &Audit,
) -> anyhow::Result<Option<String>> {
    let again = judge(&snapshot.inventory, snapshot, rules)?;
    if audit.tool != again.tool {
        return Ok(Some(format!(
            "it was judged by {} {}, and this is {} {}; let that version do this",
            audit.tool.name, audit.tool.version, again.tool.name, again.tool.version
        )));
    }
    let parts = [
        (
            "the times of the facts",
            audit.started_at == again.started_at && audit.finished_at == again.finished_at,
        ),
        ("the scope", audit.scope == again.scope),
        ("the coverage", audit.coverage == again.coverage),
        ("the checks", audit.checks == again.checks),
        ("the controls", audit.frameworks == again.frameworks),
        ("the waivers", audit.waivers == again.waivers),
        ("the totals", audit.summary == again.summary),
        (
            "the chains",
            audit.chains == again.chains && audit.problems == again.problems,
        ),
        (
            "whether it is complete",
            audit.run.complete == again.run.complete,
        ),
    ];
    if let Some(finding) = finding(audit, &again) {
        return Ok(Some(finding));
    }
    let part = parts.into_iter().find(|(_, same)| !same);
    Ok(part.map(|(part, _)| format!("{part} would be others")))
}

/// The first finding that is another one. How it stands against a baseline is no matter of the inventory.
fn finding(audit: &Audit, again: &Audit) -> Option<String> {
    if audit.findings.len() != again.findings.len() {
        return Some(format!(
            "there would be {} findings, not {}",
            again.findings.len(),
            audit.findings.len()
        ));
    }
    let mut pairs = audit.findings.iter().zip(&again.findings);
    let differs = |was: &trailaudit_checks::finding::Finding,
                   is: &trailaudit_checks::finding::Finding| {
        let mut is = is.clone();
        is.baseline = was.baseline;
        *was != is
    };
    let (was, is) = pairs.find(|(was, is)| differs(was, is))?;
    Some(format!(
        "{} on {} is {} there, and would be {}{}",
        was.check,
        was.subject.id,
        was.status,
        is.status,
        if was.status == is.status {
            " in other words, or with another waiver"
        } else {
            ""
        }
    ))
}
