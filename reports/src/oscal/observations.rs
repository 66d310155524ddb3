//! Each finding as an observation, each failure as a risk, each subject as an item of the inventory.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::finding::{Finding, Status, Subject};

use super::words::{id, markup, prop};
use crate::Linked;
use crate::aws;
use crate::object::filled;
use crate::wording::{self, Names};

/// The tool, as a component.
pub(super) fn tool(audit: &Audit) -> String {
    id("tool", &audit.tool.name)
}

/// Every subject once.
pub(super) fn inventory<'a>(audit: &'a Audit, names: &'a Names<'a>) -> impl Iterator<Item = Value> {
    let subjects = audit
        .findings
        .iter()
        .map(|it| (it.subject.id.as_str(), &*it.subject));
    let subjects: BTreeMap<&str, &Subject> = subjects.collect();
    subjects.into_values().map(|subject| {
        let mut props = vec![
            prop("asset-id", &subject.id),
            prop("asset-type", aws::cloudformation(subject)),
            prop("kind", subject.kind.as_str()),
            prop("name", &subject.name),
        ];
        let account = subject.account.as_ref();
        props.extend(account.map(|it| prop("account", it.as_str())));
        let region = subject.region.as_ref();
        props.extend(region.map(|it| prop("region", it.as_str())));
        json!({
            "uuid": id("subject", &subject.id),
            "description": markup(&names.subject(subject)),
            "props": props,
        })
    })
}

/// What one check said of one subject.
pub(super) fn observation(
    audit: &Audit,
    tool: &str,
    linked: &[Linked],
    finding: &Finding,
) -> Value {
    let title = audit
        .check(&finding.check)
        .map_or(&*finding.check, |it| &it.title);
    let mut props = vec![
        prop("check", &finding.check),
        prop("status", finding.status.as_str()),
        prop("severity", finding.severity.as_str()),
        prop("fingerprint", &finding.fingerprint.to_string()),
    ];
    if finding.status == Status::Unknown {
        props.push(prop("reason", &wording::reason(finding)));
    }
    if finding.waiver.is_some() {
        props.push(prop("waived", "true"));
    }
    props.extend(
        finding
            .baseline
            .map(|it| prop("baseline", wording::baseline(it))),
    );
    let evidence = finding.evidence.iter().map(|item| {
        let mut props = Vec::new();
        props.extend(item.call.map(|it| prop("call", &it.to_string())));
        props.extend(item.request_id.as_ref().map(|it| prop("request-id", it)));
        // What was not answered stands in the ledger, what was in the inventory.
        let file = linked
            .iter()
            .find(|file| file.is_ledger == item.call.is_some());
        props.extend(file.map(|it| prop("sha256", &it.sha256)));
        filled(json!({
            "href": file.map(|it| format!("#{}", id("file", &it.href))),
            "description": markup(&wording::evidence(item)),
            "props": (!props.is_empty()).then_some(props),
        }))
    });
    let evidence: Vec<Value> = evidence.collect();
    filled(json!({
        "uuid": id("observation", &finding.fingerprint.to_string()),
        "title": markup(title),
        "description": markup(&wording::message(finding)),
        "props": props,
        "methods": ["TEST-AUTOMATED"],
        "types": [if finding.status == Status::Fail { "finding" } else { "control-objective" }],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": tool}]}],
        "subjects": [{"subject-uuid": id("subject", &finding.subject.id), "type": "inventory-item"}],
        "relevant-evidence": (!evidence.is_empty()).then_some(evidence),
        "collected": audit.started_at.to_string(),
    }))
}

/// The risk of a failure; an accepted one with its end.
pub(super) fn risk(audit: &Audit, tool: &str, finding: &Finding) -> Option<Value> {
    if finding.status != Status::Fail {
        return None;
    }
    let check = audit.check(&finding.check);
    let title = check.map_or(&*finding.check, |it| &it.title);
    let mut props = vec![
        prop("check", &finding.check),
        prop("severity", finding.severity.as_str()),
    ];
    let waiver = finding.waiver.as_ref();
    props.extend(waiver.map(|it| prop("waiver", &wording::waiver(it))));
    let deadline = waiver.and_then(|it| it.expires.parse::<jiff::civil::Date>().ok());
    Some(filled(json!({
        "uuid": id("risk", &finding.fingerprint.to_string()),
        "title": markup(&format!("Failed: {title}")),
        "description": markup(&finding.message),
        "statement": markup(check.map_or("", |it| it.why.as_str())),
        "props": props,
        "status": if waiver.is_some() { "deviation-approved" } else { "open" },
        "origins": [{"actors": [{"type": "tool", "actor-uuid": tool}]}],
        // A waiver holds through its last day.
        "deadline": deadline.map(|day| format!("{day}T23:59:59Z")),
        "remediations": check.map(|check| vec![json!({
            "uuid": id("remediation", &finding.fingerprint.to_string()),
            "lifecycle": "recommendation",
            "title": "Remediation",
            "description": markup(&check.fix),
        })]),
        "related-observations": [{"observation-uuid": id("observation", &finding.fingerprint.to_string())}],
    })))
}
