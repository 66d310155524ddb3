//! OCSF 1.8.0, class 2003 Compliance Finding: JSON lines, an event per finding whatever its status.
//!
//! Every line must be of the class, so the run's totals are an event too, the last one: neither pass nor fail.
//! What OCSF has no word for (`unknown`) stands in `unmapped` as in the audit.

mod model;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use serde_json::{Value, json};
use trailaudit_checks::audit::{Audit, ControlRef};
use trailaudit_checks::catalog;
use trailaudit_checks::finding::{BaselineState, Finding, Severity, Status, Subject};
use trailaudit_checks::ids::AccountId;

use crate::identity::{self, HOME};
use crate::wording::{self, Names};
use crate::{Format, Options, aws, sanitize};
use model::{
    Account, Analytic, CheckOf, Cloud, Compliance, Event, Info, Metadata, Org, Owner, Product,
    Remediation, Resource, Unmapped, evidence,
};

pub(crate) const FORMAT: Format = Format {
    name: "ocsf",
    extension: "ocsf.jsonl",
    about: "OCSF 1.8.0 Compliance Findings (class 2003), one event a line",
    write,
};

const VERSION: &str = "1.8.0";
const CLASS: u32 = 2003;
const DETECTION: u64 = 2004;
/// The version of MITRE ATT&CK whose ids checks have.
const ATTACK: &str = "16";

fn write(audit: &Audit, _: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(sanitize::BUFFER, out);
    let events = Events::of(audit);
    // Findings of one check stand together.
    let mut check: Option<(&str, Rule<'_>)> = None;
    for finding in &audit.findings {
        let id = &*finding.check;
        let (_, rule) = match check.take() {
            Some(last) if last.0 == id => check.insert(last),
            Some(_) | None => check.insert((id, Rule::of(audit, id))),
        };
        let event = events.of_finding(finding, rule);
        match finding.status == Status::Fail && !catalog::attack(id).is_empty() {
            true => sanitize::compact(&detection(serde_json::to_value(event)?, id), &mut out)?,
            false => sanitize::compact(&event, &mut out)?,
        }
        out.write_all(b"\n")?;
    }
    sanitize::compact(&events.totals(), &mut out)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// An event that was found in the logs: class 2004 Detection Finding, with its techniques.
fn detection(mut event: Value, check: &str) -> Value {
    let named = |id: &str| match catalog::technique(id) {
        Some(name) => json!({"uid": id, "name": name}),
        None => json!({"uid": id}),
    };
    let attacks: Vec<Value> = catalog::attack(check)
        .iter()
        .map(|it| {
            // A technique is named by its first part, a sub-technique by the whole.
            match it.split_once('.') {
                Some((technique, _)) => json!({
                    "technique": named(technique), "sub_technique": named(it), "version": ATTACK,
                }),
                None => json!({"technique": named(it), "version": ATTACK}),
            }
        })
        .collect();
    if let Value::Object(members) = &mut event {
        members.remove("compliance");
        let activity = members.get("activity_id").and_then(Value::as_u64);
        let name = members.get("activity_name").and_then(Value::as_str);
        let name = format!("Detection Finding: {}", name.unwrap_or("Other"));
        members.insert("type_name".to_owned(), name.into());
        members.insert(
            "type_uid".to_owned(),
            (DETECTION * 100 + activity.unwrap_or_default()).into(),
        );
        members.insert("class_uid".to_owned(), DETECTION.into());
        members.insert("class_name".to_owned(), "Detection Finding".into());
        members.insert("is_alert".to_owned(), true.into());
        if let Some(Value::Object(info)) = members.get_mut("finding_info") {
            info.insert("attacks".to_owned(), attacks.into());
        }
    }
    event
}

/// Milliseconds. Before 1970 nothing was seen.
fn time(at: Timestamp) -> i64 {
    at.as_millisecond().max(0)
}

/// What every finding of a check says of it.
struct Rule<'a> {
    id: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    why: Option<Cow<'a, str>>,
    remediation: Option<Remediation<'a>>,
    standards: Vec<Cow<'a, str>>,
    requirements: Vec<String>,
}

impl<'a> Rule<'a> {
    fn of(audit: &'a Audit, id: &'a str) -> Self {
        let check = audit.check(id);
        let controls = check.map(|it| it.controls.as_slice()).unwrap_or_default();
        let standards = controls.iter().map(|it| sanitize::borrowed(&it.framework));
        let mut standards: Vec<Cow<'_, str>> = standards.collect();
        standards.dedup();
        let requirement =
            |it: &ControlRef| sanitize::line(&format!("{} {}", it.framework, it.control));
        Self {
            id: sanitize::borrowed(id),
            title: check.map(|it| sanitize::borrowed(&it.title)),
            why: check.map(|it| sanitize::borrowed(&it.why)),
            remediation: check.map(|check| Remediation {
                desc: sanitize::borrowed(&check.fix),
                references: check
                    .references
                    .iter()
                    .map(|it| sanitize::borrowed(it))
                    .collect(),
            }),
            standards,
            requirements: controls.iter().map(requirement).collect(),
        }
    }
}

/// What all events share.
struct Events<'a> {
    audit: &'a Audit,
    names: Names<'a>,
    run: String,
    started: String,
    now: String,
}

impl<'a> Events<'a> {
    fn of(audit: &'a Audit) -> Self {
        Self {
            audit,
            names: Names::of(audit),
            run: identity::run(audit),
            started: audit.started_at.to_string(),
            now: audit.now.to_string(),
        }
    }

    fn cloud<'e>(&'e self, subject: Option<&'e Subject>) -> Cloud<'e> {
        let region = subject.and_then(|it| it.region.as_ref());
        let org = self.audit.scope.organization.as_deref();
        Cloud {
            account: aws::account(self.audit, subject).map(|it| self.account(it)),
            org: org.map(|organization| Org {
                uid: sanitize::borrowed(organization),
            }),
            provider: "AWS",
            region: region.map(|it| sanitize::borrowed(it.as_str())),
        }
    }

    fn account<'e>(&'e self, id: &'e str) -> Account<'e> {
        Account {
            // Some programs want a name: the id, where the account's own is not known.
            name: sanitize::borrowed(self.names.get(&id.into()).unwrap_or(id)),
            r#type: "AWS Account",
            type_id: 10,
            uid: sanitize::borrowed(id),
        }
    }

    /// `uid` is that of what the event tells of.
    fn metadata<'e>(&'e self, uid: &str, code: Cow<'e, str>) -> Metadata<'e> {
        let tool = &self.audit.tool;
        Metadata {
            correlation_uid: &self.run,
            event_code: code,
            processed_time: time(self.audit.now),
            processed_time_dt: &self.now,
            product: Product {
                name: sanitize::borrowed(&tool.name),
                url_string: HOME,
                vendor_name: sanitize::borrowed(&tool.name),
                version: sanitize::borrowed(&tool.version),
            },
            profiles: ["cloud", "datetime"],
            uid: identity::uuid(&format!("event\n{}\n{uid}", self.run)),
            version: VERSION,
        }
    }

    fn of_finding<'e>(
        &'e self,
        finding: &'e Finding,
        rule: &'e Rule<'_>,
    ) -> Event<'e, Info<'e>, Compliance<'e>, Unmapped> {
        let (status_id, status) = state(finding);
        let (severity_id, severity) = severity(finding.severity);
        let update = match finding.baseline {
            Some(BaselineState::Unchanged | BaselineState::Updated) => true,
            Some(BaselineState::New) | None => false,
        };
        let (activity_id, activity_name, type_name) = activity(update);
        let is_new = finding.baseline == Some(BaselineState::New);
        let seen = time(self.audit.started_at);
        let print = finding.fingerprint.to_string();
        let title = rule.title.as_deref();
        Event {
            activity_id,
            activity_name,
            category_name: "Findings",
            category_uid: 2,
            class_name: "Compliance Finding",
            class_uid: CLASS,
            cloud: self.cloud(Some(&finding.subject)),
            comment: finding
                .waiver
                .as_ref()
                .map(|it| sanitize::line(&wording::waiver(it))),
            compliance: compliance(finding, rule),
            evidences: finding.evidence.iter().map(evidence).collect(),
            message: Cow::Owned(sanitize::line(&wording::alone(finding))),
            metadata: self.metadata(&print, Cow::Borrowed(&rule.id)),
            finding_info: Info {
                analytic: Analytic {
                    name: title,
                    r#type: "Rule",
                    type_id: 1,
                    uid: &rule.id,
                },
                desc: rule.why.as_deref(),
                first_seen_time: is_new.then_some(seen),
                last_seen_time: seen,
                title: title.unwrap_or(&rule.id),
                uid: print.into(),
            },
            remediation: rule.remediation.as_ref(),
            resources: Some([self.resource(&finding.subject)]),
            severity,
            severity_id,
            status,
            status_id,
            time: seen,
            time_dt: &self.started,
            type_name,
            type_uid: CLASS * 100 + activity_id,
            unmapped: Unmapped {
                status: finding.status,
                waived: finding.waiver.is_some(),
            },
        }
    }

    fn resource<'e>(&'e self, subject: &'e Subject) -> Resource<'e> {
        let owner = |id: &'e AccountId| Owner {
            account: self.account(id.as_str()),
            name: sanitize::borrowed(self.names.get(id).unwrap_or(id.as_str())),
            // OCSF has no kind of user for an account.
            r#type: "Account",
            type_id: 99,
            uid: sanitize::borrowed(id.as_str()),
        };
        Resource {
            cloud_partition: sanitize::borrowed(aws::partition(self.audit, subject)),
            name: sanitize::borrowed(&subject.name),
            owner: subject.account.as_ref().map(owner),
            region: subject
                .region
                .as_ref()
                .map(|it| sanitize::borrowed(it.as_str())),
            r#type: aws::cloudformation(subject),
            uid: sanitize::borrowed(&subject.id),
        }
    }

    /// The run: its verdict, the totals, the coverage, what else is to be said.
    fn totals(&self) -> Event<'_, Value, Value, Value> {
        let audit = self.audit;
        let (word, sentence) = wording::verdict(audit);
        let asides = wording::asides(audit);
        let (activity_id, activity_name, type_name) = activity(false);
        let lines = |all: &mut dyn Iterator<Item = &str>| -> Vec<String> {
            all.map(sanitize::line).collect()
        };
        Event {
            activity_id,
            activity_name,
            category_name: "Findings",
            category_uid: 2,
            class_name: "Compliance Finding",
            class_uid: CLASS,
            cloud: self.cloud(None),
            comment: None,
            compliance: json!({
                "status_id": 99,
                "status": "Totals",
                "status_code": word.as_str(),
                "status_details": lines(&mut asides.iter().map(String::as_str)),
            }),
            evidences: Vec::new(),
            finding_info: json!({
                "uid": self.run,
                "title": "The totals of the run",
                "types": ["Totals"],
                "last_seen_time": time(audit.started_at),
            }),
            message: Cow::Owned(format!(
                "{} {sentence}; {}",
                word.as_str(),
                wording::totals(audit)
            )),
            metadata: self.metadata(&self.run, Cow::Borrowed("run")),
            remediation: None,
            resources: None,
            severity: "Informational",
            severity_id: 1,
            status: "Totals",
            status_id: 99,
            time: time(audit.started_at),
            time_dt: &self.started,
            type_name,
            type_uid: CLASS * 100 + activity_id,
            unmapped: json!({
                "summary": audit.summary,
                "checks": lines(&mut audit.checks.iter().map(|it| it.id.as_str())),
                "complete": audit.run.complete,
                "exit": wording::exit(audit),
                "accounts": wording::accounts(audit),
                "regions": wording::regions(audit),
            }),
        }
    }
}

fn compliance<'e>(finding: &'e Finding, rule: &'e Rule<'_>) -> Compliance<'e> {
    let (status_id, status, status_code) = verdict(finding);
    let (severity_id, severity) = severity(finding.severity);
    Compliance {
        checks: [CheckOf {
            name: rule.title.as_deref(),
            severity,
            severity_id,
            standards: &rule.standards,
            status,
            status_id,
            uid: &rule.id,
        }],
        control: &rule.id,
        requirements: &rule.requirements,
        standards: &rule.standards,
        status,
        status_code,
        status_details: [sanitize::line(&wording::message(finding))],
        status_id,
    }
}

/// Its id, its name, and the name of the type of event.
fn activity(update: bool) -> (u32, &'static str, &'static str) {
    match update {
        true => (2, "Update", "Compliance Finding: Update"),
        false => (1, "Create", "Compliance Finding: Create"),
    }
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
        Status::Unknown => (2, "Warning", wording::reason(finding)),
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
