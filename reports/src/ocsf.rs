//! OCSF 1.8.0, class 2003 Compliance Finding: JSON lines, an event per finding whatever its status.
//!
//! Every line must be of the class, so the run's totals are an event too, the last one: neither pass nor fail.
//! What OCSF has no word for (`unknown`) stands in `unmapped` as in the audit.

use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use trailaudit_checks::audit::{Audit, CheckInfo};
use trailaudit_checks::finding::{BaselineState, Evidence, Finding, Severity, Status, Subject};

use crate::identity::{self, HOME};
use crate::object::{add, filled, harmless};
use crate::tell::{self, Names};
use crate::{Format, Options, aws, sanitize};

pub(crate) const FORMAT: Format = Format {
    name: "ocsf",
    extension: "ocsf.jsonl",
    about: "OCSF 1.8.0 Compliance Findings (class 2003), one event a line",
    write,
};

const VERSION: &str = "1.8.0";
const CLASS: u32 = 2003;

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = sanitize::Json(BufWriter::new(out));
    let events = Events {
        audit,
        names: Names::of(audit),
        run: identity::run(audit),
    };
    for finding in &audit.findings {
        serde_json::to_writer(&mut out, &events.of(finding))?;
        out.write_all(b"\n")?;
    }
    serde_json::to_writer(&mut out, &events.totals())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Milliseconds. Before 1970 nothing was seen.
fn time(at: Timestamp) -> i64 {
    at.as_millisecond().max(0)
}

struct Events<'a> {
    audit: &'a Audit,
    names: Names<'a>,
    run: String,
}

impl Events<'_> {
    /// What every event has: `uid` is that of what it tells of.
    fn event(&self, uid: &str, code: &str, subject: Option<&Subject>, update: bool) -> Value {
        let audit = self.audit;
        let (activity, name) = if update { (2, "Update") } else { (1, "Create") };
        let account = aws::account(audit, subject);
        let region = subject.and_then(|it| it.region.as_ref());
        json!({
            "activity_id": activity,
            "activity_name": name,
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": CLASS,
            "class_name": "Compliance Finding",
            "type_uid": CLASS * 100 + activity,
            "type_name": format!("Compliance Finding: {name}"),
            "time": time(audit.started_at),
            "time_dt": audit.started_at.to_string(),
            "metadata": {
                "version": VERSION,
                "profiles": ["cloud", "datetime"],
                "product": {
                    "name": sanitize::line(&audit.tool.name),
                    "vendor_name": sanitize::line(&audit.tool.name),
                    "version": sanitize::line(&audit.tool.version),
                    "url_string": HOME,
                },
                "uid": identity::uuid(&format!("event\n{}\n{uid}", self.run)),
                "correlation_uid": self.run,
                "event_code": sanitize::line(code),
                "processed_time": time(audit.now),
                "processed_time_dt": audit.now.to_string(),
            },
            "cloud": filled(json!({
                "provider": "AWS",
                "account": account.map(|it| self.account(it)),
                "region": region.map(|it| sanitize::line(it.as_str())),
                "org": audit.scope.organization.as_ref().map(|it| json!({"uid": sanitize::line(it)})),
            })),
        })
    }

    fn account(&self, id: &str) -> Value {
        filled(json!({
            "uid": sanitize::line(id),
            "name": self.names.get(&id.into()).map(sanitize::line),
            "type": "AWS Account",
            "type_id": 10,
        }))
    }

    fn of(&self, finding: &Finding) -> Value {
        let check = self.audit.check(&finding.check);
        let (status_id, status) = state(finding);
        let (severity_id, severity) = severity(finding.severity);
        let update = match finding.baseline {
            Some(BaselineState::Unchanged | BaselineState::Updated) => true,
            Some(BaselineState::New) | None => false,
        };
        let print = sanitize::line(&finding.fingerprint);
        let mut event = self.event(&print, &finding.check, Some(&finding.subject), update);
        let evidences: Vec<Value> = finding.evidence.iter().map(evidence).collect();
        let is_new = finding.baseline == Some(BaselineState::New);
        let seen = time(self.audit.started_at);
        let more = json!({
            "message": sanitize::line(&finding.message),
            "severity_id": severity_id,
            "severity": severity,
            "status_id": status_id,
            "status": status,
            "comment": finding.waiver.as_ref().map(|it| sanitize::line(&tell::waiver(it))),
            "finding_info": filled(json!({
                "uid": print,
                "title": check.map_or_else(|| sanitize::line(&finding.check), |it| sanitize::line(&it.title)),
                "desc": check.map(|it| sanitize::line(&it.why)),
                "analytic": filled(json!({
                    "uid": sanitize::line(&finding.check),
                    "name": check.map(|it| sanitize::line(&it.title)),
                    "type": "Rule",
                    "type_id": 1,
                })),
                "first_seen_time": is_new.then_some(seen),
                "last_seen_time": seen,
            })),
            "compliance": self.compliance(finding, check),
            "resources": [self.resource(&finding.subject)],
            "remediation": check.map(|it| json!({
                "desc": sanitize::line(&it.fix),
                "references": it.references.iter().map(|it| sanitize::line(it)).collect::<Vec<_>>(),
            })),
            "evidences": (!evidences.is_empty()).then_some(evidences),
            "unmapped": {"status": finding.status, "waived": finding.waiver.is_some()},
        });
        add(&mut event, more);
        event
    }

    fn compliance(&self, finding: &Finding, check: Option<&CheckInfo>) -> Value {
        let (status_id, status, code) = verdict(finding);
        let (severity_id, severity) = severity(finding.severity);
        let controls = check.map(|it| it.controls.as_slice()).unwrap_or_default();
        let mut standards: Vec<String> = controls
            .iter()
            .map(|it| sanitize::line(&it.framework))
            .collect();
        standards.dedup();
        let requirements = controls.iter();
        let requirements: Vec<String> = requirements
            .map(|it| sanitize::line(&format!("{} {}", it.framework, it.control)))
            .collect();
        json!({
            "status_id": status_id,
            "status": status,
            "status_code": code,
            "status_details": [sanitize::line(&tell::message(finding))],
            "control": sanitize::line(&finding.check),
            "standards": standards,
            "requirements": requirements,
            "checks": [filled(json!({
                "uid": sanitize::line(&finding.check),
                "name": check.map(|it| sanitize::line(&it.title)),
                "severity_id": severity_id,
                "severity": severity,
                "standards": standards,
                "status_id": status_id,
                "status": status,
            }))],
        })
    }

    fn resource(&self, subject: &Subject) -> Value {
        let account = subject.account.as_ref();
        filled(json!({
            "uid": sanitize::line(&subject.id),
            "name": sanitize::line(&subject.name),
            "type": aws::cloudformation(subject),
            "region": subject.region.as_ref().map(|it| sanitize::line(it.as_str())),
            "cloud_partition": sanitize::line(aws::partition(self.audit, subject)),
            "owner": account.map(|it| json!({
                "uid": sanitize::line(it.as_str()),
                "name": sanitize::line(self.names.get(it).unwrap_or(it.as_str())),
                // OCSF has no kind of user for an account.
                "type_id": 99,
                "type": "Account",
                "account": self.account(it.as_str()),
            })),
        }))
    }

    /// The run: its verdict, the totals, the coverage, what else is to be said.
    fn totals(&self) -> Value {
        let audit = self.audit;
        let (word, sentence) = tell::verdict(audit);
        let mut event = self.event(&self.run, "run", None, false);
        let asides = tell::asides(audit);
        let more = json!({
            "message": format!("{} {sentence}; {}", word.as_str(), tell::totals(audit)),
            "severity_id": 1,
            "severity": "Informational",
            "status_id": 99,
            "status": "Totals",
            "finding_info": {
                "uid": self.run,
                "title": "The totals of the run",
                "types": ["Totals"],
                "last_seen_time": time(audit.started_at),
            },
            "compliance": {
                "status_id": 99,
                "status": "Totals",
                "status_code": word.as_str(),
                "status_details": asides.iter().map(|it| sanitize::line(it)).collect::<Vec<_>>(),
            },
            "unmapped": {
                "summary": audit.summary,
                "checks": audit.checks.iter().map(|it| sanitize::line(&it.id)).collect::<Vec<_>>(),
                "complete": audit.run.complete,
                "exit": tell::exit(audit),
                "accounts": tell::accounts(audit),
                "regions": tell::regions(audit),
            },
        });
        add(&mut event, more);
        event
    }
}

#[expect(
    clippy::expect_used,
    reason = "evidence has texts for keys and JSON for values: there is nothing that JSON cannot say"
)]
fn evidence(evidence: &Evidence) -> Value {
    let data = serde_json::to_value(evidence).expect("evidence is made of JSON");
    json!({"name": sanitize::line(&evidence.what), "data": harmless(&data)})
}

/// The state of the work on it.
fn state(finding: &Finding) -> (u32, &'static str) {
    match finding.status {
        Status::Fail if finding.waiver.is_some() => (3, "Suppressed"),
        Status::Fail | Status::Unknown => (1, "New"),
        // Nothing is left to do.
        Status::Pass | Status::NotApplicable => (4, "Resolved"),
    }
}

/// What was found: id, caption and our word. A waived failure is one; `Warning` is OCSF's for no answer.
fn verdict(finding: &Finding) -> (u32, &'static str, String) {
    let own = finding.status.as_str().to_owned();
    match finding.status {
        Status::Pass => (1, "Pass", own),
        Status::Fail => (3, "Fail", own),
        Status::Unknown => (2, "Warning", tell::reason(finding)),
        Status::NotApplicable => (99, "Not Applicable", own),
    }
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}
