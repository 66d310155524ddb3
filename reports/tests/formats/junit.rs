//! JUnit, read again by a parser that forgives nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use roxmltree::{Document, Node};
use trailaudit_reports::Options;

use crate::every_format::Totals;
use crate::{sample, told};

fn text<'a>(node: &Node<'a, '_>, name: &str) -> &'a str {
    node.children()
        .find(|it| it.has_tag_name(name))
        .and_then(|it| it.text())
        .unwrap_or_default()
}

/// The totals and the fingerprints of the failures; checks on the way what the dialect demands.
pub(crate) fn read(report: &str) -> (Totals, BTreeSet<String>) {
    let document = Document::parse(report).unwrap();
    let mut names = BTreeSet::new();
    let mut open = BTreeSet::new();
    let [mut pass, mut waived, mut unknown, mut not_applicable] = [0; 4];
    for suite in document.root_element().children() {
        assert!(suite.has_tag_name("testsuite"));
        assert!(!suite.attribute("name").unwrap().is_empty());
        assert_eq!(suite.attribute("time"), Some("0"));
        assert!(text(&suite, "system-out").contains("tool: "));
        let cases: Vec<Node<'_, '_>> = suite
            .children()
            .filter(|it| it.has_tag_name("testcase"))
            .collect();
        for case in &cases {
            let name = (
                case.attribute("classname").unwrap(),
                case.attribute("name").unwrap(),
            );
            assert!(names.insert(name), "{name:?} twice");
            let result = case.first_element_child();
            let kind = result.and_then(|it| it.attribute("type"));
            match result.map(|it| it.tag_name().name()) {
                None => pass += 1,
                Some("failure") => {
                    let (_, print) = result
                        .unwrap()
                        .text()
                        .unwrap()
                        .split_once("Fingerprint: ")
                        .unwrap();
                    open.insert(print.to_owned());
                }
                Some("error") => unknown += 1,
                Some("skipped") if kind == Some("waived") => waived += 1,
                Some("skipped") => not_applicable += 1,
                Some(other) => panic!("{other}"),
            }
        }
        let count = |name: &str| {
            cases
                .iter()
                .filter(|it| it.children().any(|it| it.has_tag_name(name)))
                .count()
        };
        assert_eq!(suite.attribute("tests").unwrap(), cases.len().to_string());
        assert_eq!(
            suite.attribute("failures").unwrap(),
            count("failure").to_string()
        );
        assert_eq!(
            suite.attribute("errors").unwrap(),
            count("error").to_string()
        );
    }
    let fail = open.len() as u64 + waived;
    ([pass, fail, waived, unknown, not_applicable], open)
}

#[test]
fn snapshot() {
    let report = told("junit", &sample::audit(), &Options::default());
    insta::assert_snapshot!(report.replace("><", ">\n<"));
}

#[test]
fn names_differ_within_a_class() {
    let mut audit = sample::audit();
    let mut twin = audit.findings[1].clone();
    Arc::make_mut(&mut twin.subject).id.push_str("-twin");
    twin.fingerprint = trailaudit_checks::finding::fingerprint(&twin.check, &twin.subject.id);
    audit.findings.insert(2, twin);
    let (totals, open) = read(&told("junit", &audit, &Options::default()));
    assert_eq!(
        (totals[1], open.len() as u64),
        (
            audit.summary.fail + 1,
            audit.summary.fail - audit.summary.waived + 1
        )
    );
}

#[test]
fn a_year_that_cannot_be_written_does_no_harm() {
    let mut audit = sample::audit();
    audit.started_at = jiff::Timestamp::MIN;
    assert!(told("junit", &audit, &Options::default()).contains("1970-01-01T00:00:00Z"));
}
