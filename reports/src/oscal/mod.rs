//! OSCAL 1.2.1 assessment results: every finding an observation, every failure a risk, a finding per control.
//!
//! All UUIDs are made from what they stand for, so two runs can be compared line by line. OSCAL wants an
//! assessment plan: ours is the list of checks, each an activity, and a resource of this file says so.

mod controls;
mod observations;
mod words;

use std::io::{self, BufWriter, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use trailaudit_checks::audit::{Audit, CheckInfo};
use trailaudit_checks::finding::Severity;

use crate::identity;
use crate::object::filled;
use crate::wording::{self, Names};
use crate::{Format, Linked, Options, sanitize};
use words::{id, markup, prop, value};

pub(crate) const FORMAT: Format = Format {
    name: "oscal",
    extension: "oscal.json",
    about: "OSCAL 1.2.1 assessment results: observations, risks, and a finding per control",
    write,
};

fn write(audit: &Audit, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(sanitize::BUFFER, out);
    let names = Names::of(audit);
    let controls = controls::all(audit);
    let tool = observations::tool(audit);
    let run = identity::run(audit);
    let activities: Vec<Value> = audit.checks.iter().map(activity).collect();
    let results = Results {
        uuid: id("results", &run),
        metadata: metadata(audit),
        import_ap: json!({"href": format!("#{}", plan(audit))}),
        local_definitions: (!activities.is_empty()).then(|| json!({"activities": activities})),
        results: [ResultOf {
            uuid: id("result", &run),
            title: markup(&format!("CloudTrail record of {}", identity::whose(audit))),
            description: markup(&description(audit)),
            start: audit.started_at.to_string(),
            end: audit.finished_at.map(|it| it.to_string()),
            props: totals(audit),
            local_definitions: Definitions {
                components: [component(audit, &tool)],
                inventory_items: Stream(|| observations::inventory(audit, &names)),
            },
            reviewed_controls: controls::reviewed(&controls),
            assessment_log: json!({"entries": log(audit, &run)}),
            observations: Stream(|| {
                audit
                    .findings
                    .iter()
                    .map(|it| observations::observation(audit, &tool, &options.evidence, it))
            }),
            risks: Stream(|| {
                audit
                    .findings
                    .iter()
                    .filter_map(|it| observations::risk(audit, &tool, it))
            }),
            findings: Stream(|| controls::findings(audit, &controls)),
        }],
        back_matter: json!({"resources": resources(audit, &options.evidence)}),
    };
    sanitize::compact(&Document { results }, &mut out)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[derive(Serialize)]
struct Document<T> {
    #[serde(rename = "assessment-results")]
    results: T,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Results<T> {
    uuid: String,
    metadata: Value,
    import_ap: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_definitions: Option<Value>,
    results: [T; 1],
    back_matter: Value,
}

/// The lists are made while they are written; an empty one is left out, as OSCAL wants it.
#[derive(Serialize)]
#[serde(
    rename_all = "kebab-case",
    bound = "I: Many, O: Many, R: Many, F: Many"
)]
struct ResultOf<I, O, R, F> {
    uuid: String,
    title: String,
    description: String,
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    props: Vec<Value>,
    local_definitions: Definitions<I>,
    reviewed_controls: Value,
    assessment_log: Value,
    #[serde(skip_serializing_if = "Many::is_empty")]
    observations: O,
    #[serde(skip_serializing_if = "Many::is_empty")]
    risks: R,
    #[serde(skip_serializing_if = "Many::is_empty")]
    findings: F,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", bound = "I: Many")]
struct Definitions<I> {
    components: [Value; 1],
    #[serde(skip_serializing_if = "Many::is_empty")]
    inventory_items: I,
}

/// A list that is made anew each time it is asked for.
struct Stream<F>(F);

trait Many: Serialize {
    fn is_empty(&self) -> bool;
}

impl<F: Fn() -> I, I: Iterator<Item = Value>> Many for Stream<F> {
    fn is_empty(&self) -> bool {
        (self.0)().next().is_none()
    }
}

impl<F: Fn() -> I, I: Iterator<Item = Value>> Serialize for Stream<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn metadata(audit: &Audit) -> Value {
    let whose = identity::whose(audit);
    let caller = wording::caller(audit);
    let (owner, asker) = (id("party", whose), id("party", caller));
    json!({
        "title": markup(&format!("{}: CloudTrail record of {whose}", audit.tool.name)),
        "last-modified": audit.now.to_string(),
        "version": audit.now.to_string(),
        "oscal-version": "1.2.1",
        "roles": [
            {"id": "assessed", "title": "Organization or account whose logs were assessed"},
            {"id": "asker", "title": "AWS identity that made the API calls"},
        ],
        "parties": [
            {"uuid": owner, "type": "organization", "name": value(whose)},
            {"uuid": asker, "type": "person", "name": value(caller)},
        ],
        "responsible-parties": [
            {"role-id": "assessed", "party-uuids": [owner]},
            {"role-id": "asker", "party-uuids": [asker]},
        ],
    })
}

fn plan(audit: &Audit) -> String {
    id("plan", &audit.tool.version)
}

fn resource(audit: &Audit) -> Value {
    let mut told = format!(
        "The plan is the list of activities in this file: the checks of {} {}",
        audit.tool.name, audit.tool.version
    );
    if !audit.scope.selection.is_empty() {
        told.push_str(&format!(
            ", narrowed by: {}",
            audit.scope.selection.join(" ")
        ));
    }
    json!({"uuid": plan(audit), "title": "Assessment plan", "description": markup(&told)})
}

/// The plan, and the files that observations refer to.
fn resources(audit: &Audit, linked: &[Linked]) -> Vec<Value> {
    let mut resources = vec![resource(audit)];
    resources.extend(linked.iter().map(|resource| {
        json!({
            "uuid": id("file", &resource.href),
            "title": markup(&resource.about),
            "rlinks": [{
                "href": resource.href,
                "hashes": [{"algorithm": "SHA-256", "value": resource.sha256}],
            }],
        })
    }));
    resources
}

/// A check, fired or not.
fn activity(check: &CheckInfo) -> Value {
    json!({
        "uuid": id("check", &check.id),
        "title": markup(&check.title),
        "description": markup(&check.why),
        "props": [
            prop("check", &check.id),
            prop("severity", check.severity.as_str()),
            prop("method", "TEST-AUTOMATED"),
        ],
        "remarks": markup(&format!("Remediation: {}", check.fix)),
    })
}

fn component(audit: &Audit, tool: &str) -> Value {
    json!({
        "uuid": tool,
        "type": "software",
        "title": markup(&audit.tool.name),
        "description": "The program that called AWS and evaluated the responses",
        "props": [prop("version", &audit.tool.version)],
        "status": {"state": "operational"},
    })
}

fn description(audit: &Audit) -> String {
    let (word, sentence) = wording::verdict(audit);
    let mut told = vec![
        format!("{} {sentence}", word.as_str()),
        wording::totals(audit),
        wording::exit(audit),
        format!("accounts {}", wording::by_status(&wording::accounts(audit))),
        format!("regions {}", wording::by_status(&wording::regions(audit))),
    ];
    told.extend(wording::asides(audit));
    told.join("; ")
}

fn totals(audit: &Audit) -> Vec<Value> {
    let sum = &audit.summary;
    let count = |name, count: u64| prop(name, &count.to_string());
    let open = |severity| sum.by_severity.get(&severity).copied().unwrap_or(0);
    vec![
        count("pass", sum.pass),
        count("fail", sum.fail),
        count("waived", sum.waived),
        count("unknown", sum.unknown),
        count("not-applicable", sum.not_applicable),
        count("open-critical", open(Severity::Critical)),
        count("open-high", open(Severity::High)),
        count("open-medium", open(Severity::Medium)),
        count("open-low", open(Severity::Low)),
        count("open-info", open(Severity::Info)),
        prop("complete", &audit.run.complete.to_string()),
    ]
}

fn log(audit: &Audit, run: &str) -> [Value; 2] {
    let calls = &audit.coverage.calls;
    [
        filled(json!({
            "uuid": id("collected", run),
            "title": "Facts were collected",
            "description": markup(&format!(
                "{}, {} failed",
                wording::counted(calls.total, "request"),
                wording::number(calls.failed.len() as u64)
            )),
            "start": audit.started_at.to_string(),
            "end": audit.finished_at.map(|it| it.to_string()),
        })),
        json!({
            "uuid": id("judged", run),
            "title": "Facts were evaluated",
            "start": audit.now.to_string(),
        }),
    ]
}
