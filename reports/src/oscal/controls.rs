//! Control by control: what was reviewed, and what the observations say of it.
//!
//! OSCAL knows `satisfied` and `not-satisfied`. What could not be told is not satisfied, for another reason
//! than a failure; a control that nothing applies to gets no finding.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status};
use trailaudit_checks::framework::ControlStatus;

use super::words::{control, id, markup, prop};
use crate::object::filled;
use crate::wording;

/// A control that the selected checks bear on.
#[derive(Debug)]
pub(super) struct Control<'a> {
    framework: &'a str,
    name: &'a str,
    title: Option<&'a str>,
    told: Option<(ControlStatus, String)>,
    checks: BTreeSet<&'a str>,
}

/// Those of the checks, and those of the frameworks that were asked for.
pub(super) fn all(audit: &Audit) -> Vec<Control<'_>> {
    let mut all: BTreeMap<(&str, &str), Control<'_>> = BTreeMap::new();
    let new = |framework, name| Control {
        framework,
        name,
        title: None,
        told: None,
        checks: BTreeSet::new(),
    };
    for check in &audit.checks {
        for link in &check.controls {
            let (framework, name) = (link.framework.as_str(), link.control.as_str());
            let control = all
                .entry((framework, name))
                .or_insert_with(|| new(framework, name));
            control.checks.insert(&check.id);
        }
    }
    for framework in &audit.frameworks {
        for result in &framework.controls {
            let (framework, name) = (framework.id.as_str(), result.id.as_str());
            let control = all
                .entry((framework, name))
                .or_insert_with(|| new(framework, name));
            control.title = Some(&result.title);
            control.told = Some((result.status, wording::control(result)));
            control
                .checks
                .extend(result.checks.iter().map(String::as_str));
        }
    }
    all.into_values().collect()
}

/// One selection for each framework.
pub(super) fn reviewed(controls: &[Control<'_>]) -> Value {
    let mut frameworks: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for it in controls {
        let ids = frameworks.entry(it.framework).or_default();
        ids.insert(control(it.framework, it.name));
    }
    let selection = |(framework, ids): (&&str, &BTreeSet<String>)| {
        let ids: Vec<Value> = ids.iter().map(|id| json!({"control-id": id})).collect();
        json!({
            "description": markup(&format!("Controls of {framework} that the checks bear on")),
            "props": [prop("framework", framework)],
            "include-controls": ids,
        })
    };
    let mut selections: Vec<Value> = frameworks.iter().map(selection).collect();
    if selections.is_empty() {
        // A selection must name a control, or be of all: this one names none that exists.
        selections.push(json!({
            "description": "No control: no framework links the checks of this run",
            "include-controls": [{"control-id": "none"}],
        }));
    }
    json!({"description": markup(wording::NOT_A_VERDICT), "control-selections": selections})
}

/// One for each control that something was said about.
pub(super) fn findings<'a>(
    audit: &'a Audit,
    controls: &'a [Control<'a>],
) -> impl Iterator<Item = Value> {
    let mut by_check: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &audit.findings {
        by_check.entry(&finding.check).or_default().push(finding);
    }
    controls.iter().filter_map(move |control| {
        let findings = control
            .checks
            .iter()
            .filter_map(|check| by_check.get(check));
        let findings: Vec<&Finding> = findings.flatten().copied().collect();
        finding(audit, control, &findings)
    })
}

fn finding(audit: &Audit, it: &Control<'_>, findings: &[&Finding]) -> Option<Value> {
    let status = status(audit, it, findings);
    let (state, reason) = match status {
        ControlStatus::Failing => ("not-satisfied", "fail"),
        ControlStatus::NotEvaluated => ("not-satisfied", "other"),
        ControlStatus::Passing => ("satisfied", "pass"),
        ControlStatus::NotCovered => return None,
    };
    let count = |status| findings.iter().filter(|it| it.status == status).count() as u64;
    let remarks = format!(
        "{}: {} pass, {} fail, {} unknown, {} not applicable. {}",
        wording::control_word(status),
        count(Status::Pass),
        count(Status::Fail),
        count(Status::Unknown),
        count(Status::NotApplicable),
        it.told
            .as_ref()
            .map_or(wording::NOT_A_VERDICT, |(_, words)| words),
    );
    let token = control(it.framework, it.name);
    let related = |kind: &str, field: &'static str, fails: bool| -> Option<Vec<Value>> {
        let findings = findings
            .iter()
            .filter(|it| !fails || it.status == Status::Fail);
        let all: Vec<Value> = findings
            .map(|it| json!({field: id(kind, &it.fingerprint.to_string())}))
            .collect();
        (!all.is_empty()).then_some(all)
    };
    let checks: Vec<&str> = it.checks.iter().copied().collect();
    Some(filled(json!({
        "uuid": id("control", &token),
        "title": markup(&format!("{} {}", it.framework, it.name)),
        "description": markup(it.title.unwrap_or("What the linked checks say of this control")),
        "props": [
            prop("status", wording::control_word(status)),
            prop("checks", &checks.join(", ")),
        ],
        "target": {
            "type": "objective-id",
            "target-id": format!("{token}_obj"),
            "status": {"state": state, "reason": reason, "remarks": markup(&remarks)},
        },
        "related-observations": related("observation", "observation-uuid", false),
        "related-risks": related("risk", "risk-uuid", true),
    })))
}

/// As the framework's result says; without one, by the same rule. Checks that were left out may be linked as
/// well, so a selection supports nothing by itself.
fn status(audit: &Audit, control: &Control<'_>, findings: &[&Finding]) -> ControlStatus {
    if let Some((status, _)) = control.told {
        return status;
    }
    let any = |status| findings.iter().any(|it| it.status == status);
    if any(Status::Fail) {
        ControlStatus::Failing
    } else if any(Status::Unknown) {
        ControlStatus::NotEvaluated
    } else if !any(Status::Pass) {
        ControlStatus::NotCovered
    } else if audit.scope.selection.is_empty() {
        ControlStatus::Passing
    } else {
        ControlStatus::NotEvaluated
    }
}
