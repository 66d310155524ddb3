//! The page is well-formed, complete, and needs and obeys nothing from outside.

use std::collections::BTreeSet;

use base64::prelude::{BASE64_STANDARD, Engine};
use roxmltree::{Document, Node};
use serde_json::json;
use sha2::{Digest, Sha256};
use trailaudit_checks::audit::Audit;
use trailaudit_checks::digest::Chain;
use trailaudit_checks::finding::{Finding, Severity, Status, SubjectKind, fingerprint};
use trailaudit_reports::{Listed, Options};

use crate::every_format::Totals;
use crate::{sample, told};

/// The page as a tree. Nothing but our own templates writes markup, so that it is well-formed even as XML, once the
/// rows of findings have the end tags that HTML does not ask for; script and style, which XML would read otherwise,
/// are taken out.
fn tree(page: &str) -> String {
    let mut text = page
        .replacen("<!DOCTYPE html>", "", 1)
        .trim_start()
        .to_owned();
    for name in ["style", "script"] {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let (before, rest) = text.split_once(&start).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        text = format!("{before}{after}");
    }
    let close = |line: &str| match line
        .strip_prefix("<tr")
        .and_then(|it| it.split_once("><td>"))
    {
        Some((attributes, cells)) if !line.ends_with("</tr>") && attributes.len() < 20 => {
            let cells = cells.replace("<td>", "</td><td>");
            format!("<tr{attributes}><td>{cells}</td></tr>\n")
        }
        Some(_) | None => format!("{line}\n"),
    };
    text.lines().map(close).collect()
}

pub(crate) fn html(audit: &Audit) -> String {
    told("html", audit, &Options::default())
}

fn has_class(node: &Node<'_, '_>, class: &str) -> bool {
    node.attribute("class")
        .is_some_and(|it| it.split(' ').any(|it| it == class))
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter_map(|it| it.text().filter(|_| it.is_text()))
        .collect()
}

/// No name has become markup.
pub(crate) fn accept(page: &str) {
    Document::parse(&tree(page)).unwrap();
}

/// The totals that the page tells, and the fingerprints of the open failures that stand in its tables.
pub(crate) fn read(page: &str, audit: &Audit) -> (Totals, BTreeSet<String>) {
    let tree = tree(page);
    let page = Document::parse(&tree).unwrap();
    let total = |key: &str| -> u64 {
        let mut nodes = page.descendants();
        let node = nodes
            .find(|it| it.attribute("data-total") == Some(key))
            .unwrap();
        node.text().unwrap().replace(',', "").parse().unwrap()
    };
    let totals = [
        total("pass"),
        total("fail") + total("waived"),
        total("waived"),
        total("unknown"),
        total("na"),
    ];
    let mut found = BTreeSet::new();
    let mut count = 0;
    for check in page.descendants().filter(|it| has_class(it, "check")) {
        let id = check
            .attribute("id")
            .unwrap()
            .strip_prefix("check-")
            .unwrap();
        let bodies = check
            .descendants()
            .filter(|it| it.has_tag_name("tbody") && has_class(it, "fail"));
        for row in bodies
            .flat_map(|it| it.children())
            .filter(|it| it.is_element() && !has_class(it, "head"))
        {
            let cells: Vec<String> = row.children().map(text).collect();
            for subject in subjects(&cells) {
                count += 1;
                found.extend(fingerprint_of(audit, id, &subject));
            }
        }
    }
    assert_eq!(count, found.len(), "rows that are no open failure");
    (totals, found)
}

/// The ids that a row stands for.
fn subjects(cells: &[String]) -> Vec<String> {
    let account = cells[1].split(' ').next().unwrap();
    if cells[0] == "account" {
        vec![account.to_owned()]
    } else if cells[0] == "region" || cells[0].ends_with(" regions") {
        cells[2]
            .split(", ")
            .map(|region| format!("{account}/{region}"))
            .collect()
    } else {
        vec![cells[0].clone()]
    }
}

/// The hostile id is spelled out: it is known by its beginning.
fn fingerprint_of(audit: &Audit, check: &str, told: &str) -> Option<String> {
    let exact = fingerprint(check, told);
    let findings = &audit.findings;
    if findings
        .iter()
        .any(|it| it.fingerprint == exact && it.is_open_failure())
    {
        return Some(exact.to_string());
    }
    let is_it = |it: &&Finding| {
        let id = it.subject.id.split('\u{1b}').next().unwrap();
        &*it.check == check && it.is_open_failure() && told.starts_with(id)
    };
    audit
        .findings
        .iter()
        .find(is_it)
        .map(|it| it.fingerprint.to_string())
}

#[test]
fn needs_nothing_from_outside_and_obeys_no_data() {
    let report = html(&rich());
    let tree = tree(&report);
    let page = Document::parse(&tree).unwrap();
    for node in page.descendants().filter(Node::is_element) {
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(
                !name.starts_with("on") && name != "style" && name != "src",
                "{name}={value}"
            );
            if name == "href" {
                let internal = value.starts_with('#') || value == "data:,";
                let link = node.has_tag_name("a") && value.starts_with("https://");
                assert!(internal || link, "{value}");
            }
        }
    }
    let policy = page.descendants().find_map(|it| {
        it.attribute("content")
            .filter(|it| it.contains("default-src"))
    });
    let policy = policy.unwrap();
    assert!(policy.contains("default-src 'none'"));
    for name in ["style", "script"] {
        let (_, rest) = report.split_once(&format!("<{name}>")).unwrap();
        let (held, _) = rest.split_once(&format!("</{name}>")).unwrap();
        let hash = BASE64_STANDARD.encode(Sha256::digest(held));
        assert!(
            policy.contains(&format!("{name}-src 'sha256-{hash}'")),
            "{name}"
        );
    }
    // But for the links to AWS's documentation, and SVG needs no namespace here.
    assert!(!report.contains("http://"));
    assert!(!report.contains("url(h") && !report.contains("@import"));
}

#[test]
fn can_be_read_aloud_and_followed() {
    let tree = tree(&html(&rich()));
    let page = Document::parse(&tree).unwrap();
    let elements = || page.descendants().filter(Node::is_element);
    let mut ids = BTreeSet::new();
    for id in elements().filter_map(|it| it.attribute("id")) {
        assert!(ids.insert(id), "{id} twice");
    }
    for node in elements() {
        let name = node.tag_name().name();
        let has = |child: &str| node.children().any(|it| it.has_tag_name(child));
        match name {
            "table" => assert!(has("caption") && has("thead"), "{node:?}"),
            "th" => assert!(node.has_attribute("scope"), "{node:?}"),
            "svg" => assert!(node.has_attribute("aria-label") || node.has_attribute("aria-hidden")),
            "details" => assert!(has("summary")),
            "a" => {
                let href = node.attribute("href").unwrap();
                assert!(
                    href.strip_prefix('#').is_none_or(|id| ids.contains(id)),
                    "{href}"
                );
            }
            _ => {}
        }
        for label in node.attribute("aria-labelledby").into_iter() {
            assert!(ids.contains(label), "{label}");
        }
    }
    for landmark in ["header", "nav", "main", "footer"] {
        assert_eq!(
            elements().filter(|it| it.has_tag_name(landmark)).count(),
            1,
            "{landmark}"
        );
    }
    assert_eq!(elements().filter(|it| it.has_tag_name("h1")).count(), 1);
}

#[test]
fn the_least_severity_hides_and_says_so() {
    let options = Options {
        listed: Listed {
            min_severity: Severity::High,
            ..Listed::default()
        },
        ..Options::default()
    };
    let report = told("html", &sample::audit(), &options);
    assert!(report.contains(
        "Not shown because of --min-severity high: 3 fail, 1 unknown, 1 waived, 1 not applicable."
    ));
    assert!(!report.contains("no log group is set"));
    assert!(report.contains("objects are kept 90 days"));
    let (totals, _) = read(&report, &sample::audit());
    assert_eq!(totals, read(&html(&sample::audit()), &sample::audit()).0);
}

#[test]
fn unknown_is_never_shown_as_a_pass() {
    let report = html(&sample::only(Status::Unknown));
    let tree = tree(&report);
    let page = Document::parse(&tree).unwrap();
    let (body, _) = page
        .descendants()
        .filter(|it| it.has_tag_name("main"))
        .map(|it| (it, ()))
        .next()
        .unwrap();
    let shown: Vec<_> = body
        .descendants()
        .filter(|it| {
            it.is_element()
                && !it
                    .ancestors()
                    .any(|up| has_class(&up, "legend") || up.attribute("id") == Some("method"))
        })
        .filter(|it| has_class(it, "pass") || (it.has_tag_name("td") && has_class(it, "p")))
        .map(|it| text(it))
        .collect();
    assert_eq!(shown, Vec::<String>::new());
}

#[test]
fn tells_chains_principals_and_days_left() {
    let report = html(&rich());
    for words in [
        "20 h verified, 2 h gap (digest missing), 2 h invalid",
        "2026-02-28T20:00:00Z to 2026-02-28T22:00:00Z: gap (digest missing)",
        "eu-central-1, eu-west-1",
        "digest-missing",
        "arn:aws:iam::222222222222:role/ops",
        "305 days",
        "Past their date",
    ] {
        assert!(report.contains(words), "{words}");
    }
    let bare = html(&sample::audit());
    assert!(bare.contains("No digest was verified in this run"));
    assert!(bare.contains("No access check was selected"));
}

/// The sample, and what else an audit can hold.
pub(crate) fn rich() -> Audit {
    let mut audit = sample::audit();
    let trail_stop = sample::check(
        "access-trail-stop",
        Severity::Critical,
        "Nobody can stop a trail",
        &[],
    );
    let ops = "arn:aws:iam::222222222222:role/ops";
    let subject = sample::subject(SubjectKind::Principal, ops, "ops", "222222222222", "");
    audit.findings.insert(
        0,
        sample::finding(&trail_stop, Status::Fail, subject, "it can stop main"),
    );
    audit.checks.insert(0, trail_stop);
    audit.chains = ["eu-central-1", "eu-west-1"]
        .iter()
        .map(|region| chain("222222222222", region))
        .collect();
    let problem = json!({"kind": "digest-missing", "severity": "critical", "account": "222222222222",
        "region": "eu-west-1", "bucket": "acme-logs", "key": "AWSLogs/x", "detail": sample::HOSTILE});
    audit.problems = vec![serde_json::from_value(problem).unwrap()];
    audit
}

pub(crate) fn chain(account: &str, region: &str) -> Chain {
    let hour = |start: usize, end: usize, verdict: &str, cause: Option<&str>| {
        let at = |hour: usize| {
            let (day, hour) = (
                if hour < 12 {
                    "2026-02-28"
                } else {
                    "2026-03-01"
                },
                (hour + 12) % 24,
            );
            format!("{day}T{hour:02}:00:00Z")
        };
        let mut hour = json!({"start": at(start), "end": at(end), "verdict": verdict});
        if let Some(cause) = cause {
            hour["cause"] = cause.into();
        }
        hour
    };
    let hours: Vec<_> = (0..24)
        .map(|at| match at {
            8 | 9 => hour(at, at + 1, "gap", Some("digest-missing")),
            14 | 15 => hour(at, at + 1, "invalid", None),
            _ => hour(at, at + 1, "verified", None),
        })
        .collect();
    let chain = json!({"account": account, "region": region, "home_region": "eu-central-1", "trail": "main",
        "bucket": "acme-logs", "prefix": "", "window": {"start": "2026-02-28T12:00:00Z", "end": "2026-03-01T12:00:00Z"},
        "verdict": "invalid", "digests": {"valid": 20, "invalid": 2, "missing": 2, "unverified": 0},
        "logs": {"valid": 311, "invalid": 1, "missing": 0, "unverified": 0, "unlisted": 0}, "hours": hours});
    serde_json::from_value(chain).unwrap()
}

#[test]
fn a_link_that_is_no_page_stays_text() {
    let mut audit = sample::audit();
    audit.checks[0].references = vec!["javascript:alert(1)".to_owned()];
    let report = html(&audit);
    assert!(report.contains("<dd>javascript:alert(1)</dd>"));
}

#[test]
fn fingerprints_are_those_of_the_audit() {
    // `read` depends on it.
    for finding in sample::audit().findings {
        assert_eq!(
            finding.fingerprint,
            fingerprint(&finding.check, &finding.subject.id)
        );
    }
}
