//! What holds for all formats: the same totals, every open failure, the same bytes, nothing that acts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trailaudit_checks::audit::{Audit, Summary};
use trailaudit_checks::finding::{Finding, Severity, Status, SubjectKind};
use trailaudit_reports::{FORMATS, Options};

use crate::{asff, csv, detailed, html, junit, ocsf, oscal, sample, told};

/// Pass, fail, waived, unknown, not applicable.
pub(crate) type Totals = [u64; 5];

pub(crate) fn totals(summary: &Summary) -> Totals {
    [
        summary.pass,
        summary.fail,
        summary.waived,
        summary.unknown,
        summary.not_applicable,
    ]
}

/// What a format says of an audit: its totals, and the open failures it names, by check and subject.
fn read(format: &str, audit: &Audit) -> (Totals, BTreeSet<String>) {
    let report = told(format, audit, &detailed());
    match format {
        "text" => text(&report, audit),
        "json" => {
            let back: Audit = serde_json::from_str(&report).unwrap();
            assert_eq!(&back, audit);
            let open = back.findings.iter().filter(|it| it.is_open_failure());
            (
                totals(&back.summary),
                open.map(|it| it.fingerprint.to_string()).collect(),
            )
        }
        "sarif" => sarif(&report),
        "junit" => junit::read(&report),
        "html" => html::read(&report, audit),
        "markdown" => markdown(&report, audit),
        "csv" => csv::read(&report),
        "ocsf" => ocsf::read(&report),
        "asff" => asff::read(&report),
        "oscal" => oscal::read(&report),
        other => panic!("{other}: say here how to read it"),
    }
}

fn text(report: &str, audit: &Audit) -> (Totals, BTreeSet<String>) {
    let words: Vec<&str> = report.split_whitespace().collect();
    let report = words.join(" ");
    let (_, rest) = report.split_once(" findings: ").unwrap();
    let numbers: Vec<u64> = rest
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .take(5)
        .collect();
    (numbers.try_into().unwrap(), named(&report, audit))
}

fn markdown(report: &str, audit: &Audit) -> (Totals, BTreeSet<String>) {
    let (_, table) = report.split_once("---: |\n|").unwrap();
    let row = table.lines().next().unwrap().replace(',', "");
    let numbers: Vec<u64> = row
        .split('|')
        .filter_map(|it| it.trim().parse().ok())
        .collect();
    let [pass, fail, waived, unknown, not_applicable] = numbers[..] else {
        panic!("{row}")
    };
    let (_, sections) = report.split_once("### Open failures").unwrap_or_default();
    let (open, _) = sections.split_once("<details>").unwrap_or((sections, ""));
    (
        [pass, fail, waived, unknown, not_applicable],
        named(open, audit),
    )
}

/// The open failures that a page tells by the names of check and subject. The hostile one is spelled out.
fn named(report: &str, audit: &Audit) -> BTreeSet<String> {
    let is_told = |finding: &&Finding| {
        let id = finding.subject.id.split('\u{1b}').next().unwrap();
        report.contains(id) && report.contains(&*finding.check)
    };
    let open = audit
        .findings
        .iter()
        .filter(|it| it.is_open_failure())
        .filter(is_told);
    open.map(|it| it.fingerprint.to_string()).collect()
}

fn sarif(report: &str) -> (Totals, BTreeSet<String>) {
    let log: Value = serde_json::from_str(report).unwrap();
    let run = &log["runs"][0];
    let summary: Summary = serde_json::from_value(run["properties"]["summary"].clone()).unwrap();
    let results = run["results"].as_array().unwrap();
    let open = results
        .iter()
        .filter(|it| it["properties"]["status"] == "fail");
    let print = |it: &Value| {
        it["partialFingerprints"]["primaryLocationLineHash"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    (totals(&summary), open.map(print).collect())
}

#[test]
fn same_totals_and_every_open_failure() {
    let audit = sample::audit();
    let open = audit.findings.iter().filter(|it| it.is_open_failure());
    let expected = (
        totals(&audit.summary),
        open.map(|it| it.fingerprint.to_string()).collect(),
    );
    for format in FORMATS {
        assert_eq!(read(format.name, &audit), expected, "{}", format.name);
    }
}

#[test]
fn same_bytes_every_time() {
    for format in FORMATS {
        let once = told(format.name, &sample::audit(), &Options::default());
        assert_eq!(
            once,
            told(format.name, &sample::audit(), &Options::default()),
            "{}",
            format.name
        );
        assert!(once.ends_with('\n'), "{}", format.name);
    }
}

#[test]
fn names_and_extensions_are_unique() {
    let names: BTreeSet<&str> = FORMATS.iter().map(|it| it.name).collect();
    let extensions: BTreeSet<&str> = FORMATS.iter().map(|it| it.extension).collect();
    assert_eq!(
        (names.len(), extensions.len()),
        (FORMATS.len(), FORMATS.len())
    );
}

/// The sample with one text in the place of every other.
fn filled_with(text: &str) -> Audit {
    fn fill(value: &mut Value, text: &str, key: &str) {
        const FREE: [&str; 12] = [
            "name",
            "message",
            "reason",
            "detail",
            "title",
            "why",
            "fix",
            "what",
            "approver",
            "ticket",
            "request_id",
            "id",
        ];
        match value {
            // No account has another name than its digits: such an audit is refused when it is read.
            Value::String(it) if key == "id" && it.len() == 12 => {}
            Value::String(it) if FREE.contains(&key) => text.clone_into(it),
            Value::Array(items) => items.iter_mut().for_each(|it| fill(it, text, key)),
            Value::Object(fields) => {
                // How a gap ended is a word of our own, a waiver's reason is not.
                let is_gap = fields.contains_key("call");
                for (key, it) in fields
                    .iter_mut()
                    .filter(|(key, _)| !(is_gap && *key == "reason"))
                {
                    fill(it, text, key);
                }
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = serde_json::to_value(sample::audit()).unwrap();
    fill(&mut value["findings"], text, "");
    fill(&mut value["coverage"], text, "");
    // An account's digits are bounded where they are read.
    let accounts = value["coverage"]["accounts"].as_array_mut().unwrap();
    for (at, account) in accounts.iter_mut().enumerate() {
        account["id"] = format!("{at:012}").into();
    }
    fill(&mut value["scope"], text, "");
    fill(&mut value["frameworks"], text, "");
    fill(&mut value["tool"], text, "");
    serde_json::from_value(value).unwrap()
}

#[test]
fn nothing_in_a_name_acts() {
    let audit = filled_with(sample::HOSTILE);
    let reports = every(&audit);
    accept(&reports);
    for (name, report) in reports.into_iter().filter(|(name, _)| *name != "json") {
        // The end of a line, by RFC 4180.
        let report = match name {
            "csv" => report.replace("\r\n", "\n"),
            _ => report,
        };
        for c in ['\u{1b}', '\0', '\u{202e}', '\r'] {
            assert!(!report.contains(c), "{} has a raw {c:?}", name);
        }
        assert!(!report.contains("##["), "{}", name);
        for line in report.lines() {
            assert!(!line.trim_start().starts_with("::"), "{}: {line}", name);
        }
        assert!(report.contains(r"u{1b}"), "{} loses it", name);
    }
}

/// The audit in every format.
fn every(audit: &Audit) -> BTreeMap<&'static str, String> {
    let options = detailed();
    let formats = FORMATS.iter();
    formats
        .map(|it| (it.name, told(it.name, audit, &options)))
        .collect()
}

/// Every format that has a judge passes it.
fn accept(reports: &BTreeMap<&'static str, String>) {
    junit::read(&reports["junit"]);
    html::accept(&reports["html"]);
    crate::sarif::accept(&reports["sarif"]);
    csv::read(&reports["csv"]);
    ocsf::accept(&reports["ocsf"]);
    asff::accept(&reports["asff"]);
    oscal::accept(&reports["oscal"]);
}

#[test]
fn json_escapes_what_a_terminal_obeys_and_loses_nothing() {
    let hostile = format!("{}\u{9b}\u{7f}\u{feff}\u{e0041}", sample::HOSTILE);
    let audit = filled_with(&hostile);
    let report = told("json", &audit, &Options::default());
    let obeyed = [
        '\u{1b}',
        '\0',
        '\r',
        '\u{9b}',
        '\u{7f}',
        '\u{202e}',
        '\u{feff}',
        '\u{e0041}',
    ];
    assert!(!report.contains(obeyed));
    let back: Audit = serde_json::from_str(&report).unwrap();
    assert_eq!(back, audit);
}

#[test]
fn a_megabyte_in_a_name() {
    for text in ["A".repeat(1 << 20), "\u{1b}]]>".repeat(1 << 18)] {
        let mut audit = sample::audit();
        let finding = audit
            .findings
            .iter_mut()
            .find(|it| it.is_open_failure())
            .unwrap();
        text.clone_into(&mut Arc::make_mut(&mut finding.subject).name);
        text.clone_into(&mut Arc::make_mut(&mut finding.subject).id);
        finding.message = text.as_str().into();
        Arc::make_mut(&mut finding.evidence)[0].seen = Some(text.into());
        let reports = every(&audit);
        for (name, report) in &reports {
            let size = report.len();
            match *name {
                // Cut, and said so.
                "text" | "sarif" | "markdown" | "asff" | "csv" | "html" => {
                    assert!(size < 1 << 18, "{name}: {size}");
                }
                _ => assert!(size > 1 << 20, "{name} loses it"),
            }
        }
        assert!(reports["text"].contains("characters)"));
        accept(&reports);
    }
}

#[test]
fn nothing_judged_at_all() {
    let audit = sample::of(Vec::new(), Vec::new());
    let reports = every(&audit);
    for (name, report) in &reports {
        assert!(!report.is_empty(), "{name}");
    }
    assert_eq!(junit::read(&reports["junit"]).0, [0; 5]);
    accept(&reports);
}

/// An audit of so many findings, each with its own subject.
pub(crate) fn large(count: usize) -> Audit {
    let mut checks: Vec<_> = Severity::ALL
        .iter()
        .flat_map(|severity| {
            (0..8).map(move |at| {
                sample::check(
                    &format!("trail-{severity}-{at}"),
                    *severity,
                    "It is so",
                    &[],
                )
            })
        })
        .collect();
    checks.sort_by(|a, b| a.id.cmp(&b.id));
    let mut findings = Vec::new();
    for check in &checks {
        for at in 0..count / checks.len() {
            let status = [Status::Fail, Status::Unknown, Status::Fail, Status::Pass][at % 4];
            let account = format!("{:012}", at % 1_000);
            let arn = format!("arn:aws:cloudtrail:eu-central-1:{account}:trail/main-{at}");
            let subject = sample::subject(
                SubjectKind::Trail,
                &arn,
                &format!("main-{at}"),
                &account,
                "eu-central-1",
            );
            let mut finding = sample::finding(
                check,
                status,
                subject,
                &format!("it is not so, by {at} days"),
            );
            if status == Status::Unknown {
                let call = trailaudit_checks::calls::GET_TRAIL_STATUS;
                let reason = trailaudit_checks::fact::Reason::Denied;
                finding.evidence = Arc::from([sample::gap(
                    call,
                    &account,
                    "eu-central-1",
                    reason,
                    &format!("no, {at}"),
                )]);
            }
            findings.push(finding);
        }
    }
    sample::of(checks, findings)
}
